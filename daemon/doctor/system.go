package doctor

import (
	"context"
	"io/fs"
	"sync"
	"time"

	"picloud/daemon"
	"picloud/migrations"
	"picloud/supervisor"
)

// Settings are those of the daemon that is or would be.
type Settings struct {
	From        string // where they are from, for people
	Unreadable  string // a settings file that we may not read, "" for none
	DataDir     string // absolute
	DatabaseURL string // "" for the embedded database
	AdminSocket string // absolute
	Isolation   daemon.Isolation
	Workers     int    // 0: from CPUs and memory
	Worker      string // path of picloud-worker
	WorkerErr   error  // why there is no Worker
}

// System is a machine as the checks see it. Live gives the one we are on.
type System struct {
	Settings
	// Files has /proc, /sys, /boot, /etc and all else that is looked at.
	Files fs.FS
	UID   int // our own
	PID   int // our own, as cgroup.procs has it

	// Writable tells whether we may write to a file, given by its absolute path.
	Writable func(path string) bool
	// Seccomp is nil where the kernel filters system calls as needed.
	Seccomp func() error
	// LandlockABI is the kernel's Landlock version, 0 for none.
	LandlockABI func() int
	// Memory is what daemon and workers may have, in bytes.
	Memory func() (int64, error)
	// DefaultWorkers is how many run at a time in this many bytes.
	DefaultWorkers func(budget int64) int
	// Hello starts a supervisor and runs one script, in the delegated cgroup if
	// inCgroup is set. It leaves nothing behind.
	Hello func(ctx context.Context, inCgroup bool) (Hello, error)
	// Migrations lists those the database has and lacks. It changes nothing. Its
	// error is fs.ErrNotExist for an embedded database that was never made, and
	// fs.ErrPermission for one that we may not look at.
	Migrations func(ctx context.Context) ([]migrations.Migration, error)
	// Ready asks the daemon for /readyz over the admin socket: status and body.
	Ready func(ctx context.Context) (int, []byte, error)

	greeting sync.Once
	hello    Hello
	helloErr error
}

// Hello is how one sandboxed call went.
type Hello struct {
	Mode         supervisor.Mode
	NoNamespaces error         // why its worker had none; nil if it had
	Start        time.Duration // until the first worker had locked itself
	Took         time.Duration // the call, with a worker that was ready
}

// greet has one hello run, at the first call.
func (s *System) greet(ctx context.Context) (Hello, error) {
	s.greeting.Do(func() {
		d, found := s.delegation()
		s.hello, s.helloErr = s.Hello(ctx, found && d.free)
	})
	return s.hello, s.helloErr
}

// missing is for a part of the isolation that is not there: a failure, unless
// the settings allow less.
func (s *System) missing(hint, format string, args ...any) Result {
	if s.Isolation == daemon.IsolationDegraded {
		return warning(hint, format, args...)
	}
	return failure(hint, format, args...)
}

func (s *System) read(name string) (string, error) {
	data, err := fs.ReadFile(s.Files, name)
	return string(data), err
}

func (s *System) exists(name string) bool {
	_, err := fs.Stat(s.Files, name)
	return err == nil
}
