//go:build !vm

package e2e

import (
	"fmt"
	"testing"
	"time"

	"picloud/test/pgtest"
)

// idleDatabases are the databases with which a daemon has to be idle.
func idleDatabases(t *testing.T) map[string][]option {
	return map[string][]option{
		"SQLite":     nil,
		"PostgreSQL": {withEnv("DATABASE_URL=" + pgtest.Start(t).NewDatabase(t))},
	}
}

// Daemons that share a database keep scripts in memory, each for itself. What one
// has been told to write is what its next call gets, and soon what another's does.
func TestDaemonsShareADatabase(t *testing.T) {
	url := withEnv("DATABASE_URL=" + pgtest.Start(t).NewDatabase(t))
	one, other := startDaemon(t, url), startDaemon(t, url)
	for n := range 20 {
		writer, reader := one, other
		if n%2 == 1 {
			writer, reader = other, one
		}
		want := fmt.Sprint(n)
		writer.deploy("a", "return '"+want+"'")
		if got := writer.run("a"); got.status != 200 || got.body != want {
			t.Fatalf("after it was written: %d %q, want %q", got.status, got.body, want)
		}
		reader.eventually("another daemon has "+want, 5*time.Second, func() bool { return reader.run("a").body == want })
	}
	one.admin("PATCH", "/limits/ceiling", object{"max_string_size": 1000}).expect(t, 200, nil)
	one.deploy("long", "return #('x'):rep(2000)")
	other.eventually("the ceiling holds", 5*time.Second, func() bool {
		return other.run("long").field("limit") == "max_string_size"
	})
	one.admin("DELETE", "/scripts/a", nil).expect(t, 204, nil)
	one.run("a").expect(t, 404, nil)
	other.eventually("a deleted script is gone", 5*time.Second, func() bool { return other.run("a").status == 404 })
}
