package doctor

import (
	"context"
	"io/fs"
	"strings"
	"time"

	"picloud/supervisor"
)

const install = "install the package, or build picloud-worker beside picloud (make build), or name it in PICLOUD_WORKER"

func worker(ctx context.Context, s *System) Result {
	if r, there := s.workerFile(); !there {
		return r
	}
	h, err := s.greet(ctx)
	if err != nil {
		return failed(err)
	}
	return ok("%s starts and has locked itself after %s", s.Worker, short(h.Start))
}

// workerFile tells whether there is a program that the workers' user may execute.
func (s *System) workerFile() (r Result, there bool) {
	if s.WorkerErr != nil {
		return failure(install, "%s", oneLine(s.WorkerErr.Error())), false
	}
	info, err := fs.Stat(s.Files, strings.TrimPrefix(s.Worker, "/"))
	switch {
	case err != nil && hidden(err):
		return warning(asRoot, "%s cannot be looked at", s.Worker), false
	case err != nil:
		return failure(install, "there is no %s", s.Worker), false
	case !info.Mode().IsRegular():
		return failure(install, "%s is no program", s.Worker), false
	case info.Mode()&0o111 == 0, s.UID == 0 && info.Mode()&0o001 == 0: // root's workers are another user's
		return failure("sudo chmod 755 "+s.Worker, "%s may not be executed by the workers' user: its mode is %04o", s.Worker, info.Mode().Perm()), false
	}
	return r, true
}

func hello(ctx context.Context, s *System) Result {
	if _, there := s.workerFile(); !there {
		return warning("see the check worker", "not tried: there is no worker to run it")
	}
	h, err := s.greet(ctx)
	if err != nil {
		return warning("see the check worker", "not tried: no worker starts")
	}
	layers := "seccomp, Landlock"
	if h.NoNamespaces == nil {
		layers += ", namespaces"
	}
	if h.Mode == supervisor.ModeCgroup {
		r := ok("%s, by a worker in cgroup v2, %s", short(h.Took), layers)
		if h.NoNamespaces != nil {
			r.Status, r.Hint = Warning, "see the check user namespaces"
		}
		return r
	}
	const asService = `sudo systemd-run --pipe --wait -p User=picloud -p "Delegate=memory pids cpu" -p DelegateSubgroup=supervisor picloud doctor`
	d, found := s.delegation()
	r := ok("%s, by a worker with RLIMIT_DATA, %s; this process has no cgroup of its own, %s has", short(h.Took), layers, d.whose)
	r.Hint = "to try it in a cgroup: " + asService
	if !found {
		return warning("see the checks cgroup v2 and memory, pids and cpu controller",
			"%s, by a worker with RLIMIT_DATA in place of a cgroup, %s", short(h.Took), layers)
	}
	if d.whose == "this process" {
		return warning("to try it in a cgroup: "+asService,
			"%s, by a worker with RLIMIT_DATA, %s; this process's cgroup has others in it, or no leaf, and was left alone", short(h.Took), layers)
	}
	return r
}

// short is a duration for people.
func short(d time.Duration) string {
	if d > 10*time.Millisecond {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}
