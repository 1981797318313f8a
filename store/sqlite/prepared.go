package sqlite

import (
	"context"
	"database/sql"
	"sync/atomic"
)

// prepared is a query that is parsed once for each connection, when it is first
// wanted: before, the schema may not be there.
type prepared struct {
	text      string
	statement atomic.Pointer[sql.Stmt] // nil until then
}

// on gives the query on db, which is always the same.
func (p *prepared) on(ctx context.Context, db *sql.DB) (*sql.Stmt, error) {
	if s := p.statement.Load(); s != nil {
		return s, nil
	}
	made, err := db.PrepareContext(ctx, p.text)
	if err != nil {
		return nil, err
	}
	if !p.statement.CompareAndSwap(nil, made) {
		made.Close() // another was as fast
	}
	return p.statement.Load(), nil
}

func (p *prepared) close() error {
	if s := p.statement.Load(); s != nil {
		return s.Close()
	}
	return nil
}
