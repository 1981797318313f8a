package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// prepared is a query that is parsed once for each connection, when it is first
// wanted: before, the schema may not be there.
type prepared struct {
	text string

	mu        sync.Mutex
	statement *sql.Stmt
}

// on gives the query on db, which is always the same.
func (p *prepared) on(ctx context.Context, db *sql.DB) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.statement == nil {
		var err error
		if p.statement, err = db.PrepareContext(ctx, p.text); err != nil {
			return nil, err
		}
	}
	return p.statement, nil
}

func (p *prepared) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.statement == nil {
		return nil
	}
	return p.statement.Close()
}
