package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"picloud"
)

// lockSeconds is how long Up waits for another program that migrates the same
// PostgreSQL database.
const lockSeconds = 300

// Up runs every migration db lacks. With none lacking it only reads.
//
// On PostgreSQL programs that start at once take turns through an advisory
// lock of the session and each migration runs once. SQLite has nothing of the
// kind: there the caller keeps others away for the length of the call, as
// package store/sqlite does with a lock file.
func (s Set) Up(ctx context.Context, db *sql.DB) error {
	if err := s.refuseNewer(ctx, db); err != nil {
		return err
	}
	p, err := s.provider(db)
	if err != nil {
		return failed("the database's schema cannot be brought up to date", err)
	}
	if _, err := p.Up(ctx); err != nil {
		if partial, ok := errors.AsType[*goose.PartialError](err); ok {
			n := partial.Failed.Source.Version
			return failed(fmt.Sprintf("migration %d (%s) failed; the database is still at schema %d",
				n, s.migrations[n-1].Name, n-1), err)
		}
		return failed("the database's schema cannot be brought up to date", err)
	}
	// A newer program may have had the lock before us.
	return s.refuseNewer(ctx, db)
}

func (s Set) refuseNewer(ctx context.Context, db *sql.DB) error {
	has, err := s.Version(ctx, db)
	if err != nil {
		return err
	}
	if known := s.Latest(); has > known {
		return newer(has, known)
	}
	return nil
}

func (s Set) provider(db *sql.DB) (*goose.Provider, error) {
	// goose would else add migrations written in Go that any package of the
	// program has registered.
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.dialect == goose.DialectPostgres {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, lockSeconds))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(s.dialect, db, s.files, options...)
}

func failed(message string, cause error) error {
	return &picloud.Error{
		Code:    picloud.CodeStoreUnavailable,
		Message: message,
		Hint:    "the log has the database's own words; nothing was half done, so try again once that is put right",
		Cause:   cause,
	}
}
