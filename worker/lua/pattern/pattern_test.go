package pattern

import (
	"strings"
	"testing"
)

// find gives what string.find would, as one string: "start,end" from 1, then
// the captures; "nil" without a match; "!" and the error.
func find(subject, pat string) string {
	m := New(subject, pat, true, func(int) {})
	start, end, ok, err := m.Next(0)
	if err != nil {
		return "!" + err.Error()
	}
	if !ok {
		return "nil"
	}
	out := []string{subject[start:end]}
	for i := range m.Captures() {
		c, err := m.Capture(i, start, end)
		switch {
		case err != nil:
			return "!" + err.Error()
		case c.Position:
			out = append(out, "@"+strings.Repeat("x", c.Start))
		default:
			out = append(out, subject[c.Start:c.End])
		}
	}
	return strings.Join(out, ",")
}

func TestMatch(t *testing.T) {
	for _, c := range []struct{ subject, pattern, want string }{
		{"hello", "l+", "ll"},
		{"hello", "^l+", "nil"},
		{"hello", "^h.-l", "hel"},
		{"hello", "l$", "nil"},
		{"hello", "o$", "o"},
		{"a$b", "a$b", "a$b"},
		{"", "", ""},
		{"", "^$", ""},
		{"  key = value ", "(%w+)%s*=%s*(%w+)", "key = value,key,value"},
		{"abc", "()b()", "b,@x,@xx"},
		{"aXb", "%u", "X"},
		{"aXb", "%L", "X"},
		{"x]y", "[]]", "]"},
		{"x^y", "[x^]+", "x^"},
		{"a-z", "[a%-]+", "a-"},
		{"m-", "[a-]", "-"},
		{"b-", "[a-c]", "b"},
		{"abc", "[^a]+", "bc"},
		{"THE (quick) fox", "%((%a+)%)", "(quick),quick"},
		{"f(a(b)c)d)", "%b()", "(a(b)c)"},
		{"f(a(b", "%b()", "nil"},
		{"THE (quick) fox", "%f[%a]%a+%f[%A]", "THE"},
		{"foo.bar", "%f[b]bar", "bar"},
		{"abcabc", "(abc)%1", "abcabc,abc"},
		{"abcabd", "(abc)%1", "nil"},
		{"aa", "()a%1", "nil"},
		{"x\x00y", "%z", "\x00"},
		{"x\x00y", "\x00", "\x00"},
		{"0x1F", "%x+", "0"},
		{"a.b", "%.", "."},
		{"a\nb", "%c", "\n"},
		{"é!", "%p", "!"},
		{"aaa", "a-b", "nil"},
		{"aaab", "a-b", "aaab"},
		{"color colour", "colou?r$", "colour"},
		{"[[x]]", "%[%[(.-)%]%]", "[[x]],x"},
		{"abc", "%", "!malformed pattern (ends with '%')"},
		{"abc", "[a", "!malformed pattern (missing ']')"},
		{"abc", "[a%", "!malformed pattern (missing ']')"},
		{"abc", "[]", "!malformed pattern (missing ']')"},
		{"abc", "(a", "!unfinished capture"},
		{"abc", "a)", "!invalid pattern capture"},
		{"abc", "%1", "!invalid capture index"},
		{"abc", "(%1)", "!invalid capture index"},
		{"abc", "%b", "!unbalanced pattern"},
		{"abc", "%bx", "!unbalanced pattern"},
		{"abc", "%fa", "!missing '[' after '%f' in pattern"},
		{"abc", strings.Repeat("()", 33), "!too many captures"},
		{strings.Repeat("a", 300), strings.Repeat("a?", 300), "!pattern too complex"},
	} {
		if got := find(c.subject, c.pattern); got != c.want {
			t.Errorf("find(%q, %q) = %q, want %q", c.subject, c.pattern, got, c.want)
		}
	}
}

func TestAnchorIsAnOption(t *testing.T) {
	m := New("a^b", "^b", false, func(int) {})
	if start, end, ok, _ := m.Next(0); !ok || start != 1 || end != 3 || m.Anchored() {
		t.Errorf("without anchors: %d %d %v", start, end, ok)
	}
}

// Work is reported as it is done: what backtracks for long can be stopped.
func TestWorkIsReported(t *testing.T) {
	for name, c := range map[string]struct {
		subject, pattern string
		atLeast          int
	}{
		"backtracking":   {strings.Repeat("a", 60), strings.Repeat("a-", 4) + "b", 500_000},
		"greedy":         {strings.Repeat("a", 1_000), ".*b", 1_000 * 1_000 / 2},
		"balance":        {strings.Repeat("(", 1_000), "%b()", 1_000 * 1_000 / 3},
		"a long set":     {strings.Repeat("a", 1_000), "[" + strings.Repeat("b", 1_000) + "]", 900_000},
		"back reference": {strings.Repeat("a", 4_000), "^(.*)%1b", 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			steps := 0
			m := New(c.subject, c.pattern, true, func(n int) {
				if steps += n; steps > 2*c.atLeast {
					panic("enough")
				}
			})
			defer func() {
				if r := recover(); r != nil && r != "enough" {
					panic(r)
				}
				if steps < c.atLeast {
					t.Errorf("%d steps reported, want at least %d", steps, c.atLeast)
				}
			}()
			m.Next(0)
		})
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("hello world", "(%w+) (%w+)")
	f.Add("a(b)c", "%b()%f[%w][^%]-z]*-")
	f.Add("", "[%")
	f.Fuzz(func(t *testing.T, subject, pat string) {
		type tooLong struct{}
		defer func() {
			if r := recover(); r != nil && r != any(tooLong{}) {
				panic(r)
			}
		}()
		steps := 0
		m := New(subject, pat, true, func(n int) {
			if steps += n; steps > 1e6 {
				panic(tooLong{})
			}
		})
		start, end, ok, err := m.Next(0)
		if !ok || err != nil {
			return
		}
		if start < 0 || start > end || end > len(subject) {
			t.Fatalf("match from %d to %d of %d bytes", start, end, len(subject))
		}
		for i := range m.Captures() {
			if c, err := m.Capture(i, start, end); err == nil && (c.Start < start || c.Start > c.End || c.End > end) {
				t.Fatalf("capture %+v of a match from %d to %d", c, start, end)
			}
		}
	})
}
