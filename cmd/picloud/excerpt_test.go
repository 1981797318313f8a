package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("x ", 150)
	for name, c := range map[string]struct {
		source string
		line   int
		detail string
		under  string // what stands at the caret, "" for no excerpt at all
	}{
		"a token":                      {"f(1 2)", 1, "')' expected near '2'", "2"},
		"a token behind the line":      {"x = 1\nf(3 4)", 2, "')' expected near '4'", "4"},
		"twice, so nobody knows":       {" x = = 1", 1, "an expression expected near '='", "x"},
		"not within a word":            {"printed print", 1, "near 'print'", "print"},
		"letters of more bytes":        {"ä = 'ö' ü2 ?", 1, "near '?'", "?"},
		"tabs":                         {"\t\tif a b", 1, "near 'b'", "b"},
		"a quote":                      {"a = 'x", 1, "unfinished near ''x'", "'"},
		"none that is in the line":     {"  return", 1, "expected near 'end'", "return"},
		"none at all":                  {"  return", 1, "too deep", "return"},
		"a carriage return":            {"a b\r\n", 1, "near 'b'", "b"},
		"a long line":                  {long + "END " + long, 1, "near 'END'", "END"},
		"a long line, at its end":      {long + "END", 1, "near 'END'", "END"},
		"a blank line":                 {"\n   \n", 2, "what now", " "},
		"a line that is not there":     {"x", 2, "near 'x'", ""},
		"no line":                      {"x", 0, "near 'x'", ""},
		"an escape sequence":           {"\x1b[31m a b", 1, "near 'b'", "b"},
		"cut short by the compiler":    {"x = verylongname y", 1, "near 'verylong...'", "x"},
		"a string cut by the compiler": {"f('a b c d'", 1, "near ''a b c...'", "'a b c"},
	} {
		got := excerpt(c.source, c.line, c.detail, false)
		if c.under == "" {
			if got != "" {
				t.Errorf("%s: %q", name, got)
			}
			continue
		}
		lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
		if len(lines) < 2 {
			t.Fatalf("%s: %q", name, got)
		}
		text, caret := []rune(lines[len(lines)-2]), lines[len(lines)-1]
		at := utf8.RuneCountInString(caret) - 1
		if !strings.HasSuffix(caret, "^") || at > len(text) || !strings.HasPrefix(string(text[at:])+" ", c.under) {
			t.Errorf("%s:\n%s", name, got)
		}
		if strings.ContainsAny(got, "\x1b\r") || len(text) > excerptWidth+20 {
			t.Errorf("%s: %q", name, got)
		}
	}
}
