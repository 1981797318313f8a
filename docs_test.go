package picloud_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testNames collects the names of all tests of the module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	names := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range declaration.FindAllStringSubmatch(string(source), -1) {
			names[found[1]] = true
		}
		return err
	})
	if err != nil || len(names) < 50 {
		t.Fatalf("%d tests were found: %v", len(names), err)
	}
	return names
}

// mention is a test's name in a page.
var mention = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")

// Every test that a page names exists.
func TestTestsThatAreNamed(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || len(pages) < 2 {
		t.Fatalf("%q, %v", pages, err)
	}
	names := testNames(t)
	for _, page := range append(pages, "README.md", "test/vm/README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range mention.FindAllStringSubmatch(string(text), -1) {
			if !names[found[1]] {
				t.Errorf("%s: there is no test %s", page, found[1])
			}
		}
	}
}

// docs/SECURITY.md claims nothing without a test: every row of its tables names
// one or points to where it is.
func TestClaimsOfSecurity(t *testing.T) {
	text, err := os.ReadFile("docs/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| ---") || strings.Contains(line, "shown by |") {
			continue
		}
		rows++
		if !mention.MatchString(line) && !strings.Contains(line, "the next section") {
			t.Errorf("no test is named in %q", line)
		}
	}
	if rows < 20 {
		t.Errorf("only %d rows of claims were found", rows)
	}
}
