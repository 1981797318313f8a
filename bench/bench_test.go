package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picloud/bench/load"
	"picloud/bench/peer"
	"picloud/bench/report"
	"picloud/store/sqlite"
)

// The load, the peers and their workers are this test's own program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		main()
		return
	}
	os.Exit(m.Run())
}

// programs gives the folder of picloud and its worker: PICLOUD_BIN, or they are
// built.
func programs(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("PICLOUD_BIN"); dir != "" {
		return dir
	}
	dir, err := os.MkdirTemp("", "picloud-bench-bin-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", dir+"/", "./cmd/picloud", "./cmd/picloud-worker")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// A run measures everything of every side. What the figures are is no matter here.
func TestMeasure(t *testing.T) {
	const short = 60 * time.Millisecond
	p := plan{rounds: 2, rate: 300, clients: 2, warmUp: short / 3, duration: short, growing: short, settle: short, quiet: short,
		starts: 1, pool: 3, some: 400, scripts: 500, crowds: []int{1, 2}}
	var progress bytes.Buffer
	run, err := measure(t.Context(), p, programs(t), &progress)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	if len(run.Absent) > 0 {
		t.Errorf("absent: %v", run.Absent)
	}
	if n := len(peer.Kinds()) + 2; len(run.Sides) != n {
		t.Errorf("%d sides, want %d", len(run.Sides), n)
	}
	for _, s := range run.Sides {
		for name, series := range map[string]report.Series{"steady": s.Steady, "saturated": s.Saturated, "half": s.Half} {
			for _, r := range series.Rounds {
				if r.P50 <= 0 || r.P99 < r.P50 || r.PerSecond <= 0 || r.Requests <= 0 || r.CPU < 0 {
					t.Errorf("%s, %s: %+v", s.Name, name, r)
				}
			}
			if len(series.Rounds) != p.rounds {
				t.Errorf("%s, %s: %d rounds", s.Name, name, len(series.Rounds))
			}
		}
		if !s.Own {
			continue
		}
		m := s.Memory
		if m == nil || m.Worker <= 0 || m.Pool < 3*m.Worker || m.PoolWorkers != 3 || m.Rest <= 0 || m.RestWorkers <= 0 || m.SleepSeconds <= 0 {
			t.Errorf("%s: %+v", s.Name, m)
		}
		if len(s.Starts) != 1 || s.Starts[0] <= 0 {
			t.Errorf("%s: starts %v", s.Name, s.Starts)
		}
		o := s.Overload
		if o == nil || len(o.Rounds) != p.rounds || o.RefusedP50() <= 0 {
			t.Fatalf("%s: %+v", s.Name, o)
		}
		for _, f := range o.Rounds {
			if f.Answered <= 0 || f.RefusedP99 < f.RefusedP50 || (f.Refused > 0) != (f.RefusedP50 > 0) || f.RefusalCPU < 0 || f.Before <= 0 || f.After <= 0 {
				t.Errorf("%s: %+v", s.Name, f)
			}
		}
		if want := 4 + len(peer.Sized()) + len(p.crowds); len(s.Scale) != want {
			t.Errorf("%s: %d points, want %d", s.Name, len(s.Scale), want)
		}
	}
	if s, ok := run.Side(report.InProcess); !ok || len(s.Scale) != len(peer.Sized()) {
		t.Errorf("in-process: %t, %+v", ok, s.Scale)
	}
	if !strings.Contains(run.Isolation, "seccomp") || !strings.Contains(run.Isolation, "namespaces") {
		t.Errorf("isolation %q", run.Isolation)
	}
	if err := show(io.Discard, run, run); err != nil {
		t.Error(err)
	}
	if err := keep(run, filepath.Join(t.TempDir(), "results")); err != nil {
		t.Error(err)
	}
}

// What a refusal costs is what the answered calls do not explain.
func TestRefusalCPU(t *testing.T) {
	for _, c := range []struct {
		total, refused int
		used           time.Duration
		call, want     float64
	}{{300, 200, 150 * time.Millisecond, 1000, 250}, {300, 200, 90 * time.Millisecond, 1000, 0}, {300, 0, time.Second, 1000, 0}, {200, 200, 20 * time.Millisecond, 1000, 100}} {
		if got := refusalCPU(load.Result{Total: c.total, Refused: c.refused}, c.used, c.call); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// The generator's own complaint is told, and what is wrong with an answer.
func TestGeneratorFails(t *testing.T) {
	none := func(load.Result) error { return nil }
	spec := load.Spec{Socket: filepath.Join(t.TempDir(), "s"), Path: "/", Want: "well", Clients: 1, Duration: 20 * time.Millisecond}
	if err := generated(t.Context(), none, spec); err == nil || !strings.Contains(err.Error(), "exit status 1") || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("nobody listens: %v", err)
	}
	l, err := net.Listen("unix", spec.Socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "well") })}
	go server.Serve(l)
	defer server.Close()
	results, enough := 0, errors.New("that is enough")
	if err := generated(t.Context(), func(load.Result) error { results++; return nil }, spec, spec); err != nil || results != 2 {
		t.Errorf("%d results, %v", results, err)
	}
	long := spec
	long.Duration = time.Minute
	if err := generated(t.Context(), func(load.Result) error { return enough }, spec, long); !errors.Is(err, enough) {
		t.Errorf("a result that is not wanted: %v", err)
	}
}

// A spawner that cannot be had is left out, with the reason.
func TestWhatCannotBeHad(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ script, spawner, want string }{
		"an old program":      {`[ "$2" != --help ] || echo "--listen"`, "zygote", "has no --spawner"},
		"a refusal":           {`[ "$2" = --help ] && echo "--spawner" && exit; echo no zygote today >&2; exit 1`, "zygote", "no zygote today"},
		"a program that ends": {`exit 3`, "exec", "exit status 3"},
	} {
		bin := filepath.Join(dir, name)
		if err := os.Mkdir(bin, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "picloud"), []byte("#!/bin/sh\n"+c.script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := install(t.Context(), bin, t.TempDir(), c.spawner); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := measure(t.Context(), plan{}, bin, io.Discard); err == nil || !strings.Contains(err.Error(), "cannot be had") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := measure(ended, plan{}, dir, io.Discard); err == nil {
		t.Error("a run that is broken off has results")
	}
}

func TestPlans(t *testing.T) {
	long, quick, asked := newPlan(false, 0, 0), newPlan(true, 0, 0), newPlan(false, 3, time.Second)
	if long.quick || long.rounds < 3 || long.scripts != 100_000 || long.quiet < time.Minute {
		t.Errorf("%+v", long)
	}
	if !quick.quick || quick.rounds > long.rounds || quick.duration > long.duration {
		t.Errorf("%+v", quick)
	}
	if asked.rounds != 3 || asked.duration != time.Second {
		t.Errorf("%+v", asked)
	}
}

func TestFill(t *testing.T) {
	for _, n := range []int{report.FewScripts, 25} {
		dir := filepath.Join(t.TempDir(), "data")
		if err := fill(t.Context(), dir, n); err != nil {
			t.Fatal(err)
		}
		s, err := sqlite.Open(t.Context(), filepath.Join(dir, "picloud.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		names := []string{"s000000", fmt.Sprintf("s%06d", callable()-1)}
		if n == report.FewScripts {
			for _, s := range peer.Sized() {
				names = append(names, s.Name)
			}
		} else {
			names = append(names, fmt.Sprintf("s%06d", n-1))
		}
		for _, name := range names {
			if _, err := s.Script(t.Context(), name); err != nil {
				t.Errorf("%d scripts: %v", n, err)
			}
		}
	}
}

// What docs/performance.md and the plot say is what the kept results say.
func TestPageAgreesWithResults(t *testing.T) {
	run, err := report.Load("results/latest.json")
	if err != nil {
		t.Fatal(err)
	}
	if run.Quick {
		t.Error("the kept results are those of a quick run")
	}
	text, err := os.ReadFile("../" + page)
	if err != nil {
		t.Fatal(err)
	}
	if filled, err := report.Page(string(text), run); err != nil || filled != string(text) {
		t.Errorf("%s is not what `make bench-doc` makes of it (%v)", page, err)
	}
	plot, err := os.ReadFile("results/latest.svg")
	if err != nil || string(plot) != report.Plot(run) {
		t.Errorf("the plot is not that of the results (%v)", err)
	}
	again := filepath.Join(t.TempDir(), "again.json")
	if err := run.Save(again); err != nil { // with the ratios worked out anew
		t.Fatal(err)
	}
	kept, err1 := os.ReadFile("results/latest.json")
	anew, err2 := os.ReadFile(again)
	if err1 != nil || err2 != nil || !bytes.Equal(kept, anew) {
		t.Errorf("the kept ratios are not those of the kept figures (%v, %v)", err1, err2)
	}
}
