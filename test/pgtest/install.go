package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// findPrograms gives the folder with PostgreSQL's programs: below root, where
// Debian keeps one folder for each version, that of the highest version; else
// the one of path's folders that has them.
func findPrograms(root, path string) (string, error) {
	versions, err := filepath.Glob(filepath.Join(root, "*", "bin"))
	if err != nil {
		return "", err
	}
	found, highest := "", 0
	for _, dir := range versions {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		if err == nil && version > highest && hasPrograms(dir) {
			found, highest = dir, version
		}
	}
	if found != "" {
		return found, nil
	}
	for _, dir := range filepath.SplitList(path) {
		if hasPrograms(dir) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("pgtest: PostgreSQL's programs are neither below %s nor in PATH; "+
		"these tests need its server: on Debian and Raspberry Pi OS, apt-get install postgresql", root)
}

func hasPrograms(dir string) bool {
	for _, name := range []string{"initdb", "postgres", "pg_isready", "createdb", "dropdb"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

// owner is the user the server runs as, nil for the one who runs the tests.
type owner struct{ uid, gid int }

// serverOwner picks an unprivileged user when root runs the tests: PostgreSQL
// refuses to run as root.
func serverOwner() (*owner, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, err
		}
		return &owner{uid, gid}, nil
	}
	return nil, errors.New("pgtest: PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}

// sysProcAttr puts the server into a process group of its own, so that an
// interrupt at the terminal reaches the tests only, and they end it in order.
func (o *owner) sysProcAttr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if o != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	return attr
}

// makeDir makes the cluster's directory. It is below /tmp where TMPDIR is too
// long for the path of a socket.
func makeDir(o *owner) (string, error) {
	const pattern = "picloud-pg-"
	parent := os.TempDir()
	if longest := len(parent) + len("/") + len(pattern) + 10 + len("/.s.PGSQL."+port+".lock"); longest > maxSocketPath {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, pattern)
	if err != nil {
		return "", err
	}
	if o != nil {
		if err := os.Chown(dir, o.uid, o.gid); err != nil {
			return "", errors.Join(err, os.RemoveAll(dir))
		}
	}
	return dir, nil
}
