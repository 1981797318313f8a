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
// (503) is measured apart from those that answer, and that nothing it
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
	Socket      string
	Path        string        // with a verb for a number below Paths, if there are any
	Paths       int           // 0: Path as it is
	InTurn      bool          // an open load's paths: none twice before all have had one, see turn; else at random
	First       int           // InTurn: the turn that the first request has
	Want        string        // the body of every answer; its status has to be 200
	Rate        float64       // requests a second, sent at random times; 0 for closed loops
	Connections int           // of an open load, at most; 0: maxOpen
	Clients     int           // closed loops
	WarmUp      time.Duration // at the beginning, not measured
	Duration    time.Duration // measured
	Seed        uint64        // for the times and for which of the paths
}

// Result is what came of it.
type Result struct {
	Requests  int     // measured: sent after the warm-up, and answered
	Total     int     // sent, those of the warm-up too
	Refused   int     // of Total, with 503
	Errors    int     // of Total, all others
	Error     string  // the first
	PerSecond float64 // answers that came within the Duration, or later if none did
	P50       float64 // microseconds; 0 if all was refused
	P99       float64 // microseconds

	// The same of refusals; 0 if there were none after the warm-up.
	RefusedPerSecond, RefusedP50, RefusedP99 float64
}

// Run makes requests for as long as the Specs say, one load directly after the
// other: each begins when the one before has sent its last request, and does not
// wait for what that one has left to be answered. each is told the results in this
// order, as soon as a load's last answer has come. An error is one of a Spec or of
// each, or says that nothing could be measured, not even refusals; what else the
// server does wrong is in the Results.
func Run(ctx context.Context, each func(Result) error, specs ...Spec) error {
	sent := make(chan func() (Result, error), len(specs))
	told := make(chan error)
	go func() {
		var failed error
		for finish := range sent { // all of them, so that nothing goes on
			result, err := finish()
			if failed == nil && err == nil {
				err = each(result)
			}
			failed = cmp.Or(failed, err)
		}
		told <- failed
	}()
	var err error
	for _, s := range specs {
		var finish func() (Result, error)
		if finish, err = begin(ctx, s); err != nil {
			break
		}
		sent <- finish
	}
	close(sent)
	return cmp.Or(<-told, err)
}

// begin returns when the last request is sent. What it gives waits for the answers.
func begin(ctx context.Context, s Spec) (finish func() (Result, error), err error) {
	if s.Duration <= 0 || (s.Rate <= 0) == (s.Clients <= 0) {
		return nil, fmt.Errorf("a duration is needed, and either a rate or clients: %+v", s)
	}
	if s.InTurn && (s.Rate <= 0 || s.Paths <= 0 || s.Paths%apart == 0) {
		return nil, fmt.Errorf("paths in turn need a rate, and a number that is no multiple of %d: %+v", apart, s)
	}
	r := &recorder{begin: time.Now().Add(s.WarmUp)}
	r.end = r.begin.Add(s.Duration)
	answered := func() {}
	if s.Rate > 0 {
		answered = open(ctx, s, r)
	} else {
		closed(ctx, s, r)
	}
	return func() (Result, error) {
		answered()
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		return r.result()
	}, nil
}

// closed has every client wait for its answer. Each has one measurement at least,
// however long it takes.
func closed(ctx context.Context, s Spec, r *recorder) {
	var clients sync.WaitGroup
	for i := range s.Clients {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(s.Seed, uint64(i)))
			var c *connection
			defer func() { c.close() }()
			measured := false
			for ctx.Err() == nil && (time.Now().Before(r.end) || !measured) {
				if c != nil && c.spent {
					c.close()
					c = nil
				}
				if c == nil {
					var err error
					if c, err = dial(s.Socket); err != nil {
						r.failed(err)
						return // there is no server
					}
				}
				begin := time.Now()
				err := c.call(s.request(random, 0), s.Want)
				if errors.Is(err, errRefused) {
					measured = r.refused(begin, time.Now()) || measured
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
}

// request gives the load's n-th.
func (s Spec) request(random *rand.Rand, n int) []byte {
	path := s.Path
	switch {
	case s.InTurn:
		path = fmt.Sprintf(path, s.turn(n))
	case s.Paths > 0:
		path = fmt.Sprintf(path, random.IntN(s.Paths))
	}
	return []byte("GET " + path + " HTTP/1.1\r\nHost: bench\r\n\r\n")
}

// apart is how far the number of a path is from that of the next one's turn, so that
// they are no neighbours in a database.
const apart = 7919

// turn gives the number of the n-th request's path, if Paths is no multiple of apart.
func (s Spec) turn(n int) int { return int(int64(s.First+n) * apart % int64(s.Paths)) }

// recorder collects what requests took. One that began during the warm-up is no
// measurement.
type recorder struct {
	begin, end time.Time

	mu       sync.Mutex
	answers  timed
	refusals timed
	total    int
	shed     int // refused, those of the warm-up too
	errors   []error
}

// timed are answers of one kind.
type timed struct {
	micros []float64
	inTime int       // between the recorder's begin and end
	last   time.Time // of them
}

// took tells whether it is a measurement.
func (r *recorder) took(begin, end time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.add(&r.answers, begin, end)
}

// refused tells whether it is a measurement.
func (r *recorder) refused(begin, end time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shed++
	return r.add(&r.refusals, begin, end)
}

// add counts an answer of a kind; r.mu is held.
func (r *recorder) add(to *timed, begin, end time.Time) bool {
	r.total++
	if end.After(to.last) {
		to.last = end
	}
	if end.After(r.begin) && !end.After(r.end) {
		to.inTime++
	}
	if begin.Before(r.begin) {
		return false
	}
	to.micros = append(to.micros, float64(end.Sub(begin).Nanoseconds())/1000)
	return true
}

func (r *recorder) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	r.errors = append(r.errors, err)
}

// result is no error if all was refused: that is a measurement, too.
func (r *recorder) result() (Result, error) {
	if len(r.answers.micros)+len(r.refusals.micros) == 0 {
		return Result{}, fmt.Errorf("nothing was measured: %w", cmp.Or(errors.Join(r.errors[:min(len(r.errors), 1)]...), errors.New("no request was answered")))
	}
	result := Result{Requests: len(r.answers.micros), Total: r.total, Refused: r.shed, Errors: len(r.errors)}
	result.PerSecond, result.P50, result.P99 = r.figures(r.answers)
	result.RefusedPerSecond, result.RefusedP50, result.RefusedP99 = r.figures(r.refusals)
	if len(r.errors) > 0 {
		result.Error = r.errors[0].Error()
	}
	return result, nil
}

func (r *recorder) figures(of timed) (perSecond, p50, p99 float64) {
	if len(of.micros) == 0 {
		return 0, 0, 0
	}
	slices.Sort(of.micros)
	perSecond = float64(of.inTime) / r.end.Sub(r.begin).Seconds()
	if of.inTime == 0 {
		perSecond = float64(len(of.micros)) / of.last.Sub(r.begin).Seconds()
	}
	return perSecond, Percentile(of.micros, 50), Percentile(of.micros, 99)
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
	return c.call(s.request(nil, 0), s.Want)
}
