package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
)

// statement is a query on a connection of its own, which is not a sql.DB's: that takes
// longer than SQLite does. It is parsed once, and as its context has no end, no
// goroutine keeps watch for that. It is not for concurrent use.
type statement struct {
	conn  driver.Conn
	query driver.StmtQueryContext
}

func newStatement(c driver.Connector, query string) (*statement, error) {
	conn, err := c.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	prepared, err := conn.Prepare(query)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &statement{conn, prepared.(driver.StmtQueryContext)}, nil
}

// row reads the first row into values, one for each column; sql.ErrNoRows beneath the
// error says that there is none.
func (s *statement) row(values []driver.Value, args ...driver.NamedValue) error {
	rows, err := s.query.QueryContext(context.Background(), args)
	if err != nil {
		return err
	}
	err = rows.Next(values)
	if errors.Is(err, io.EOF) {
		err = sql.ErrNoRows
	}
	return errors.Join(err, rows.Close())
}

func (s *statement) close() error {
	return errors.Join(s.query.(driver.Stmt).Close(), s.conn.Close())
}
