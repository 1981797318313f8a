package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"

	"picloud/bench/load"
	"picloud/bench/peer"
	"picloud/bench/process"
	"picloud/bench/report"
)

// afterwards is how long a side has to do what it does after its last answer,
// such as to refill its pool, before its CPU time is read.
const afterwards = 200 * time.Millisecond

// speed makes all loads on all sides, in turns. Half of the saturating load is
// half of what the same round has reached.
func (m *measurement) speed(ctx context.Context) error {
	for round := range m.rounds {
		for i := range m.all {
			s := m.all[(i+round)%len(m.all)] // each round begins with another
			steady, err := m.load(ctx, s, s.path, m.rate, 0, m.duration, round)
			if err != nil {
				return fmt.Errorf("%s, steady: %w", s.Name, err)
			}
			full, err := m.load(ctx, s, s.path, 0, m.clients, m.duration, round)
			if err != nil {
				return fmt.Errorf("%s, saturated: %w", s.Name, err)
			}
			half, err := m.load(ctx, s, s.path, full.PerSecond/2, 0, m.duration, round)
			if err != nil {
				return fmt.Errorf("%s, half: %w", s.Name, err)
			}
			s.Steady.Rounds = append(s.Steady.Rounds, steady)
			s.Saturated.Rounds = append(s.Saturated.Rounds, full)
			s.Half.Rounds = append(s.Half.Rounds, half)
			fmt.Fprintf(m.progress, "bench: round %d, %s: p50 %.0f µs, %.0f/s, CPU %.0f µs\n", round+1, s.Name, steady.P50, full.PerSecond, full.CPU)
		}
	}
	return nil
}

// load makes one load on a side: open if there is a rate, else of closed loops.
func (m *measurement) load(ctx context.Context, s *side, path string, rate float64, clients int, d time.Duration, round int) (report.Round, error) {
	r, _, err := m.spread(ctx, s.server, load.Spec{Path: path, Rate: rate, Clients: clients, Duration: d}, round)
	return r, err
}

// spread makes a load on a server, and tells how many requests that took in all.
func (m *measurement) spread(ctx context.Context, s *server, l load.Spec, round int) (r report.Round, total int, err error) {
	before, err := s.cpu()
	if err != nil {
		return r, 0, err
	}
	l.Socket, l.Want, l.WarmUp, l.Seed = s.socket, peer.Answer, m.warmUp, uint64(round)
	var result load.Result
	err = s.ask(ctx, func(r load.Result) error { result = r; return nil }, l)
	if err != nil {
		return r, 0, err
	}
	if result.Requests == 0 {
		return r, 0, fmt.Errorf("nothing was measured: %d of %d requests were refused", result.Refused, result.Total)
	}
	pause(ctx, afterwards)
	after, err := s.cpu()
	if err != nil {
		return r, 0, err
	}
	return report.Round{
		P50: result.P50, P99: result.P99, PerSecond: result.PerSecond, Requests: result.Requests, Refused: result.Refused,
		CPU: float64((after - before).Microseconds()) / float64(result.Total),
	}, result.Total, ctx.Err()
}

// cpu is what the server and all processes below it have used.
func (s *server) cpu() (time.Duration, error) {
	used, err := process.CPU(s.cmd.Process.Pid)
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, s.lastWords())
	}
	return used, nil
}

// ask makes loads on the server, see load.Run. A single wrong answer is an error.
func (s *server) ask(ctx context.Context, each func(load.Result) error, specs ...load.Spec) error {
	err := generated(ctx, func(r load.Result) error {
		if r.Errors > 0 {
			return fmt.Errorf("%d of %d answers are wrong, the first: %s", r.Errors, r.Total, r.Error)
		}
		return each(r)
	}, specs...)
	if err != nil {
		return fmt.Errorf("%w: %s", err, s.lastWords())
	}
	return nil
}

// generated makes loads in a process of their own, see load.Run.
func generated(ctx context.Context, each func(load.Result) error, specs ...load.Spec) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	text, err := json.Marshal(specs)
	if err != nil {
		return err
	}
	running, end := context.WithCancel(ctx)
	defer end()
	var complaint bytes.Buffer
	cmd := exec.CommandContext(running, self, "load")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	results := json.NewDecoder(out)
	var failed error
	for range specs {
		var result load.Result
		if err = results.Decode(&result); err != nil {
			break // how it ended says more
		}
		if failed = each(result); failed != nil {
			end()
			break
		}
	}
	if ended := cmd.Wait(); ended != nil && failed == nil {
		return fmt.Errorf("%w: %s", ended, bytes.TrimSpace(complaint.Bytes()))
	}
	return cmp.Or(failed, err)
}
