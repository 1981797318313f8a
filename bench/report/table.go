package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Table is one that can be shown on a terminal and in Markdown. All its columns
// but the first are numbers, or short.
type Table struct {
	Name  string // for the documentation
	Title string
	Head  []string
	Rows  [][]string
}

// Tables are all of a run. With an earlier run, its ratios stand beside the new
// ones.
func Tables(r, earlier *Run) []Table {
	return []Table{r.speed(), r.ratioTable(earlier), r.rest(), r.scale(), r.overload()}
}

// Text writes the table for a terminal.
func (t Table) Text(out io.Writer) error {
	fmt.Fprintf(out, "\n%s\n\n", t.Title)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return w.Flush()
}

// Markdown gives the table for a page.
func (t Table) Markdown() string {
	var b strings.Builder
	line := func(row []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | ")) }
	line(t.Head)
	rule := []string{"---"}
	for range t.Head[1:] {
		rule = append(rule, "---:")
	}
	line(rule)
	for _, row := range t.Rows {
		line(row)
	}
	return b.String()
}

func (r *Run) speed() Table {
	t := Table{Name: "speed", Title: fmt.Sprintf("Speed: medians of %d rounds; times and CPU in µs", r.Rounds),
		Head: []string{"side",
			fmt.Sprintf("p50 at %.0f/s", r.Rate), "p99", "CPU a call",
			fmt.Sprintf("requests/s, %d clients", r.Clients), "p50", "p99", "CPU a call",
			"half of that: p50", "p99", "refused"}}
	for _, s := range r.Sides {
		t.Rows = append(t.Rows, []string{s.Name,
			thousands(s.Steady.P50()), thousands(s.Steady.P99()), thousands(s.Steady.CPU()),
			thousands(s.Saturated.PerSecond()), thousands(s.Saturated.P50()), thousands(s.Saturated.P99()), thousands(s.Saturated.CPU()),
			thousands(s.Half.P50()), thousands(s.Half.P99()),
			thousands(float64(s.Steady.Refused() + s.Saturated.Refused() + s.Half.Refused()))})
	}
	return t
}

func (r *Run) ratioTable(earlier *Run) Table {
	t := Table{Name: "ratios", Title: "Against the targets", Head: []string{"measure", "target"}}
	own := r.Own()
	for _, s := range own {
		t.Head = append(t.Head, s.Name)
		if earlier != nil {
			t.Head = append(t.Head, "before")
		}
	}
	rows := map[string]int{}
	for column, s := range own {
		for _, ratio := range r.ratios(s) {
			i, ok := rows[ratio.name]
			if !ok {
				i = len(t.Rows)
				rows[ratio.name] = i
				t.Rows = append(t.Rows, append([]string{ratio.label, ratio.target()}, slices.Repeat([]string{""}, len(t.Head)-2)...))
			}
			if earlier == nil {
				t.Rows[i][2+column] = ratio.String()
				continue
			}
			t.Rows[i][2+2*column] = ratio.String()
			if before, ok := earlier.Ratios[s.Name][ratio.name]; ok {
				t.Rows[i][3+2*column] = before.String()
			}
		}
	}
	return t
}

func (r Ratio) target() string {
	if r.Least {
		return "≥ " + short(r.Target)
	}
	return "≤ " + short(r.Target)
}

// String is the value, and says if the target is missed.
func (r Ratio) String() string {
	switch {
	case !r.Met && r.Value <= 0:
		return "not measured"
	case !r.Met:
		return short(r.Value) + " (missed)"
	}
	return short(r.Value)
}

func (r *Run) rest() Table {
	t := Table{Name: "rest", Title: "Start, and at rest: PSS in KiB",
		Head: []string{"side", "start to first answer, ms", "a warm worker", "a pool and what it is made from", "daemon and what workers are made from", "its warm workers", "switches a second"}}
	for _, s := range r.Own() {
		if m := s.Memory; m != nil {
			t.Rows = append(t.Rows, []string{s.Name, thousands(Median(s.Starts)),
				thousands(float64(m.Worker) / 1024), fmt.Sprintf("%s (of %d)", thousands(float64(m.Pool)/1024), m.PoolWorkers),
				thousands(float64(m.Rest) / 1024), thousands(float64(m.RestWorkers) / 1024),
				fmt.Sprintf("%s (in %.0f s)", short(m.Sleeps), m.SleepSeconds)})
		}
	}
	return t
}

func (r *Run) scale() Table {
	t := Table{Name: "scale", Title: "What it costs as things grow: times and CPU in µs",
		Head: []string{"side", "with", "p50", "p99", "requests/s", "CPU a call", "refused"}}
	for _, s := range r.Sides {
		for _, p := range s.Scale {
			t.Rows = append(t.Rows, []string{s.Name, thousands(float64(p.Value)) + " " + p.Name,
				thousands(p.P50()), thousands(p.P99()), thousands(p.PerSecond()), thousands(p.CPU()), thousands(float64(p.Refused()))})
		}
	}
	return t
}

// thousands rounds to a whole number, with commas.
func thousands(v float64) string {
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// short has up to three digits, or all before the point.
func short(v float64) string {
	decimals := 2
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		decimals = 1
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', decimals, 64), "0"), ".")
}
