package sqlite

import (
	"database/sql/driver"
	"errors"
	"sync"
)

// revisions counts what is committed to the file, by whomever.
//
// SQLite itself tells: the value of PRAGMA data_version on a connection changes
// when any other connection has committed, of this program or of another, see
// https://sqlite.org/pragma.html#pragma_data_version. It need not be asked as long as
// the header of the WAL-index is what it was before it was asked last: a call then
// costs a look at memory, and takes no lock on the file.
type revisions struct {
	connector driver.Connector
	path      string

	mu     sync.Mutex
	query  *statement // nil until it is needed, and after a failure
	index  *walIndex  // its connection's, nil if it cannot be viewed
	looked bool       // whether that is known
	header walHeader  // before seen was asked for; zero if it was not whole
	seen   int64      // data_version, which means something to query's connection only
	number uint64     // what seen stands for; never given twice for different values
}

// Revision is part of store.Store.
func (s *Store) Revision() (uint64, bool) {
	s.running.RLock()
	defer s.running.RUnlock()
	if s.closed {
		return 0, false
	}
	return s.revisions.current()
}

func (r *revisions) current() (uint64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.query == nil && r.connect() != nil {
		return 0, false
	}
	var header walHeader
	if r.index != nil {
		now, whole := r.index.header()
		if whole && now == r.header {
			return r.number, true
		}
		if whole {
			header = now
		}
	}
	version, err := r.dataVersion()
	if err != nil {
		r.close() // its error is of no more use than this one
		return 0, false
	}
	r.header = header
	if !r.looked { // SQLite has mapped it now
		r.index, _ = viewIndex(r.path)
		r.looked = true
	}
	if version != r.seen {
		r.seen = version
		r.number++
	}
	return r.number, true
}

func (r *revisions) connect() (err error) {
	if r.query, err = newStatement(r.connector, "PRAGMA data_version"); err != nil {
		return err
	}
	r.number++ // nobody knows what was written before
	return nil
}

func (r *revisions) dataVersion() (int64, error) {
	var value [1]driver.Value
	if err := r.query.row(value[:]); err != nil {
		return 0, err
	}
	version, ok := value[0].(int64)
	if !ok {
		return 0, errors.New("data_version is no number")
	}
	return version, nil
}

// close is for who has r.mu, or r alone.
func (r *revisions) close() error {
	if r.query == nil {
		return nil
	}
	if r.index != nil {
		r.index.close()
	}
	err := r.query.close()
	r.query, r.index, r.looked, r.header = nil, nil, false, walHeader{}
	return err
}
