package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua"
	"picloud/worker/wire"
)

// cpuTime is user and system time together.
type cpuTime = time.Duration

// The places of the interpreters in a result.
const (
	plain = iota
	ours
	lua51
	interpreters
)

// engine is one interpreter. Its run gives the program's checksum and the CPU
// time it took.
type engine struct {
	name string
	run  func(context.Context, program) (sum string, took cpuTime, err error)
}

// openEngines fails if one of the interpreters is not there.
func openEngines() ([interpreters]engine, error) {
	debian, err := openLua51()
	if err != nil {
		return [interpreters]engine{}, err
	}
	return [interpreters]engine{
		plain: {"plain gopher-lua", runPlain},
		ours:  {"ours", runOurs},
		lua51: debian,
	}, nil
}

// runPlain runs a program in gopher-lua as anyone would embed it.
func runPlain(_ context.Context, p program) (string, cpuTime, error) {
	// Ours changes these two for the whole process; here they are gopher-lua's own.
	glua.CompatVarArg, glua.MaxArrayIndex = true, 67108864
	L := glua.NewState()
	defer L.Close()
	took, err := ownTime(func() error { return L.DoString(p.source) })
	if err != nil {
		return "", 0, err
	}
	return L.ToString(-1), took, nil
}

// runOurs runs a program as the worker does, with every limit at the highest
// value that any installation can have.
func runOurs(_ context.Context, p program) (string, cpuTime, error) {
	interpreter, err := lua.New()
	if err != nil {
		return "", 0, err
	}
	job := &wire.Job{Purpose: wire.Run, ScriptName: p.name, Source: p.source}
	for _, spec := range limits.Fields() {
		job.Limits.Set(spec.Field, spec.Maximum)
	}
	var r *wire.Result
	took, err := ownTime(func() error {
		r = interpreter.Do(job, func(*wire.Log) {})
		return nil
	})
	if r.Status != wire.StatusOK {
		return "", 0, fmt.Errorf("status %d, limit %q, line %d: %s", r.Status, r.Limit, r.Line, r.Message)
	}
	return string(r.Response.Body), took, err
}

// ownTime measures f in this process, which does nothing else. It begins with a
// clean heap.
func ownTime(f func() error) (cpuTime, error) {
	runtime.GC()
	before, err := ownUsage()
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := ownUsage()
	return after - before, err
}

func ownUsage() (cpuTime, error) {
	var usage syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return total(&usage), err
}

func total(usage *syscall.Rusage) cpuTime {
	return cpuTime(usage.Utime.Nano() + usage.Stime.Nano())
}

// openLua51 looks for the program and measures what its start and its end take.
func openLua51() (engine, error) {
	path, err := exec.LookPath("lua5.1")
	if err != nil {
		return engine{}, errors.New("lua5.1 is not installed; test/deps installs it (Debian's package lua5.1)")
	}
	start := cpuTime(time.Hour)
	for range 20 {
		_, took, err := runLua51(context.Background(), path, `return "empty"`)
		if err != nil {
			return engine{}, err
		}
		start = min(start, took)
	}
	return engine{"lua5.1", func(ctx context.Context, p program) (string, cpuTime, error) {
		sum, took, err := runLua51(ctx, path, p.source)
		return sum, took - start, err
	}}, nil
}

// runLua51 runs a source in a process of its own.
func runLua51(ctx context.Context, path, source string) (string, cpuTime, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, "-e", `io.write(assert(loadstring(io.read("*a")))())`)
	cmd.Env = []string{}
	cmd.Stdin = strings.NewReader(source)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", 0, fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	return string(out), total(cmd.ProcessState.SysUsage().(*syscall.Rusage)), nil
}
