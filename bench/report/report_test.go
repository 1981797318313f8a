package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func series(rounds ...Round) Series { return Series{rounds} }

// example is a run whose ratios are easy to work out.
func example() *Run {
	load := func(p50, perSecond, cpu float64) Side {
		return Side{Steady: series(Round{P50: p50, P99: 2 * p50}), Saturated: series(Round{P50: p50, P99: 3 * p50, PerSecond: perSecond, CPU: cpu}),
			Half: series(Round{P50: p50, P99: 5 * p50})}
	}
	named := func(name string, s Side) Side { s.Name, s.What = name, "what "+name+" is"; return s }
	own := named("picloud zygote", load(600, 2000, 500))
	own.Own = true
	own.Starts = []float64{90, 300, 100}
	own.Memory = &Memory{Worker: 150 << 10, Pool: 9 << 20, PoolWorkers: 32, Rest: 29 << 20, RestWorkers: 1 << 20, Sleeps: 0, SleepSeconds: 60}
	own.Overload = &Overload{Rounds: []Flood{{Answered: 1600, Refused: 4000, RefusedP50: 300, RefusedP99: 900, RefusalCPU: 150, Before: 600, After: 660, RefusedAfter: 7}}}
	point := func(name string, n int, p50 float64) Point { return Point{name, n, series(Round{P50: p50})} }
	own.Scale = []Point{point(OfScripts, FewScripts, 600), point(OfScripts, 100_000, 606),
		point(FirstCalls, SomeScripts, 750), point(FirstCalls, 100_000, 780), point(Modules, 1, 700), point(Modules, 256, 770),
		point(Functions, 256, 2000), point(Clients, 64, 9000)}
	return &Run{Date: "2000-01-02T03:04:05Z", Rounds: 1, Rate: 200, Clients: 16, Scripts: 100_000, Isolation: "all of it",
		Absent: map[string]string{"other": "it is absent"},
		Sides:  []Side{own, named(InProcess, load(500, 4000, 300)), named(Reused, load(500, 3000, 400)), named(CGI, load(2000, 500, 2000))}}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 100}, 3}} {
		if got := Median(c.values); got != c.want {
			t.Errorf("%v: %v", c.values, got)
		}
	}
	s := series(Round{P50: 1, P99: 30, PerSecond: 7, CPU: 2}, Round{P50: 2, P99: 20, PerSecond: 9, CPU: 8}, Round{P50: 3, P99: 10, PerSecond: 8, CPU: 4})
	if s.P50() != 2 || s.P99() != 20 || s.PerSecond() != 8 || s.CPU() != 4 {
		t.Errorf("%v %v %v %v", s.P50(), s.P99(), s.PerSecond(), s.CPU())
	}
}

func TestRatios(t *testing.T) {
	r := example()
	want := map[string]struct {
		value float64
		met   bool
	}{
		"p50_in_process": {1.2, true}, "p50_reused": {1.2, false},
		"throughput_cgi": {4, true}, "throughput_in_process": {0.5, true},
		"cpu_cgi": {0.25, true}, "half_load_p99_p50": {5, true},
		"worker_pss_kib": {150, true}, "pool_pss_mib": {9, false}, "rest_pss_mib": {29, true}, "rest_switches": {0, true},
		"start_ms": {100, true}, "refusal_cpu_us": {150, true}, "recovery_p50": {1.1, true}, "scripts_p50": {1.3, false}, "scripts_p50_same": {1.01, true},
		"scripts_p50_first": {1.04, true}, "source_p50": {1.1, false},
	}
	path := filepath.Join(t.TempDir(), "latest.json")
	if err := r.Save(path); err != nil {
		t.Fatal(err)
	}
	got := r.Ratios["picloud zygote"]
	for name, w := range want {
		if g := got[name]; math.Abs(g.Value-w.value) > 1e-9 || g.Met != w.met {
			t.Errorf("%s: %+v, want %+v", name, g, w)
		}
	}
	if len(got) != len(want) || len(r.Ratios) != 1 { // bubblewrap is absent, and no ratio is made up for it
		t.Errorf("%d ratios of %d sides: %+v", len(got), len(r.Ratios), got)
	}
	loaded, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if again := filepath.Join(t.TempDir(), "again.json"); loaded.Save(again) != nil || read(t, again) != read(t, path) {
		t.Error("what is loaded is not what was saved")
	}
}

// A figure that could not be measured meets no target.
func TestRatioOfNothing(t *testing.T) {
	r := example()
	r.Sides[0].Memory = &Memory{}
	r.Sides[0].Starts = []float64{0}
	r.Sides[0].Overload = &Overload{Rounds: []Flood{{Answered: 2000}}} // that was no overload
	if err := r.Save(filepath.Join(t.TempDir(), "x")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"worker_pss_kib", "pool_pss_mib", "rest_pss_mib", "rest_switches", "start_ms", "refusal_cpu_us", "recovery_p50"} {
		if ratio, ok := r.Ratios["picloud zygote"][name]; !ok || ratio.Met || ratio.String() != "not measured" {
			t.Errorf("%s: %v %+v", name, ok, ratio)
		}
	}
}

func TestOverload(t *testing.T) {
	r := example()
	r.Sides[0].Overload = &Overload{Rounds: []Flood{
		{Answered: 100, Refused: 30, RefusedP50: 5, RefusedP99: 9, Before: 400, After: 800, RefusedAfter: 1},
		{Answered: 200, Before: 500, After: 700},
		{Answered: 300, Refused: 50, RefusedP50: 7, RefusedP99: 11, Before: 700, After: 900, RefusedAfter: 2},
	}}
	o := *r.Sides[0].Overload
	if o.Answered() != 200 || o.Refused() != 30 || o.RefusedP50() != 6 || o.RefusedP99() != 10 || o.Before() != 500 || o.After() != 800 || o.RefusedAfter() != 3 {
		t.Errorf("%+v", o)
	}
	if err := r.Save(filepath.Join(t.TempDir(), "x")); err != nil {
		t.Fatal(err)
	}
	ratios := r.Ratios["picloud zygote"]
	if cpu := ratios["refusal_cpu_us"]; !cpu.Met || cpu.String() != "0" { // no more than the estimate can tell
		t.Errorf("%+v", cpu)
	}
	if recovery := ratios["recovery_p50"]; recovery.Met || recovery.String() != "1.6 (missed)" {
		t.Errorf("%+v", recovery)
	}
	r.Sides[0].Overload, r.Sides[0].Saturated = &Overload{}, Series{}
	for _, table := range Tables(r, nil) { // no division by nothing
		if got := table.Markdown(); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
			t.Error(got)
		}
	}
}

func TestTables(t *testing.T) {
	r, earlier := example(), example()
	earlier.Sides[0].Starts = []float64{50}
	if err := earlier.Save(filepath.Join(t.TempDir(), "x")); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, table := range Tables(r, earlier) {
		for _, row := range table.Rows {
			if len(row) != len(table.Head) {
				t.Errorf("%s: %d cells below %d heads", table.Name, len(row), len(table.Head))
			}
		}
		if err := table.Text(&text); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"lua5.1 CGI      2,000         4,000",
		"p50 at 200/s / reused worker", "1.2 (missed)", "≥ 2.5", "9 (missed)",
		"100,000 scripts, each call the first of one", "256 KiB of source, all its functions made", "before",
		"picloud zygote  1,600       0.8",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, text.String())
		}
	}
	for line := range strings.Lines(text.String()) {
		if f := strings.Fields(line); strings.HasPrefix(line, "start of the daemon") && (len(f) < 2 || f[len(f)-2] != "100" || f[len(f)-1] != "50") {
			t.Errorf("the new start and the earlier one: %s", line)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999.4: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(v); got != want {
			t.Errorf("%v: %s", v, got)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.4: "0.4", 1.004: "1", 10: "10", 12.34: "12.3", 123.4: "123", 1.25: "1.25"} {
		if got := short(v); got != want {
			t.Errorf("%v: %s", v, got)
		}
	}
}

func TestPlotIsWellFormed(t *testing.T) {
	r := example()
	r.Sides[1].Name = "a < b & c"
	plot := Plot(r)
	d := xml.NewDecoder(strings.NewReader(plot))
	bars := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, plot)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			bars++
		}
	}
	if want := 1 + 4*len(r.Sides); bars != want {
		t.Errorf("%d bars, want %d", bars, want)
	}
	if Plot(&Run{Sides: []Side{{Name: "nothing"}}}) == "" { // nothing was measured: no division by it
		t.Error("no plot")
	}
}

func TestPage(t *testing.T) {
	page := "# Title\n"
	for _, name := range []string{"machine", "sides", "speed", "ratios", "rest", "scale", "overload"} {
		page += "text\n<!-- bench: " + name + " -->\nold\n<!-- bench: end -->\n"
	}
	page += "the end\n"
	filled, err := Page(page, example())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(filled, "old") || !strings.HasPrefix(filled, "# Title\ntext\n<!-- bench: machine -->\n") || !strings.HasSuffix(filled, "the end\n") {
		t.Errorf("got %s", filled)
	}
	for _, want := range []string{"| lua5.1 CGI | 2,000 |", "all of it", "Not measured: other (it is absent).", "- **reused worker**: what",
		"| picloud zygote | 1,600 | 0.8 | 4,000 | 300 | 900 | 150 | 600 | 660 | 1.1 | 7 |"} {
		if !strings.Contains(filled, want) {
			t.Errorf("%q is missing in\n%s", want, filled)
		}
	}
	if again, err := Page(filled, example()); err != nil || again != filled {
		t.Errorf("a second time it is another page: %v", err)
	}
	for name, broken := range map[string]string{
		"an unknown table":    page + "<!-- bench: other -->\n<!-- bench: end -->\n",
		"a table twice":       page + page,
		"a table without end": strings.TrimSuffix(page, "<!-- bench: end -->\nthe end\n"),
		"a table too few":     "# Title\n",
	} {
		if _, err := Page(broken, example()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestThisMachine(t *testing.T) {
	m, err := ThisMachine()
	if err != nil || m.CPUs < 1 || m.MemoryMiB < 1 || m.CPU == "" || !strings.HasPrefix(m.Go, "go") || m.Kernel == "" || m.Commit == "" {
		t.Errorf("%+v, %v", m, err)
	}
	m.Governor = "powersave"
	if s := m.String(); !strings.Contains(s, "governor powersave") || !strings.Contains(s, m.Kernel) {
		t.Error(s)
	}
}

// Other programs read the ratios by these names.
func TestNamesInResults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.json")
	run := &Run{Sides: []Side{{Name: "picloud zygote", Own: true, Starts: []float64{75}}}}
	if err := run.Save(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var kept struct {
		Ratios map[string]map[string]map[string]any `json:"ratios"`
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&kept); err != nil {
		t.Fatal(err)
	}
	if got := kept.Ratios["picloud zygote"]["start_ms"]; got["value"] != 75.0 || got["target"] != 150.0 || got["met"] != true {
		t.Errorf("start_ms is %v", got)
	}
	if !bytes.Contains(data, []byte(`"ratios"`)) {
		t.Error("there is no member ratios")
	}
}
