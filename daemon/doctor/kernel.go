package doctor

import (
	"context"
	"fmt"

	"picloud"
	"picloud/supervisor"
)

// release is a kernel's version.
type release struct{ major, minor int }

func (r release) before(major, minor int) bool {
	return r.major < major || r.major == major && r.minor < minor
}

// Which Linux brought what PiCloud uses: 5.7 CLONE_INTO_CGROUP, 5.13 Landlock,
// 5.14 cgroup.kill, 5.19 memory.peak, 6.12 Landlock's scopes.
func kernel(_ context.Context, s *System) Result {
	const newer = "upgrade to a distribution with Linux 6.1 or newer, such as Debian 12 or Raspberry Pi OS bookworm"
	text, err := s.read("proc/sys/kernel/osrelease")
	if err != nil {
		return warning("mount /proc, with all of it visible", "the kernel's version cannot be read: %v", err)
	}
	text = oneLine(text)
	var r release
	if n, _ := fmt.Sscanf(text, "%d.%d", &r.major, &r.minor); n != 2 {
		return warning(newer, "the kernel's version %q cannot be understood", text)
	}
	switch {
	case r.before(5, 13):
		return failure(newer, "Linux %s has no Landlock (5.13) and cannot kill a cgroup as a whole (5.14)", text)
	case r.before(5, 14):
		return s.missing(newer, "Linux %s cannot kill a cgroup as a whole (5.14)", text)
	case r.before(5, 19):
		return warning(newer, "Linux %s has no memory.peak (5.19): the memory peak of a call is told less exactly", text)
	case r.before(6, 12):
		return ok("Linux %s has all that is needed; 6.12 would add Landlock's scopes", text)
	}
	return ok("Linux %s has all that PiCloud can use", text)
}

func seccomp(_ context.Context, s *System) Result {
	if err := s.Seccomp(); err != nil {
		return failed(err)
	}
	return ok("a worker's system calls are filtered, and a forbidden one ends it")
}

// https://docs.kernel.org/userspace-api/landlock.html
func landlock(_ context.Context, s *System) Result {
	abi := s.LandlockABI()
	if err := supervisor.CheckLandlock(s.Files, abi); err != nil {
		return failed(err)
	}
	denies := "files"
	if abi >= 4 {
		denies += ", TCP"
	}
	if abi >= 5 {
		denies += ", devices"
	}
	if abi >= 6 {
		denies += ", abstract sockets"
	}
	return ok("ABI %d denies a worker %s", abi, denies)
}

func userNamespaces(ctx context.Context, s *System) Result {
	const without = "workers cannot be put into namespaces of their own"
	forbidden := supervisor.NamespacesSwitch(s.Files)
	h, err := s.greet(ctx)
	switch {
	case err == nil && h.NoNamespaces != nil:
		return s.missing(supervisor.NamespacesHint(s.Files), "%s", oneLine(picloud.AsError(h.NoNamespaces).Message))
	case err == nil && forbidden != "" && s.UID == 0: // root is asked for less
		return warning(forbidden, "root may make user namespaces here, but the service's user may be refused")
	case err == nil:
		return ok("a worker was put into namespaces of its own, with an empty root")
	case forbidden != "":
		return s.missing(forbidden, without)
	}
	return warning("see the check worker", "no switch forbids them, but no worker could be started to try")
}
