package lua

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"picloud/limits"
	"picloud/worker/wire"
)

// Random programs print the same in Debian's lua5.1. Program n is made from seed
// n: 1 to 300, or as many as PICLOUD_TEST_PROGRAMS says, or "from-to".
func TestReference(t *testing.T) {
	reference, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Fatal("lua5.1 is missing; test/deps installs it")
	}
	first, last := programs(t)
	dir := t.TempDir()
	ended := map[string]int{}
	for seed := first; seed <= last; seed++ {
		source := newProgram(seed).String()
		want := referenceOutput(t, reference, dir, source)
		got := output(t, source)
		ended[want[strings.LastIndex(want, "\n")+1:]]++
		if got != want {
			w, g := firstDifference(want, got)
			t.Errorf("seed %d: lua5.1 prints\n  %s\nand the interpreter\n  %s", seed, w, g)
			if name := os.Getenv("PICLOUD_TEST_KEEP"); name != "" {
				os.WriteFile(fmt.Sprintf("%s/%d.lua", name, seed), []byte(source), 0o600)
			}
		}
	}
	t.Logf("%d programs, seeds %d to %d, %d of them to their end", last-first+1, first, last, ended["end"])
	if uint64(ended["end"]) < (last-first)/2 {
		t.Error("more than half of the programs ended early: they show little")
	}
}

func programs(t *testing.T) (first, last uint64) {
	first, last = 1, 300
	text := os.Getenv("PICLOUD_TEST_PROGRAMS")
	if text == "" {
		return first, last
	}
	var err error
	if from, to, ok := strings.Cut(text, "-"); ok {
		if first, err = strconv.ParseUint(from, 10, 32); err != nil {
			t.Fatal(err)
		}
		text = to
	}
	if last, err = strconv.ParseUint(text, 10, 32); err != nil || last < first {
		t.Fatalf("PICLOUD_TEST_PROGRAMS: %q", text)
	}
	return first, last
}

// referenceOutput is what lua5.1 prints, with an error that ends the program as
// its last line.
func referenceOutput(t *testing.T, lua, dir, source string) string {
	if err := os.WriteFile(filepath.Join(dir, "test"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, lua, "test") // the file's name stands in messages
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	text := string(out)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		message, _, _ := strings.Cut(stderr.String(), "\nstack traceback:")
		text += uncaught(strings.TrimPrefix(strings.TrimPrefix(message, lua+": "), "lua5.1: "))
	} else if err != nil {
		t.Fatalf("lua5.1: %v", err)
	}
	return normal(text)
}

// uncaught is the last line of a program that ended with an error. Of the VM's
// own, which are worded differently, only the position counts.
func uncaught(message string) string {
	if position := vmError.FindString(message); position != "" && !strings.Contains(message, "E:") {
		return position + "\n"
	}
	return message + "\n"
}

var vmError = regexp.MustCompile(`^test:\d+:`)

// normal leaves out the sign of zero and of not-a-number, which the interpreter
// does not write.
func normal(output string) string {
	return strings.TrimSuffix(unsigned.ReplaceAllString(output, "$1"), "\n")
}

var unsigned = regexp.MustCompile(`-(nan|0)\b`)

// output is what the interpreter prints.
func output(t *testing.T, source string) string {
	r, logs := do(t, job(source, operations(10_000_000), with(limits.MaxCallLevels, 200), with(limits.MaxExprDepth, 200)))
	var out strings.Builder
	for _, l := range logs {
		if l.Cut {
			t.Fatal("the program prints too much")
		}
		out.WriteString(l.Message + "\n")
	}
	switch {
	case r.Status == wire.StatusScriptError && r.Line > 0:
		out.WriteString(uncaught(fmt.Sprintf("test:%d: %s", r.Line, r.Message)))
	case r.Status == wire.StatusScriptError:
		out.WriteString(uncaught(r.Message))
	case r.Status != wire.StatusOK:
		out.WriteString(show(r) + "\n")
	}
	return normal(out.String())
}

// firstDifference gives the first lines that are not the same.
func firstDifference(a, b string) (string, string) {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(x), len(y)) {
		switch {
		case i >= len(x):
			return "(end)", y[i]
		case i >= len(y):
			return x[i], "(end)"
		case x[i] != y[i]:
			return x[i], y[i]
		}
	}
	return "", ""
}
