// Package store keeps scripts and the ceiling an administrator sets.
//
// Store is the contract; package postgres and package sqlite implement it, and
// package storetest is the suite both pass. The package itself holds no
// database code.
//
// Every write happens whole or not at all. What fails because the database
// cannot be reached or answers with something unexpected is a *picloud.Error
// of code store_unavailable with the cause beneath; nothing of the database
// shows in its message.
package store

import (
	"context"
	"time"

	"picloud/limits"
)

// Script is one stored script.
type Script struct {
	Name      string
	Source    string
	Version   int64 // 1 when created; each write adds one
	Enabled   bool
	Overrides limits.Overrides
	Form      Form
	CreatedAt time.Time // UTC, microseconds
	UpdatedAt time.Time // UTC, microseconds
}

// Form is a script's compiled form. A store keeps it with the script, and knows
// nothing of it; neither slice is ever changed.
type Form struct {
	Key   []byte // what it was made from; empty if there is no form
	Bytes []byte
}

// Draft is the part of a script its author writes. A store trusts it: names
// and limits are validated before.
type Draft struct {
	Name      string
	Source    string
	Enabled   bool
	Overrides limits.Overrides
	Form      Form // of the source
}

// AnyVersion as a condition on a write asks for nothing.
const AnyVersion int64 = 0

// Store keeps scripts. All methods are safe for concurrent use and stop when
// their context ends.
type Store interface {
	// CreateScript stores a new script as version 1. A script of that name
	// gives script_exists and is left as it was.
	CreateScript(ctx context.Context, d Draft) (Script, error)

	// PutScript stores d whole, as version 1 if there is no script of that
	// name (created is true), else as the next version. With ifVersion other
	// than AnyVersion the stored script must have just that version: if it has
	// another, or there is none, the error is version_conflict and nothing
	// changes. Of two puts with the same ifVersion one succeeds.
	PutScript(ctx context.Context, d Draft, ifVersion int64) (s Script, created bool, err error)

	// Script gives the script called name, enabled or not, or script_not_found.
	Script(ctx context.Context, name string) (Script, error)

	// Scripts lists up to limit scripts by name, in byte order, beginning after
	// the name given ("" for the first page; else a valid name, of a script or
	// not). Source and Form are left empty. A limit below 1 gives none.
	Scripts(ctx context.Context, after string, limit int) ([]Script, error)

	// DeleteScript removes a script, or gives script_not_found; ifVersion as
	// for PutScript, except that a script that is not there is always
	// script_not_found.
	DeleteScript(ctx context.Context, name string, ifVersion int64) error

	// Ceiling gives the fields an administrator has set, others are absent. A
	// row that this version knows no field for is left out.
	Ceiling(ctx context.Context) (map[limits.Field]int64, error)

	// PatchCeiling sets the given fields and removes those whose value is nil,
	// all or none, and leaves the others. It trusts the values.
	PatchCeiling(ctx context.Context, changes map[limits.Field]*int64) error

	// Revision tells, without asking a server, whether what was read before is
	// still what is stored. What was read after a call that gave n, true is, as
	// long as calls give n, true: a write through this Store, whether it succeeded
	// or may have, changes n before it returns, and a write of any other program
	// as soon as there can be word of it. n may change without a write, is above
	// 0 and never comes back in the life of the Store. ok is false while there is
	// no word of others' writes to be had.
	Revision() (n uint64, ok bool)

	// SchemaVersion is the number of the newest migration the database has.
	SchemaVersion(ctx context.Context) (int64, error)

	// Ping finds out whether the database answers.
	Ping(ctx context.Context) error

	// Close waits for what runs and gives everything back. No method may be
	// called after it.
	Close() error
}
