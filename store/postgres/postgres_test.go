package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"picloud"
	"picloud/limits"
	"picloud/store"
	"picloud/store/storetest"
	"picloud/test/pgtest"
)

// cluster serves all tests of this package.
var cluster *pgtest.Cluster

func TestMain(m *testing.M) {
	var err error
	if cluster, err = pgtest.New(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		s, err := Open(t.Context(), cluster.NewDatabase(t))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestConformanceShared(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) (one, other store.Store) {
		url := cluster.NewDatabase(t)
		one, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		other, err = Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		return one, other
	})
}

// mustOpen opens a store that the test may close.
func mustOpen(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url)
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

func exec(t *testing.T, s *Store, statement string, args ...any) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	if picloud.ErrorCode(err) != picloud.CodeStoreUnavailable {
		t.Fatalf("error is %v, want store_unavailable", err)
	}
}

func TestReopeningKeepsData(t *testing.T) {
	url := cluster.NewDatabase(t)
	s := mustOpen(t, url)
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

	s = mustOpen(t, url)
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
	s := mustOpen(t, cluster.NewDatabase(t))
	five := int64(5)
	for want, sandbox := range map[string]limits.Sandbox{`{}`: {}, `{"max_map_size": 5}`: {MaxMapSize: &five}} {
		if _, _, err := s.PutScript(t.Context(), store.Draft{Name: "a", Overrides: limits.Overrides{Sandbox: sandbox}}, 0); err != nil {
			t.Fatal(err)
		}
		var got, kind string
		err := s.pool.QueryRow(t.Context(), "SELECT sandbox::text, pg_typeof(sandbox)::text FROM scripts").Scan(&got, &kind)
		if err != nil || got != want || kind != "jsonb" {
			t.Errorf("stored is %s of type %s, %v; want %s of jsonb", got, kind, err, want)
		}
	}
}

func TestBrokenRowIsAnError(t *testing.T) {
	for _, sandbox := range []string{`{"max_of_tomorrow": 1}`, `{"max_operations": "many"}`, `{"max_operations": 1.5}`} {
		t.Run(sandbox, func(t *testing.T) {
			s := mustOpen(t, cluster.NewDatabase(t))
			mustCreate(t, s, "a")
			exec(t, s, "UPDATE scripts SET sandbox = $1", sandbox)
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
	s := mustOpen(t, cluster.NewDatabase(t))
	good, refused := int64(5), int64(0)
	wantUnavailable(t, s.PatchCeiling(t.Context(), map[limits.Field]*int64{
		limits.MaxArraySize: &good, limits.MaxMapSize: &refused, limits.TimeoutMS: &good,
	}))
	if ceiling, err := s.Ceiling(t.Context()); err != nil || len(ceiling) != 0 {
		t.Errorf("ceiling %v, %v", ceiling, err)
	}
}

// rowLocked holds the lock of the script "a" until release is called.
func rowLocked(t *testing.T, s *Store) (release func()) {
	t.Helper()
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT 1 FROM scripts WHERE name = 'a' FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	release = func() { tx.Rollback(context.Background()) }
	t.Cleanup(release)
	return release
}

// waiting is how many sessions of s's database wait for a lock.
func waiting(t *testing.T, s *Store) (n int) {
	t.Helper()
	err := s.pool.QueryRow(t.Context(),
		"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute until %s", what)
		}
	}
}

func TestContextEndsTheWaitForALock(t *testing.T) {
	for name, write := range map[string]func(*Store, context.Context) error{
		"Put": func(s *Store, ctx context.Context) error {
			_, _, err := s.PutScript(ctx, store.Draft{Name: "a"}, 0)
			return err
		},
		"Put of a version": func(s *Store, ctx context.Context) error {
			_, _, err := s.PutScript(ctx, store.Draft{Name: "a"}, 1)
			return err
		},
		"Delete": func(s *Store, ctx context.Context) error { return s.DeleteScript(ctx, "a", 0) },
	} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, cluster.NewDatabase(t))
			mustCreate(t, s, "a")
			release := rowLocked(t, s)
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() { result <- write(s, ctx) }()
			waitUntil(t, "the write waits for the lock", func() bool { return waiting(t, s) == 1 })
			cancel()
			err := <-result
			wantUnavailable(t, err)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v does not say %v", err, context.Canceled)
			}
			release()
			waitUntil(t, "the server has given up the write", func() bool { return waiting(t, s) == 0 })
			if got, err := s.Script(t.Context(), "a"); err != nil || got.Version != 1 || got.Source != "return 1" {
				t.Errorf("the write was done all the same: %+v, %v", got, err)
			}
		})
	}
}

func TestCloseWaitsForWhatRuns(t *testing.T) {
	url := cluster.NewDatabase(t)
	s, other := mustOpen(t, url), mustOpen(t, url)
	mustCreate(t, s, "a")
	release := rowLocked(t, other)
	put, closed := make(chan error, 1), make(chan error, 1)
	go func() {
		_, _, err := s.PutScript(t.Context(), store.Draft{Name: "a", Source: "two"}, 1)
		put <- err
	}()
	waitUntil(t, "the put waits for the lock", func() bool { return waiting(t, other) == 1 })
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
	if got, err := other.Script(t.Context(), "a"); err != nil || got.Source != "two" {
		t.Errorf("stored is %+v, %v", got, err)
	}
	_, err := s.Script(t.Context(), "a")
	wantUnavailable(t, err)
}

// TestStrictServerDefaults uses a server whose own defaults would make
// concurrent writes fail (serialization_failure).
func TestStrictServerDefaults(t *testing.T) {
	url := cluster.NewDatabase(t)
	admin, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	for _, setting := range []string{"default_transaction_isolation = 'serializable'", "timezone = 'Asia/Kathmandu'", "DateStyle = 'German'"} {
		if _, err := admin.Exec(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET `+
			strings.ReplaceAll(setting, "'", "''")+`', current_database()); END $$`); err != nil {
			t.Fatal(err)
		}
	}
	s := mustOpen(t, url)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if _, _, err := s.PutScript(t.Context(), store.Draft{Name: "a"}, store.AnyVersion); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := s.Script(t.Context(), "a")
	if err != nil || got.Version != 80 {
		t.Fatalf("got %+v, %v; want version 80", got, err)
	}
	if age := time.Since(got.UpdatedAt); age < -time.Minute || age > time.Hour {
		t.Errorf("updated at %v, which is not now", got.UpdatedAt)
	}
}

// Whatever the number of scripts, one is found by the index, and a page of them.
func TestScriptsAreFoundByIndex(t *testing.T) {
	s := mustOpen(t, cluster.NewDatabase(t))
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), "SET enable_seqscan = off"); err != nil { // which is faster for none
		t.Fatal(err)
	}
	for _, query := range []string{
		"SELECT " + columns + ", source FROM scripts WHERE name = 'a'",
		"SELECT " + columns + " FROM scripts WHERE name > 'a' ORDER BY name LIMIT 10",
	} {
		rows, err := conn.Query(t.Context(), "EXPLAIN "+query)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		plan := strings.Join(lines, "\n")
		if err != nil || !strings.Contains(plan, "Index") || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") {
			t.Errorf("%s: %v\n%s", query, err, plan)
		}
	}
}
