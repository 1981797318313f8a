package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"picloud/bench/load"
	"picloud/bench/peer"
	"picloud/bench/report"
)

// floodConnections bounds those of a flood: a daemon with so few workers and places
// to wait closes connections beyond some more than that in favour of others, and
// the requests on them would be lost instead of refused.
const floodConnections = 100

// overload asks each of our sides, in turns, for several times what it can do. The
// daemons are others than those of the other loads: in these, little may wait.
func (m *measurement) overload(ctx context.Context) error {
	daemons := make([]*daemon, len(m.ours))
	for i, o := range m.ours {
		data := filepath.Join(o.dir, "overload")
		if err := fill(ctx, data, report.FewScripts); err != nil {
			return err
		}
		d, err := o.startReady(ctx, data, "--workers", "4", "--queue", "4")
		if err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
		defer d.stop()
		daemons[i], o.Overload = d, &report.Overload{}
	}
	for round := range m.rounds {
		for i := range m.ours {
			i = (i + round) % len(m.ours)
			o := m.ours[i]
			f, err := m.flood(ctx, o, daemons[i].server, round)
			if err != nil {
				return fmt.Errorf("%s: %w", o.Name, err)
			}
			o.Overload.Rounds = append(o.Overload.Rounds, f)
			fmt.Fprintf(m.progress, "bench: round %d, %s: %.0f/s answered, %.0f/s refused, CPU %.0f µs a refusal, p50 %.0f µs before, %.0f µs after\n",
				round+1, o.Name, f.Answered, f.Refused, f.RefusalCPU, f.Before, f.After)
		}
	}
	return nil
}

// flood makes one flood, and the steady load before and after it. The one after
// begins with the flood's last request: whoever comes then waits behind what the flood
// has left, and that is what is to be seen. So there is no pause before the flood's
// CPU time is read, when its last answer is there: workers that are still to be made
// again then, and calls of the next load that have begun, are a few among thousands.
func (m *measurement) flood(ctx context.Context, o *own, s *server, round int) (f report.Flood, err error) {
	calm := load.Spec{Socket: s.socket, Path: o.path, Want: peer.Answer, Rate: m.rate, Duration: m.duration, Seed: uint64(round)}
	first, flood := calm, calm
	first.WarmUp = m.warmUp
	flood.Rate, flood.Connections = report.Flooding*o.Saturated.PerSecond(), floodConnections

	var before, during, after load.Result
	if err := s.ask(ctx, func(r load.Result) error { before = r; return nil }, first); err != nil {
		return f, fmt.Errorf("before the flood: %w", err)
	}
	begin, err := s.cpu()
	if err != nil {
		return f, err
	}
	var used time.Duration
	err = s.ask(ctx, func(r load.Result) error {
		if during.Total > 0 {
			after = r
			return nil
		}
		during = r
		end, err := s.cpu()
		used = end - begin
		return err
	}, flood, calm)
	if err != nil {
		return f, fmt.Errorf("in or after the flood: %w", err)
	}
	return report.Flood{
		Answered: during.PerSecond, Refused: during.RefusedPerSecond, RefusedP50: during.RefusedP50, RefusedP99: during.RefusedP99,
		RefusalCPU: refusalCPU(during, used, o.Saturated.CPU()),
		Before:     before.P50, After: after.P50, RefusedAfter: after.Refused,
	}, ctx.Err()
}

// refusalCPU estimates the microseconds of a refusal: /proc cannot tell whom the daemon
// worked for, so what its answered calls cost in the saturated load is taken off. That
// also counts as a refusal's what a call costs more in a flood, and the other way
// round: it is good for the order of magnitude, and may come out below nothing.
func refusalCPU(r load.Result, used time.Duration, call float64) float64 {
	if r.Refused == 0 {
		return 0
	}
	answered := float64(r.Total - r.Refused)
	return max(0, (float64(used.Microseconds())-answered*call)/float64(r.Refused))
}
