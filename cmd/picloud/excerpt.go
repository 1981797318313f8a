package main

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// excerptWidth is how many characters of a long line are shown.
const excerptWidth = 100

// excerpt shows a line of a script, the one before it, and a caret under the
// place that detail, the compiler's message, is about; "" if there is no such line.
func excerpt(source string, line int, detail string, p palette) string {
	lines := strings.Split(source, "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	digits := len(fmt.Sprint(line))
	var b strings.Builder
	show := func(n int, text string) {
		fmt.Fprintf(&b, "%s %s\n", p.paint(faint, fmt.Sprintf("  %*d |", digits, n)), text)
	}
	if line > 1 {
		before, _ := window(lines[line-2], 0)
		show(line-1, before)
	}
	text, at := window(lines[line-1], place(lines[line-1], detail))
	show(line, text)
	// a tab stays one, so that the caret stands below its place
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string([]rune(text)[:at]))
	fmt.Fprintf(&b, "%s %s%s\n", p.paint(faint, fmt.Sprintf("  %*s |", digits, "")), indent, p.paint(red, "^"))
	return b.String()
}

// near finds in a compiler's message the token it stopped at.
var near = regexp.MustCompile(`near '(.+)'$`)

// place is the number of characters before the one a message is about: the token
// it names, if that is in the line once, else the first that is not blank.
func place(line, detail string) int {
	if m := near.FindStringSubmatch(detail); m != nil {
		token := strings.TrimSuffix(m[1], "...") // the compiler's cut of a long one
		if at := tokenIndex(line, token); at >= 0 {
			return len([]rune(line[:at]))
		}
	}
	blank := len(line) - len(strings.TrimLeftFunc(line, unicode.IsSpace))
	if blank == len(line) {
		return 0
	}
	return len([]rune(line[:blank]))
}

// tokenIndex finds the one place of a token in a line, -1 if there is none or
// another: within a longer word it is not a token.
func tokenIndex(line, token string) int {
	found := -1
	for from := 0; ; {
		i := strings.Index(line[from:], token)
		if i < 0 {
			return found
		}
		at := from + i
		end := at + len(token)
		inWord := at > 0 && isWord(line[at-1]) && isWord(token[0]) ||
			end < len(line) && isWord(line[end]) && isWord(token[len(token)-1])
		if !inWord {
			if found >= 0 {
				return -1
			}
			found = at
		}
		from = at + 1
	}
}

func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}

// window cuts a long line down to what is around the place, and says where the
// place is in it.
func window(line string, at int) (string, int) {
	runes := []rune(harmless(strings.TrimRight(line, "\r")))
	at = min(at, len(runes))
	if len(runes) <= excerptWidth {
		return string(runes), at
	}
	begin := max(0, min(at-excerptWidth/2, len(runes)-excerptWidth))
	end := min(len(runes), begin+excerptWidth)
	text := string(runes[begin:end])
	if begin > 0 {
		text, at = "…"+text, at+1
	}
	if end < len(runes) {
		text += "…"
	}
	return text, at - begin
}
