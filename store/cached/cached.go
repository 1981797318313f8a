// Package cached keeps the scripts that have been called in memory, so that a
// call need not ask the database, and can be served while that is away.
//
// Store is a store.Store over another. Its Calls is what invocations read from:
// it gives what it has in memory as long as the store's Revision says that nothing
// has been written since it was read. Else, and where the store cannot say, it asks
// the database, and only when that fails, or has not answered within patience,
// gives what it last had from it. So as long as the database answers nothing stale
// is served, whoever has written. Everything else passes through to the database
// and fails with it: writes, and reads that administrators make.
//
// What was written through the Store is what it remembers from then on: a call
// after a write that has returned never gets what was there before, database or
// not. The memory it holds is bounded, in scripts and in bytes; those called least
// recently go first.
package cached

import (
	"context"
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
	deaf   deafness
}

var _ store.Store = (*Store)(nil)

// New gives a Store over s, and owns s from then on.
func New(s store.Store, logger *zap.Logger) *Store {
	return &Store{
		Store: s, memory: newMemory(maxScripts, maxBytes),
		outage: outage{logger: logger}, deaf: deafness{logger: logger},
	}
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

// LookUp gives what a call needs: the script called name, enabled or not, or
// script_not_found, and the fields of the ceiling that are set. Neither may be
// changed. They are as stored when it was called or later; if the database fails,
// they are what was read or written last.
func (c Calls) LookUp(ctx context.Context, name string) (store.Script, map[limits.Field]int64, error) {
	now := c.revision()
	script, err := c.script(ctx, name, now)
	if err != nil {
		return store.Script{}, nil, err
	}
	ceiling, err := c.ceiling(ctx, now)
	return script, ceiling, err
}

// revision is the store's, or unknown. It is taken before the database is asked:
// what is read then is at least as new.
func (c Calls) revision() uint64 {
	n, ok := c.store.Store.Revision()
	if !ok {
		return unknown
	}
	return n
}

func (c Calls) script(ctx context.Context, name string, now uint64) (store.Script, error) {
	m := c.store.memory
	known, ok := m.script(name)
	if ok && known.isAt(now) {
		return known.Script, nil
	}
	began := m.now()
	script, err := ask(ctx, ok, func(ctx context.Context) (store.Script, error) { return c.store.Store.Script(ctx, name) })
	switch {
	case err == nil:
		m.read(began, now, script)
		if now == unknown {
			c.store.deaf.noted()
		}
	case picloud.ErrorCode(err) == picloud.CodeScriptNotFound:
		m.missed(began, name)
	case ok && ctx.Err() == nil:
		c.store.outage.bridged(err)
		return known.Script, nil
	}
	return script, err
}

func (c Calls) ceiling(ctx context.Context, now uint64) (map[limits.Field]int64, error) {
	m := c.store.memory
	known := m.lastCeiling()
	if known.fields != nil && known.isAt(now) {
		return known.fields, nil
	}
	began := m.now()
	fields, err := ask(ctx, known.fields != nil, c.store.Store.Ceiling)
	switch {
	case err == nil:
		m.readCeiling(began, now, fields)
	case known.fields != nil && ctx.Err() == nil:
		c.store.outage.bridged(err)
		return known.fields, nil
	}
	return fields, err
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
