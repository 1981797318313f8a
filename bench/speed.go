package main

import (
	"bytes"
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
	return m.spread(ctx, s.server, path, 0, rate, clients, d, round)
}

// spread makes a load on a server whose path has a number below paths in it.
func (m *measurement) spread(ctx context.Context, s *server, path string, paths int, rate float64, clients int, d time.Duration, round int) (r report.Round, err error) {
	pid := s.cmd.Process.Pid
	before, err := process.CPU(pid)
	if err != nil {
		return r, fmt.Errorf("%w: %s", err, s.lastWords())
	}
	result, err := generated(ctx, load.Spec{
		Socket: s.socket, Path: path, Paths: paths, Want: peer.Answer, Rate: rate, Clients: clients,
		WarmUp: m.warmUp, Duration: d, Seed: uint64(round),
	})
	if err != nil {
		return r, fmt.Errorf("%w: %s", err, s.lastWords())
	}
	if result.Errors > 0 {
		return r, fmt.Errorf("%d of %d answers are wrong, the first: %s", result.Errors, result.Total, result.Error)
	}
	pause(ctx, afterwards)
	after, err := process.CPU(pid)
	if err != nil {
		return r, fmt.Errorf("%w: %s", err, s.lastWords())
	}
	return report.Round{
		P50: result.P50, P99: result.P99, PerSecond: result.PerSecond, Requests: result.Requests, Refused: result.Refused,
		CPU: float64((after - before).Microseconds()) / float64(result.Total),
	}, ctx.Err()
}

// generated makes a load in a process of its own.
func generated(ctx context.Context, spec load.Spec) (result load.Result, err error) {
	self, err := os.Executable()
	if err != nil {
		return result, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return result, err
	}
	var complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "load")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), &complaint
	out, err := cmd.Output()
	if err != nil {
		return result, fmt.Errorf("%w: %s", err, bytes.TrimSpace(complaint.Bytes()))
	}
	return result, json.Unmarshal(out, &result)
}
