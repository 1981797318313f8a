package report

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine says where a run was made. It names nobody.
type Machine struct {
	CPU       string `json:"cpu"`
	CPUs      int    `json:"cpus"`
	Arch      string `json:"arch"`
	MemoryMiB int64  `json:"memory_mib"`
	Kernel    string `json:"kernel"`
	Go        string `json:"go"`
	Governor  string `json:"governor"` // of CPU frequency; "" if the machine has none to say
	Commit    string `json:"commit"`   // of the repository, with "+" if something is changed
}

// ThisMachine describes the one it runs on, and the repository it runs in.
func ThisMachine() (Machine, error) {
	m := Machine{CPU: cpu(), CPUs: runtime.NumCPU(), Arch: runtime.GOARCH, Go: runtime.Version(), Commit: commit()}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return m, err
	}
	m.Kernel = unix.ByteSliceToString(name.Release[:])
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return m, err
	}
	m.MemoryMiB = int64(info.Totalram) * int64(info.Unit) >> 20
	if governor, err := os.ReadFile("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"); err == nil {
		m.Governor = strings.TrimSpace(string(governor))
	}
	return m, nil
}

func (m Machine) String() string {
	s := fmt.Sprintf("%s, %d CPUs (%s), %d MiB, Linux %s, %s, commit %s", m.CPU, m.CPUs, m.Arch, m.MemoryMiB, m.Kernel, m.Go, m.Commit)
	if m.Governor != "" {
		s += ", governor " + m.Governor
	}
	return s
}

// cpu is its name: boards have theirs in the device tree, others in /proc/cpuinfo.
func cpu() string {
	if board, err := os.ReadFile("/proc/device-tree/model"); err == nil {
		return strings.Trim(string(board), "\x00\n")
	}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return "unknown"
}

func commit() string {
	head, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown" // a tree without its history
	}
	changed, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output()
	if err != nil || len(changed) > 0 {
		return strings.TrimSpace(string(head)) + "+"
	}
	return strings.TrimSpace(string(head))
}
