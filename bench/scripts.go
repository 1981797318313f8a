package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
// numbers below some count, and two whose sources differ in size.
const (
	scriptPath = "/run/s%06d?name=bench"
	callable   = report.FewScripts - 2
)

// sizedMemoryMB is the memory_limit_mb of scripts of a size: compiling a large
// one in a process comes near to the default.
const sizedMemoryMB = 256

// sourceSizes are in KiB.
func sourceSizes() []int { return []int{1, 256} }

func sizedPath(kib int) string { return fmt.Sprintf("/run/source-%d?name=bench", kib) }

// fill makes a database of n scripts in a data directory, each with its form, as when
// it is deployed. It is written in
// memory, where each of so many transactions need not wait for a disk.
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
	for i := range n {
		d := store.Draft{Name: fmt.Sprintf("s%06d", i), Source: peer.Source, Enabled: true}
		if kib := i - callable; n == report.FewScripts && kib >= 0 {
			d.Name, d.Source = fmt.Sprintf("source-%d", sourceSizes()[kib]), sized(sourceSizes()[kib]<<10)
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

// sized is a script of so many bytes, made of functions as scripts are, that does
// what all of them do.
func sized(bytes int) string {
	const function = "do local function f(a, b) if a > b then return a - b end return { a, b, a .. \" and \" .. b } end end\n"
	room := bytes - len(peer.Source) - len("--\n")
	filler := strings.Repeat(function, room/len(function))
	return filler + "--" + strings.Repeat("-", room-len(filler)) + "\n" + peer.Source
}
