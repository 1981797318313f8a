package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"testing"
)

// idleLookup is the one connection that has looked scripts up.
func idleLookup(t *testing.T, s *Store) *statement {
	t.Helper()
	if n := len(s.lookups.idle); n != 1 {
		t.Fatalf("%d connections look scripts up", n)
	}
	return s.lookups.idle[0]
}

func TestLookupsShareAConnection(t *testing.T) {
	s := mustOpen(t, dbPath(t))
	mustCreate(t, s, "a")
	for range 10 {
		if _, err := s.Script(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	idleLookup(t, s)
}

func TestLookupsCannotWrite(t *testing.T) {
	s := mustOpen(t, dbPath(t))
	mustCreate(t, s, "a")
	if _, err := s.Script(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := idleLookup(t, s).conn.(driver.ExecerContext).ExecContext(t.Context(), "DELETE FROM scripts", nil); err == nil {
		t.Error("a look-up's connection has written")
	}
}

// failing is a query that fails.
type failing struct{ driver.Stmt }

func (failing) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	return nil, errors.New("disk I/O error")
}

// A connection that fails is not used again.
func TestLookupAfterAFailedOne(t *testing.T) {
	s := mustOpen(t, dbPath(t))
	mustCreate(t, s, "a")
	if _, err := s.Script(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	c := idleLookup(t, s)
	c.query = failing{c.query.(driver.Stmt)}
	_, err := s.Script(t.Context(), "a")
	wantUnavailable(t, err)
	if got, err := s.Script(t.Context(), "a"); err != nil || got.Name != "a" {
		t.Errorf("%+v, %v", got, err)
	}
}

// Who has waited long enough for other look-ups goes, and leaves no trace.
func TestLookupThatFindsNoRoom(t *testing.T) {
	s := mustOpen(t, dbPath(t))
	mustCreate(t, s, "a")
	for range readConns {
		s.lookups.room <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Script(ctx, "a")
	wantUnavailable(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cause is %v", err)
	}
	<-s.lookups.room
	if _, err := s.Script(t.Context(), "a"); err != nil || len(s.lookups.room) != readConns-1 {
		t.Errorf("%v, %d look-ups", err, len(s.lookups.room))
	}
}

func TestRowOfOtherTypes(t *testing.T) {
	for name, column := range map[string]int{"name": 0, "version": 1, "enabled": 2, "sandbox": 3, "memory_limit_mb": 4, "source": 8} {
		r := row{"a", int64(1), int64(1), "{}", nil, nil, int64(0), int64(0), []byte{}, nil, nil}
		var source, key, form []byte
		if _, err := scan(&r, &source, &key, &form); err != nil {
			t.Fatal(err)
		}
		r[column] = 1.5
		if _, err := scan(&r, &source, &key, &form); err == nil {
			t.Errorf("%s of 1.5 is taken", name)
		}
	}
}
