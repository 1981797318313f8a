package docs

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct{ text, fault string }{
		"a command in prose":        {"text\n\n    $ ls\n", "in no block that is run"},
		"a command in another":      {"```text\n$ ls\n```\n", "in no block that is run"},
		"no language":               {"```\nls\n```\n", "without a language"},
		"an unknown language":       {"```sh\nls\n```\n", "unknown language"},
		"an unknown class":          {"```console elsewhere\n$ ls\n```\n", "nobody runs"},
		"output before any command": {"```console\nls\n```\n", "before any command"},
		"an empty block":            {"```console\n```\n", "without a command"},
		"no end":                    {"```console\n$ ls\n", "does not end"},
	} {
		if _, err := Parse("page", c.text); err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %v", name, err)
		}
	}
	page, err := Parse("page", "```lua a.lua\nreturn 1\n```\n```json\n{}\n```\n```console vm\n$ one \\\n    more\n$ two\nout\n\nend\n```\n")
	if err != nil || len(page.Blocks) != 2 || page.Blocks[0].File != "a.lua" || page.Blocks[0].Text != "return 1\n" {
		t.Fatalf("%+v %v", page, err)
	}
	commands := page.Blocks[1].Commands
	if page.Blocks[1].Class != VM || len(commands) != 2 || commands[0].Text != "one \\\n    more" || commands[0].Output != nil ||
		strings.Join(commands[1].Output, "|") != "out||end" || commands[1].Line != 10 {
		t.Errorf("%+v", page.Blocks[1])
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		page, output string
		matches      bool
	}{
		{"a", "a\n", true},
		{"a", "a", true},
		{"a", "a \n", true},
		{"a", "ab\n", false},
		{"a", "a\nb\n", false},
		{"a", "", false},
		{"a.c", "abc\n", false},
		{"a…c", "a b c\n", true},
		{"a…c", "a\nc\n", false},
		{"a\n…", "a\nb\nc\n", true},
		{"a\n…", "a\n", true},
		{"a\n…\nd", "a\nb\nc\nd\n", true},
		{"a\n…\nd", "a\nd\n", true},
		{"a\n…\nd", "a\nb\nc\n", false},
		{"a\n\nb", "a\n\nb\n", true},
	} {
		command := Command{Output: strings.Split(c.page, "\n")}
		if command.Pattern().MatchString(c.output) != c.matches {
			t.Errorf("%q, %q: want %v", c.page, c.output, c.matches)
		}
	}
}

// What is not as a page says is found, each thing by itself.
func TestRun(t *testing.T) {
	place := Place{Shell: []string{"bash"}, Dir: t.TempDir(), Patient: patience}
	text := strings.Join([]string{
		"$ printf 'a\\r\\nb'", "a", "b", // right
		"$ x='it is' && cd /", // stays for the next command
		"$ echo \"$x $PWD\"", "it is /",
		"$ echo other", "this",
		"$ false",
		"$ echo error: no; false", "error: no", // right
		"$ echo error: no", "error: no", // but it succeeds
		"$ cat", // has no input to wait for
		"$ (((",
		"$ echo still here", "still here",
	}, "\n")
	page, err := Parse("page", "```console\n"+text+"\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, err := range place.Run(t.Context(), "page", page.Blocks[0]) {
		line, _, _ := strings.Cut(err.Error(), "\n")
		lines = append(lines, line)
	}
	want := []string{"page:8: $ echo other", "page:10: $ false", "page:13: $ echo error: no", "page:16: $ ((("}
	if strings.Join(lines, "|") != strings.Join(want, "|") {
		t.Errorf("%q", lines)
	}
}

// A command that does not end is ended, with what it started.
func TestRunEnds(t *testing.T) {
	place := Place{Shell: []string{"bash"}, Dir: t.TempDir(), Patient: 100e6}
	faults := place.Run(t.Context(), "page", Block{Commands: []Command{{Text: "echo begun; sleep 1000 & wait"}}})
	if len(faults) == 0 || !strings.Contains(faults[0].Error(), "time was up") {
		t.Errorf("%v", faults)
	}
}
