// Package cli tests picloud's command line by transcripts: each file in testdata
// runs commands as a person would, against a real daemon of its own with real
// workers (degraded: no cgroup v2 is needed), and says what must come of them.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// programs is the folder of the programs under test.
var programs string

func TestMain(m *testing.M) {
	testscript.Main(build{m}, map[string]func(){"terminal": terminal})
}

// build takes the programs of PICLOUD_BIN, or builds them, before the tests run.
type build struct{ *testing.M }

func (b build) Run() int {
	if programs = os.Getenv("PICLOUD_BIN"); programs != "" {
		return b.M.Run()
	}
	var err error
	if programs, err = os.MkdirTemp("", "picloud-cli-bin-"); err != nil {
		fmt.Fprintln(os.Stderr, "cli:", err)
		return 1
	}
	defer os.RemoveAll(programs)
	cmd := exec.Command("go", "build", "-o", programs+"/", "./cmd/picloud", "./cmd/picloud-worker")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "cli: building the programs:", err)
		return 1
	}
	return b.M.Run()
}

func TestTranscripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", programs+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("TZ", "UTC")
			env.Setenv("TERM", "xterm")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"daemon": startDaemon,
			"status": status,
			"json":   jsonMember,
		},
	})
}

// Every command has a transcript of its own name.
func TestEveryCommandHasATranscript(t *testing.T) {
	out, err := exec.Command(filepath.Join(programs, "picloud"), "man").Output()
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for line := range strings.Lines(string(out)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), ".SS picloud ")
		if !ok {
			continue
		}
		commands++
		var words []string
		for _, word := range strings.Fields(name) {
			if strings.ToLower(word) != word || strings.ContainsAny(word, "[]|") { // an argument
				break
			}
			words = append(words, word)
		}
		if _, err := os.Stat(filepath.Join("testdata", strings.Join(words, "_")+".txtar")); err != nil {
			t.Errorf("picloud %s has no transcript: %v", strings.Join(words, " "), err)
		}
	}
	if commands < 15 {
		t.Fatalf("the manual has only %d commands", commands)
	}
}

// patience bounds waiting for a daemon; no test measures with it.
const patience = time.Minute

// startDaemon is the command "daemon [FLAG...]": it starts a daemon, waits until
// it serves and puts into the environment how to reach it: PICLOUD_ADMIN_SOCKET,
// for picloud itself, and for the script URL, TOKEN and DATA. The daemon is
// stopped at the script's end.
func startDaemon(ts *testscript.TestScript, neg bool, flags []string) {
	if neg {
		ts.Fatalf("usage: daemon [flag...]")
	}
	// not the script's own folder: the workers' user has to get at it
	dir, err := os.MkdirTemp("", "picloud-cli-")
	ts.Check(err)
	ts.Defer(func() { os.RemoveAll(dir) })
	ts.Check(os.Chmod(dir, 0o755))
	worker, err := os.ReadFile(filepath.Join(programs, "picloud-worker"))
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(dir, "picloud-worker"), worker, 0o755))

	log, err := os.Create(filepath.Join(dir, "log"))
	ts.Check(err)
	defer log.Close()
	args := []string{"serve", "--isolation", "degraded", "--listen", "127.0.0.1:0",
		"--data-dir", filepath.Join(dir, "data"), "--admin-socket", filepath.Join(dir, "admin.sock")}
	cmd := exec.Command(filepath.Join(programs, "picloud"), append(args, flags...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PICLOUD_WORKER=" + filepath.Join(dir, "picloud-worker"),
		"PICLOUD_CEILING_MAX_MAP_SIZE=" + ts.Getenv("PICLOUD_CEILING_MAX_MAP_SIZE")}
	cmd.Stderr = log
	ts.Check(cmd.Start())
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	ts.Defer(func() { stopDaemon(ts, cmd, exited, log.Name()) })

	ts.Setenv("URL", waitUntilReady(ts, log.Name()))
	ts.Setenv("DATA", filepath.Join(dir, "data"))
	ts.Setenv("PICLOUD_ADMIN_SOCKET", filepath.Join(dir, "admin.sock"))
	token, err := os.ReadFile(filepath.Join(dir, "data", "admin-token"))
	ts.Check(err)
	ts.Setenv("TOKEN", strings.TrimSpace(string(token)))
}

func stopDaemon(ts *testscript.TestScript, cmd *exec.Cmd, exited <-chan error, log string) {
	cmd.Process.Signal(os.Interrupt) // it may have ended by itself, and then Wait tells
	select {
	case err := <-exited:
		if err == nil {
			return
		}
		text, _ := os.ReadFile(log)
		ts.Logf("the daemon ended with %v\n%s", err, text)
	case <-time.After(patience):
		cmd.Process.Kill()
		<-exited
	}
	ts.Fatalf("the daemon did not stop as it should")
}

// waitUntilReady waits until a daemon says that it is, and gives the URL it said
// it listens at, "" for a socket.
func waitUntilReady(ts *testscript.TestScript, log string) (url string) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(log)
		ts.Check(err)
		for line := range strings.Lines(string(text)) {
			var record struct{ Msg, Address, Network string }
			if json.Unmarshal([]byte(line), &record) != nil {
				continue
			}
			if record.Network == "tcp" {
				url = "http://" + record.Address
			}
			if record.Msg == "ready" {
				return url
			}
		}
	}
	text, _ := os.ReadFile(log)
	ts.Fatalf("the daemon does not become ready\n%s", text)
	return ""
}

// status is the command "status N PROGRAM ARG...": like exec, and the program
// must end with just this status.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N program arg...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got, err := 0, ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got, err = exit.ExitCode(), nil
	}
	ts.Check(err)
	if got != want {
		ts.Fatalf("%v ended with status %d, not %d", args[1:], got, want)
	}
}

// jsonMember is the command "json [PATH VALUE]": what the last program printed
// must be one JSON document, and what it has at PATH, such as limits.0.field, must
// be VALUE. A list or object has its length for a value.
func jsonMember(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 && len(args) != 2 {
		ts.Fatalf("usage: json [path value]")
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	decoder.UseNumber()
	var value any
	ts.Check(decoder.Decode(&value))
	if _, err := decoder.Token(); err != io.EOF {
		ts.Fatalf("something follows the JSON document")
	}
	if len(args) == 0 {
		return
	}
	for step := range strings.SplitSeq(args[0], ".") {
		switch v := value.(type) {
		case map[string]any:
			member, ok := v[step]
			if !ok {
				ts.Fatalf("there is no %s in %s", step, args[0])
			}
			value = member
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				ts.Fatalf("there is no %s in %s", step, args[0])
			}
			value = v[i]
		default:
			ts.Fatalf("%s leads beyond %v", args[0], value)
		}
	}
	text := fmt.Sprint(value)
	switch v := value.(type) {
	case map[string]any:
		text = strconv.Itoa(len(v))
	case []any:
		text = strconv.Itoa(len(v))
	}
	if text != args[1] {
		ts.Fatalf("%s is %s, not %s", args[0], text, args[1])
	}
}
