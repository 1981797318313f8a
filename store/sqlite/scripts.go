package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"picloud/limits"
	"picloud/store"
)

// columns is what scan reads, in its order.
const columns = "name, version, enabled, sandbox, memory_limit_mb, timeout_ms, created_at, updated_at"

const (
	insert = `INSERT INTO scripts (name, source, version, enabled, sandbox, memory_limit_mb, timeout_ms, form_key, form, created_at, updated_at)
		VALUES (:name, :source, 1, :enabled, :sandbox, :memory, :timeout, :form_key, :form, :now, :now)`
	set = `SET source = :source, version = version + 1, enabled = :enabled, sandbox = :sandbox,
		memory_limit_mb = :memory, timeout_ms = :timeout, form_key = :form_key, form = :form, updated_at = :now`
)

// CreateScript is part of store.Store.
func (s *Store) CreateScript(ctx context.Context, d store.Draft) (store.Script, error) {
	created, err := s.put(ctx, d, insert+" ON CONFLICT DO NOTHING RETURNING "+columns)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Script{}, store.Exists(d.Name)
	}
	return created, err
}

// PutScript is part of store.Store.
func (s *Store) PutScript(ctx context.Context, d store.Draft, ifVersion int64) (store.Script, bool, error) {
	if ifVersion == store.AnyVersion {
		put, err := s.put(ctx, d, insert+" ON CONFLICT (name) DO UPDATE "+set+" RETURNING "+columns)
		return put, put.Version == 1, err
	}
	put, err := s.put(ctx, d, "UPDATE scripts "+set+" WHERE name = :name AND version = :version RETURNING "+columns,
		sql.Named("version", ifVersion))
	if errors.Is(err, sql.ErrNoRows) {
		return store.Script{}, false, store.Conflict(d.Name, ifVersion)
	}
	return put, false, err
}

// put runs a statement that stores d and returns its row; sql.ErrNoRows beneath
// the error says that it stored nothing.
func (s *Store) put(ctx context.Context, d store.Draft, statement string, more ...any) (store.Script, error) {
	sandbox, err := json.Marshal(d.Overrides.Sandbox)
	if err != nil {
		return store.Script{}, store.Unavailable(err)
	}
	var stored store.Script
	err = s.write(ctx, func(tx *sql.Tx) error {
		args := append([]any{
			sql.Named("name", d.Name),
			sql.Named("source", []byte(d.Source)),
			sql.Named("enabled", d.Enabled),
			sql.Named("sandbox", string(sandbox)),
			sql.Named("memory", d.Overrides.MemoryLimitMB),
			sql.Named("timeout", d.Overrides.TimeoutMS),
			sql.Named("form_key", d.Form.Key),
			sql.Named("form", d.Form.Bytes),
			// Taken with the write lock held: a later version is never older.
			sql.Named("now", time.Now().UnixMicro()),
		}, more...)
		var err error
		stored, err = scan(tx.QueryRowContext(ctx, statement, args...))
		return err
	})
	if err != nil {
		return store.Script{}, err
	}
	stored.Source, stored.Form = d.Source, d.Form
	return stored, nil
}

// Script is part of store.Store. It may outlast ctx by lookupTimeout.
func (s *Store) Script(ctx context.Context, name string) (store.Script, error) {
	var found store.Script
	err := s.read(ctx, func(*sql.DB) (err error) {
		found, err = s.lookups.script(ctx, name)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = store.NotFound(name)
	}
	return found, err
}

// Scripts is part of store.Store.
func (s *Store) Scripts(ctx context.Context, after string, limit int) ([]store.Script, error) {
	var page []store.Script
	err := s.read(ctx, func(db *sql.DB) error {
		// A negative LIMIT would mean none.
		rows, err := db.QueryContext(ctx, "SELECT "+columns+" FROM scripts WHERE name > ? ORDER BY name LIMIT ?",
			after, max(limit, 0))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			script, err := scan(rows)
			if err != nil {
				return err
			}
			page = append(page, script)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// DeleteScript is part of store.Store.
func (s *Store) DeleteScript(ctx context.Context, name string, ifVersion int64) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		var version int64
		err := tx.QueryRowContext(ctx, "SELECT version FROM scripts WHERE name = ?", name).Scan(&version)
		if err != nil {
			return err
		}
		if ifVersion != store.AnyVersion && ifVersion != version {
			return store.Conflict(name, ifVersion)
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM scripts WHERE name = ?", name)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return store.NotFound(name)
	}
	return err
}

// scan reads one row of columns, and what follows them into more.
func scan(row interface{ Scan(...any) error }, more ...any) (store.Script, error) {
	var (
		s                store.Script
		sandbox          []byte
		created, updated int64
	)
	err := row.Scan(append([]any{&s.Name, &s.Version, &s.Enabled, &sandbox,
		&s.Overrides.MemoryLimitMB, &s.Overrides.TimeoutMS, &created, &updated}, more...)...)
	if err != nil {
		return store.Script{}, err
	}
	s.Overrides.Sandbox, err = limits.ParseSandbox(sandbox)
	if err != nil {
		return store.Script{}, store.Unavailable(fmt.Errorf("the row of script %q: %w", s.Name, err))
	}
	s.CreatedAt = time.UnixMicro(created).UTC()
	s.UpdatedAt = time.UnixMicro(updated).UTC()
	return s, nil
}
