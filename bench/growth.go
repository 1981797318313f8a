package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"picloud/bench/load"
	"picloud/bench/peer"
	"picloud/bench/report"
)

// scaled is a load with one thing changed, for one of the sides.
type scaled struct {
	*report.Point
	of *side
	*server
	what load.Spec // in the next round
}

// growth measures what calls cost with many scripts, with large ones, and with
// many clients: all loads in turns, round after round. What large scripts cost in the
// server's process is what they themselves do.
func (m *measurement) growth(ctx context.Context) error {
	counts := []int{report.FewScripts, m.some, m.scripts}
	for _, n := range counts {
		if err := fill(ctx, filepath.Join(m.dir, strconv.Itoa(n)), n); err != nil {
			return err
		}
	}
	var loads []*scaled
	for _, o := range m.ours {
		// all have just been started: what they are compared in is their stores
		var servers []*server
		for _, n := range counts {
			store := strconv.Itoa(n)
			if err := os.CopyFS(filepath.Join(o.dir, store), os.DirFS(filepath.Join(m.dir, store))); err != nil {
				return err
			}
			d, err := o.startReady(ctx, filepath.Join(o.dir, store))
			if err != nil {
				return fmt.Errorf("%s with %d scripts: %w", o.Name, n, err)
			}
			defer d.stop()
			servers = append(servers, d.server)
		}
		loads = append(loads, m.loads(o, servers[0], servers[1], servers[2])...)
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
			r, total, err := m.spread(ctx, l.server, l.what, round)
			if err != nil {
				return fmt.Errorf("%s with %d %s: %w", l.of.Name, l.Value, l.Name, err)
			}
			if l.what.First += total; l.what.InTurn && l.what.First > l.what.Paths {
				return fmt.Errorf("%s with %d %s: it takes more, some were called again", l.of.Name, l.Value, l.Name)
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
// they are to be called for the first time.
func (m *measurement) acquaint(ctx context.Context, l *scaled) error {
	if l.what.InTurn {
		return nil
	}
	for i := range max(1, l.what.Paths) {
		path := l.what.Path
		if l.what.Paths > 0 {
			path = fmt.Sprintf(path, i)
		}
		if err := load.Once(load.Spec{Socket: l.socket, Path: path, Want: peer.Answer}); err != nil {
			return err
		}
		pause(ctx, afterwards)
	}
	return ctx.Err()
}

func (m *measurement) loads(o *own, few, some, many *server) []*scaled {
	point := func(name string, value int, s *server, what load.Spec) *scaled {
		what.Duration = m.growing
		return &scaled{&report.Point{Name: name, Value: value}, &o.side, s, what}
	}
	same := func(n int, s *server) *scaled {
		return point(report.OfScripts, n, s, load.Spec{Path: scriptPath, Paths: callable(), Rate: m.rate})
	}
	first := func(n int, s *server) *scaled {
		return point(report.FirstCalls, n, s, load.Spec{Path: scriptPath, Paths: n, InTurn: true, Rate: m.rate})
	}
	loads := []*scaled{
		same(report.FewScripts, few), same(m.scripts, many), first(m.some, some), first(m.scripts, many),
	}
	for _, s := range peer.Sized() {
		loads = append(loads, point(kind(s), s.KiB, o.server, load.Spec{Path: "/run/" + s.Name + "?name=bench", Clients: 1}))
	}
	for _, n := range m.crowds {
		loads = append(loads, point(report.Clients, n, o.server, load.Spec{Path: o.path, Clients: n}))
	}
	return loads
}

func (m *measurement) inProcess() (loads []*scaled) {
	for _, side := range m.all {
		if side.Name != report.InProcess {
			continue
		}
		for _, s := range peer.Sized() {
			loads = append(loads, &scaled{
				&report.Point{Name: kind(s), Value: s.KiB}, side, side.server,
				load.Spec{Path: s.Path() + "?name=bench", Clients: 1, Duration: m.growing},
			})
		}
	}
	return loads
}

func kind(s peer.SizedScript) string {
	if s.Makes {
		return report.Functions
	}
	return report.Modules
}
