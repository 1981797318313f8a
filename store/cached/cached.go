// Package cached keeps the scripts that have been called in memory, so that
// they can be called while the database is away.
//
// Store is a store.Store over another. Its Calls is what invocations read from:
// it asks the database every time, and only when that fails, or has not answered
// within patience, gives what it last had from it. So as long as the database
// answers nothing stale is served, whoever has written. Everything else passes
// through to the database and fails with it: writes, and reads that
// administrators make.
//
// What was written through the Store is what it remembers from then on: a call
// after a write that has returned never gets what was there before, database or
// not. The memory it holds is bounded, in scripts and in bytes; those called least
// recently go first.
package cached

import (
	"context"
	"maps"
	"time"

	"go.uber.org/zap"

	"picloud"
	"picloud/limits"
	"picloud/store"
)

// patience bounds the wait for a database that neither answers nor refuses,
// when there is a remembered copy to give instead.
const patience = 2 * time.Second

// Store is a store.Store that remembers. Its methods may be called from any
// goroutine.
type Store struct {
	store.Store
	memory *memory
	writes writes
	outage outage
}

var _ store.Store = (*Store)(nil)

// New gives a Store over s, and owns s from then on.
func New(s store.Store, logger *zap.Logger) *Store {
	return &Store{Store: s, memory: newMemory(maxScripts, maxBytes), outage: outage{logger: logger}}
}

// CreateScript is part of store.Store.
func (s *Store) CreateScript(ctx context.Context, d store.Draft) (store.Script, error) {
	began := s.memory.now()
	created, err := s.Store.CreateScript(ctx, d)
	s.writes.note(ctx, err)
	if err == nil {
		s.memory.wrote(began, created)
	}
	return created, err
}

// PutScript is part of store.Store.
func (s *Store) PutScript(ctx context.Context, d store.Draft, ifVersion int64) (store.Script, bool, error) {
	began := s.memory.now()
	put, created, err := s.Store.PutScript(ctx, d, ifVersion)
	s.writes.note(ctx, err)
	if err == nil {
		s.memory.wrote(began, put)
	}
	return put, created, err
}

// DeleteScript is part of store.Store.
func (s *Store) DeleteScript(ctx context.Context, name string, ifVersion int64) error {
	err := s.Store.DeleteScript(ctx, name, ifVersion)
	s.writes.note(ctx, err)
	if err == nil {
		s.memory.deleted(name)
	}
	return err
}

// PatchCeiling is part of store.Store.
func (s *Store) PatchCeiling(ctx context.Context, changes map[limits.Field]*int64) error {
	began := s.memory.now()
	err := s.Store.PatchCeiling(ctx, changes)
	s.writes.note(ctx, err)
	if err == nil {
		s.memory.patched(began, changes)
	}
	return err
}

// Calls is what invocations read from.
type Calls struct{ store *Store }

// Calls gives the reader for invocations.
func (s *Store) Calls() Calls { return Calls{s} }

// Script is that of store.Store, except that a script which was read or written
// before is given as it then was when the database fails.
func (c Calls) Script(ctx context.Context, name string) (store.Script, error) {
	m := c.store.memory
	known, ok := m.script(name)
	began := m.now()
	script, err := ask(ctx, ok, func(ctx context.Context) (store.Script, error) { return c.store.Store.Script(ctx, name) })
	switch {
	case err == nil:
		m.read(began, script)
	case picloud.ErrorCode(err) == picloud.CodeScriptNotFound:
		m.missed(began, name)
	case ok && ctx.Err() == nil:
		c.store.outage.bridged(err)
		return known, nil
	}
	return script, err
}

// Ceiling is that of store.Store, with what was known before when the database
// fails.
func (c Calls) Ceiling(ctx context.Context) (map[limits.Field]int64, error) {
	m := c.store.memory
	known := m.lastCeiling()
	began := m.now()
	ceiling, err := ask(ctx, known != nil, c.store.Store.Ceiling)
	switch {
	case err == nil:
		m.readCeiling(began, ceiling)
	case known != nil && ctx.Err() == nil:
		c.store.outage.bridged(err)
		return maps.Clone(known), nil
	}
	return ceiling, err
}

// ask calls the database, for no longer than patience if the answer is known
// already.
func ask[T any](ctx context.Context, known bool, f func(context.Context) (T, error)) (T, error) {
	if known {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	return f(ctx)
}
