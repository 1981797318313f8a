// Package pgtest starts a private PostgreSQL server for tests, from the server
// programs the machine has installed.
//
// A Cluster is one server in a temporary directory: it listens on a Unix socket
// in there and nowhere else, trusts whoever can open it, keeps nothing safe
// from a power cut, and is gone, with its directory, when the test process ends
// in whatever way. Its locale sorts like a phone book (hyphens do not count,
// digits do by their value) and its time zone is far from UTC, so that code
// which relies on the server's settings shows itself.
//
// Tests never skip for want of PostgreSQL: without its programs they fail and
// say which package to install.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

const (
	superuser = "picloud"
	port      = "5432"

	// maxSocketPath is what sun_path of sockaddr_un holds besides its closing
	// NUL; see unix(7).
	maxSocketPath = 107

	startTimeout = 2 * time.Minute
	stopTimeout  = 30 * time.Second
)

// keeperScript makes and runs the server, takes orders on its standard input, of
// which only the test process has the other end, and at its end clears up. QUIT
// is PostgreSQL's immediate shutdown, INT its fast one, which keeps what was
// committed. They are sent until the server is gone, because they are ignored
// until the server has set up its handlers: a shell starts background commands
// that way.
const keeperScript = `
bin=$1 dir=$2
shift 2
"$bin/initdb" --pgdata="$dir/data" --username=` + superuser + ` --auth=trust --no-sync \
	--encoding=UTF8 --locale=C --locale-provider=icu --icu-locale=en-US-u-ka-shifted-kn \
	>"$dir/log" 2>&1 </dev/null || exit 1
up() {
	"$bin/postgres" -D "$dir/data" "$@" >>"$dir/log" 2>&1 </dev/null &
	server=$!
	echo "$server" >"$dir/pid"
}
down() {
	[ "$server" ] || return
	while kill -"$1" "$server"; do sleep 0.05; done 2>/dev/null
	wait "$server" 2>/dev/null
	server=
	rm -f "$dir/pid"
}
up "$@"
while read -r order; do
	case $order in
	` + orderDown + `) down INT ;;
	` + orderUp + `) up "$@" ;;
	esac
done
down QUIT
rm -rf "$dir"
`

// What the keeper is told.
const (
	orderDown = "down"
	orderUp   = "up"
)

// Cluster is a running PostgreSQL server. Its methods are safe for concurrent
// use, except Stop, Down and Up.
type Cluster struct {
	bin       string // where initdb, postgres and the others are
	dir       string // everything of the cluster, the socket too
	keeper    *exec.Cmd
	orders    io.WriteCloser // the keeper's; it ends when this is closed
	gone      chan struct{}  // closed when the keeper has ended
	databases atomic.Int64
}

// Start starts a Cluster for one test, and stops it after.
func Start(tb testing.TB) *Cluster {
	tb.Helper()
	c, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// New starts a Cluster, for a TestMain; whoever calls it calls Stop. The error
// has the end of the server's log in it.
func New() (*Cluster, error) {
	bin, err := findPrograms("/usr/lib/postgresql", os.Getenv("PATH"))
	if err != nil {
		return nil, err
	}
	owner, err := serverOwner()
	if err != nil {
		return nil, err
	}
	dir, err := makeDir(owner)
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, dir: dir, gone: make(chan struct{})}
	if err := c.start(owner); err != nil {
		return nil, errors.Join(fmt.Errorf("pgtest: PostgreSQL of %s does not start: %w\n%s", bin, err, c.logEnd()),
			c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(owner *owner) error {
	c.keeper = exec.Command("/bin/sh", "-c", keeperScript, "keeper", c.bin, c.dir,
		"-c", "listen_addresses=",
		"-c", "unix_socket_directories="+c.dir,
		"-c", "port="+port,
		"-c", "shared_buffers=16MB",
		"-c", "fsync=off",
		"-c", "synchronous_commit=off",
		"-c", "full_page_writes=off",
		"-c", "timezone=Asia/Kathmandu",
	)
	c.keeper.Dir = c.dir
	c.keeper.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + c.dir, "LC_ALL=C"}
	c.keeper.SysProcAttr = owner.sysProcAttr()
	orders, err := c.keeper.StdinPipe()
	if err != nil {
		return err
	}
	if err := c.keeper.Start(); err != nil {
		return err
	}
	c.orders = orders
	go func() {
		c.keeper.Wait() // how it ended is told by what it left
		close(c.gone)
	}()
	return c.waitReady()
}

func (c *Cluster) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		err := c.client(ctx, "pg_isready", "--quiet").Run()
		if err == nil {
			return nil
		}
		select {
		case <-c.gone:
			return fmt.Errorf("it ended: %s", c.keeper.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("it is not ready after %v: %w", startTimeout, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Stop ends the server and removes all it kept. Tests that want the database
// to be away may call it early; a second call does nothing.
func (c *Cluster) Stop() error {
	if c.orders != nil {
		c.orders.Close() // the keeper may have ended by itself, then the pipe is broken already
		select {
		case <-c.gone:
		case <-time.After(stopTimeout):
			return fmt.Errorf("pgtest: process %d and PostgreSQL beneath it did not end in %v",
				c.keeper.Process.Pid, stopTimeout)
		}
	}
	return os.RemoveAll(c.dir)
}

// Down ends the server, as an administrator would: what was committed is kept,
// for Up. It returns when nobody listens any more.
func (c *Cluster) Down() error {
	if _, err := io.WriteString(c.orders, orderDown+"\n"); err != nil {
		return err
	}
	for end := time.Now().Add(stopTimeout); ; time.Sleep(10 * time.Millisecond) {
		if _, err := c.PID(); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("pgtest: PostgreSQL did not end in %v\n%s", stopTimeout, c.logEnd())
		}
	}
}

// Up starts the server again after Down, with all its data.
func (c *Cluster) Up() error {
	if _, err := io.WriteString(c.orders, orderUp+"\n"); err != nil {
		return err
	}
	return c.waitReady()
}

// PID is the process number of the server, an error if it is down.
func (c *Cluster) PID() (int, error) {
	text, err := os.ReadFile(filepath.Join(c.dir, "pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(bytes.TrimSpace(text)))
}

// NewDatabase makes an empty database for one test, gives its URL and drops it
// after the test.
func (c *Cluster) NewDatabase(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d", c.databases.Add(1))
	if out, err := c.client(context.Background(), "createdb", "--template=template0", name).CombinedOutput(); err != nil {
		tb.Fatalf("pgtest: createdb: %v\n%s", err, out)
	}
	tb.Cleanup(func() {
		select {
		case <-c.gone:
			return // the test has stopped the cluster, and with it the database
		default:
		}
		if out, err := c.client(context.Background(), "dropdb", "--force", name).CombinedOutput(); err != nil {
			tb.Errorf("pgtest: dropdb: %v\n%s", err, out)
		}
	})
	return c.url(name)
}

func (c *Cluster) url(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(superuser),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {c.dir}, "port": {port}}.Encode(),
	}
	return u.String()
}

// client is one of PostgreSQL's own client programs, pointed at the cluster.
func (c *Cluster) client(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, program), args...)
	cmd.Env = []string{"LC_ALL=C", "PGHOST=" + c.dir, "PGPORT=" + port, "PGUSER=" + superuser}
	return cmd
}

func (c *Cluster) logEnd() []byte {
	text, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return []byte(err.Error())
	}
	const most = 4096
	return text[max(0, len(text)-most):]
}
