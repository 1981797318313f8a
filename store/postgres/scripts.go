package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"picloud/limits"
	"picloud/store"
)

// columns is what scan reads, in its order.
const columns = "name, version, enabled, sandbox, memory_limit_mb, timeout_ms, created_at, updated_at"

const (
	insert = `INSERT INTO scripts (name, source, version, enabled, sandbox, memory_limit_mb, timeout_ms, form_key, form, created_at, updated_at)
		VALUES (@name, @source, 1, @enabled, @sandbox, @memory, @timeout, @form_key, @form, now(), now())`
	// clock_timestamp() is read with the row locked, now() stands still from
	// the beginning of the transaction: a later version is never older.
	set = `SET source = @source, version = scripts.version + 1, enabled = @enabled, sandbox = @sandbox,
		memory_limit_mb = @memory, timeout_ms = @timeout, form_key = @form_key, form = @form, updated_at = clock_timestamp()`
	returning = " RETURNING scripts.name, scripts.version, scripts.enabled, scripts.sandbox, " +
		"scripts.memory_limit_mb, scripts.timeout_ms, scripts.created_at, scripts.updated_at"
)

// CreateScript is part of store.Store.
func (s *Store) CreateScript(ctx context.Context, d store.Draft) (store.Script, error) {
	created, err := s.put(ctx, d, insert+" ON CONFLICT DO NOTHING"+returning, store.AnyVersion)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.Script{}, store.Exists(d.Name)
	}
	return created, err
}

// PutScript is part of store.Store.
func (s *Store) PutScript(ctx context.Context, d store.Draft, ifVersion int64) (store.Script, bool, error) {
	if ifVersion == store.AnyVersion {
		put, err := s.put(ctx, d, insert+" ON CONFLICT (name) DO UPDATE "+set+returning, ifVersion)
		return put, put.Version == 1, err
	}
	put, err := s.put(ctx, d, "UPDATE scripts "+set+" WHERE name = @name AND version = @version"+returning, ifVersion)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.Script{}, false, store.Conflict(d.Name, ifVersion)
	}
	return put, false, err
}

// put runs a statement that stores d and returns its row; pgx.ErrNoRows beneath
// the error says that it stored nothing.
func (s *Store) put(ctx context.Context, d store.Draft, statement string, ifVersion int64) (store.Script, error) {
	sandbox, err := json.Marshal(d.Overrides.Sandbox)
	if err != nil {
		return store.Script{}, store.Unavailable(err)
	}
	var stored store.Script
	err = s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		stored, err = scan(tx.QueryRow(ctx, statement, pgx.NamedArgs{
			"name":     d.Name,
			"source":   []byte(d.Source),
			"enabled":  d.Enabled,
			"sandbox":  string(sandbox),
			"memory":   d.Overrides.MemoryLimitMB,
			"timeout":  d.Overrides.TimeoutMS,
			"form_key": d.Form.Key,
			"form":     d.Form.Bytes,
			"version":  ifVersion,
		}))
		return err
	})
	if err != nil {
		return store.Script{}, err
	}
	stored.Source, stored.Form = d.Source, d.Form
	return stored, nil
}

// Script is part of store.Store.
func (s *Store) Script(ctx context.Context, name string) (store.Script, error) {
	var found store.Script
	err := s.read(ctx, func(ctx context.Context) (err error) {
		var source, key, form []byte
		found, err = scan(s.pool.QueryRow(ctx, "SELECT "+columns+", source, form_key, form FROM scripts WHERE name = $1", name), &source, &key, &form)
		found.Source, found.Form = string(source), store.Form{Key: key, Bytes: form}
		return err
	})
	if absent(err) {
		err = store.NotFound(name)
	}
	if err != nil {
		return store.Script{}, err
	}
	return found, nil
}

// Scripts is part of store.Store.
func (s *Store) Scripts(ctx context.Context, after string, limit int) ([]store.Script, error) {
	var page []store.Script
	err := s.read(ctx, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, "SELECT "+columns+" FROM scripts WHERE name > $1 ORDER BY name LIMIT $2",
			after, max(limit, 0))
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (store.Script, error) { return scan(row) })
		return err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// DeleteScript is part of store.Store.
func (s *Store) DeleteScript(ctx context.Context, name string, ifVersion int64) error {
	err := s.write(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var version int64
		err := tx.QueryRow(ctx, "SELECT version FROM scripts WHERE name = $1 FOR UPDATE", name).Scan(&version)
		if err != nil {
			return err
		}
		if ifVersion != store.AnyVersion && ifVersion != version {
			return store.Conflict(name, ifVersion)
		}
		_, err = tx.Exec(ctx, "DELETE FROM scripts WHERE name = $1", name)
		return err
	})
	if absent(err) {
		return store.NotFound(name)
	}
	return err
}

// absent tells whether err says that no row has the name asked for: because
// there is none, or because the name has a byte in it that PostgreSQL keeps in
// no text (character_not_in_repertoire).
func absent(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "22021"
	}
	return errors.Is(err, pgx.ErrNoRows)
}

// scan reads one row of columns, and what follows them into more.
func scan(row pgx.Row, more ...any) (store.Script, error) {
	var (
		s                store.Script
		sandbox          []byte
		created, updated time.Time
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
	s.CreatedAt = created.UTC()
	s.UpdatedAt = updated.UTC()
	return s, nil
}
