// Package report keeps what a run of the benchmark measured, computes the ratios
// that have targets, and shows both: as tables for a terminal or for Markdown, as
// a plot, and as JSON for a later run to be compared with.
//
// It measures nothing and starts nothing. The same Run gives the same bytes, so
// that what the documentation quotes can be held against the results.
package report

import (
	"encoding/json"
	"os"
	"slices"
)

// Run is one run of the benchmark. Times are in microseconds, memory in bytes,
// unless a name says otherwise.
type Run struct {
	Date      string                      `json:"date"`  // RFC 3339, UTC
	Quick     bool                        `json:"quick"` // shorter and with fewer scripts: not for quoting
	Rounds    int                         `json:"rounds"`
	Rate      float64                     `json:"rate"`    // of the steady load, requests a second
	Clients   int                         `json:"clients"` // of the saturating load
	Scripts   int                         `json:"scripts"` // in the large store
	Machine   Machine                     `json:"machine"`
	Isolation string                      `json:"isolation"` // what held PiCloud's workers
	Absent    map[string]string           `json:"absent"`    // sides that could not be had, and why
	Sides     []Side                      `json:"sides"`
	Ratios    map[string]map[string]Ratio `json:"ratios"` // by side and by name
}

// Side is what was measured of one server.
type Side struct {
	Name      string `json:"name"`
	What      string `json:"what"`
	Own       bool   `json:"own"`       // PiCloud
	Steady    Series `json:"steady"`    // an open load that none of them is troubled by
	Saturated Series `json:"saturated"` // closed loops
	Half      Series `json:"half"`      // an open load of half of what Saturated reached

	// Of PiCloud only.
	Starts   []float64 `json:"starts,omitempty"` // to the first answer, milliseconds
	Memory   *Memory   `json:"memory,omitempty"`
	Overload *Overload `json:"overload,omitempty"`
	Scale    []Point   `json:"scale,omitempty"`
}

// Memory is what a daemon and its processes have when nothing is asked of them.
type Memory struct {
	Worker       int64   `json:"worker"` // PSS of a warm worker, the mean of the pool's
	Pool         int64   `json:"pool"`   // PSS of PoolWorkers warm workers and of what they are made from
	PoolWorkers  int     `json:"pool_workers"`
	Rest         int64   `json:"rest"`          // PSS of a daemon and of what its workers are made from
	RestWorkers  int64   `json:"rest_workers"`  // PSS of the same daemon's warm workers together
	Sleeps       float64 `json:"sleeps"`        // voluntary context switches a second, in all threads of all its processes
	SleepSeconds float64 `json:"sleep_seconds"` // that they were counted for
}

// Point is a load with one thing changed.
type Point struct {
	Name  string `json:"name"` // of the thing: scripts, any of the scripts, KiB of source, clients
	Value int    `json:"value"`
	Series
}

// Series is one load in every round.
type Series struct {
	Rounds []Round `json:"rounds"`
}

// Round is one measurement of a load.
type Round struct {
	P50       float64 `json:"p50"`
	P99       float64 `json:"p99"`
	PerSecond float64 `json:"per_second"`
	CPU       float64 `json:"cpu"`               // user and system time of the server and its processes, a request
	Requests  int     `json:"requests"`          // that were measured
	Refused   int     `json:"refused,omitempty"` // with 503, and not measured
}

// P50 is the median of the rounds' medians.
func (s Series) P50() float64 { return s.median(func(r Round) float64 { return r.P50 }) }

// P99 is the median of the rounds' 99th percentiles.
func (s Series) P99() float64 { return s.median(func(r Round) float64 { return r.P99 }) }

// PerSecond is the median of the rounds' requests a second.
func (s Series) PerSecond() float64 { return s.median(func(r Round) float64 { return r.PerSecond }) }

// CPU is the median of the rounds' CPU time a request.
func (s Series) CPU() float64 { return s.median(func(r Round) float64 { return r.CPU }) }

// Refused is how many requests were, in all rounds.
func (s Series) Refused() (sum int) {
	for _, r := range s.Rounds {
		sum += r.Refused
	}
	return sum
}

func (s Series) median(of func(Round) float64) float64 { return medianOf(s.Rounds, of) }

// medianOf is that of a figure of each.
func medianOf[T any](all []T, of func(T) float64) float64 {
	var values []float64
	for _, one := range all {
		values = append(values, of(one))
	}
	return Median(values)
}

// Median is 0 of nothing. It leaves its argument as it is.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Side finds a side by its name; ok is false if it was not measured.
func (r *Run) Side(name string) (s Side, ok bool) {
	i := slices.IndexFunc(r.Sides, func(s Side) bool { return s.Name == name })
	if i < 0 {
		return s, false
	}
	return r.Sides[i], true
}

// Own are PiCloud's sides.
func (r *Run) Own() []Side {
	return slices.DeleteFunc(slices.Clone(r.Sides), func(s Side) bool { return !s.Own })
}

// point finds a point of a side's scale; one that is missing has no rounds.
func (s Side) point(name string, value int) Point {
	i := slices.IndexFunc(s.Scale, func(p Point) bool { return p.Name == name && p.Value == value })
	if i < 0 {
		return Point{}
	}
	return s.Scale[i]
}

// Load reads a run that Save has written.
func Load(path string) (*Run, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Run{}
	return r, json.Unmarshal(data, r)
}

// Save writes a run, with its ratios.
func (r *Run) Save(path string) error {
	r.Ratios = map[string]map[string]Ratio{}
	for _, s := range r.Own() {
		r.Ratios[s.Name] = map[string]Ratio{}
		for _, ratio := range r.ratios(s) {
			r.Ratios[s.Name][ratio.name] = ratio
		}
	}
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
