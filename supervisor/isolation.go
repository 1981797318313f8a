package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"picloud"
	"picloud/worker/sandbox"
)

// cgroupMount is where systemd mounts cgroup v2 on a pure v2 system.
const cgroupMount = "/sys/fs/cgroup"

// daemonGroup is the leaf the daemon itself lives in, next to the workers: a
// cgroup with controllers for its children may hold no process itself. It is the
// name systemd is told with DelegateSubgroup=.
const daemonGroup = "supervisor"

// neededControllers are those every worker's cgroup must have.
func neededControllers() []string { return []string{"memory", "pids", "cpu"} }

// CheckKernel finds out whether the kernel has what every mode needs: seccomp
// filters that kill the process, and Landlock.
func CheckKernel() error {
	action := uint32(unix.SECCOMP_RET_KILL_PROCESS)
	if err := seccompActionAvailable(&action); err != nil {
		return cannotStart(err,
			"the kernel cannot filter system calls (seccomp)",
			"run a kernel with CONFIG_SECCOMP_FILTER, as every current distribution ships")
	}
	if sandbox.LandlockABI() < 1 {
		return cannotStart(nil,
			"the kernel has no Landlock, or it is not enabled at boot",
			"add the word "+landlockWord()+" to "+bootLine()+" and reboot (Linux 5.13 or newer)")
	}
	return nil
}

// DelegatedCgroup finds the cgroup this daemon may divide among its workers,
// as a path below the cgroup v2 mount, and makes it ready: the daemon is moved to
// a leaf of it if systemd has not put it into one. The error says what is
// missing and the one thing to do.
func DelegatedCgroup() (root string, err error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(cgroupMount, &fs); err != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC {
		return "", cannotStart(err,
			"cgroup v2 is not mounted at "+cgroupMount+" (this system uses cgroup v1 or both)",
			"add the word systemd.unified_cgroup_hierarchy=1 to "+bootLine()+" and reboot")
	}
	if err := checkControllers(cgroupMount, kernelHint); err != nil {
		return "", err
	}
	own, err := ownCgroup()
	if err != nil {
		return "", cannotStart(err, "the daemon's own cgroup cannot be found", "mount /proc")
	}
	root = own
	if filepath.Base(own) == daemonGroup {
		root = filepath.Dir(own)
	}
	dir := filepath.Join(cgroupMount, root)
	if err := unix.Access(dir, unix.W_OK); err != nil || root == "/" {
		return "", cannotStart(err, "the daemon may not divide its cgroup "+root+" among workers", delegateHint)
	}
	if err := checkControllers(dir, func(string) string { return delegateHint }); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "cgroup.kill")); err != nil {
		return "", cannotStart(err, "the kernel cannot kill a cgroup as a whole (cgroup.kill)", "run Linux 5.14 or newer")
	}
	if root == own {
		if err := moveToLeaf(dir); err != nil {
			return "", cannotStart(err, "the daemon cannot move itself to a leaf of its cgroup "+root, delegateHint)
		}
	}
	enable := "+" + strings.Join(neededControllers(), " +")
	if err := os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte(enable), 0); err != nil {
		return "", cannotStart(err,
			"controllers cannot be enabled in "+root+": another process shares the daemon's cgroup, or it is not delegated",
			delegateHint)
	}
	return root, nil
}

const delegateHint = "run it as a systemd service with Delegate=memory pids cpu and DelegateSubgroup=supervisor, " +
	`or by hand with: systemd-run --user --scope -p "Delegate=memory pids cpu" picloud serve`

// ownCgroup reads the cgroup v2 line of /proc/self/cgroup, see cgroups(7).
func ownCgroup() (string, error) {
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return path, nil
		}
	}
	return "", fmt.Errorf("no cgroup v2 line in /proc/self/cgroup: %q", data)
}

// moveToLeaf moves the daemon from the cgroup dir to its leaf.
func moveToLeaf(dir string) error {
	leaf := filepath.Join(dir, daemonGroup)
	if err := os.Mkdir(leaf, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	return os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte("0"), 0)
}

// checkControllers looks for all needed controllers in the cgroup dir. It asks
// cgroup.controllers: /proc/cgroups is about v1.
func checkControllers(dir string, hint func(missing string) string) error {
	data, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return cannotStart(err, "the controllers of "+dir+" cannot be read", delegateHint)
	}
	have := strings.Fields(string(data))
	for _, c := range neededControllers() {
		if !slices.Contains(have, c) {
			return cannotStart(nil, fmt.Sprintf("cgroup v2 has no %s controller in %s", c, dir), hint(c))
		}
	}
	return nil
}

// kernelHint is for a controller that the kernel itself does not offer.
func kernelHint(missing string) string {
	if missing == "memory" {
		// Raspberry Pi firmware passes cgroup_disable=memory; the later word wins
		return "add the word cgroup_enable=memory to " + bootLine() + " and reboot"
	}
	return "run a kernel with the " + missing + " controller, and without cgroup_disable=" + missing + " in " + bootLine()
}

// bootLine names where this machine's kernel command line is written.
func bootLine() string {
	for _, path := range []string{"/boot/firmware/cmdline.txt", "/boot/cmdline.txt"} {
		if _, err := os.Stat(path); err == nil {
			return "the one line of " + path
		}
	}
	return "the kernel command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub)"
}

// landlockWord is the lsm= parameter with Landlock added to those in use.
func landlockWord() string {
	active, err := os.ReadFile("/sys/kernel/security/lsm")
	if err != nil || len(active) == 0 {
		return "lsm=landlock,lockdown,yama,integrity,apparmor"
	}
	return "lsm=landlock," + strings.TrimSpace(string(active))
}

func cannotStart(cause error, message, hint string) *picloud.Error {
	return &picloud.Error{Code: picloud.CodeCannotStart, Message: message, Hint: hint, Cause: cause}
}
