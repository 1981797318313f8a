// Command bench measures PiCloud side by side with other ways to answer the same
// request by a script: `make bench`.
//
// All sides serve the same tiny script from an HTTP server on a unix socket, and
// run at the same time; they are asked in turns, round after round, so that
// whatever else the machine does meets them alike. The load comes from a process of
// its own, whose CPU time does not count. What is shown is the median of the
// rounds. Package peer has the other sides, package load the load, package process
// the accounts of CPU and memory, package report what comes of it all.
//
// A full run replaces the results in bench/results and the tables of
// docs/performance.md; a quick one only prints, and keeps its results in build/bench.
// The command fails if a side gives a single wrong answer. A refusal, with 503, is
// none: it is counted and shown. A side that cannot be had is left out, and named
// with the reason. A missed target is said, and is no failure.
//
// The same program is, by its first argument, the load generator (load), a peer
// (peer) and a peer's worker (worker).
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"picloud/bench/load"
	"picloud/bench/peer"
	"picloud/bench/report"
)

// Where results are kept, from the root of the repository.
const (
	results      = "bench/results"
	quickResults = "build/bench"
	page         = "docs/performance.md"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := role(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func role(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "load":
		return generate(ctx, os.Stdin, os.Stdout)
	case len(args) == 1 && args[0] == peer.WorkerRole:
		return peer.Worker(os.Stdin, os.Stdout)
	case len(args) == 3 && args[0] == "peer":
		return peer.Serve(ctx, peer.Kind(args[1]), args[2])
	}
	return bench(ctx, args, os.Stdout)
}

// generate makes the loads that stdin describes and writes what came of each.
func generate(ctx context.Context, in io.Reader, out io.Writer) error {
	var specs []load.Spec
	if err := json.NewDecoder(in).Decode(&specs); err != nil {
		return err
	}
	results := json.NewEncoder(out)
	return load.Run(ctx, func(r load.Result) error { return results.Encode(r) }, specs...)
}

func bench(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 0, "how often each load is made; 0: 5, in a quick run 1")
	duration := flags.Duration("duration", 0, "how long each load is measured; 0: 1.2s, in a quick run 600ms")
	quick := flags.Bool("quick", false, "take about a minute, and leave the kept results alone")
	bin := flags.String("bin", "bin", "the folder of picloud and picloud-worker")
	doc := flags.Bool("doc", false, "only put the kept results into "+page)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *doc {
		return document()
	}
	p := newPlan(*quick, *rounds, *duration)
	kept := results
	if p.quick {
		kept = quickResults
	}
	latest := filepath.Join(kept, "latest.json")
	earlier, err := report.Load(latest)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", latest, err)
	}
	begin := time.Now()
	run, err := measure(ctx, p, *bin, os.Stderr)
	if err != nil {
		return err
	}
	if err := show(out, run, earlier); err != nil {
		return err
	}
	if err := keep(run, kept); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%v; kept in %s, plot in %s\n", time.Since(begin).Round(time.Second), latest, filepath.Join(kept, "latest.svg"))
	if p.quick {
		return nil
	}
	return document()
}

func show(out io.Writer, run, earlier *report.Run) error {
	fmt.Fprintf(out, "\n%s\nisolation in force: %s\n", run.Machine, run.Isolation)
	for name, why := range run.Absent {
		fmt.Fprintf(out, "not to be had: %s: %s\n", name, why)
	}
	if earlier != nil {
		fmt.Fprintf(out, "before: %s on %s\n", earlier.Date, earlier.Machine)
	}
	for _, table := range report.Tables(run, earlier) {
		if err := table.Text(out); err != nil {
			return err
		}
	}
	return nil
}

func keep(run *report.Run, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := run.Save(filepath.Join(dir, "latest.json")); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "latest.svg"), []byte(report.Plot(run)), 0o644)
}

// document puts the kept results into the page that quotes them.
func document() error {
	run, err := report.Load(filepath.Join(results, "latest.json"))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	filled, err := report.Page(string(text), run)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(filled), 0o644)
}
