package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picloud"
	"picloud/limits"
	"picloud/store"
	"picloud/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		s, err := Open(t.Context(), dbPath(t))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestConformanceShared(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) (one, other store.Store) {
		path := dbPath(t)
		one, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		other, err = Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return one, other
	})
}

func dbPath(t *testing.T) string { return filepath.Join(t.TempDir(), "picloud.db") }

// mustOpen opens a store that the test may close.
func mustOpen(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func mustCreate(t *testing.T, s *Store, name string) {
	t.Helper()
	if _, err := s.CreateScript(t.Context(), store.Draft{Name: name, Source: "return 1"}); err != nil {
		t.Fatal(err)
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	if picloud.ErrorCode(err) != picloud.CodeStoreUnavailable {
		t.Fatalf("error is %v, want store_unavailable", err)
	}
}

func TestReopeningKeepsData(t *testing.T) {
	path := dbPath(t)
	s := mustOpen(t, path)
	operations, timeout := int64(500), int64(60)
	d := store.Draft{Name: "a", Source: "\x00\xff", Enabled: true, Overrides: limits.Overrides{
		Sandbox: limits.Sandbox{MaxOperations: &operations}, TimeoutMS: &timeout,
	}}
	created, err := s.CreateScript(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PatchCeiling(t.Context(), map[limits.Field]*int64{limits.TimeoutMS: &timeout}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, ending := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(path + ending); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left after Close: %v", ending, err)
		}
	}

	s = mustOpen(t, path)
	got, err := s.Script(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if got.Source != d.Source || !got.Enabled || got.Version != 1 || !got.CreatedAt.Equal(created.CreatedAt) ||
		*got.Overrides.Sandbox.MaxOperations != operations || *got.Overrides.TimeoutMS != timeout {
		t.Errorf("got %+v, want %+v", got, created)
	}
	if ceiling, err := s.Ceiling(t.Context()); err != nil || ceiling[limits.TimeoutMS] != timeout {
		t.Errorf("ceiling %v, %v", ceiling, err)
	}
}

// TestSandboxIsStoredSparse looks at the column itself.
func TestSandboxIsStoredSparse(t *testing.T) {
	s := mustOpen(t, dbPath(t))
	five := int64(5)
	for want, sandbox := range map[string]limits.Sandbox{`{}`: {}, `{"max_map_size":5}`: {MaxMapSize: &five}} {
		if _, _, err := s.PutScript(t.Context(), store.Draft{Name: "a", Overrides: limits.Overrides{Sandbox: sandbox}}, 0); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := s.readers.QueryRowContext(t.Context(), "SELECT sandbox FROM scripts").Scan(&got); err != nil || got != want {
			t.Errorf("stored is %s, %v; want %s", got, err, want)
		}
	}
}

func TestBrokenRowIsAnError(t *testing.T) {
	for _, sandbox := range []string{`{"max_of_tomorrow": 1}`, `{"max_operations": "many"}`, `{"max_operations": 1.5}`} {
		t.Run(sandbox, func(t *testing.T) {
			s := mustOpen(t, dbPath(t))
			mustCreate(t, s, "a")
			if _, err := s.writer.ExecContext(t.Context(), "UPDATE scripts SET sandbox = ?", sandbox); err != nil {
				t.Fatal(err)
			}
			got, err := s.Script(t.Context(), "a")
			wantUnavailable(t, err)
			if got.Name != "" || !strings.Contains(err.Error(), `"a"`) {
				t.Errorf("got %+v, error %v", got, err)
			}
			page, err := s.Scripts(t.Context(), "", 10)
			wantUnavailable(t, err)
			if len(page) != 0 {
				t.Errorf("got %d scripts", len(page))
			}
		})
	}
}

func TestPatchCeilingAllOrNone(t *testing.T) {
	s := mustOpen(t, dbPath(t))
	good, refused := int64(5), int64(0)
	wantUnavailable(t, s.PatchCeiling(t.Context(), map[limits.Field]*int64{
		limits.MaxArraySize: &good, limits.MaxMapSize: &refused, limits.TimeoutMS: &good,
	}))
	if ceiling, err := s.Ceiling(t.Context()); err != nil || len(ceiling) != 0 {
		t.Errorf("ceiling %v, %v", ceiling, err)
	}
}

// writeLocked holds the write lock of the file, as another program would,
// until release is called.
func writeLocked(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := openWriter(path)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	release = func() {
		tx.Rollback()
		db.Close()
	}
	t.Cleanup(release)
	return release
}

func TestContextEndsTheWaitForTheLock(t *testing.T) {
	path := dbPath(t)
	s := mustOpen(t, path)
	mustCreate(t, s, "a")
	release := writeLocked(t, path)
	for name, write := range map[string]func(context.Context) error{
		"Create": func(ctx context.Context) error { _, err := s.CreateScript(ctx, store.Draft{Name: "b"}); return err },
		"Put":    func(ctx context.Context) error { _, _, err := s.PutScript(ctx, store.Draft{Name: "a"}, 1); return err },
		"Delete": func(ctx context.Context) error { return s.DeleteScript(ctx, "a", 0) },
		"Patch":  func(ctx context.Context) error { return s.PatchCeiling(ctx, nil) },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		start := time.Now()
		err := write(ctx)
		cancel()
		wantUnavailable(t, err)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error %v does not say %v", name, err, context.DeadlineExceeded)
		}
		// Not a matter of speed: busyTimeout is what would have ended it else.
		if took := time.Since(start); took >= busyTimeout {
			t.Errorf("%s went on for %v", name, took)
		}
	}
	if got, err := s.Script(t.Context(), "a"); err != nil || got.Version != 1 {
		t.Errorf("reading while another writes: %+v, %v", got, err)
	}
	release()
	if got, _, err := s.PutScript(t.Context(), store.Draft{Name: "a"}, 1); err != nil || got.Version != 2 {
		t.Errorf("after the lock is free: %+v, %v", got, err)
	}
}

func TestCloseWaitsForWhatRuns(t *testing.T) {
	path := dbPath(t)
	s := mustOpen(t, path)
	mustCreate(t, s, "a")
	release := writeLocked(t, path)
	put, closed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, _, err := s.PutScript(t.Context(), store.Draft{Name: "a", Source: "two"}, 1)
		put <- err
	}()
	for s.writer.Stats().InUse == 0 {
		time.Sleep(time.Millisecond)
	}
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		t.Fatalf("Close did not wait: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	release()
	if err := <-put; err != nil {
		t.Errorf("the put under way: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	if got, err := mustOpen(t, path).Script(t.Context(), "a"); err != nil || got.Source != "two" {
		t.Errorf("stored is %+v, %v", got, err)
	}
}

func TestClosedStoreIsAnError(t *testing.T) {
	s := mustOpen(t, dbPath(t))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Script(t.Context(), "a")
	wantUnavailable(t, err)
	if !errors.Is(err, sql.ErrConnDone) {
		t.Errorf("cause is %v", err)
	}
	wantUnavailable(t, s.PatchCeiling(t.Context(), nil))
}

// Whatever the number of scripts, one is found by the index, and a page of them.
func TestScriptsAreFoundByIndex(t *testing.T) {
	s := mustOpen(t, dbPath(t))
	for _, query := range []string{
		"SELECT " + columns + ", source FROM scripts WHERE name = ''",
		"SELECT " + columns + " FROM scripts WHERE name > '' ORDER BY name LIMIT 10",
	} {
		rows, err := s.readers.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var step string
			if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, step)
		}
		if len(plan) != 1 || !strings.HasPrefix(plan[0], "SEARCH scripts USING INDEX") {
			t.Errorf("%s: %q", query, plan)
		}
	}
}
