package migrations

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"picloud/test/pgtest"
)

// kind is one kind of database, with what the tests need to know of it.
type kind struct {
	name   string
	set    Set
	tables string // a query for the number of tables made by migrations and by goose
	open   func(t *testing.T) *sql.DB
}

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

// kinds gives both kinds of database.
func kinds() []kind {
	return []kind{
		{
			name:   "postgres",
			set:    Postgres(),
			tables: "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'",
			open:   func(t *testing.T) *sql.DB { return open(t, "pgx", cluster.NewDatabase(t)+"&timezone=UTC") },
		},
		{
			name:   "sqlite",
			set:    SQLite(),
			tables: "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
			open:   func(t *testing.T) *sql.DB { return open(t, "sqlite", filepath.Join(t.TempDir(), "picloud.db")) },
		},
	}
}

func open(t *testing.T, driver, source string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func exec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func number(t *testing.T, db *sql.DB, query string) int64 {
	t.Helper()
	var n int64
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// reduced is the set with only the migrations up to latest.
func (s Set) reduced(t *testing.T, latest int64) Set {
	t.Helper()
	files := fstest.MapFS{}
	for _, m := range s.migrations[:latest] {
		name := fmt.Sprintf("%04d_%s.sql", m.Version, m.Name)
		text, err := fs.ReadFile(s.files, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	return s.with(t, files)
}

// with is the set with other files.
func (s Set) with(t *testing.T, files fs.FS) Set {
	t.Helper()
	other, err := newSet(s.dialect, s.hasTable, files)
	if err != nil {
		t.Fatal(err)
	}
	return other
}

func TestBothKindsHaveTheSameMigrations(t *testing.T) {
	one, other := Postgres().migrations, SQLite().migrations
	if len(one) < 2 || len(one) != len(other) {
		t.Fatalf("%d and %d migrations", len(one), len(other))
	}
	for i := range one {
		if one[i] != other[i] || one[i].Version != int64(i)+1 || one[i].Name == "" {
			t.Errorf("migration %d is %+v and %+v", i+1, one[i], other[i])
		}
	}
	if Postgres().Latest() != int64(len(one)) {
		t.Errorf("the latest of %d migrations is %d", len(one), Postgres().Latest())
	}
}

func TestEveryFileIsEmbedded(t *testing.T) {
	for dir, set := range map[string]Set{"postgres": Postgres(), "sqlite": SQLite()} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(entries)) != set.Latest() {
			t.Errorf("%s has %d files, %d migrations", dir, len(entries), set.Latest())
		}
	}
}

func TestNewSetRefuses(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("-- +goose Up\n")}
	for name, files := range map[string]fstest.MapFS{
		"no files":     {},
		"a gap":        {"0001_a.sql": file, "0003_b.sql": file},
		"number twice": {"0001_a.sql": file, "0001_b.sql": file},
		"no number":    {"a.sql": file},
		"not from 1":   {"0002_a.sql": file},
	} {
		if _, err := newSet("sqlite3", "", files); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
