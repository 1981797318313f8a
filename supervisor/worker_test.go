package supervisor

import (
	"errors"
	"testing"
)

// removed is an Enclosure that is not there any more.
type removed struct {
	Enclosure
	t *testing.T
}

func (r removed) Limit(int, int64) error {
	r.t.Error("its limit is set")
	return nil
}

// The memory limit of a worker whose end has begun is not set: what it would be set
// by is given back by then, and may be somebody else's.
func TestLimitOfAWorkerThatEnds(t *testing.T) {
	w := &worker{process: &Process{}, enclosure: removed{t: t}, closed: true}
	if err := w.limit(64); !errors.Is(err, errGone) {
		t.Errorf("%v", err)
	}
}
