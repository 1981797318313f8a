package supervisor

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"picloud"
	"picloud/worker/sandbox"
)

// cgroupMount is where systemd mounts cgroup v2 on a pure v2 system.
const cgroupMount = "/sys/fs/cgroup"

// DaemonGroup is the leaf the daemon itself lives in, next to the workers: a
// cgroup with controllers for its children may hold no process itself. It is the
// name systemd is told with DelegateSubgroup=.
const DaemonGroup = "supervisor"

// NeededControllers are those every worker's cgroup must have.
func NeededControllers() []string { return []string{"memory", "pids", "cpu"} }

// CheckKernel finds out whether the kernel has what every mode needs: seccomp
// filters that kill the process, and Landlock.
func CheckKernel() error {
	if err := CheckSeccomp(); err != nil {
		return err
	}
	return CheckLandlock(os.DirFS("/"), sandbox.LandlockABI())
}

// CheckSeccomp asks the kernel for filters that kill the process.
func CheckSeccomp() error { return checkSeccomp(unix.SECCOMP_RET_KILL_PROCESS) }

func checkSeccomp(action uint32) error {
	if err := seccompActionAvailable(&action); err != nil {
		return cannotStart(err,
			"the kernel cannot filter system calls (seccomp)",
			"run a kernel with CONFIG_SECCOMP_FILTER, as every current distribution ships")
	}
	return nil
}

// CheckLandlock judges the kernel's Landlock version. The hint is for the system
// whose files root has.
func CheckLandlock(root fs.FS, abi int) error {
	if abi < 1 {
		return cannotStart(nil,
			"the kernel has no Landlock, or it is not enabled at boot",
			"add the word "+landlockWord(root)+" to "+bootLine(root)+" and reboot (Linux 5.13 or newer)")
	}
	return nil
}

// DelegatedCgroup finds the cgroup this daemon may divide among its workers,
// as a path below the cgroup v2 mount, and makes it ready: the daemon is moved to
// a leaf of it if systemd has not put it into one. The error says what is
// missing and the one thing to do.
func DelegatedCgroup() (root string, err error) {
	system := os.DirFS("/")
	if err := CgroupMounted(system); err != nil {
		return "", err
	}
	if err := checkControllers(system, "/", func(c string) string { return KernelHint(system, c) }); err != nil {
		return "", err
	}
	own, err := OwnCgroup(system)
	if err != nil {
		return "", cannotStart(err, "the daemon's own cgroup cannot be found", "mount /proc")
	}
	root = own
	if filepath.Base(own) == DaemonGroup {
		root = filepath.Dir(own)
	}
	dir := filepath.Join(cgroupMount, root)
	if err := unix.Access(dir, unix.W_OK); err != nil || root == "/" {
		return "", cannotStart(err, "the daemon may not divide its cgroup "+root+" among workers", DelegateHint)
	}
	if err := checkControllers(system, root, func(string) string { return DelegateHint }); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "cgroup.kill")); err != nil {
		return "", cannotStart(err, "the kernel cannot kill a cgroup as a whole (cgroup.kill)", "run Linux 5.14 or newer")
	}
	if root == own {
		if err := moveToLeaf(dir); err != nil {
			return "", cannotStart(err, "the daemon cannot move itself to a leaf of its cgroup "+root, DelegateHint)
		}
	}
	enable := "+" + strings.Join(NeededControllers(), " +")
	if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte(enable), 0); err != nil {
		return "", cannotStart(err,
			"controllers cannot be enabled in "+root+": another process shares the daemon's cgroup, or it is not delegated",
			DelegateHint)
	}
	return root, nil
}

// moveToLeaf moves the daemon from the cgroup dir to its leaf.
func moveToLeaf(dir string) error {
	leaf := filepath.Join(dir, DaemonGroup)
	if err := os.Mkdir(leaf, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	return os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte("0"), 0)
}

func cannotStart(cause error, message, hint string) *picloud.Error {
	return &picloud.Error{Code: picloud.CodeCannotStart, Message: message, Hint: hint, Cause: cause}
}
