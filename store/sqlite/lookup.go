package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"picloud/store"
)

// byName reads what a call needs.
const byName = "SELECT " + columns + ", source, form_key, form FROM scripts WHERE name = ?"

// lookups reads single scripts, as calls do of those that are not in memory. One that
// has begun does not end with its context: with write-ahead logging nobody waits for who
// writes, and for whom else is bounded by lookupTimeout.
type lookups struct {
	connector driver.Connector
	room      chan struct{} // has one for each that runs

	mu   sync.Mutex
	idle []*statement // byName
}

func newLookups(c driver.Connector) *lookups {
	return &lookups{connector: c, room: make(chan struct{}, readConns)}
}

// script gives the script called name, or sql.ErrNoRows beneath the error.
func (l *lookups) script(ctx context.Context, name string) (store.Script, error) {
	select {
	case l.room <- struct{}{}:
		defer func() { <-l.room }()
	case <-ctx.Done():
		return store.Script{}, ctx.Err()
	}
	if err := ctx.Err(); err != nil { // both may have been so
		return store.Script{}, err
	}
	c, err := l.take()
	if err != nil {
		return store.Script{}, err
	}
	var r row
	err = c.row(r[:], driver.NamedValue{Ordinal: 1, Value: name})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return store.Script{}, errors.Join(err, c.close()) // the next one may fare better
	}
	l.mu.Lock()
	l.idle = append(l.idle, c)
	l.mu.Unlock()
	if err != nil {
		return store.Script{}, err
	}
	var source []byte
	var form store.Form
	script, err := scan(&r, &source, &form.Key, &form.Bytes)
	if err != nil {
		return store.Script{}, err
	}
	script.Source, script.Form = string(source), form
	return script, nil
}

// take gives the connection that was used last, whose cache has the most of use.
func (l *lookups) take() (*statement, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last := len(l.idle) - 1; last >= 0 {
		c := l.idle[last]
		l.idle = l.idle[:last]
		return c, nil
	}
	return newStatement(l.connector, byName)
}

// close is for when none runs.
func (l *lookups) close() error {
	var errs []error
	for _, c := range l.idle {
		errs = append(errs, c.close())
	}
	l.idle = nil
	return errors.Join(errs...)
}

// row is what byName reads, in its order.
type row [11]driver.Value

// Scan is sql.Row's, for the types that a script's columns have: the table is STRICT.
func (r *row) Scan(to ...any) error {
	for i, to := range to {
		ok := true
		switch to := to.(type) {
		case *int64:
			*to, ok = r[i].(int64)
		case *bool:
			var n int64
			n, ok = r[i].(int64)
			*to = n != 0
		case **int64:
			if n, set := r[i].(int64); set {
				*to = &n
			} else {
				ok = r[i] == nil
			}
		case *string:
			*to, ok = r[i].(string)
		case *[]byte:
			switch value := r[i].(type) {
			case []byte:
				*to = value
			case string:
				*to = []byte(value)
			default:
				ok = value == nil
			}
		default:
			ok = false
		}
		if !ok {
			return fmt.Errorf("column %d has a %T, which does not go into a %T", i, r[i], to)
		}
	}
	return nil
}
