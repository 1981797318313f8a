package supervisor

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	code := 1
	if err := findStub(); err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
	} else {
		code = runWithEveryKind(m)
	}
	os.RemoveAll(stubDir)
	os.Exit(code)
}

// kind is the way to make workers that the tests are being run with.
var kind Kind

// ofOneKind are the tests that choose the way for themselves, or make no workers.
const ofOneKind = `^Test(KernelsViewOfCopies|Zygote\w*|SuccessorThatFails|Copy\w*|ProgramThatIsNoZygote|Copies\w*|Auto\w*|Proof|Send\w*|Widen)$`

// runWithEveryKind runs all tests once for each way to make workers, or for the one
// that PICLOUD_SPAWNER names; those of one kind only the first time.
func runWithEveryKind(m *testing.M) int {
	only, failed := Kind(os.Getenv("PICLOUD_SPAWNER")), 0
	for _, kind = range kinds() {
		if only != "" && only != kind {
			continue
		}
		fmt.Println("supervisor: the workers of these tests are made by", kind)
		failed |= m.Run()
		skip := flag.Lookup("test.skip").Value
		if err := skip.Set(strings.TrimPrefix(skip.String()+"|"+ofOneKind, "|")); err != nil {
			fmt.Fprintln(os.Stderr, "supervisor:", err)
			return 1
		}
	}
	return failed
}

// stubProgram is the worker program of these tests, in stubDir if it was built for
// them.
var stubProgram, stubDir string

// findStub takes the program of PICLOUD_BIN, or builds it.
func findStub() (err error) {
	if bin := os.Getenv("PICLOUD_BIN"); bin != "" {
		if stubProgram = filepath.Join(bin, "picloud-stub"); exists(stubProgram) {
			return nil
		}
	}
	if stubDir, err = os.MkdirTemp("", "picloud-stub-"); err != nil {
		return err
	}
	stubProgram = filepath.Join(stubDir, "picloud-stub")
	build := exec.Command("go", "build", "-o", stubProgram, "picloud/test/stub")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	return build.Run()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// stubPath makes a worker binary that behaves as named, where every user may
// execute it.
func stubPath(t *testing.T, behaviour string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "picloud-stub-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(stubProgram)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	path := filepath.Join(dir, "stub-"+behaviour)
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
