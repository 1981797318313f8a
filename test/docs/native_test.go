//go:build !vm

package docs

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait; no test measures with it.
const patience = time.Minute

const onBoard = false

// What the pages say to type in the repository, or with `make run` at work, does
// what they say.
func TestCommands(t *testing.T) {
	for _, page := range parsed(t, Native) {
		t.Run(page.Name, func(t *testing.T) {
			d := startDaemon(t)
			ran := 0
			for _, block := range page.Blocks {
				for _, err := range d.place().Run(t.Context(), page.Name, block) {
					t.Error(err)
				}
				ran += len(block.Commands)
			}
			t.Logf("%d commands", ran)
		})
	}
}

// Every target that a page names is there. `make run` is run; the others build or
// test for long, and are themselves what runs this.
func TestMakeTargets(t *testing.T) {
	for _, page := range parsed(t, Make) {
		for _, block := range page.Blocks {
			for _, c := range block.Commands {
				target, isMake := strings.CutPrefix(c.Text, "make ")
				target, _, _ = strings.Cut(target, "#")
				if !isMake {
					t.Errorf("%s:%d: %q is no target", page.Name, c.Line, c.Text)
					continue
				}
				cmd := exec.Command("make", append([]string{"--dry-run"}, strings.Fields(target)...)...)
				cmd.Dir = "../.."
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s:%d: make %s: %v\n%s", page.Name, c.Line, target, err, out)
				}
			}
		}
	}
}

// `make run` serves examples/hello.lua, and stops at Ctrl-C. The programs are
// built already.
func TestMakeRun(t *testing.T) {
	dir := repository(t)
	address := freeAddress(t)
	cmd := exec.Command("make", "run", "GO=true")
	cmd.Dir = dir
	cmd.Env = append(environment(dir), "PICLOUD_LISTEN="+address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer late.Stop()
	serves := false
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if lines.Text() != "Serving until Ctrl-C." {
			continue
		}
		serves = true
		resp, err := http.Get("http://" + address + "/run/hello")
		if err != nil {
			t.Error(err)
		} else {
			body, err := io.ReadAll(resp.Body)
			if resp.Body.Close(); err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), `"hello":"world"`) {
				t.Errorf("%d %s %v", resp.StatusCode, body, err)
			}
		}
		syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
	}
	err = cmd.Wait() // make tells of the signal by its status
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Error(err)
	}
	if !serves {
		t.Error("it never served")
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("it still serves after Ctrl-C")
	}
}

// repository is a folder like the repository's after `make build`.
func repository(t *testing.T) string {
	t.Helper()
	// not t.TempDir: the workers' user has to get at the programs
	dir, err := os.MkdirTemp("", "picloud-docs-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{programs: "bin", "../../examples": "examples"} {
		if err := os.CopyFS(filepath.Join(dir, to), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "Makefile"), makefile, 0o644)
	}
	if err == nil {
		err = quietCurl(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// environment is that of a person whose home is dir. Nothing of ours changes what
// picloud does.
func environment(dir string) []string {
	return []string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8", "TZ=UTC"}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// daemon is one that runs as `make run` starts it where there is no cgroup v2.
type daemon struct {
	t       *testing.T
	dir     string
	address string
}

func (d *daemon) place() Place {
	return Place{
		Shell: []string{"bash"}, Dir: d.dir, Env: environment(d.dir), Patient: patience,
		Address: d.address,
	}
}

// startDaemon starts a daemon and stops it when the test ends.
func startDaemon(t *testing.T) *daemon {
	t.Helper()
	d := &daemon{t, repository(t), freeAddress(t)}
	data := filepath.Join(d.dir, "picloud-data")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(data, "run.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(d.dir, "bin/picloud"), "serve", "--isolation", "degraded", "--listen", d.address)
	cmd.Dir, cmd.Env, cmd.Stderr = d.dir, environment(d.dir), log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt) // it may have ended by itself, and then Wait tells
		select {
		case err := <-exited:
			if err != nil {
				t.Errorf("the daemon: %v", err)
			}
		case <-time.After(patience):
			cmd.Process.Kill()
			<-exited
			t.Error("the daemon does not stop")
		}
	})
	d.waitUntilReady()
	return d
}

func (d *daemon) log() string {
	text, err := os.ReadFile(filepath.Join(d.dir, "picloud-data/run.log"))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(text)
}

func (d *daemon) waitUntilReady() {
	d.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		for line := range strings.Lines(d.log()) {
			var record struct{ Msg string }
			if json.Unmarshal([]byte(line), &record) == nil && record.Msg == "ready" {
				return
			}
		}
	}
	d.t.Fatalf("the daemon does not become ready:\n%s", d.log())
}

// get reads what the daemon answers at a path.
func (d *daemon) get(path string) string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.address+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return string(body)
}
