// Package postgres keeps scripts and the ceiling in a PostgreSQL database,
// version 15 or later. It is a store.Store, and the only package that knows the
// PostgreSQL driver.
//
// It keeps a pool of connections, and one that hears of what others write. The
// server may end each of them at any time:
// the call that notices fails, the next one gets a new connection. No call
// takes longer than callTimeout, even if its context has no end, so nothing
// hangs while PostgreSQL is away.
//
// Error texts never hold the password of the database URL.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"picloud"
	"picloud/migrations"
	"picloud/store"
)

const (
	// connectTimeout bounds one attempt to connect to one address, from the
	// name look-up to the server's first word after the password. A shorter
	// connect_timeout in the URL counts.
	connectTimeout = 5 * time.Second

	// callTimeout bounds each call, with the wait for a connection in it.
	callTimeout = 10 * time.Second
)

// Store is a store.Store in a PostgreSQL database.
type Store struct {
	pool        *pgxpool.Pool
	db          *sql.DB // over pool, for package migrations
	changes     *changes
	callTimeout time.Duration
}

var _ store.Store = (*Store)(nil)

// Open connects to the database url names and brings its schema up to date.
// Programs that open it at once take turns, for up to five minutes.
//
// The url is postgres://USER:PASSWORD@HOST:PORT/DATABASE?SETTINGS, or with
// postgresql:// before. Characters of the password other than letters, digits
// and -._~ are written as % and two hexadecimal digits. Settings are those of
// libpq, such as sslmode, and pool_max_conns (4 unless set, or the number of
// processors if that is more). What the url leaves out comes from the
// environment (PGHOST, PGPASSFILE and so on).
//
// The error is a *picloud.Error of code store_unavailable. A database newer
// than this program is refused and left as it is.
func Open(ctx context.Context, url string) (*Store, error) {
	s, err := connect(ctx, url, connectTimeout, callTimeout)
	if err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.changes.start()
	return s, nil
}

// OpenAsIs connects like Open and leaves the schema alone, to look at it with
// Migrations and SchemaVersion. Other methods work only if the schema happens
// to be the newest.
func OpenAsIs(ctx context.Context, url string) (*Store, error) {
	return connect(ctx, url, connectTimeout, callTimeout)
}

func connect(ctx context.Context, url string, connectTimeout, callTimeout time.Duration) (*Store, error) {
	config, err := parseURL(url, connectTimeout)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, unopened(ctx, err)
	}
	s := &Store{pool: pool, db: stdlib.OpenDBFromPool(pool), changes: newChanges(pool, callTimeout), callTimeout: callTimeout}
	ping, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := pool.Ping(ping); err != nil {
		return nil, errors.Join(unopened(ping, err), s.Close())
	}
	return s, nil
}

// migrate uses a connection of its own. It ends with it, and so does the
// migration lock, which belongs to the session.
func (s *Store) migrate(ctx context.Context) error {
	db := stdlib.OpenDB(*s.pool.Config().ConnConfig)
	return errors.Join(migrations.Postgres().Up(ctx, db), db.Close())
}

// Migrations lists all migrations this program knows and all the database has.
func (s *Store) Migrations(ctx context.Context) ([]migrations.Migration, error) {
	ctx, cancel := context.WithTimeout(ctx, s.callTimeout)
	defer cancel()
	return migrations.Postgres().Status(ctx, s.db)
}

// SchemaVersion is part of store.Store.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.callTimeout)
	defer cancel()
	return migrations.Postgres().Version(ctx, s.db)
}

// Ping is part of store.Store.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, s.pool.Ping)
}

// Close is part of store.Store. A second call does nothing.
func (s *Store) Close() error {
	s.changes.close()
	err := s.db.Close()
	s.pool.Close()
	if err != nil {
		return store.Unavailable(err)
	}
	return nil
}

// read calls f with a context that ends after callTimeout.
func (s *Store) read(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.callTimeout)
	defer cancel()
	err := mapped(ctx, f(ctx))
	if picloud.ErrorCode(err) != picloud.CodeStoreUnavailable {
		s.changes.answered()
	}
	return err
}

// write calls f in a transaction. A statement on its own would be carried out
// even if ctx ends while it waits for a lock; a transaction is not, for want of
// the COMMIT. An error does not say that nothing was written: the answer to the
// COMMIT may have been lost.
func (s *Store) write(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
	defer s.changes.moved()
	return s.read(ctx, func(ctx context.Context) error {
		// Whatever the server's default is, the statements of this package
		// are written for this level.
		return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			return f(ctx, tx)
		})
	})
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

func unopened(ctx context.Context, cause error) error {
	if errors.Is(cause, syscall.EAFNOSUPPORT) {
		return &picloud.Error{
			Code:    picloud.CodeStoreUnavailable,
			Message: "the PostgreSQL database cannot be opened: its URL names an address, and the service has no network",
			Hint:    "on this machine, use its unix socket: postgres:///DATABASE?host=/run/postgresql; else see /usr/share/picloud/network.conf",
			Cause:   cause,
		}
	}
	return &picloud.Error{
		Code:    picloud.CodeStoreUnavailable,
		Message: "the PostgreSQL database cannot be opened",
		Hint:    "see that PostgreSQL runs and that the database URL names its host, database, user and password; the log has its answer",
		Cause:   withContext(ctx, cause),
	}
}
