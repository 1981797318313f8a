//go:build vm

package docs

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience bounds every block; software emulation is slow.
const patience = 10 * time.Minute

const onBoard = true

// board makes the machine one that a person named pi has just set up, with the
// package in the home folder. Beyond that it is as a fresh one: what the pages
// have apt install is installed already, since there is no network here, and
// PostgreSQL runs, as after its installation.
const board = `
set -e
useradd --create-home --shell /bin/bash pi
echo 'pi ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/pi
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/90yes # a person answers
mkdir -p /boot/firmware
echo 'console=serial0,115200 console=tty1 root=PARTUUID=deadbeef-02 rootfstype=ext4 fsck.repair=yes rootwait' >/boot/firmware/cmdline.txt
echo '127.0.1.1 raspberrypi.local' >>/etc/hosts # avahi's work
cp "$1" /home/pi/
if getent passwd picloud >/dev/null; then userdel picloud; fi # the package makes it
systemctl start postgresql
`

// What the pages say to type on a board does what they say, in the order a
// person would: install, everything else, and at last remove and purge, of which
// nothing is left.
func TestOnABoard(t *testing.T) {
	packages, err := filepath.Glob("../../picloud_*.deb")
	if err != nil || len(packages) != 1 {
		t.Fatalf("there is not one package: %q, %v", packages, err)
	}
	if out, err := exec.Command("bash", "-c", board, "board", packages[0]).CombinedOutput(); err != nil {
		t.Fatalf("making the board: %v\n%s", err, out)
	}
	pi, err := user.Lookup("pi")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(pi.Uid)
	if err != nil {
		t.Fatal(err)
	}
	if err := quietCurl(pi.HomeDir); err != nil {
		t.Fatal(err)
	}
	place := Place{
		// a login, which has the groups that the user is in by now
		Shell: []string{"runuser", "--login", "pi", "--command", "exec bash"}, Dir: pi.HomeDir, Owner: uid, Patient: patience,
	}
	for _, page := range inOrder(t) {
		ran := 0
		for _, block := range page.Blocks {
			for _, err := range place.Run(t.Context(), page.Name, block) {
				t.Error(err)
			}
			ran += len(block.Commands)
		}
		t.Logf("%s: %d commands", page.Name, ran)
	}
	if t.Failed() {
		log, err := exec.Command("journalctl", "-b", "-u", "picloud.service", "-n", "40", "--no-pager").CombinedOutput()
		t.Logf("%s%v", log, err)
	}
	for _, path := range []string{"/etc/picloud", "/var/lib/picloud", "/run/picloud", "/usr/lib/picloud", "/sys/fs/cgroup/picloud.slice"} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
	if _, err := user.Lookup("picloud"); err == nil {
		t.Error("the user is left")
	}
	if out, err := exec.Command("pgrep", "-l", "picloud").Output(); err == nil {
		t.Errorf("processes are left:\n%s", out)
	}
}

// inOrder are the pages with commands for a board: the first part of install.md,
// the others, and what install.md has about removing it.
func inOrder(t *testing.T) []Page {
	t.Helper()
	const last = "\n## Remove it\n"
	list := parsed(t, VM)
	slices.SortFunc(list, func(a, b Page) int { return strings.Compare(a.Name, b.Name) })
	i := slices.IndexFunc(list, func(p Page) bool { return p.Name == "docs/install.md" })
	if i < 0 {
		t.Fatal("docs/install.md has no commands")
	}
	install := list[i]
	before, _, found := strings.Cut(pages(t)[install.Name], last)
	if !found {
		t.Fatalf("%s does not end with removing it", install.Name)
	}
	line := strings.Count(before, "\n")
	cut := slices.IndexFunc(install.Blocks, func(b Block) bool { return b.Line > line })
	if cut <= 0 {
		t.Fatalf("%s has %d blocks before it", install.Name, cut)
	}
	removal := Page{Name: install.Name, Blocks: install.Blocks[cut:]}
	install.Blocks = install.Blocks[:cut]
	list = slices.Delete(list, i, i+1)
	return append(append([]Page{install}, list...), removal)
}
