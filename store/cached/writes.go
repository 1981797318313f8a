package cached

import (
	"context"
	"sync"
	"time"

	"picloud"
)

// writeTrouble is how long a failed write counts: only another write could show
// that it is over.
const writeTrouble = time.Minute

// writes remembers whether the database has failed to store something.
type writes struct {
	mu       sync.Mutex
	failedAt time.Time // zero if the last write was stored, or refused with reason
}

func (w *writes) note(ctx context.Context, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case picloud.ErrorCode(err) != picloud.CodeStoreUnavailable:
		w.failedAt = time.Time{}
	case ctx.Err() == nil:
		w.failedAt = time.Now()
	}
}

// WritesFail tells whether the database, which may well answer, could not store
// what was last written, within the last minute: its disk may be full.
func (s *Store) WritesFail() bool {
	s.writes.mu.Lock()
	defer s.writes.mu.Unlock()
	return !s.writes.failedAt.IsZero() && time.Since(s.writes.failedAt) < writeTrouble
}
