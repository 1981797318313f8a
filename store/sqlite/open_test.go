package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"picloud"
	"picloud/migrations"
)

// eachConnection runs f on every connection of the pool at once, so that none
// is asked twice.
func eachConnection(t *testing.T, db *sql.DB, conns int, f func(*sql.Conn)) {
	t.Helper()
	for range conns {
		c, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		f(c)
	}
	if n := db.Stats().OpenConnections; n != conns {
		t.Errorf("%d connections are open, want %d", n, conns)
	}
}

func TestSettingsAreInForceOnEveryConnection(t *testing.T) {
	s := mustOpen(t, dbPath(t))
	want := map[string]string{
		"busy_timeout": "30000",
		"journal_mode": "wal",
		"synchronous":  "2", // FULL
		"foreign_keys": "1",
	}
	for name, pool := range map[string]struct {
		db        *sql.DB
		conns     int
		queryOnly string
	}{
		"writer":  {s.writer, 1, "0"},
		"readers": {s.readers, readConns, "1"},
	} {
		want["query_only"] = pool.queryOnly
		eachConnection(t, pool.db, pool.conns, func(c *sql.Conn) {
			for pragma, value := range want {
				var got string
				if err := c.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != value {
					t.Errorf("%s: %s is %q, %v; want %s", name, pragma, got, err, value)
				}
			}
			if _, err := c.ExecContext(t.Context(), `SELECT "misspelt" FROM scripts`); err == nil {
				t.Errorf("%s: a misspelt column is taken for a text", name)
			}
		})
	}
	if _, err := s.readers.ExecContext(t.Context(), "DELETE FROM scripts"); err == nil {
		t.Error("a reader has written")
	}
}

func TestSettingsOutliveAnInterruptedConnection(t *testing.T) {
	path := dbPath(t)
	s := mustOpen(t, path)
	release := writeLocked(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantUnavailable(t, s.PatchCeiling(ctx, nil))
	release()
	var mode, timeout string
	if err := s.writer.QueryRowContext(t.Context(), "PRAGMA busy_timeout").Scan(&timeout); err != nil || timeout != "30000" {
		t.Errorf("busy_timeout is %q, %v", timeout, err)
	}
	if err := s.writer.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal_mode is %q, %v", mode, err)
	}
}

func TestPathMayHoldOddCharacters(t *testing.T) {
	for _, name := range []string{
		"a b.db", "what?.db", "what?mode=memory&cache=shared", "a#b.db", "100%.db", "a%20b.db", "%00.db",
		"a&b=c;d.db", "a+b.db", "file:a.db", ":memory:", "-wal", "ü 世界 🙂.db", "\xff\xfe.db", "it's \"quoted\".db", "back\\slash.db",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			s := mustOpen(t, path)
			mustCreate(t, s, "a")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(entries) != 2 || entries[0].Name() != name || entries[1].Name() != name+".lock" {
				t.Errorf("the folder has %v", entries)
			}
			if _, err := mustOpen(t, path).Script(t.Context(), "a"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	mustCreate(t, mustOpen(t, "picloud.db"), "a")
	if _, err := os.Stat("picloud.db"); err != nil {
		t.Error(err)
	}
}

func TestFilesAreTheirOwnersAlone(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	path := dbPath(t)
	owner := os.Getuid()
	if owner == 0 {
		owner = 65534 // root makes them the folder's owner's
		if err := os.Chown(filepath.Dir(path), owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	s := mustOpen(t, path)
	mustCreate(t, s, "a")
	for _, ending := range []string{"", ".lock", "-wal", "-shm"} {
		info, err := os.Stat(path + ending)
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%q has mode %v, want 0600", ending, info.Mode())
		}
		if uid := info.Sys().(*syscall.Stat_t).Uid; int(uid) != owner {
			t.Errorf("%q is owned by %d, want %d", ending, uid, owner)
		}
	}
}

func TestNewerDatabaseIsRefusedAndLeftAlone(t *testing.T) {
	path := dbPath(t)
	s := mustOpen(t, path)
	if _, err := s.writer.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	_, err = Open(t.Context(), path)
	wantUnavailable(t, err)
	if e := picloud.AsError(err); !strings.Contains(e.Message, "schema 99") || !strings.Contains(e.Hint, "newer picloud") {
		t.Errorf("message %q, hint %q", e.Message, e.Hint)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the file has changed")
	}
	s, err = OpenAsIs(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if version, err := s.SchemaVersion(t.Context()); err != nil || version != 99 {
		t.Errorf("schema %d, %v; want 99", version, err)
	}
}

func TestOpenAsIs(t *testing.T) {
	path := dbPath(t)
	_, err := OpenAsIs(t.Context(), path)
	wantUnavailable(t, err)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it has made the file: %v", err)
	}

	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenAsIs(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Migrations(t.Context())
	if err != nil || int64(len(list)) != migrations.SQLite().Latest() {
		t.Fatalf("migrations %v, %v", list, err)
	}
	for _, m := range list {
		if !m.AppliedAt.IsZero() {
			t.Errorf("migration %d was applied", m.Version)
		}
	}

	list, err = mustOpen(t, path).Migrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.AppliedAt.IsZero() {
			t.Errorf("after Open, migration %d is not applied", m.Version)
		}
	}
}

func TestOpenFailures(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, path := range map[string]string{
		"no folder":      filepath.Join(dir, "nowhere", "picloud.db"),
		"a folder":       dir,
		"no database":    write("text", strings.Repeat("this is no database\n", 100)),
		"a NUL in it":    filepath.Join(dir, "a\x00b"),
		"no lock to get": filepath.Join(write("file", ""), "picloud.db"),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), path)
			if s != nil {
				t.Error("there is a store")
			}
			wantUnavailable(t, err)
			if e := picloud.AsError(err); !strings.Contains(e.Message, path) || e.Hint == "" || e.Cause == nil {
				t.Errorf("message %q, hint %q, cause %v", e.Message, e.Hint, e.Cause)
			}
		})
	}
	if text, err := os.ReadFile(filepath.Join(dir, "text")); err != nil || !strings.HasPrefix(string(text), "this is no database") {
		t.Errorf("the file that is no database has changed: %v", err)
	}
}

func TestOpenStopsWithItsContext(t *testing.T) {
	path := dbPath(t)
	release, err := lock(t.Context(), path+".lock")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := Open(ctx, path)
		result <- err
	}()
	cancel()
	err = <-result
	wantUnavailable(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v does not say %v", err, context.Canceled)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the database was made without the lock: %v", err)
	}
}
