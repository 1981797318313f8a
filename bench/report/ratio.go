package report

import "fmt"

// Names of the sides that ratios are made with.
const (
	InProcess  = "in-process"
	Reused     = "reused worker"
	Floor      = "fork floor"
	CGI        = "lua5.1 CGI"
	Bubblewrap = "bubblewrap + lua5.1"
)

// Names of what is changed in a Point.
const (
	OfScripts  = "scripts, the same ones called"
	FirstCalls = "scripts, each call the first of one"
	Modules    = "KiB of source, in modules that the call does not need"
	Functions  = "KiB of source, all its functions made"
	Clients    = "clients"
)

// FewScripts are in the small store, SomeScripts in one of which each is called once.
const (
	FewScripts  = 10
	SomeScripts = 5000
)

// Flooding is how many times what the saturating load reached an overload asks for.
const Flooding = 3

// Ratio is a figure that has a target.
type Ratio struct {
	name, label string

	Value  float64 `json:"value"`
	Target float64 `json:"target"`
	Least  bool    `json:"least,omitempty"` // the target is the least, not the most, that Value may be
	Met    bool    `json:"met"`
}

// ratios are those of one of our sides, without the ones whose other side is
// absent.
func (r *Run) ratios(own Side) []Ratio {
	var list []Ratio
	// a figure that is missing meets no target
	add := func(name, label string, least bool, target, value float64) {
		met := value <= target
		if least {
			met = value >= target
		}
		list = append(list, Ratio{name: name, label: label, Value: value, Target: target, Least: least, Met: met && value > 0})
	}
	against := func(name, label, side string, least bool, target float64, of func(Side) float64) {
		if other, ok := r.Side(side); ok && of(other) > 0 {
			add(name, label+" / "+side, least, target, of(own)/of(other))
		}
	}
	p50 := func(s Side) float64 { return s.Steady.P50() }
	throughput := func(s Side) float64 { return s.Saturated.PerSecond() }
	cpu := func(s Side) float64 { return s.Saturated.CPU() }
	steady := fmt.Sprintf("p50 at %.0f/s", r.Rate)
	full := fmt.Sprintf("requests/s, %d clients", r.Clients)

	against("p50_in_process", steady, InProcess, false, 1.5, p50)
	against("p50_reused", steady, Reused, false, 1.1, p50)
	against("throughput_cgi", full, CGI, true, 2.5, throughput)
	against("throughput_bubblewrap", full, Bubblewrap, true, 6, throughput)
	against("throughput_in_process", full, InProcess, true, 0.4, throughput)
	against("cpu_cgi", fmt.Sprintf("CPU a call, %d clients", r.Clients), CGI, false, 0.4, cpu)
	if half := own.Half; half.P50() > 0 {
		add("half_load_p99_p50", "p99 / p50 at half of the saturating load", false, 8, half.P99()/half.P50())
	}
	if m := own.Memory; m != nil {
		add("worker_pss_kib", "PSS of an idle warm worker, KiB", false, 200, float64(m.Worker)/1024)
		add("pool_pss_mib", fmt.Sprintf("PSS of a pool of %d and what it is made from, MiB", m.PoolWorkers), false, 8, mib(m.Pool))
		add("rest_pss_mib", "PSS of daemon and what workers are made from at rest, MiB", false, 30, mib(m.Rest))
		// none at all is the best there is, and no missing value
		list = append(list, Ratio{name: "rest_switches", label: "voluntary context switches a second at rest, all processes",
			Value: m.Sleeps, Target: 1, Met: m.Sleeps <= 1 && m.SleepSeconds > 0})
	}
	if len(own.Starts) > 0 {
		add("start_ms", "start of the daemon to the first answer, ms", false, 150, Median(own.Starts))
	}
	if o := own.Overload; o != nil {
		// an estimate that is below nothing is none either
		list = append(list, Ratio{name: "refusal_cpu_us", label: "CPU of a refused call, µs",
			Value: o.RefusalCPU(), Target: 1000, Met: o.RefusalCPU() <= 1000 && o.RefusedP50() > 0})
		add("recovery_p50", "p50 right after an overload / before", false, 1.5, quotient(o.After(), o.Before()))
	}
	compare := func(name, label string, more, less Point) {
		if more.P50() > 0 && less.P50() > 0 {
			add(name, label, false, 1.05, more.P50()/less.P50())
		}
	}
	many := thousands(float64(r.Scripts)) + " scripts"
	compare("scripts_p50_same", fmt.Sprintf("p50 with %s / %d, the same ones called", many, FewScripts),
		own.point(OfScripts, r.Scripts), own.point(OfScripts, FewScripts))
	compare("scripts_p50_first", fmt.Sprintf("p50 with %s / %s, each call the first of one", many, thousands(SomeScripts)),
		own.point(FirstCalls, r.Scripts), own.point(FirstCalls, SomeScripts))
	compare("scripts_p50", fmt.Sprintf("p50 with %s, each call the first of one / %d, the same ones called", many, FewScripts),
		own.point(FirstCalls, r.Scripts), own.point(OfScripts, FewScripts))
	compare("source_p50", "p50 with 256 KiB / 1 KiB of source, in modules that the call does not need",
		own.point(Modules, 256), own.point(Modules, 1))
	return list
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
