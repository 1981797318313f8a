package supervisor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"picloud"
)

// ErrNoNamespaces is the error of a machine on which workers cannot be put into
// namespaces.
var ErrNoNamespaces = errors.New("no namespaces")

// namespacesMissing says why workers cannot be put into namespaces, and the one
// thing to do. cause is what the nursery, or the kernel in starting it, said.
func namespacesMissing(cause error) *picloud.Error {
	return cannotStart(fmt.Errorf("%w: %w", ErrNoNamespaces, cause),
		fmt.Sprintf("workers cannot be put into namespaces of their own: %v", cause), NamespacesHint(os.DirFS("/")))
}

// NamespacesHint is the one thing to do where workers cannot be put into
// namespaces. root is the system's files.
func NamespacesHint(root fs.FS) string {
	if hint := NamespacesSwitch(root); hint != "" {
		return hint
	}
	return "run a kernel with CONFIG_USER_NS; in a container, allow user namespaces, clone3, mount and pivot_root " +
		"(seccomp and AppArmor profiles forbid them by default); in a systemd unit, do not set RestrictNamespaces="
}

// NamespacesSwitch looks for the switches with which systems forbid user
// namespaces to users, and says how to turn back the first that does; "" if none
// does.
func NamespacesSwitch(root fs.FS) string {
	const set = "set it by: sysctl -w %s, and in a file in /etc/sysctl.d"
	switch {
	case sysctl(root, "kernel.unprivileged_userns_clone") == "0": // Debian up to 10, Arch's hardened kernel
		return fmt.Sprintf(set, "kernel.unprivileged_userns_clone=1")
	case sysctl(root, "user.max_user_namespaces") == "0": // hardening guides
		return fmt.Sprintf(set, "user.max_user_namespaces=10000")
	case sysctl(root, "kernel.apparmor_restrict_unprivileged_userns") == "1": // Ubuntu from 23.10 on
		return "AppArmor forbids user namespaces to programs without a profile: give picloud and picloud-worker one with the rule " +
			"userns, or " + fmt.Sprintf(set, "kernel.apparmor_restrict_unprivileged_userns=0")
	}
	return ""
}

// sysctl gives a kernel setting's value, "" if there is none.
func sysctl(root fs.FS, name string) string {
	value, err := fs.ReadFile(root, "proc/sys/"+strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(value))
}
