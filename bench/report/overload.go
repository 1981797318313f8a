package report

import (
	"fmt"
	"slices"
)

// Overload is what a daemon in which little may wait makes of Flooding times what
// Saturated reached, in every round.
type Overload struct {
	Rounds []Flood `json:"rounds"`
}

// Flood is one measurement of an overload. What it says of a refusal is 0 if there
// was none.
type Flood struct {
	Answered     float64 `json:"answered"` // a second
	Refused      float64 `json:"refused"`  // a second, with 503
	RefusedP50   float64 `json:"refused_p50"`
	RefusedP99   float64 `json:"refused_p99"`
	RefusalCPU   float64 `json:"refusal_cpu"`             // estimated: CPU that was not spent on calls, a refusal
	Before       float64 `json:"before"`                  // p50 of the steady load
	After        float64 `json:"after"`                   // p50 of the same, from the flood's last request on
	RefusedAfter int     `json:"refused_after,omitempty"` // requests of that load
}

// median is that of all rounds.
func (o Overload) median(of func(Flood) float64) float64 { return medianOf(o.Rounds, of) }

// refusals is the median of the rounds in which something was refused.
func (o Overload) refusals(of func(Flood) float64) float64 {
	return medianOf(slices.DeleteFunc(slices.Clone(o.Rounds), func(f Flood) bool { return f.RefusedP50 <= 0 }), of)
}

// Answered is the median of the rounds' answers a second.
func (o Overload) Answered() float64 { return o.median(func(f Flood) float64 { return f.Answered }) }

// Refused is the median of the rounds' refusals a second.
func (o Overload) Refused() float64 { return o.median(func(f Flood) float64 { return f.Refused }) }

// RefusedP50 is the median of the rounds' medians; 0 if nothing was refused.
func (o Overload) RefusedP50() float64 {
	return o.refusals(func(f Flood) float64 { return f.RefusedP50 })
}

// RefusedP99 is the median of the rounds' 99th percentiles.
func (o Overload) RefusedP99() float64 {
	return o.refusals(func(f Flood) float64 { return f.RefusedP99 })
}

// RefusalCPU is the median of the rounds' CPU time a refusal.
func (o Overload) RefusalCPU() float64 {
	return o.refusals(func(f Flood) float64 { return f.RefusalCPU })
}

// Before is the median of the rounds' medians before the flood.
func (o Overload) Before() float64 { return o.median(func(f Flood) float64 { return f.Before }) }

// After is the median of the rounds' medians right after the flood.
func (o Overload) After() float64 { return o.median(func(f Flood) float64 { return f.After }) }

// RefusedAfter is how many requests were right after the flood, in all rounds.
func (o Overload) RefusedAfter() (sum int) {
	for _, f := range o.Rounds {
		sum += f.RefusedAfter
	}
	return sum
}

func (r *Run) overload() Table {
	t := Table{Name: "overload", Title: fmt.Sprintf("Too much at once, %d times the requests/s of %d clients: times and CPU in µs", Flooding, r.Clients),
		Head: []string{"side", "answered/s", fmt.Sprintf("/ requests/s, %d clients", r.Clients),
			"refused/s", "p50 of a refusal", "p99", "CPU of a refusal",
			"p50 before", "p50 right after", "after / before", "refused right after"}}
	for _, s := range r.Own() {
		if o := s.Overload; o != nil {
			t.Rows = append(t.Rows, []string{s.Name, thousands(o.Answered()), short(quotient(o.Answered(), s.Saturated.PerSecond())),
				thousands(o.Refused()), thousands(o.RefusedP50()), thousands(o.RefusedP99()), thousands(o.RefusalCPU()),
				thousands(o.Before()), thousands(o.After()), short(quotient(o.After(), o.Before())), thousands(float64(o.RefusedAfter()))})
		}
	}
	return t
}

// quotient is 0 of nothing.
func quotient(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}
