//go:build vm

package e2e

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite"
)

// The tests of this file are run by test/vm/reset, one before a restart of the
// machine and one after it. What the first has put out is the only thing that the
// machine's disk has no part in, and is in soFar afterwards.
const (
	resetPort   = 8089
	resetData   = "/var/lib/picloud"
	soFar       = "/run/lab/output"
	manyWriters = 3
	manyRounds  = 4
)

// serviceOverResets is the daemon of the installed service, whether it runs or not.
func serviceOverResets(t *testing.T) *daemon {
	t.Helper()
	d := newDaemon(t)
	d.inService()
	d.port, d.base = resetPort, fmt.Sprintf("http://127.0.0.1:%d", resetPort)
	t.Cleanup(func() {
		if t.Failed() {
			journal, _ := exec.Command("journalctl", "-u", d.unit, "-n", "40", "--no-pager").CombinedOutput()
			t.Logf("the service's log:\n%s", journal)
		}
	})
	return d
}

// awaited waits until the service is ready, and takes its token.
func (d *daemon) awaited() {
	d.t.Helper()
	d.eventually("the service is ready", 10*time.Second, func() bool {
		a, err := d.try(httpClient(), "GET", "/readyz", "")
		return err == nil && a.status == 200
	})
	token, err := os.ReadFile(filepath.Join(resetData, "admin-token"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.token = strings.TrimSpace(string(token))
}

// Deploys, changes and deletes scripts until the machine goes down, and puts out
// what was answered. A round n of a writer w sets w to n, makes w-n and removes
// w-(n-1). That it never ends by itself is meant.
func TestWritesUntilReset(t *testing.T) {
	d := serviceOverResets(t)
	if _, err := os.Stat(installedUnit); err != nil {
		d.install(resetPort)
		if out, err := systemctl("enable", "--now", d.unit); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		d.awaited()
		d.deploy("hello", "return 'hello'")
		unix.Sync() // as a package manager does
	}
	d.awaited()
	var writers sync.WaitGroup
	var underWay atomic.Int64
	for k := range manyWriters {
		writers.Go(func() {
			writer := fmt.Sprintf("%s%d", os.Getenv("PICLOUD_RESET_WRITERS"), k)
			for n := 1; ; n++ {
				if err := d.round(writer, n); err != nil {
					t.Errorf("round %d of %s: %v", n, writer, err)
					return
				}
				os.Stdout.WriteString(fmt.Sprintf("answered: round %d of %s.\n", n, writer))
				if n != manyRounds || underWay.Add(1) != manyWriters {
					continue
				}
				if err := os.WriteFile(os.Getenv("PICLOUD_RESET_WRITING"), nil, 0o644); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
}

// round makes the three writes of a round.
func (d *daemon) round(writer string, n int) error {
	write := func(want []int, method, name, body string) error {
		a, err := d.try(httpClient(), method, "/api/v1/admin/scripts/"+name, body, "Authorization", "Bearer "+d.token)
		if err == nil && !slices.Contains(want, a.status) {
			err = fmt.Errorf("%s %s: %d %s", method, name, a.status, a.body)
		}
		return err
	}
	body := fmt.Sprintf(`{"source":"return '%d'"}`, n)
	if err := write([]int{200, 201}, "PUT", writer, body); err != nil {
		return err
	}
	if err := write([]int{201}, "PUT", fmt.Sprintf("%s-%d", writer, n), body); err != nil || n == 1 {
		return err
	}
	return write([]int{204}, "DELETE", fmt.Sprintf("%s-%d", writer, n-1), "")
}

// answeredRounds gives the last round of each writer that was answered in full.
func answeredRounds(t *testing.T) map[string]int {
	t.Helper()
	output, err := os.ReadFile(soFar)
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]int{}
	for _, found := range regexp.MustCompile(`(?m)^answered: round (\d+) of (\w+)\.$`).FindAllStringSubmatch(string(output), -1) {
		n, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		last[found[2]] = max(last[found[2]], n)
	}
	return last
}

// After a restart of the machine, in the middle of writes, the service is there
// without a hand, with all that was answered, and with nothing that is left over.
func TestServedAfterReset(t *testing.T) {
	d := serviceOverResets(t)
	answered := answeredRounds(t)
	if len(answered) == 0 || len(answered)%manyWriters != 0 {
		t.Fatalf("the answers of %d writers are known", len(answered))
	}
	d.awaited()
	for name, want := range map[string]string{"ActiveState": "active", "UnitFileState": "enabled", "NRestarts": "0"} {
		if got := d.property(name); got != want {
			t.Errorf("the service's %s is %s, want %s", name, got, want)
		}
	}
	if a := d.run("hello"); a.status != 200 || a.body != "hello" {
		t.Errorf("hello: %d %s", a.status, a.body)
	}

	stored := d.storedScripts()
	if !stored["hello"] {
		t.Error("hello is not in the list")
	}
	delete(stored, "hello")
	for writer, n := range answered {
		if n < manyRounds {
			t.Errorf("of %s only %d rounds are known", writer, n)
		}
		a := d.run(writer)
		now, err := strconv.Atoi(a.body)
		if a.status != 200 || err != nil || now < n {
			t.Errorf("round %d of %s was answered, now it is %d %q", n, writer, a.status, a.body)
			continue
		}
		t.Logf("%s: round %d was answered, and it is %d now", writer, n, now)
		// an unanswered round may have been made in part, in its order
		made, before := fmt.Sprintf("%s-%d", writer, now), fmt.Sprintf("%s-%d", writer, now-1)
		if now == n && (!stored[made] || stored[before]) || !stored[made] && !stored[before] {
			t.Errorf("%s is at %d after %d were answered, and of its scripts there are %v", writer, now, n, slices.Sorted(maps.Keys(stored)))
		}
		for name, want := range map[string]int{made: now, before: now - 1} {
			if a := d.run(name); stored[name] && (a.status != 200 || a.body != strconv.Itoa(want)) {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		for _, name := range []string{writer, made, before} {
			delete(stored, name)
		}
	}
	if len(stored) > 0 {
		t.Errorf("scripts that were deleted, or never made: %v", slices.Sorted(maps.Keys(stored)))
	}
	d.checkDatabase()
	d.checkNothingBeside()
}

// storedScripts gives the names of all scripts.
func (d *daemon) storedScripts() map[string]bool {
	d.t.Helper()
	a := d.admin("GET", "/scripts", nil)
	var list struct {
		Scripts []struct{ Name string }
		Next    string `json:"next_cursor"`
	}
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || a.status != 200 || list.Next != "" {
		d.t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
	names := map[string]bool{}
	for _, s := range list.Scripts {
		names[s.Name] = true
	}
	return names
}

// checkDatabase has SQLite look at every page of the database.
func (d *daemon) checkDatabase() {
	d.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(resetData, "picloud.db")+"?mode=ro")
	if err != nil {
		d.t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		d.t.Errorf("the database: %q, %v", verdict, err)
	}
}

// checkNothingBeside finds what a daemon at rest has, and nothing more.
func (d *daemon) checkNothingBeside() {
	d.t.Helper()
	daemons := d.processes(func(_ int, cmdline string) bool { return begins(cmdline, filepath.Join(programs, "picloud")) })
	if len(daemons) != 1 {
		d.t.Errorf("%d daemons", len(daemons))
	}
	// while a zygote proves itself two processes make workers, and some are its own
	d.eventually("workers are made by one process, and each has its cgroup", 30*time.Second, func() bool {
		d.atRest()
		r := d.resources()
		return len(d.nurseries()) == 1 && r.groups == r.workers
	})
	files, err := os.ReadDir(resetData)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, file := range files {
		if !slices.Contains([]string{"admin-token", "picloud.db", "picloud.db-shm", "picloud.db-wal", "picloud.db.lock"}, file.Name()) {
			d.t.Errorf("in %s there is a %s", resetData, file.Name())
		}
	}
}
