package sandbox

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// checkNamespaces makes sure that the process was born where a worker belongs:
// first in a pid namespace of its own, with an empty read-only root. Who made
// these made the other namespaces too.
func checkNamespaces() error {
	if os.Getpid() != 1 {
		return errNotFirst
	}
	return checkRoot()
}

var errNotFirst = errors.New("not in a pid namespace of its own")

// checkRoot makes sure that the root is empty and read-only.
func checkRoot() error {
	root, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening the root: %w", err)
	}
	defer unix.Close(root)
	var fs unix.Statfs_t
	if err := unix.Fstatfs(root, &fs); err != nil {
		return fmt.Errorf("fstatfs of the root: %w", err)
	}
	if fs.Flags&unix.ST_RDONLY == 0 {
		return errors.New("the root can be written to")
	}
	var entries [1024]byte
	n, err := unix.ReadDirent(root, entries[:])
	if err != nil {
		return fmt.Errorf("reading the root: %w", err)
	}
	if _, count, _ := unix.ParseDirent(entries[:n], -1, nil); count > 0 {
		return errors.New("the root is not empty")
	}
	return nil
}
