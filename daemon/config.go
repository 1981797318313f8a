// Package daemon is the all-in-one PiCloud process: it puts store, supervisor,
// manager and orchestrator together, listens, and stops gracefully.
//
// It promises to be ready only when the database is migrated and a worker has
// locked itself; to hold what it was asked to hold or not to start; to give every
// request it accepts exactly one answer, its own stop included; to bound what
// strangers make it hold, in connections, descriptors and memory; and to leave no
// process, no cgroup and no socket behind when it stops. It fails in starting,
// with an error that says what is missing and what to do.
package daemon

import (
	"fmt"
	"net/url"
	"os"
	"time"

	"go.uber.org/zap"
)

// Isolation is how much the daemon insists on.
type Isolation string

const (
	// IsolationRequired refuses to start without cgroup v2.
	IsolationRequired Isolation = "required"
	// IsolationDegraded takes RLIMIT_DATA where cgroup v2 cannot serve, and
	// says so at start, in /readyz and in metrics.
	IsolationDegraded Isolation = "degraded"
)

// Spawner is how workers are made.
type Spawner string

const (
	// SpawnerAuto takes the zygote where it proves itself, and exec else.
	SpawnerAuto Spawner = "auto"
	// SpawnerExec starts the worker program for each worker.
	SpawnerExec Spawner = "exec"
	// SpawnerZygote copies each worker from one that is up to its job, and
	// refuses to start where that cannot be done.
	SpawnerZygote Spawner = "zygote"
)

// Config is all that can be set about a daemon.
type Config struct {
	Listen      string // host:port or unix:/path; "" for what systemd passes, else DefaultListen
	PublicURL   string // scheme and host by which callers reach a proxy before it; "" if it is not known
	ProxyUser   string // whose word over a unix socket is taken on who the client is
	DataDir     string // made if it is not there
	DatabaseURL string // postgres://…, or "" for the embedded database in DataDir
	AdminSocket string // path
	AdminToken  string // "" for the one in DataDir, made if it is not there
	Worker      string // path of picloud-worker
	Isolation   Isolation
	Spawner     Spawner
	Workers     int              // invocations at a time; 0: from CPUs and memory
	Warm        int              // idle workers; 0: from CPUs
	Queue       int              // requests that may wait
	Environ     []string         // where the ceiling's variables are looked for
	EnvFile     string           // and where they are looked for again at a reload; "" if nowhere
	Reload      <-chan os.Signal // asks for a reload; nil if nothing does
	Logger      *zap.Logger

	// StopTimeout bounds how long a stop waits for invocations that run.
	StopTimeout time.Duration
}

// Defaults of what is not given by name elsewhere.
const (
	DefaultListen      = "127.0.0.1:8080"
	DefaultProxyUser   = "caddy"
	DefaultQueue       = 256
	DefaultStopTimeout = 30 * time.Second
)

// Validate finds values that no machine could serve with.
func (c Config) Validate() error {
	if c.Isolation != IsolationRequired && c.Isolation != IsolationDegraded {
		return usage("--isolation is %q; it may be required or degraded", c.Isolation)
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.Path+u.RawQuery+u.Fragment != "" {
			return usage("--public-url is %q; it may be a scheme and a host, such as https://pi.example.org", c.PublicURL)
		}
	}
	if c.Spawner != SpawnerAuto && c.Spawner != SpawnerExec && c.Spawner != SpawnerZygote {
		return usage("--spawner is %q; it may be auto, exec or zygote", c.Spawner)
	}
	for _, n := range []struct {
		flag     string
		value    int
		min, max int
	}{{"workers", c.Workers, 0, 1024}, {"warm", c.Warm, 0, 1024}, {"queue", c.Queue, 0, 100_000}} {
		if n.value < n.min || n.value > n.max {
			return usage("--%s is %d; it may be %d to %d", n.flag, n.value, n.min, n.max)
		}
	}
	return nil
}

func usage(format string, args ...any) error { return fmt.Errorf(format, args...) }
