// Package migrations holds the database schema as numbered SQL files, one
// folder for each kind of database, and brings a database up to date with them.
//
// Numbers rise by one and mean the same state in every folder. A file that was
// released is never changed. Each runs in a transaction of its own together
// with the note that it ran, so one that fails leaves the database as the one
// before it did. There is no way down: what an upgrade changed is taken back by
// restoring the backup made before it, because going down would throw away
// data. A database newer than this program is refused and left alone.
//
// What a database does wrong is a *picloud.Error of code store_unavailable with
// the cause beneath. The package has no driver in it and keeps no state.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// Migration is one numbered step of the schema.
type Migration struct {
	Version   int64
	Name      string    // without number and ending; "" if this program does not know it
	AppliedAt time.Time // UTC; zero if the database does not have it yet
}

// Set is all migrations of one kind of database.
type Set struct {
	dialect    goose.Dialect
	hasTable   string // a query that tells whether goose's table is there
	files      fs.FS
	migrations []Migration // by number, none of them applied
}

// Postgres is the schema for PostgreSQL, version 15 or later.
func Postgres() Set {
	return embedded("postgres", goose.DialectPostgres,
		"SELECT count(*) > 0 FROM pg_tables WHERE schemaname = current_schema() AND tablename = '"+goose.DefaultTablename+"'")
}

// SQLite is the schema for SQLite.
func SQLite() Set {
	return embedded("sqlite", goose.DialectSQLite3,
		"SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = '"+goose.DefaultTablename+"'")
}

// Latest is the highest number this program knows.
func (s Set) Latest() int64 { return s.migrations[len(s.migrations)-1].Version }

// embedded cannot fail unless the program was built from a broken tree, which
// the tests of this package rule out.
func embedded(dir string, dialect goose.Dialect, hasTable string) Set {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err)
	}
	s, err := newSet(dialect, hasTable, sub)
	if err != nil {
		panic(err)
	}
	return s
}

func newSet(dialect goose.Dialect, hasTable string, files fs.FS) (Set, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return Set{}, err
	}
	s := Set{dialect: dialect, hasTable: hasTable, files: files}
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return Set{}, fmt.Errorf("migration %s: %w", name, err)
		}
		_, label, _ := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
		s.migrations = append(s.migrations, Migration{Version: version, Name: label})
	}
	slices.SortFunc(s.migrations, func(a, b Migration) int { return int(a.Version - b.Version) })
	for i, m := range s.migrations {
		if m.Version != int64(i)+1 {
			return Set{}, fmt.Errorf("migration %d: number %d is missing or there twice", m.Version, i+1)
		}
	}
	if len(s.migrations) == 0 {
		return Set{}, goose.ErrNoMigrations
	}
	return s, nil
}
