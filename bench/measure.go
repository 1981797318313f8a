package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"picloud/bench/report"
)

// own is PiCloud with one of its spawners.
type own struct {
	side
	*installation
	data string // of its main daemon: the small store
}

// measurement is a run on its way.
type measurement struct {
	plan
	dir      string
	progress io.Writer
	run      *report.Run
	ours     []*own
	all      []*side // ours first
}

// measure makes a whole run. Nothing that it has started is left when it returns.
func measure(ctx context.Context, p plan, bin string, progress io.Writer) (*report.Run, error) {
	// not below a folder that only its owner may enter: workers are other users
	dir, err := os.MkdirTemp("", "picloud-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return nil, err
	}
	m := &measurement{plan: p, dir: dir, progress: progress, run: &report.Run{
		Date: time.Now().UTC().Format(time.RFC3339), Quick: p.quick, Rounds: p.rounds, Rate: p.rate, Clients: p.clients,
		Scripts: p.scripts, Absent: map[string]string{},
	}}
	if m.run.Machine, err = report.ThisMachine(); err != nil {
		return nil, err
	}
	defer func() {
		for _, s := range m.all {
			s.stop()
		}
	}()
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"installing", func(ctx context.Context) error { return m.install(ctx, bin) }},
		{"starting again and again", m.startUp},
		{"memory of a pool and at rest", m.memory},
		{"starting all sides", m.startAll},
		{fmt.Sprintf("rest, %v", p.quiet), m.rest},
		{fmt.Sprintf("speed, %d rounds", p.rounds), m.speed},
		{fmt.Sprintf("overload, %d rounds", p.rounds), m.overload},
		{"growth", m.growth},
	} {
		fmt.Fprintf(progress, "bench: %s\n", step.what)
		if err := step.do(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	for _, s := range m.all {
		m.run.Sides = append(m.run.Sides, s.Side)
	}
	return m.run, nil
}

// install finds out which of our spawners can be had.
func (m *measurement) install(ctx context.Context, bin string) error {
	for _, spawner := range []string{"zygote", "exec"} {
		named := report.Side{Name: "picloud " + spawner, Own: true}
		switch spawner {
		case "zygote":
			named.What = "PiCloud, each call's process copied from one that is up to its job (`--spawner=zygote`)."
		case "exec":
			named.What = "PiCloud, each call's process started afresh (`--spawner=exec`)."
		}
		dir := filepath.Join(m.dir, spawner)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		in, err := install(ctx, bin, dir, spawner)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err != nil {
			m.run.Absent[named.Name] = err.Error()
			continue
		}
		o := &own{side: side{Side: named, path: fmt.Sprintf(scriptPath, 0)}, installation: in, data: filepath.Join(dir, "small")}
		if err := fill(ctx, o.data, report.FewScripts); err != nil {
			return err
		}
		m.ours = append(m.ours, o)
	}
	if len(m.ours) == 0 {
		return fmt.Errorf("PiCloud itself cannot be had: %v", m.run.Absent)
	}
	return nil
}

// startAll starts the servers that stay until the end.
func (m *measurement) startAll(ctx context.Context) error {
	for _, o := range m.ours {
		d, err := o.startReady(ctx, o.data)
		if err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
		o.server = d.server
		m.all = append(m.all, &o.side)
		r, err := d.readiness(ctx)
		if err != nil {
			return err
		}
		if o.flag && r.Spawner.Kind != o.spawner {
			return fmt.Errorf("%s: its workers are made by %q", o.Name, r.Spawner.Kind)
		}
		if force := r.force(o.isolation); m.run.Isolation == "" {
			m.run.Isolation = force
		} else if m.run.Isolation != force {
			return fmt.Errorf("the sides of PiCloud are not alike: %s; %s", m.run.Isolation, force)
		}
	}
	peers, err := startPeers(ctx, m.dir, m.run.Absent)
	m.all = append(m.all, peers...)
	return err
}
