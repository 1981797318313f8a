package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// That all interpreters compute the same is compare's own check.
func TestProgramsComputeTheSameEverywhere(t *testing.T) {
	programs, err := programsMatching(regexp.MustCompile(""))
	if err != nil {
		t.Fatal(err)
	}
	if len(programs) < 12 {
		t.Errorf("only %d programs", len(programs))
	}
	results, err := compare(t.Context(), programs, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		for e, times := range r.times {
			if len(times) != 1 || times[0] <= 0 {
				t.Errorf("%s in interpreter %d: %v", r.program, e, times)
			}
		}
	}
}

func TestCompareFails(t *testing.T) {
	for name, test := range map[string]struct{ source, want string }{
		"another result":   {`return type(io)`, "computes"},
		"no result":        {`return ""`, "computes"},
		"an error":         {`error("oh no")`, "in plain gopher-lua: <string>:1: oh no"},
		"an error in ours": {`return tostring(io.type(1))`, "ours: status"},
	} {
		if _, err := compare(t.Context(), []program{{name, test.source}}, 1); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := run(t.Context(), []string{"-run", "nothing"}, os.Stderr); err == nil {
		t.Error("no program matches, and run says nothing")
	}
}

func TestWithoutLua51(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := compare(context.Background(), nil, 1); err == nil || !strings.Contains(err.Error(), "lua5.1 is not installed") {
		t.Errorf("got %v", err)
	}
}

func TestReport(t *testing.T) {
	ms := func(values ...int) (times []cpuTime) {
		for _, v := range values {
			times = append(times, cpuTime(v)*time.Millisecond)
		}
		return times
	}
	row := func(name string, p, o, l []cpuTime) result {
		return result{name, [interpreters][]cpuTime{plain: p, ours: o, lua51: l}}
	}
	for want, rows := range map[string][]result{
		"median 1.25, worst 1.60; the target, at most 1.25 and 1.60, is met": {
			row("a", ms(120, 100, 140), ms(180, 125, 130), ms(50, 51, 52)),
			row("b", ms(10), ms(16), ms(5)),
			row("c", ms(10), ms(10), ms(5)),
		},
		"worst 1.70; the target, at most 1.25 and 1.60, is NOT met": {
			row("a", ms(10), ms(10), ms(5)), row("b", ms(10), ms(17), ms(5)), row("c", ms(10), ms(10), ms(5)),
		},
		"median 1.30, worst 1.30; the target, at most 1.25 and 1.60, is NOT met": {row("a", ms(10), ms(13), ms(5))},
	} {
		var out strings.Builder
		if err := report(&out, rows, 3); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	var out strings.Builder
	if err := report(&out, []result{row("a", ms(120, 100, 140), ms(180, 125, 130), ms(50, 51, 52))}, 3); err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(strings.Split(out.String(), "\n")[3])
	if got := strings.Join(fields, " "); got != "a 100.0 125.0 50.0 1.25 2.50 1.08" {
		t.Errorf("the row is %q", got)
	}
}
