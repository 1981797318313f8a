package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"picloud/bench/process"
	"picloud/bench/report"
)

// startUp measures how long starts take, in turns.
func (m *measurement) startUp(ctx context.Context) error {
	for range m.starts {
		for _, o := range m.ours {
			took, err := o.firstAnswer(ctx, o.data)
			if err != nil {
				return fmt.Errorf("%s: %w", o.Name, err)
			}
			o.Starts = append(o.Starts, took)
		}
	}
	return nil
}

// memory looks at one daemon at a time: two would share their program's memory.
func (m *measurement) memory(ctx context.Context) error {
	for _, o := range m.ours {
		o.Memory = &report.Memory{PoolWorkers: m.pool}
		err := o.pool(ctx, m.pool, m.settle)
		if err == nil {
			err = o.atRest(ctx, m.settle)
		}
		if errors.Is(err, fs.ErrPermission) {
			m.run.Absent["PSS of "+o.Name] = "only root may look at the memory of its processes"
		} else if err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
	}
	return nil
}

func (o *own) pool(ctx context.Context, n int, settle time.Duration) error {
	d, err := o.startReady(ctx, o.data, "--workers", strconv.Itoa(n), "--warm", strconv.Itoa(n))
	if err != nil {
		return err
	}
	defer d.stop()
	if err := d.full(ctx, n); err != nil {
		return err
	}
	pause(ctx, settle)
	makers, workers, err := d.family()
	if err != nil {
		return err
	}
	if len(workers) != n {
		return fmt.Errorf("the pool has %d workers, not %d", len(workers), n)
	}
	warm, err := pss(workers)
	if err != nil {
		return err
	}
	sources, err := pss(makers)
	o.Memory.Worker, o.Memory.Pool = warm/int64(n), warm+sources
	return err
}

func (o *own) atRest(ctx context.Context, settle time.Duration) error {
	d, err := o.startReady(ctx, o.data)
	if err != nil {
		return err
	}
	defer d.stop()
	pause(ctx, settle)
	makers, workers, err := d.family()
	if err != nil {
		return err
	}
	if o.Memory.Rest, err = pss(append(makers, d.cmd.Process.Pid)); err != nil {
		return err
	}
	o.Memory.RestWorkers, err = pss(workers)
	return err
}

// rest counts how often processes wake up that nobody asks for anything: all
// daemons at the same time. Each has answered a call before.
func (m *measurement) rest(ctx context.Context) error {
	before := make([]map[string]int64, len(m.ours))
	for _, o := range m.ours {
		if _, err := m.load(ctx, &o.side, o.path, 0, 1, 100*time.Millisecond, 0); err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
	}
	pause(ctx, m.settle)
	begin := time.Now()
	for i, o := range m.ours {
		var err error
		if before[i], err = process.Sleeps(o.cmd.Process.Pid); err != nil {
			return err
		}
	}
	pause(ctx, m.quiet)
	for i, o := range m.ours {
		after, err := process.Sleeps(o.cmd.Process.Pid)
		if err != nil {
			return err
		}
		sum := int64(0)
		for thread, n := range after {
			if n -= before[i][thread]; n > 0 {
				sum += n
				fmt.Fprintf(m.progress, "bench: %s: %d sleeps of %s\n", o.Name, n, thread)
			}
		}
		o.Memory.SleepSeconds = time.Since(begin).Seconds()
		o.Memory.Sleeps = float64(sum) / o.Memory.SleepSeconds
	}
	return ctx.Err()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
