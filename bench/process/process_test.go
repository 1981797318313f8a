package process

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
	"time"
)

// shell starts one that has said a line when it is given to the test, and that
// ends when its input does.
func shell(t *testing.T, script string) int {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Process.Kill() // what it started ends by its input, or by itself
		cmd.Wait()
	})
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

const burn = `i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; `

// The time of a process counts whether it lives, has ended, or is a child's child
// that has ended.
func TestCPU(t *testing.T) {
	for name, script := range map[string]string{
		"itself":         burn + "echo; read x",
		"an ended child": "(" + burn + "); echo; read x",
		"a grandchild":   "( (" + burn + "); : ); echo; read x",
		"a living child": "(" + burn + "echo; read x); :",
	} {
		cpu, err := CPU(shell(t, script))
		if err != nil || cpu < 2*tick || cpu > time.Minute {
			t.Errorf("%s: %v, %v", name, cpu, err)
		}
	}
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); time.Since(begin) < 5*tick; {
	}
	if after, err := CPU(os.Getpid()); err != nil || after <= before {
		t.Errorf("%v and then %v, %v", before, after, err)
	}
}

func TestTree(t *testing.T) {
	root := shell(t, "(echo; read x); :")
	tree, err := Tree(root)
	if err != nil || len(tree) != 2 || tree[0].PID != root || tree[0].Name != "sh" {
		t.Errorf("%+v, %v", tree, err)
	}
	const none = 1 << 30
	if _, err := Tree(none); err == nil {
		t.Error("a process that is not there has a tree")
	}
	if _, err := CPU(none); err == nil {
		t.Error("a process that is not there has CPU time")
	}
	if _, err := Sleeps(none); err == nil {
		t.Error("a process that is not there sleeps")
	}
}

func TestPSS(t *testing.T) {
	pss, err := PSS(os.Getpid())
	if err != nil || pss < 1<<20 || pss > 1<<33 {
		t.Errorf("%d bytes, %v", pss, err)
	}
	if _, err := PSS(1 << 30); err == nil {
		t.Error("a process that is not there has memory")
	}
}

func TestSleeps(t *testing.T) {
	root := shell(t, "echo; while sleep 0.02; do :; done")
	sum := func() (n int64) {
		counts, err := Sleeps(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range counts {
			n += c
		}
		return n
	}
	before := sum()
	for deadline := time.Now().Add(10 * time.Second); sum() <= before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never sleeps")
		}
	}
}
