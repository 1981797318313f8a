package doctor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"picloud/store/postgres"
	"picloud/store/sqlite"
	"picloud/test/pgtest"
)

// content is every file of a folder with its bytes.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(data)
	}
	return all
}

// Looking at an embedded database changes no byte of it, and leaves no file.
func TestLookingAtSQLiteChangesNothing(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		says string
	}{
		"migrated": {func(t *testing.T, path string) {
			db, err := sqlite.Open(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}, "the newest"},
		"none":     {func(*testing.T, string) {}, "none yet"},
		"empty":    {func(t *testing.T, path string) { write(t, path, "") }, "none yet"},
		"a text":   {func(t *testing.T, path string) { write(t, path, "not a database, and long enough") }, "no database of PiCloud"},
		"rollback": {func(t *testing.T, path string) { write(t, path, "SQLite format 3\x00\x10\x00\x01\x01") }, "no database of PiCloud"},
		"cut off":  {func(t *testing.T, path string) { write(t, path, "SQLite") }, "no database of PiCloud"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.make(t, filepath.Join(dir, "picloud.db"))
			before := content(t, dir)
			r := database(ctx, Live(Settings{DataDir: dir}))
			if !strings.Contains(r.Detail, c.says) {
				t.Errorf("%+v, want %q", r, c.says)
			}
			if after := content(t, dir); fmt.Sprintf("%q", after) != fmt.Sprintf("%q", before) {
				t.Errorf("before:\n%.200q\nafter:\n%.200q", before, after)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A database that another version has left is told by its migrations, and not
// migrated.
func TestUnmigratedSQLite(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	path := filepath.Join(dir, "picloud.db")
	db, err := sqlite.Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	list, err := db.Migrations(ctx)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	last := list[len(list)-1]
	sqliteExec(t, path, fmt.Sprintf("DELETE FROM goose_db_version WHERE version_id = %d", last.Version))
	for range 2 { // it is not migrated by the first look
		r := database(ctx, Live(Settings{DataDir: dir}))
		if r.Status != Warning || !strings.Contains(r.Detail, last.Name) || !strings.Contains(r.Hint, "picloud migrate") {
			t.Errorf("%+v", r)
		}
	}
	sqliteExec(t, path, fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, 1), (999, 1)", last.Version))
	if r := database(ctx, Live(Settings{DataDir: dir})); r.Status != Failure || !strings.Contains(r.Detail, "999") {
		t.Errorf("%+v", r)
	}
}

// sqliteExec writes to a database behind PiCloud's back.
func sqliteExec(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path) // the driver of package store/sqlite
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestUnreachablePostgreSQL(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that nobody listens at, once it is closed
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	for _, url := range []string{"postgres://user:secret@" + address + "/db", "postgres://user:sec@ret@" + address + "/db", "mysql://user:secret@x/db"} {
		r := database(context.Background(), Live(Settings{DatabaseURL: url}))
		wellFormed(t, Finding{"database", r})
		if r.Status != Failure || strings.Contains(r.Detail+r.Hint, "sec") {
			t.Errorf("%+v", r)
		}
	}
}

// A fresh PostgreSQL database lacks all migrations, and has none of our tables
// when we have looked.
func TestUnmigratedPostgreSQL(t *testing.T) {
	ctx, url := context.Background(), pgtest.Start(t).NewDatabase(t)
	for range 2 {
		r := database(ctx, Live(Settings{DatabaseURL: url}))
		if r.Status != Warning || !strings.Contains(r.Detail, "lacks migrations: 0001 ") {
			t.Errorf("%+v", r)
		}
	}
	db, err := postgres.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if r := database(ctx, Live(Settings{DatabaseURL: url})); r.Status != OK {
		t.Errorf("%+v", r)
	}
}

func TestReady(t *testing.T) {
	dir, err := os.MkdirTemp("", "doctor-") // short enough for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "admin.sock")
	s := Live(Settings{AdminSocket: path})
	ctx := context.Background()
	if _, _, err := s.Ready(ctx); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no socket: %v", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, r.URL.Path)
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	if status, body, err := s.Ready(ctx); err != nil || status != 503 || string(body) != "/readyz" {
		t.Errorf("%d %s %v", status, body, err)
	}
	server.Close()
	<-served
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	if _, _, err := s.Ready(ctx); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a socket nobody listens at: %v", err)
	}
}

// The checks' names are what programs know them by.
func TestNamesAreDifferent(t *testing.T) {
	var names []string
	for _, c := range Checks() {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("%q", names)
	}
}
