package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/pressly/goose/v3/lock"

	"picloud"
)

const noted = "SELECT count(*) FROM goose_db_version WHERE version_id > 0"

func TestUp(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			db := k.open(t)
			wantStatus(t, k.set, db, 0)
			if n := number(t, db, k.tables); n != 0 {
				t.Errorf("asking for the status made %d tables", n)
			}
			for range 2 {
				if err := k.set.Up(t.Context(), db); err != nil {
					t.Fatal(err)
				}
				wantStatus(t, k.set, db, k.set.Latest())
				if n := number(t, db, noted); n != k.set.Latest() {
					t.Errorf("%d migrations are noted, want %d", n, k.set.Latest())
				}
			}
		})
	}
}

// wantStatus checks that db has the migrations up to version and no other.
func wantStatus(t *testing.T, set Set, db *sql.DB, version int64) {
	t.Helper()
	if got, err := set.Version(t.Context(), db); err != nil || got != version {
		t.Errorf("version is %d, %v; want %d", got, err, version)
	}
	list, err := set.Status(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(set.migrations) {
		t.Fatalf("status has %d migrations, want %d", len(list), len(set.migrations))
	}
	for i, m := range list {
		if m.Version != int64(i)+1 || m.Name != set.migrations[i].Name {
			t.Errorf("migration %d is %+v", i+1, m)
		}
		if m.Version > version {
			if !m.AppliedAt.IsZero() {
				t.Errorf("migration %d was applied at %v, want never", m.Version, m.AppliedAt)
			}
			continue
		}
		// SQLite notes whole seconds.
		if age := time.Since(m.AppliedAt); age < -2*time.Second || age > time.Hour || m.AppliedAt.Location() != time.UTC {
			t.Errorf("migration %d was applied at %v, which is not now in UTC", m.Version, m.AppliedAt)
		}
	}
}

func TestUpKeepsWhatIsStored(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			db := k.open(t)
			if err := k.set.reduced(t, 1).Up(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			now := "now()"
			if k.name == "sqlite" {
				now = "1"
			}
			exec(t, db, "INSERT INTO scripts (name, source, version, enabled, created_at, updated_at)"+
				" SELECT 'old', source, 3, enabled, "+now+", "+now+" FROM (SELECT "+blobAndTrue(k)+") AS x")
			if err := k.set.Up(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			if n := number(t, db, "SELECT version FROM scripts WHERE name = 'old' AND CAST(sandbox AS TEXT) = '{}'"); n != 3 {
				t.Errorf("the script has version %d", n)
			}
		})
	}
}

// blobAndTrue is a source and an enabled in the words of the kind.
func blobAndTrue(k kind) string {
	if k.name == "sqlite" {
		return "x'00ff' AS source, 1 AS enabled"
	}
	return `'\x00ff'::bytea AS source, true AS enabled`
}

func TestNewerDatabaseIsRefusedAndLeftAlone(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			db := k.open(t)
			older := k.set.reduced(t, 1)
			if err := k.set.Up(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			before := number(t, db, k.tables)
			wantNewer(t, older.Up(t.Context(), db), k.set.Latest(), 1)
			if after := number(t, db, k.tables); after != before {
				t.Errorf("%d tables, were %d", after, before)
			}
			if n := number(t, db, noted); n != k.set.Latest() {
				t.Errorf("%d migrations are noted, want %d", n, k.set.Latest())
			}
			list, err := older.Status(t.Context(), db)
			if err != nil || int64(len(list)) != k.set.Latest() {
				t.Fatalf("status %v, %v", list, err)
			}
			if last := list[len(list)-1]; last.Name != "" || last.AppliedAt.IsZero() {
				t.Errorf("the unknown migration is %+v, want it applied and without name", last)
			}
		})
	}
}

// TestNewerDatabaseThatLeftOneOut is refused for being newer, and not for what
// goose says of a number that is missing.
func TestNewerDatabaseThatLeftOneOut(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			db := k.open(t)
			if err := k.set.reduced(t, 1).Up(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			exec(t, db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)")
			wantNewer(t, k.set.Up(t.Context(), db), 99, k.set.Latest())
		})
	}
}

func wantNewer(t *testing.T, err error, has, known int64) {
	t.Helper()
	if picloud.ErrorCode(err) != picloud.CodeStoreUnavailable {
		t.Fatalf("error is %v", err)
	}
	e := picloud.AsError(err)
	for _, part := range []string{fmt.Sprintf("schema %d", has), fmt.Sprintf("up to %d", known)} {
		if !strings.Contains(e.Message, part) {
			t.Errorf("message %q lacks %q", e.Message, part)
		}
	}
	for _, part := range []string{"newer picloud", "backup"} {
		if !strings.Contains(e.Hint, part) {
			t.Errorf("hint %q lacks %q", e.Hint, part)
		}
	}
}

func TestFailedMigrationLeavesTheOldState(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			db := k.open(t)
			files := fstest.MapFS{
				"0001_first.sql":  {Data: []byte("-- +goose Up\nCREATE TABLE one (n INTEGER);\nINSERT INTO one VALUES (1);\n")},
				"0002_broken.sql": {Data: []byte("-- +goose Up\nCREATE TABLE two (n INTEGER);\nUPDATE one SET n = 2;\nINSERT INTO nowhere VALUES (1);\n")},
				"0003_third.sql":  {Data: []byte("-- +goose Up\nCREATE TABLE three (n INTEGER);\n")},
			}
			err := k.set.with(t, files).Up(t.Context(), db)
			if picloud.ErrorCode(err) != picloud.CodeStoreUnavailable {
				t.Fatalf("error is %v", err)
			}
			if e := picloud.AsError(err); e.Message != "migration 2 (broken) failed; the database is still at schema 1" ||
				!strings.Contains(e.Cause.Error(), "nowhere") {
				t.Errorf("message %q, cause %v", e.Message, e.Cause)
			}
			wantStatus(t, k.set.with(t, files), db, 1)
			if n := number(t, db, k.tables); n != 2 { // one and goose's
				t.Errorf("%d tables, want 2", n)
			}
			if n := number(t, db, "SELECT n FROM one"); n != 1 {
				t.Errorf("the row is %d, want 1 as before the failed migration", n)
			}

			files["0002_broken.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE two (n INTEGER);\n")}
			if err := k.set.with(t, files).Up(t.Context(), db); err != nil {
				t.Fatalf("with the migration put right: %v", err)
			}
			wantStatus(t, k.set.with(t, files), db, 3)
		})
	}
}

func TestUpStopsWithItsContext(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			db := k.open(t)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			err := k.set.Up(ctx, db)
			if picloud.ErrorCode(err) != picloud.CodeStoreUnavailable || !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
			wantStatus(t, k.set, db, 0)
		})
	}
}

func TestPostgresMigratesOnceForManyPrograms(t *testing.T) {
	url := cluster.NewDatabase(t) + "&timezone=UTC"
	var wg sync.WaitGroup
	for range 6 {
		db := open(t, "pgx", url)
		wg.Go(func() {
			if err := Postgres().Up(t.Context(), db); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	db := open(t, "pgx", url)
	wantStatus(t, Postgres(), db, Postgres().Latest())
	if n := number(t, db, noted); n != Postgres().Latest() {
		t.Errorf("%d migrations are noted, want %d", n, Postgres().Latest())
	}
}

func TestNewerProgramThatHadTheLockFirst(t *testing.T) {
	db := open(t, "pgx", cluster.NewDatabase(t))
	newer, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer newer.Close()
	run := func(statement string, args ...any) {
		t.Helper()
		if _, err := newer.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	run("SELECT pg_advisory_lock($1)", lock.DefaultLockID)

	result := make(chan error, 1)
	go func() { result <- Postgres().Up(t.Context(), db) }()
	const waiting = "SELECT count(*) FROM pg_tables WHERE tablename = 'goose_db_version'"
	for number(t, db, waiting) == 0 {
		select {
		case err := <-result:
			t.Fatalf("Up did not wait for the lock: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	future := Postgres().Latest() + 1
	run("INSERT INTO goose_db_version (version_id, is_applied) SELECT n, true FROM generate_series(1, $1::bigint) AS n", future)
	run("SELECT pg_advisory_unlock($1)", lock.DefaultLockID)

	wantNewer(t, <-result, future, Postgres().Latest())
	if n := number(t, db, "SELECT count(*) FROM pg_tables WHERE tablename = 'scripts'"); n != 0 {
		t.Error("the older program has changed the newer one's database")
	}
}
