package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	lockWait = 5 * time.Minute
	lockPoll = 20 * time.Millisecond
)

// lock takes the lock on the file at path, which it makes if need be, and
// keeps it until release is called or the process ends. It serves Open, so that
// of programs started at once one makes the database and migrates it.
//
// It is a flock(2) on a file of its own: SQLite's locks belong to the process,
// and closing the database file for another reason would drop them all, see
// https://www.sqlite.org/howtocorrupt.html.
func lock(ctx context.Context, path string) (release func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, lockWait,
		fmt.Errorf("another program has had %s locked for %v", path, lockWait))
	defer cancel()
	f, err := create(path)
	if errors.Is(err, fs.ErrExist) {
		f, err = os.OpenFile(path, os.O_RDWR, 0)
	}
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(&fs.PathError{Op: "flock", Path: path, Err: err}, f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(withContext(ctx, context.Cause(ctx)), f.Close())
		case <-time.After(lockPoll):
		}
	}
}

// create makes a new file only its owner can read. Made by root, it belongs to
// the owner of its folder, so that the daemon can open what an administrator's
// command has made; SQLite does the same with the files it keeps beside it.
func create(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil || os.Geteuid() != 0 {
		return f, err
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err == nil {
		owner := folder.Sys().(*syscall.Stat_t)
		err = f.Chown(int(owner.Uid), int(owner.Gid))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}
