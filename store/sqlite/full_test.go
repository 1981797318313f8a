package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"picloud/store"
)

// A full disk, as SQLite meets it: the file may not grow. Every write fails
// whole, what is there can be read, and with room again all goes on.
func TestFull(t *testing.T) {
	path := dbPath(t)
	s := mustOpen(t, path)
	mustCreate(t, s, "kept")
	bound := func(pages int64) {
		t.Helper()
		if _, err := s.writer.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	bound(1) // which means: as many as there are
	large := store.Draft{Name: "large", Source: strings.Repeat("x", 200_000)}
	for name, write := range map[string]func() error{
		"Create": func() error { _, err := s.CreateScript(t.Context(), large); return err },
		"Put": func() error {
			_, _, err := s.PutScript(t.Context(), store.Draft{Name: "kept", Source: large.Source}, store.AnyVersion)
			return err
		},
	} {
		err := write()
		wantUnavailable(t, err)
		if e, ok := errors.AsType[*sqlite.Error](err); !ok || e.Code() != sqlite3.SQLITE_FULL {
			t.Errorf("%s: the cause is %v, want SQLITE_FULL", name, err)
		}
	}
	if got, err := s.Script(t.Context(), "kept"); err != nil || got.Version != 1 || got.Source != "return 1" {
		t.Errorf("kept is %+v, %v", got, err)
	}
	if list, err := s.Scripts(t.Context(), "", 10); err != nil || len(list) != 1 {
		t.Errorf("there are %d scripts, %v", len(list), err)
	}
	bound(1 << 20)
	if _, err := s.CreateScript(t.Context(), large); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if list, err := mustOpen(t, path).Scripts(t.Context(), "", 10); err != nil || len(list) != 2 {
		t.Errorf("opened again: %d scripts, %v", len(list), err)
	}
}
