package sqlite

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"picloud/migrations"
	"picloud/store"
)

// With pathEnv set this test program is another program that opens the
// database there and writes to it, each script putsEnv times.
const (
	pathEnv = "SQLITE_TEST_PATH"
	nameEnv = "SQLITE_TEST_NAME"
	putsEnv = "SQLITE_TEST_PUTS"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(pathEnv); path != "" {
		if err := otherProgram(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func otherProgram(path string) error {
	puts, err := strconv.Atoi(os.Getenv(putsEnv))
	if err != nil {
		return err
	}
	s, err := Open(context.Background(), path)
	if err != nil {
		return err
	}
	defer s.Close()
	return write(context.Background(), s, os.Getenv(nameEnv), puts)
}

// write puts the script of the name and one that all writers share, and makes
// and deletes another.
func write(ctx context.Context, s *Store, name string, puts int) error {
	for range puts {
		for _, name := range []string{name, "shared"} {
			if _, _, err := s.PutScript(ctx, store.Draft{Name: name, Source: "return 1"}, store.AnyVersion); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		gone := name + "-gone"
		if _, err := s.CreateScript(ctx, store.Draft{Name: gone}); err != nil {
			return err
		}
		if err := s.DeleteScript(ctx, gone, 1); err != nil {
			return fmt.Errorf("%s: %w", gone, err)
		}
		if _, err := s.Scripts(ctx, "", 100); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func runOther(t *testing.T, path, name string, puts int) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), pathEnv+"="+path, nameEnv+"="+name, putsEnv+"="+strconv.Itoa(puts))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the other program: %w\n%s", err, out)
	}
	return nil
}

// TestManyWriters lets eight goroutines write through one store, eight through
// a store each, and two programs, all to one file at once.
func TestManyWriters(t *testing.T) {
	const writers, programs, puts = 8, 2, 25
	path := dbPath(t)
	one := mustOpen(t, path)
	var wg sync.WaitGroup
	try := func(f func() error) {
		wg.Go(func() {
			if err := f(); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range writers {
		own := mustOpen(t, path)
		try(func() error { return write(t.Context(), one, fmt.Sprintf("one-%d", i), puts) })
		try(func() error { return write(t.Context(), own, fmt.Sprintf("own-%d", i), puts) })
	}
	for i := range programs {
		try(func() error { return runOther(t, path, fmt.Sprintf("program-%d", i), puts) })
	}
	wg.Wait()
	page, err := one.Scripts(t.Context(), "", 100)
	if err != nil || len(page) != 2*writers+programs+1 {
		t.Fatalf("%d scripts, %v", len(page), err)
	}
	for _, script := range page {
		want := int64(puts)
		if script.Name == "shared" {
			want *= 2*writers + programs
		}
		if script.Version != want {
			t.Errorf("%s has version %d, want %d: a write is lost", script.Name, script.Version, want)
		}
	}
}

// What another program has written is noticed before it can tell that it has.
func TestRevisionAfterAnotherProgram(t *testing.T) {
	path := dbPath(t)
	s := mustOpen(t, path)
	before, ok := s.Revision()
	if again, _ := s.Revision(); !ok || again != before {
		t.Fatalf("revision %d, then %d", before, again)
	}
	if err := runOther(t, path, "other", 1); err != nil {
		t.Fatal(err)
	}
	if after, ok := s.Revision(); !ok || after == before {
		t.Errorf("revision %d, %t", after, ok)
	}
}

func TestOpenedAtOnceMigratesOnce(t *testing.T) {
	for range 5 {
		path := dbPath(t)
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				s, err := Open(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			if i < 2 {
				wg.Go(func() {
					if err := runOther(t, path, fmt.Sprintf("program-%d", i), 1); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		s := mustOpen(t, path)
		var noted int64
		err := s.readers.QueryRowContext(t.Context(), "SELECT count(*) FROM goose_db_version WHERE version_id > 0").Scan(&noted)
		if err != nil || noted != migrations.SQLite().Latest() {
			t.Errorf("%d migrations are noted, %v; want %d", noted, err, migrations.SQLite().Latest())
		}
	}
}
