// Package load makes requests of an HTTP server on a unix socket and measures how
// long each takes.
//
// Clients are either closed loops, each of which sends its next request when it
// has the answer to the last, or open: requests are sent at times that do not
// depend on answers, as those of many strangers are, and a request that finds no
// idle connection opens another.
//
// It promises that every answer is compared with what it has to be, that one
// that is not counts as an error and not as a measurement, that one that refuses
// (503) counts as such and is no measurement either, and that nothing it
// started goes on when Run has returned. It is an HTTP client for nothing else: it
// sends one request per connection at a time, and refuses answers without a
// Content-Length.
package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Spec says what to send.
type Spec struct {
	Socket   string
	Path     string        // with a verb for a number below Paths, if there are any
	Paths    int           // 0: Path as it is
	Want     string        // the body of every answer; its status has to be 200
	Rate     float64       // requests a second, sent at random times; 0 for closed loops
	Clients  int           // closed loops
	WarmUp   time.Duration // at the beginning, not measured
	Duration time.Duration // measured
	Seed     uint64        // for the times and for which of the paths
}

// Result is what came of it.
type Result struct {
	Requests  int     // measured: sent after the warm-up
	Total     int     // sent, those of the warm-up too
	Refused   int     // of Total, with 503
	Errors    int     // of Total, all others
	Error     string  // the first
	PerSecond float64 // answers that came within the Duration, or later if none did
	P50       float64 // microseconds
	P99       float64 // microseconds
}

// Run makes requests for as long as the Spec says. An error is one of the Spec;
// what the server does wrong is in the Result.
func Run(ctx context.Context, s Spec) (Result, error) {
	if s.Duration <= 0 || (s.Rate <= 0) == (s.Clients <= 0) {
		return Result{}, fmt.Errorf("a duration is needed, and either a rate or clients: %+v", s)
	}
	r := &recorder{begin: time.Now().Add(s.WarmUp)}
	r.end = r.begin.Add(s.Duration)
	var err error
	if s.Rate > 0 {
		err = open(ctx, s, r)
	} else {
		err = closed(ctx, s, r)
	}
	if err != nil {
		return Result{}, err
	}
	return r.result()
}

// closed has every client wait for its answer. Each has one measurement at least,
// however long it takes.
func closed(ctx context.Context, s Spec, r *recorder) error {
	var clients sync.WaitGroup
	for i := range s.Clients {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(s.Seed, uint64(i)))
			var c *connection
			defer func() { c.close() }()
			measured := false
			for ctx.Err() == nil && (time.Now().Before(r.end) || !measured) {
				if c == nil {
					var err error
					if c, err = dial(s.Socket); err != nil {
						r.failed(err)
						return // there is no server
					}
				}
				begin := time.Now()
				err := c.call(s.request(random), s.Want)
				if errors.Is(err, errRefused) {
					r.refused()
					measured = true // as far as can be
					continue
				}
				if err != nil {
					r.failed(err)
					measured = true // as far as can be
					c.close()
					c = nil
					continue
				}
				measured = r.took(begin, time.Now()) || measured
			}
		})
	}
	clients.Wait()
	return ctx.Err()
}

func (s Spec) request(random *rand.Rand) []byte {
	path := s.Path
	if s.Paths > 0 {
		path = fmt.Sprintf(path, random.IntN(s.Paths))
	}
	return []byte("GET " + path + " HTTP/1.1\r\nHost: bench\r\n\r\n")
}

// recorder collects what requests took. One that began during the warm-up is no
// measurement.
type recorder struct {
	begin, end time.Time

	mu     sync.Mutex
	micros []float64
	total  int
	shed   int       // refused
	inTime int       // answers between begin and end
	last   time.Time // answer
	errors []error
}

// took tells whether it is a measurement.
func (r *recorder) took(begin, end time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	if end.After(r.last) {
		r.last = end
	}
	if end.After(r.begin) && !end.After(r.end) {
		r.inTime++
	}
	if begin.Before(r.begin) {
		return false
	}
	r.micros = append(r.micros, float64(end.Sub(begin).Nanoseconds())/1000)
	return true
}

func (r *recorder) refused() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	r.shed++
}

func (r *recorder) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	r.errors = append(r.errors, err)
}

func (r *recorder) result() (Result, error) {
	if len(r.micros) == 0 {
		return Result{}, fmt.Errorf("nothing was measured: %w", cmp.Or(errors.Join(r.errors[:min(len(r.errors), 1)]...), errors.New("no request was answered")))
	}
	slices.Sort(r.micros)
	result := Result{
		Requests: len(r.micros), Total: r.total, Refused: r.shed, Errors: len(r.errors),
		PerSecond: float64(r.inTime) / r.end.Sub(r.begin).Seconds(),
		P50:       Percentile(r.micros, 50), P99: Percentile(r.micros, 99),
	}
	if r.inTime == 0 {
		result.PerSecond = float64(len(r.micros)) / r.last.Sub(r.begin).Seconds()
	}
	if len(r.errors) > 0 {
		result.Error = r.errors[0].Error()
	}
	return result, nil
}

// Percentile gives the smallest of the values, sorted and at least one, that p
// percent of them do not exceed: the nearest rank.
func Percentile(sorted []float64, p float64) float64 {
	rank := int(p / 100 * float64(len(sorted)))
	if float64(rank) < p/100*float64(len(sorted)) {
		rank++
	}
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Once makes one request of a Spec without Paths, and fails if its answer is not
// the one it wants.
func Once(s Spec) error {
	c, err := dial(s.Socket)
	if err != nil {
		return err
	}
	defer c.close()
	return c.call(s.request(nil), s.Want)
}
