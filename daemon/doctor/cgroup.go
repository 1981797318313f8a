package doctor

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"picloud/supervisor"
)

func cgroupMount(_ context.Context, s *System) Result {
	if err := supervisor.CgroupMounted(s.Files); err != nil {
		r := failed(err)
		return s.missing(r.Hint, "%s", r.Detail)
	}
	return ok("cgroup v2 is mounted, and alone")
}

// delegation is a cgroup that a daemon may divide among its workers.
type delegation struct {
	cgroup string // below the mount; "" for that of a service which does not run
	whose  string
	unit   []string // with no cgroup: the controllers the unit asks for
	free   bool     // it is our own, and nobody else's at the moment
}

// delegation finds what the daemon has or would have: our own cgroup if we were
// started like one, else the installed service's.
func (s *System) delegation() (d delegation, found bool) {
	if d, found := s.ownDelegation(); found {
		return d, true
	}
	if group := s.serviceGroup(); group != "" {
		return delegation{cgroup: group, whose: "picloud.service"}, true
	}
	for line := range strings.Lines(ServiceUnit(s.Files)) {
		value, is := strings.CutPrefix(strings.TrimSpace(line), "Delegate=")
		if !is {
			continue
		}
		asked := strings.Fields(value)
		if value == "yes" || value == "true" || value == "1" || value == "on" {
			asked = supervisor.NeededControllers()
		}
		return delegation{whose: "picloud.service", unit: asked}, true
	}
	return d, false
}

// serviceGroup is the cgroup of the service that runs, whatever its slice, as
// a path below the mount; "" if it does not run.
func (s *System) serviceGroup() string {
	for _, pattern := range []string{"*", "*/*"} {
		groups, err := fs.Glob(s.Files, supervisor.CgroupFile(pattern, "picloud.service"))
		if err == nil && len(groups) > 0 {
			return strings.TrimPrefix(groups[0], supervisor.CgroupFile("", ""))
		}
	}
	return ""
}

// ownDelegation is our own cgroup, if it was made for a daemon: systemd has put
// us into the leaf that DelegateSubgroup= names, or we are alone in a cgroup that
// we may write to. What others are in cannot be divided.
func (s *System) ownDelegation() (d delegation, found bool) {
	own, err := supervisor.OwnCgroup(s.Files)
	if err != nil || own == "/" {
		return d, false
	}
	members, err := supervisor.CgroupWords(s.Files, own, "cgroup.procs")
	alone := err == nil && slices.Equal(members, []string{strconv.Itoa(s.PID)})
	leaf := path.Base(own) == supervisor.DaemonGroup
	root := own
	if leaf {
		root = path.Dir(own)
	}
	if root == "/" || !leaf && !alone || !s.Writable("/"+supervisor.CgroupFile(root, "")) {
		return d, false
	}
	// Only where systemd has made the leaf is there nothing to put back. Workers
	// beside us are another daemon's.
	free := leaf && alone && !s.exists(supervisor.CgroupFile(root, supervisor.WorkersGroup))
	return delegation{cgroup: root, whose: "this process", free: free}, true
}

// controllerChecks are one for each controller.
func controllerChecks() []Check {
	var checks []Check
	for _, c := range supervisor.NeededControllers() {
		checks = append(checks, Check{c + " controller", func(_ context.Context, s *System) Result { return s.controller(c) }})
	}
	return checks
}

func (s *System) controller(c string) Result {
	if supervisor.CgroupMounted(s.Files) != nil {
		return s.missing("see the check cgroup v2", "there is none to use without cgroup v2")
	}
	kernel, err := supervisor.CgroupWords(s.Files, "/", "cgroup.controllers")
	if err != nil {
		return s.missing(supervisor.DelegateHint, "the kernel's controllers cannot be read: %v", err)
	}
	if !slices.Contains(kernel, c) {
		hint := supervisor.KernelHint(s.Files, c)
		if line, err := s.read("proc/cmdline"); err == nil && slices.Contains(strings.Fields(line), "cgroup_disable="+c) {
			return s.missing(hint, "switched off by cgroup_disable=%s in /proc/cmdline, which is how a Raspberry Pi's firmware starts Linux", c)
		}
		return s.missing(hint, "the kernel does not offer it")
	}
	d, found := s.delegation()
	switch {
	case !found:
		return s.missing(supervisor.DelegateHint, "available, but delegated neither to this process nor to a picloud.service")
	case d.cgroup == "" && slices.Contains(d.unit, c):
		return ok("available, and %s asks for it with Delegate= (the service does not run)", d.whose)
	case d.cgroup == "":
		return s.missing(`write Delegate=memory pids cpu under [Service] by: sudo systemctl edit picloud`, "available, but Delegate= of %s does not ask for it", d.whose)
	}
	delegated, err := supervisor.CgroupWords(s.Files, d.cgroup, "cgroup.controllers")
	if err != nil || !slices.Contains(delegated, c) {
		return s.missing(supervisor.DelegateHint, "available, but not delegated to %s (%s)", d.whose, d.cgroup)
	}
	enabled, err := supervisor.CgroupWords(s.Files, d.cgroup, "cgroup.subtree_control")
	if err == nil && slices.Contains(enabled, c) {
		return ok("available, delegated to %s, enabled for workers", d.whose)
	}
	if d.whose != "this process" {
		return s.missing("restart it, and see its log: sudo systemctl restart picloud", "available, delegated to %s, but not enabled for its workers", d.whose)
	}
	return ok("available, delegated to %s; the daemon enables it at its start", d.whose)
}
