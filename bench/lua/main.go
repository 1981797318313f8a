// Command lua compares the speed of three Lua interpreters on the programs in
// the folder programs: plain gopher-lua with its own libraries and no limits,
// the interpreter scripts get (package worker/lua, all six limits enforced and
// set to the highest values there are), and the lua5.1 program of the
// distribution.
//
// All three run in one go, in turns, round after round, so that whatever else
// the machine does meets them alike. What is measured is CPU time, user and
// system, from getrusage: the garbage collector's and the compiling of the
// program included, building an interpreter excluded, and for lua5.1 the time
// an empty program takes subtracted. Go code runs on one processor, as in the
// worker. The best of all rounds counts; the medians are there to show how
// quiet the machine was.
//
// Every program returns a checksum. The command fails if two interpreters do not
// agree on one, if a program does not run to its end in all of them, or if
// lua5.1 is missing. That the limits cost more than they should is said, and is
// no failure: it would be one on a busy machine only.
//
// The json program is written in Lua, since the other two have no JSON library:
// it says nothing of the library that scripts get.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 9, "how often every program runs in every interpreter")
	only := flags.String("run", "", "run only the programs whose names match this regular expression")
	if err := flags.Parse(args); err != nil {
		return err
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	programs, err := programsMatching(pattern)
	if err != nil {
		return err
	}
	// One processor, as in the worker: the collector's work is then done
	// instead of the script's and not beside it.
	runtime.GOMAXPROCS(1)
	results, err := compare(ctx, programs, max(*rounds, 1))
	if err != nil {
		return err
	}
	return report(out, results, max(*rounds, 1))
}

// result is what one program gave: for every interpreter the CPU time of every
// round, in the order of rounds.
type result struct {
	program string
	times   [interpreters][]cpuTime
}

// compare runs every program in every interpreter, in turns.
func compare(ctx context.Context, programs []program, rounds int) ([]result, error) {
	engines, err := openEngines()
	if err != nil {
		return nil, err
	}
	results := make([]result, len(programs))
	sums := make([]string, len(programs))
	for round := range rounds {
		for i, p := range programs {
			results[i].program = p.name
			for e := range engines {
				// Each round begins with another interpreter.
				which := (e + round) % len(engines)
				sum, took, err := engines[which].run(ctx, p)
				if err != nil {
					return nil, fmt.Errorf("%s in %s: %w", p.name, engines[which].name, err)
				}
				if sums[i] = cmp.Or(sums[i], sum); sum != sums[i] || sum == "" {
					return nil, fmt.Errorf("%s: %s computes %q, another interpreter %q", p.name, engines[which].name, sum, sums[i])
				}
				results[i].times[which] = append(results[i].times[which], took)
			}
		}
	}
	return results, nil
}
