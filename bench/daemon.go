package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"picloud/bench/load"
	"picloud/bench/peer"
	"picloud/bench/process"
)

// installation is how PiCloud's daemons are started: a spawner, and the isolation
// that this machine allows.
type installation struct {
	bin       string
	dir       string // of everything its daemons have
	spawner   string // exec or zygote
	flag      bool   // whether the daemon knows of spawners
	isolation string
	wrap      []string // gives a daemon a cgroup of its own to divide

	started int
}

// install finds out whether a spawner can be had, and with which isolation. If
// not, the error says why.
func install(ctx context.Context, bin, dir, spawner string) (*installation, error) {
	help, err := exec.CommandContext(ctx, filepath.Join(bin, "picloud"), "serve", "--help").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, help)
	}
	in := &installation{bin: bin, dir: dir, spawner: spawner, wrap: delegation(ctx), flag: strings.Contains(string(help), "--spawner")}
	if !in.flag && spawner != "exec" {
		return nil, fmt.Errorf("this build of picloud serve has no --spawner")
	}
	if err := fill(ctx, filepath.Join(dir, "try"), 1); err != nil {
		return nil, err
	}
	for _, in.isolation = range []string{"required", "degraded"} {
		var d *daemon
		if d, err = in.startReady(ctx, filepath.Join(dir, "try")); err == nil {
			d.stop()
			return in, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, err
}

// delegation is what a command begins with that gets a cgroup v2 of its own, where
// systemd gives one.
func delegation(ctx context.Context) []string {
	wrap := []string{"systemd-run", "--quiet", "--scope", "-p", "Delegate=memory pids cpu"}
	if os.Geteuid() != 0 {
		wrap = append(wrap, "--user")
	}
	if exec.CommandContext(ctx, wrap[0], append(wrap[1:], "true")...).Run() != nil {
		return nil
	}
	return wrap
}

// daemon is a running PiCloud.
type daemon struct{ *server }

// start starts a daemon with a data directory that no other daemon has.
func (in *installation) start(data string, flags ...string) (*daemon, error) {
	in.started++
	base := filepath.Join(in.dir, fmt.Sprint(in.started))
	socket := base + ".sock"
	args := append(append([]string{}, in.wrap...), filepath.Join(in.bin, "picloud"), "serve",
		"--listen", "unix:"+socket, "--data-dir", data, "--admin-socket", base+".admin", "--isolation", in.isolation)
	if in.flag {
		args = append(args, "--spawner", in.spawner)
	}
	cmd := exec.Command(args[0], append(args[1:], flags...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")} // nothing of ours changes what it does
	for _, name := range []string{"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"} {
		if value, ok := os.LookupEnv(name); ok && in.wrap != nil { // systemd-run wants them
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	s, err := start(cmd, socket, base+".log")
	return &daemon{s}, err
}

// startReady starts a daemon and waits until its pool is full.
func (in *installation) startReady(ctx context.Context, data string, flags ...string) (*daemon, error) {
	d, err := in.start(data, flags...)
	if err != nil {
		return nil, err
	}
	if err := d.full(ctx, 1); err != nil {
		d.stop()
		return nil, err
	}
	return d, nil
}

// full waits until so many workers are idle, and none is starting.
func (d *daemon) full(ctx context.Context, idle int) error {
	return d.wait(ctx, fmt.Sprintf("%d workers are idle", idle), func() bool {
		r, err := d.readiness(ctx)
		return err == nil && r.Status == "ready" && r.Pool.Idle >= idle && r.Pool.Starting == 0
	})
}

// readiness is what of /readyz matters here.
type readiness struct {
	Status    string
	Isolation struct {
		Mode       string
		Namespaces bool
	}
	Spawner struct{ Kind string }
	Pool    struct{ Idle, Starting int }
}

func (d *daemon) readiness(ctx context.Context) (r readiness, err error) {
	c, err := net.DialTimeout("unix", d.socket, patience)
	if err != nil {
		return r, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://bench/readyz", nil)
	if err != nil {
		return r, err
	}
	if err := request.Write(c); err != nil {
		return r, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), request)
	if err != nil {
		return r, err
	}
	defer answer.Body.Close()
	return r, json.NewDecoder(answer.Body).Decode(&r)
}

// force says which isolation holds the workers.
func (r readiness) force(isolation string) string {
	words := []string{"memory, tasks and CPU by cgroup v2"}
	if !strings.Contains(r.Isolation.Mode, "cgroup") {
		words = []string{"memory by RLIMIT_DATA, there being no cgroup v2"}
	}
	if r.Isolation.Namespaces {
		words = append(words, "namespaces (user, mount, pid, network, ipc, uts, cgroup) and an empty root")
	} else {
		words = append(words, "NO namespaces")
	}
	words = append(words, "seccomp", "Landlock")
	return strings.Join(words, ", ") + " (--isolation=" + isolation + ")"
}

// firstAnswer gives the milliseconds from a daemon's start to its first answer to
// a call.
func (in *installation) firstAnswer(ctx context.Context, data string) (float64, error) {
	begin := time.Now()
	d, err := in.start(data)
	if err != nil {
		return 0, err
	}
	defer d.stop()
	var took time.Duration
	spec := load.Spec{Socket: d.socket, Path: fmt.Sprintf(scriptPath, 0), Want: peer.Answer}
	err = d.wait(ctx, "it answers", func() bool {
		err := load.Once(spec)
		took = time.Since(begin)
		return err == nil
	})
	return took.Seconds() * 1000, err
}

// family tells a daemon's processes apart: those a worker is made from, and warm
// workers.
func (d *daemon) family() (makers, workers []int, err error) {
	tree, err := process.Tree(d.cmd.Process.Pid)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range tree[1:] {
		if p.Name == "picloud-worker" {
			workers = append(workers, p.PID)
		} else {
			makers = append(makers, p.PID)
		}
	}
	return makers, workers, nil
}

// pss is the memory of processes together, in bytes.
func pss(pids []int) (sum int64, err error) {
	for _, pid := range pids {
		n, err := process.PSS(pid)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}
