package migrations

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"

	"picloud"
)

// Version is the number of the newest migration db has, 0 for a database that
// was never migrated. It changes nothing.
func (s Set) Version(ctx context.Context, db *sql.DB) (int64, error) {
	there, err := s.migrated(ctx, db)
	if err != nil || !there {
		return 0, err
	}
	var version int64
	const query = "SELECT coalesce(max(version_id), 0) FROM " + goose.DefaultTablename
	if err := db.QueryRowContext(ctx, query).Scan(&version); err != nil {
		return 0, unreadable(err)
	}
	return version, nil
}

// Status lists all migrations this program knows and all db has, by number. It
// changes nothing.
//
// PostgreSQL notes the time of a migration in the time zone of the session that
// ran it, so every session of db must be set to UTC.
func (s Set) Status(ctx context.Context, db *sql.DB) ([]Migration, error) {
	list := append([]Migration(nil), s.migrations...)
	there, err := s.migrated(ctx, db)
	if err != nil || !there {
		return list, err
	}
	rows, err := db.QueryContext(ctx, "SELECT version_id, tstamp FROM "+goose.DefaultTablename+
		" WHERE version_id > 0 ORDER BY version_id, id")
	if err != nil {
		return nil, unreadable(err)
	}
	defer rows.Close()
	for rows.Next() {
		var version int64
		var at time.Time
		if err := rows.Scan(&version, &at); err != nil {
			return nil, unreadable(err)
		}
		if version > s.Latest() {
			list = append(list, Migration{Version: version, AppliedAt: at.UTC()})
		} else {
			list[version-1].AppliedAt = at.UTC()
		}
	}
	if err := rows.Err(); err != nil {
		return nil, unreadable(err)
	}
	return list, nil
}

func (s Set) migrated(ctx context.Context, db *sql.DB) (bool, error) {
	var there bool
	if err := db.QueryRowContext(ctx, s.hasTable).Scan(&there); err != nil {
		return false, unreadable(err)
	}
	return there, nil
}

func unreadable(cause error) error {
	return &picloud.Error{
		Code:    picloud.CodeStoreUnavailable,
		Message: "the database does not tell which schema it has",
		Cause:   cause,
	}
}

func newer(has, known int64) error {
	return &picloud.Error{
		Code:    picloud.CodeStoreUnavailable,
		Message: fmt.Sprintf("the database has schema %d, but this picloud knows only up to %d", has, known),
		Hint:    "install the newer picloud, or restore the backup made before the upgrade",
	}
}
