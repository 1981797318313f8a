package supervisor

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// What follows only reads, from any system's files: root is its file system,
// with /proc, /sys, /boot and /etc.

// CgroupMounted looks in /proc/self/mountinfo, see proc(5), for cgroup v2 where
// systemd mounts it on a system that has nothing else.
func CgroupMounted(root fs.FS) error {
	const hint = "add the word systemd.unified_cgroup_hierarchy=1 to %s and reboot"
	data, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return cannotStart(err, "it cannot be seen whether cgroup v2 is mounted", "mount /proc")
	}
	mounted, hybrid := "", ""
	for line := range strings.Lines(string(data)) {
		before, after, found := strings.Cut(line, " - ")
		mount, kind := strings.Fields(before), strings.Fields(after)
		if !found || len(mount) < 5 || len(kind) < 1 {
			continue
		}
		switch {
		case mount[4] == cgroupMount: // the last one covers those before
			mounted = kind[0]
		case kind[0] == "cgroup2" && strings.HasPrefix(mount[4], cgroupMount+"/"):
			hybrid = mount[4]
		}
	}
	switch {
	case mounted == "cgroup2":
		return nil
	case hybrid != "":
		return cannotStart(nil, "cgroup v2 is mounted at "+hybrid+" beside cgroup v1, which has the controllers (hybrid)",
			fmt.Sprintf(hint, bootLine(root)))
	}
	return cannotStart(nil, "cgroup v2 is not mounted at "+cgroupMount+" (this system uses cgroup v1)",
		fmt.Sprintf(hint, bootLine(root)))
}

// OwnCgroup is this process's cgroup as a path below the mount, from the cgroup
// v2 line of /proc/self/cgroup, see cgroups(7).
func OwnCgroup(root fs.FS) (string, error) {
	data, err := fs.ReadFile(root, "proc/self/cgroup")
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

// CgroupFile is where a file of a cgroup, given as a path below the mount, is in
// the system's files.
func CgroupFile(cgroup, file string) string {
	return strings.TrimPrefix(path.Join(cgroupMount, cgroup, file), "/")
}

// CgroupWords reads a file of a cgroup that is a list of words, such as
// cgroup.controllers.
func CgroupWords(root fs.FS, cgroup, file string) ([]string, error) {
	data, err := fs.ReadFile(root, CgroupFile(cgroup, file))
	return strings.Fields(string(data)), err
}

// checkControllers looks for all needed controllers in a cgroup. It asks
// cgroup.controllers: /proc/cgroups is about v1.
func checkControllers(root fs.FS, cgroup string, hint func(missing string) string) error {
	dir := path.Join(cgroupMount, cgroup)
	have, err := CgroupWords(root, cgroup, "cgroup.controllers")
	if err != nil {
		return cannotStart(err, "the controllers of "+dir+" cannot be read", DelegateHint)
	}
	for _, c := range NeededControllers() {
		if !slices.Contains(have, c) {
			return cannotStart(nil, fmt.Sprintf("cgroup v2 has no %s controller in %s", c, dir), hint(c))
		}
	}
	return nil
}

// DelegateHint is for a daemon that has no cgroup to divide among its workers.
const DelegateHint = "run it as a systemd service with Delegate=memory pids cpu and DelegateSubgroup=supervisor, " +
	`or by hand with: systemd-run --user --scope -p "Delegate=memory pids cpu" picloud serve`

// KernelHint is for a controller that the kernel itself does not offer.
func KernelHint(root fs.FS, missing string) string {
	if missing != "memory" {
		return "run a kernel with the " + missing + " controller, and without cgroup_disable=" + missing + " in " + bootLine(root)
	}
	// Raspberry Pi firmware passes cgroup_disable=memory; the later word wins
	const word = "cgroup_enable=memory"
	if file := piBootFile(root); file != "" {
		if line, err := fs.ReadFile(root, file); err == nil && slices.Contains(strings.Fields(string(line)), word) {
			return "reboot: /" + file + " has the word " + word + " already"
		}
	}
	return "add the word " + word + " to " + bootLine(root) + " and reboot"
}

// piBootFile is the file of a Raspberry Pi's kernel command line, "" on other
// machines. From Raspberry Pi OS bookworm on it is the first; the second then
// only says where it has gone.
func piBootFile(root fs.FS) string {
	for _, file := range []string{"boot/firmware/cmdline.txt", "boot/cmdline.txt"} {
		if _, err := fs.Stat(root, file); err == nil {
			return file
		}
	}
	return ""
}

// bootLine names where this machine's kernel command line is written.
func bootLine(root fs.FS) string {
	if file := piBootFile(root); file != "" {
		return "the one line of /" + file
	}
	return "the kernel command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub)"
}

// landlockWord is the lsm= parameter with Landlock added to those in use.
func landlockWord(root fs.FS) string {
	active, err := fs.ReadFile(root, "sys/kernel/security/lsm")
	if err != nil || len(active) == 0 {
		return "lsm=landlock,lockdown,yama,integrity,apparmor"
	}
	return "lsm=landlock," + strings.TrimSpace(string(active))
}
