package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programs is the folder of the programs under test.
var programs string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run takes the programs of PICLOUD_BIN, or builds them, before the tests. On a
// board they are the package's.
func run(m *testing.M) int {
	if programs = os.Getenv("PICLOUD_BIN"); programs != "" || onBoard {
		return m.Run()
	}
	var err error
	if programs, err = os.MkdirTemp("", "picloud-docs-bin-"); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		return 1
	}
	defer os.RemoveAll(programs)
	cmd := exec.Command("go", "build", "-o", programs+"/", "./cmd/picloud", "./cmd/picloud-worker")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		return 1
	}
	return m.Run()
}

// pages reads the README and all of docs/.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 5 {
		t.Fatalf("only %q are found: %v", files, err)
	}
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel("../..", file)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

// parsed are all pages, each with the blocks of one class and its files.
func parsed(t *testing.T, class Class) []Page {
	t.Helper()
	var list []Page
	commands := 0
	for name, text := range pages(t) {
		page, err := Parse(name, text)
		if err != nil {
			t.Fatal(err)
		}
		chosen := Page{Name: name}
		here := 0
		for _, b := range page.Blocks {
			if b.File != "" || b.Class == class {
				chosen.Blocks = append(chosen.Blocks, b)
				here += len(b.Commands)
			}
		}
		if commands += here; here > 0 {
			list = append(list, chosen)
		}
	}
	if commands == 0 {
		t.Fatalf("no page has a block %q", class)
	}
	return list
}
