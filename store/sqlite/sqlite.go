// Package sqlite keeps scripts and the ceiling in one SQLite file, with nothing
// to install or run beside PiCloud. It is a store.Store.
//
// One connection writes, a few read, a few more look single scripts up, and one looks
// whether anybody has written. Write-ahead logging lets them work at the same time, and
// lets several programs share the file: every write takes the write lock before it reads
// (BEGIN IMMEDIATE), and waits for another program's up to busyTimeout. A write that has
// returned survives a power cut.
//
// The file must be on a local disk: write-ahead logging needs shared memory
// between all programs that have it open. Beside it, SQLite keeps files ending
// in -wal and -shm while it is open, and Open leaves an empty one ending in
// .lock.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"picloud"
	"picloud/migrations"
	"picloud/store"
)

// readConns is how many scripts can be looked up at once, and how many other reads can
// be made; a look-up takes some ten microseconds, so this is plenty for the boards
// PiCloud runs on.
const readConns = 4

// Store is a store.Store in one SQLite file.
type Store struct {
	writer  *sql.DB // one connection
	readers *sql.DB // readConns connections that cannot write

	lookups   *lookups // of single scripts
	revisions revisions

	// running is held for reading by each call, and for writing by Close:
	// sql.DB's Close does not wait for what runs.
	running sync.RWMutex
	closed  bool
}

var _ store.Store = (*Store)(nil)

// Open opens the database file at path, which may hold any characters, and
// brings its schema up to date. A file that is not there is made, with mode
// 0600; its folder must be there. Programs that open it at once take turns; ctx
// bounds the wait, which is five minutes at most.
//
// The error is a *picloud.Error of code store_unavailable. A database newer
// than this program is refused and left as it is.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, unopened(path, err)
	}
	release, err := lock(ctx, path+".lock")
	if err != nil {
		return nil, unopened(path, err)
	}
	defer release()
	f, err := create(path)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, unopened(path, err)
	}
	s, err := connect(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := migrations.SQLite().Up(ctx, s.writer); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenAsIs opens a database file that is there and leaves its schema alone, to
// look at it with Migrations and SchemaVersion. Other methods work only if the
// schema happens to be the newest.
func OpenAsIs(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, unopened(path, err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, unopened(path, err)
	}
	return connect(ctx, path)
}

func connect(ctx context.Context, path string) (*Store, error) {
	writer, err := openWriter(path)
	if err != nil {
		return nil, unopened(path, err)
	}
	readers, err := openReaders(path)
	if err != nil {
		return nil, errors.Join(unopened(path, err), writer.Close())
	}
	single, err := openLookups(path)
	if err != nil {
		return nil, errors.Join(unopened(path, err), writer.Close(), readers.Close())
	}
	watch, err := openWatch(path)
	if err != nil {
		return nil, errors.Join(unopened(path, err), writer.Close(), readers.Close())
	}
	s := &Store{
		writer: writer, readers: readers,
		lookups: newLookups(single), revisions: revisions{connector: watch, path: path},
	}
	var mode string
	if err := writer.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil {
		return nil, errors.Join(unopened(path, withContext(ctx, err)), s.Close())
	}
	if mode != "wal" {
		return nil, errors.Join(unopened(path, fmt.Errorf("its file system refuses write-ahead logging: journal_mode is %q", mode)),
			s.Close())
	}
	return s, nil
}

// Migrations lists all migrations this program knows and all the database has.
func (s *Store) Migrations(ctx context.Context) ([]migrations.Migration, error) {
	var list []migrations.Migration
	err := s.read(ctx, func(db *sql.DB) (err error) {
		list, err = migrations.SQLite().Status(ctx, db)
		return err
	})
	return list, err
}

// SchemaVersion is part of store.Store.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	var version int64
	err := s.read(ctx, func(db *sql.DB) (err error) {
		version, err = migrations.SQLite().Version(ctx, db)
		return err
	})
	return version, err
}

// Ping is part of store.Store. It reads the file's header.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, func(db *sql.DB) error {
		var n int64
		return db.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&n)
	})
}

// Close is part of store.Store. A second call does nothing.
func (s *Store) Close() error {
	s.running.Lock()
	defer s.running.Unlock()
	s.closed = true
	// The writer last: the last connection to close moves the write-ahead log
	// into the database file, which readers cannot.
	if err := errors.Join(s.revisions.close(), s.lookups.close(), s.readers.Close(), s.writer.Close()); err != nil {
		return store.Unavailable(err)
	}
	return nil
}

// read calls f with the connections that cannot write.
func (s *Store) read(ctx context.Context, f func(*sql.DB) error) error {
	s.running.RLock()
	defer s.running.RUnlock()
	if s.closed {
		return store.Unavailable(sql.ErrConnDone)
	}
	return mapped(ctx, f(s.readers))
}

// write calls f in a transaction that has the write lock from its beginning,
// and undoes all if f fails.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	s.running.RLock()
	defer s.running.RUnlock()
	if s.closed {
		return store.Unavailable(sql.ErrConnDone)
	}
	return mapped(ctx, inTransaction(ctx, s.writer, f))
}

func inTransaction(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// mapped makes store_unavailable of every error that is not a *picloud.Error.
func mapped(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*picloud.Error](err); ok {
		return err
	}
	return store.Unavailable(withContext(ctx, err))
}

// withContext says that ctx has ended, where err is only what came of it.
func withContext(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

func unopened(path string, cause error) error {
	return &picloud.Error{
		Code:    picloud.CodeStoreUnavailable,
		Message: fmt.Sprintf("the database file %s cannot be opened", path),
		Hint:    "see that its folder is there and that the user PiCloud runs as may write to both",
		Cause:   cause,
	}
}
