package pgtest

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childEnv makes this test program start a cluster, say where it is and wait
// to be killed.
const childEnv = "PGTEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func child() error {
	owner, err := serverOwner()
	if err != nil {
		return err
	}
	bin, err := findPrograms("/usr/lib/postgresql", "")
	if err != nil {
		return err
	}
	dir, err := makeDir(owner)
	if err != nil {
		return err
	}
	fmt.Println(dir)
	c := &Cluster{bin: bin, dir: dir, gone: make(chan struct{})}
	if err := c.start(owner); err != nil {
		return err
	}
	pid, err := c.PID()
	if err != nil {
		return err
	}
	fmt.Println(pid)
	select {}
}

func query(t *testing.T, c *Cluster, databaseURL, sql string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.client(t.Context(), "psql", "--no-psqlrc", "--tuples-only", "--no-align",
		"--dbname="+strings.TrimPrefix(u.Path, "/"), "--command="+sql).CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestNewDatabaseIsEmptyAndItsOwn(t *testing.T) {
	c := Start(t)
	one, two := c.NewDatabase(t), c.NewDatabase(t)
	if one == two {
		t.Fatalf("two databases have one URL: %s", one)
	}
	query(t, c, one, "CREATE TABLE only_here (n int)")
	const tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
	if got := query(t, c, one, tables); got != "1" {
		t.Errorf("first database has %s tables, want 1", got)
	}
	if got := query(t, c, two, tables); got != "0" {
		t.Errorf("second database has %s tables, want 0", got)
	}
}

func TestDatabaseIsDroppedAfterItsTest(t *testing.T) {
	c := Start(t)
	t.Run("inner", func(t *testing.T) { c.NewDatabase(t) })
	if got := query(t, c, c.url("postgres"), "SELECT count(*) FROM pg_database WHERE datname LIKE 'test%'"); got != "0" {
		t.Errorf("%s databases are left", got)
	}
}

func TestServerIsPrivate(t *testing.T) {
	c := Start(t)
	for setting, want := range map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": c.dir,
		"fsync":                   "off",
	} {
		if got := query(t, c, c.url("postgres"), "SHOW "+setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	info, err := os.Stat(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v, want 0700", info.Mode())
	}
	if socket := filepath.Join(c.dir, ".s.PGSQL."+port); len(socket) > maxSocketPath {
		t.Errorf("the socket's path has %d bytes", len(socket))
	}
}

func TestStopLeavesNothing(t *testing.T) {
	c := Start(t)
	pid, err := c.PID()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	wantGone(t, pid, c.dir)
	if err := c.Stop(); err != nil {
		t.Errorf("second Stop: %v", err)
	}
}

func TestKilledTestProcessLeavesNothing(t *testing.T) {
	for _, when := range []string{"while it starts", "once it runs"} {
		t.Run(when, func(t *testing.T) {
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), childEnv+"=1")
			child.Stderr = os.Stderr
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(out)
			lines.Scan()
			dir := lines.Text()
			pid := 0
			if when == "while it starts" {
				// The keeper's first act is initdb, which opens the log.
				for _, err := os.Stat(filepath.Join(dir, "log")); err != nil; _, err = os.Stat(filepath.Join(dir, "log")) {
					time.Sleep(time.Millisecond)
				}
			} else {
				lines.Scan()
				pid, err = strconv.Atoi(lines.Text())
			}
			child.Process.Kill()
			child.Wait()
			if dir == "" || err != nil {
				t.Fatalf("the child did not start a cluster: %v", err)
			}
			wantGone(t, pid, dir)
		})
	}
}

// wantGone waits for the directory and, if pid is not 0, the process to vanish.
func wantGone(t *testing.T, pid int, dir string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		alive := error(syscall.ESRCH)
		if pid != 0 {
			alive = syscall.Kill(pid, 0)
		}
		_, there := os.Stat(dir)
		if errors.Is(alive, syscall.ESRCH) && errors.Is(there, fs.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left behind: process %d (kill says %v), directory %s (stat says %v)", pid, alive, dir, there)
		}
	}
}

func TestLongTMPDIRIsLeftFor(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	if err := os.Mkdir(long, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	dir, err := makeDir(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if filepath.Dir(dir) != "/tmp" {
		t.Errorf("the directory is %s, want it in /tmp", dir)
	}
}

func TestFindPrograms(t *testing.T) {
	install := func(t *testing.T, dir string, programs ...string) string {
		t.Helper()
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, p := range programs {
			if err := os.WriteFile(filepath.Join(dir, p), nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	all := []string{"initdb", "postgres", "pg_isready", "createdb", "dropdb"}

	t.Run("highest version, by number", func(t *testing.T) {
		root := t.TempDir()
		install(t, filepath.Join(root, "9", "bin"), all...)
		want := install(t, filepath.Join(root, "17", "bin"), all...)
		install(t, filepath.Join(root, "18", "bin"), "psql") // only the client
		if got, err := findPrograms(root, ""); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	})
	t.Run("PATH", func(t *testing.T) {
		want := install(t, filepath.Join(t.TempDir(), "bin"), all...)
		if got, err := findPrograms(t.TempDir(), "/nowhere:"+want); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	})
	t.Run("missing", func(t *testing.T) {
		got, err := findPrograms(t.TempDir(), "/nowhere")
		if err == nil || !strings.Contains(err.Error(), "apt-get install postgresql") {
			t.Errorf("got %q, %v; want an error that names the package", got, err)
		}
	})
}

func TestStartFailureShowsTheLog(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "initdb"), []byte("#!/bin/sh\necho no room left\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(root), 0o755); err != nil {
		t.Fatal(err)
	}
	owner, err := serverOwner()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := makeDir(owner)
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{bin: root, dir: dir, gone: make(chan struct{})}
	if err := c.start(owner); err == nil || !strings.Contains(string(c.logEnd()), "no room left") {
		t.Errorf("got %v and the log %q", err, c.logEnd())
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is left: %v", err)
	}
}

func TestDownAndUp(t *testing.T) {
	c := Start(t)
	database := c.NewDatabase(t)
	query(t, c, database, "CREATE TABLE kept AS SELECT 7 AS n")
	for range 2 {
		if err := c.Down(); err != nil {
			t.Fatal(err)
		}
		if err := c.client(t.Context(), "pg_isready", "--quiet").Run(); err == nil {
			t.Error("it answers while it is down")
		}
		if err := c.Up(); err != nil {
			t.Fatal(err)
		}
		if got := query(t, c, database, "SELECT n FROM kept"); got != "7" {
			t.Errorf("after Up: %s", got)
		}
	}
}

func TestStopWhileDown(t *testing.T) {
	c := Start(t)
	if err := c.Down(); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(c.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left: %v", c.dir, err)
	}
}
