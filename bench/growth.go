package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"picloud/bench/load"
	"picloud/bench/peer"
	"picloud/bench/report"
)

// scaled is a load with one thing changed, for one of the sides.
type scaled struct {
	*report.Point
	of *side
	*server
	path    string
	paths   int
	rate    float64
	clients int
}

// growth measures what calls cost with many scripts, with large ones, and with
// many clients: all loads in turns, round after round. What large scripts cost in the
// server's process is what they themselves do.
func (m *measurement) growth(ctx context.Context) error {
	filled := filepath.Join(m.dir, "large")
	if err := fill(ctx, filled, m.scripts); err != nil {
		return err
	}
	var loads []*scaled
	for _, o := range m.ours {
		few, large := filepath.Join(o.dir, "few"), filepath.Join(o.dir, "large")
		if err := errors.Join(fill(ctx, few, report.FewScripts), os.CopyFS(large, os.DirFS(filled))); err != nil {
			return err
		}
		// both have just been started: what they are compared in is their stores
		small, err := o.startReady(ctx, few)
		if err != nil {
			return fmt.Errorf("%s with %d scripts: %w", o.Name, report.FewScripts, err)
		}
		defer small.stop()
		d, err := o.startReady(ctx, large)
		if err != nil {
			return fmt.Errorf("%s with %d scripts: %w", o.Name, m.scripts, err)
		}
		defer d.stop()
		loads = append(loads, m.loads(o, small.server, d.server)...)
	}
	loads = append(loads, m.inProcess()...)
	for _, l := range loads {
		if err := m.acquaint(ctx, l); err != nil {
			return fmt.Errorf("%s with %d %s: %w", l.of.Name, l.Value, l.Name, err)
		}
	}
	for round := range m.rounds {
		for i := range loads {
			l := loads[(i+round)%len(loads)]
			r, err := m.spread(ctx, l.server, l.path, l.paths, l.rate, l.clients, m.growing, round)
			if err != nil {
				return fmt.Errorf("%s with %d %s: %w", l.of.Name, l.Value, l.Name, err)
			}
			l.Rounds = append(l.Rounds, r)
		}
	}
	for _, l := range loads {
		l.of.Scale = append(l.of.Scale, *l.Point)
	}
	return nil
}

// acquaint calls the scripts of a load, so that they are in the daemon's memory, unless
// there are so many that few would stay there.
func (m *measurement) acquaint(ctx context.Context, l *scaled) error {
	if l.paths > callable {
		return nil
	}
	for i := range max(1, l.paths) {
		path := l.path
		if l.paths > 0 {
			path = fmt.Sprintf(path, i)
		}
		if err := load.Once(load.Spec{Socket: l.socket, Path: path, Want: peer.Answer}); err != nil {
			return err
		}
		pause(ctx, afterwards)
	}
	return ctx.Err()
}

func (m *measurement) loads(o *own, few, large *server) []*scaled {
	point := func(name string, value int, l scaled) *scaled {
		l.Point, l.of = &report.Point{Name: name, Value: value}, &o.side
		if l.server == nil {
			l.server = o.server
		}
		return &l
	}
	loads := []*scaled{
		point(report.OfScripts, report.FewScripts, scaled{server: few, path: scriptPath, paths: callable, rate: m.rate}),
		point(report.OfScripts, m.scripts, scaled{server: large, path: scriptPath, paths: callable, rate: m.rate}),
		point(report.AnyScript, m.scripts, scaled{server: large, path: scriptPath, paths: m.scripts, rate: m.rate}),
	}
	for _, kib := range peer.Sizes() {
		loads = append(loads, point(report.SourceSize, kib, scaled{path: "/run/" + sizedName(kib) + "?name=bench", clients: 1}))
	}
	for _, n := range m.crowds {
		loads = append(loads, point(report.Clients, n, scaled{path: o.path, clients: n}))
	}
	return loads
}

func (m *measurement) inProcess() (loads []*scaled) {
	for _, s := range m.all {
		if s.Name != report.InProcess {
			continue
		}
		for _, kib := range peer.Sizes() {
			loads = append(loads, &scaled{
				Point: &report.Point{Name: report.SourceSize, Value: kib}, of: s, server: s.server,
				path: peer.SizedPath(kib) + "?name=bench", clients: 1,
			})
		}
	}
	return loads
}
