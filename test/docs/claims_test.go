//go:build !vm

package docs

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"picloud"
	"picloud/daemon/doctor"
	"picloud/limits"
	"picloud/problem"
)

// rows are the cells of all table rows of a page that begin with code, such as
// | `bad_request` |, by what the first cell says.
func rows(t *testing.T, page string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	text, ok := pages(t)[page]
	if !ok {
		t.Fatalf("there is no %s", page)
	}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		for _, name := range code.FindAllStringSubmatch(cells[0], -1) {
			found[name[1]] = cells
		}
	}
	return found
}

var code = regexp.MustCompile("`([^`]+)`")

// codes are all of the root package, read from its source.
func codes(t *testing.T) []picloud.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var list []picloud.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if !is {
			return true
		}
		if kind, is := spec.Type.(*ast.Ident); is && kind.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, picloud.Code(text))
		}
		return true
	})
	if len(list) < 20 {
		t.Fatalf("only %q are found", list)
	}
	return list
}

// Every code is in the table of troubleshooting, with its status.
func TestCodesAreExplained(t *testing.T) {
	table := rows(t, "docs/troubleshooting.md")
	for _, c := range codes(t) {
		cells, ok := table[string(c)]
		want := strconv.Itoa(problem.Status(c))
		if c == picloud.CodeCannotStart {
			want = "none"
		}
		if !ok || len(cells) != 4 || cells[1] != want {
			t.Errorf("%s, %s: %q", c, want, cells)
		}
	}
}

func TestDoctorsChecksAreExplained(t *testing.T) {
	table := rows(t, "docs/troubleshooting.md")
	for _, check := range doctor.Checks() {
		if table[check.Name] == nil {
			t.Errorf("the check %q is in no table", check.Name)
		}
	}
}

// What a page quotes of a reason not to start is what a program says.
func TestReasonsNotToStartAreQuoted(t *testing.T) {
	text := pages(t)["docs/troubleshooting.md"]
	_, text, _ = strings.Cut(text, "## The daemon does not start")
	text, _, _ = strings.Cut(text, "\n## ")
	source := sources(t)
	quoted := 0
	for line := range strings.Lines(text) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !strings.HasPrefix(first, "`") {
			continue
		}
		for _, quote := range code.FindAllStringSubmatch(first, -1) {
			quoted++
			if !strings.Contains(source, strings.Replace(quote[1], "no memory controller", "no %s controller", 1)) {
				t.Errorf("no program says %q", quote[1])
			}
		}
	}
	if quoted < 15 {
		t.Errorf("only %d reasons are found", quoted)
	}
}

// sources is the text of all packages that the programs are made of.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "test" || entry.Name() == "build" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// The table of limits has what package limits has.
func TestLimitsAreExplained(t *testing.T) {
	table := rows(t, "docs/limits.md")
	grouped := func(n int64) string {
		text := strconv.FormatInt(n, 10)
		for i := len(text) - 3; i > 0; i -= 3 {
			text = text[:i] + "," + text[i:]
		}
		return text
	}
	for _, s := range limits.Fields() {
		cells := table[string(s.Field)]
		want := []string{grouped(s.Default), grouped(s.Minimum), grouped(s.Ceiling), string(s.EnforcedBy)}
		if len(cells) != 7 || !slices.Equal(cells[2:6], want) {
			t.Errorf("%s: %q, want %q", s.Field, cells, want)
		}
	}
}

// A command of picloud that is named in a text is one.
func TestCommandsThatAreNamed(t *testing.T) {
	out, err := exec.Command(filepath.Join(programs, "picloud"), "man").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"man": true, "--help": true, "COMMAND": true}
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), ".SS picloud "); ok {
			words := strings.Fields(name)
			known[words[0]] = true
			if len(words) > 1 {
				known[words[0]+" "+words[1]] = true
			}
		}
	}
	if len(known) < 20 {
		t.Fatalf("the manual has only %v", slices.Sorted(maps.Keys(known)))
	}
	parents := []string{"scripts", "limits"}
	named := regexp.MustCompile("`(?:sudo )?picloud ([a-zA-Z-]+)(?: ([a-z]+))?[^`]*`")
	for page, text := range pages(t) {
		for _, found := range named.FindAllStringSubmatch(text, -1) {
			name := found[1]
			if slices.Contains(parents, name) && found[2] != "" {
				name += " " + found[2]
			}
			if !known[name] {
				t.Errorf("%s: there is no picloud %s", page, name)
			}
		}
	}
}

// Links within the repository lead somewhere, the part behind # too.
func TestLinks(t *testing.T) {
	all := pages(t)
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]+))?\)`)
	links := 0
	for page, text := range all {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			links++
			target := page
			if found[1] != "" {
				target = filepath.Join(filepath.Dir(page), found[1])
			}
			info, err := os.Stat(filepath.Join("../..", target))
			if err == nil && info.IsDir() {
				target = filepath.Join(target, "README.md")
				_, err = os.Stat(filepath.Join("../..", target))
			}
			if err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if found[2] == "" {
				continue
			}
			content, err := os.ReadFile(filepath.Join("../..", target))
			if err != nil || !slices.Contains(anchors(string(content)), found[2]) {
				t.Errorf("%s: %s has no heading #%s", page, target, found[2])
			}
		}
	}
	if links < 20 {
		t.Errorf("only %d links are found", links)
	}
}

// anchors are a page's headings as links name them.
func anchors(text string) (list []string) {
	for line := range strings.Lines(text) {
		if _, title, ok := strings.Cut(line, "# "); ok && strings.HasPrefix(line, "#") {
			title = regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			list = append(list, strings.ReplaceAll(title, " ", "-"))
		}
	}
	return list
}

// The README is one screen and a little more.
func TestReadmeIsShort(t *testing.T) {
	if n := strings.Count(pages(t)["README.md"], "\n"); n > 150 {
		t.Error(fmt.Sprintf("the README has %d lines", n))
	}
}
