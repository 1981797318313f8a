package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"go.uber.org/zap"

	"picloud/bench/peer"
	"picloud/bench/report"
	"picloud/limits"
	"picloud/orchestrator/compiled"
	"picloud/store"
	"picloud/store/sqlite"
	"picloud/supervisor"
)

// The scripts of a store: callable ones of the same source, whose names are
// numbers below some count, and in the small store those whose sources differ in size.
const scriptPath = "/run/s%06d?name=bench"

// callable is how many of the small store's scripts have the same source.
func callable() int { return report.FewScripts - len(peer.Sized()) }

// sizedMemoryMB is the memory_limit_mb of scripts of a size: compiling a large
// one in a process comes near to the default.
const sizedMemoryMB = 256

// fill makes a database of n scripts in a data directory, each with its form, as when
// it is deployed. It is written in memory, where each of so many transactions need not
// wait for a disk.
func fill(ctx context.Context, dir string, n int) error {
	scratch, err := os.MkdirTemp(memoryDir(), "picloud-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	path := filepath.Join(scratch, "picloud.db")
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	scripts := compiled.New(here{}, zap.NewNop())
	defer scripts.Close()
	sized := peer.Sized()
	for i := range n {
		d := store.Draft{Name: fmt.Sprintf("s%06d", i), Source: peer.Source, Enabled: true}
		if k := i - callable(); n == report.FewScripts && k >= 0 {
			d.Name, d.Source = sized[k].Name, sized[k].Source
			d.Overrides.MemoryLimitMB = new(int64(sizedMemoryMB))
		}
		if d.Form, err = scripts.Check(ctx, d.Name, d.Source, limits.Defaults()); err == nil {
			_, err = s.CreateScript(ctx, d)
		}
		if err != nil {
			s.Close()
			return err
		}
	}
	if err := s.Close(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "picloud.db"), data, 0o600)
}

// here compiles in this process, without limits: what it compiles is ours.
type here struct{}

func (here) Check(_ context.Context, name, source string, l limits.Limits) ([]byte, error) {
	return peer.Compile(name, source, l)
}

func (here) Invoke(context.Context, supervisor.Invocation) *supervisor.Report {
	panic("scripts are not run to be stored")
}

// memoryDir is a file system in memory, or "" for the usual place.
func memoryDir() string {
	const dir = "/dev/shm"
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return dir
	}
	return ""
}
