package lua

import (
	"errors"
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/parse"
)

// nesting is what a source's tokens tell about its brackets and blocks. It
// explains what the parser, which only says "syntax error", was waiting for.
type nesting struct {
	open  []opener // not closed where the tokens ended or a closing one did not fit
	lines int
}

type opener struct {
	kind int
	line int
}

// checkTokens bounds the nesting of brackets and blocks before the parser sees
// the source: parentheses leave nothing in the tree. A token that cannot be
// read ends the look without a refusal; the parser will say so.
func checkTokens(source string, depth int) (*nesting, *refusal) {
	n := &nesting{lines: 1 + strings.Count(strings.TrimRight(source, "\n"), "\n")}
	scanner, lexer := parse.NewScanner(strings.NewReader(source), chunkName), &parse.Lexer{}
	level := 0
	broken := false
	for {
		token, err := scanner.Scan(lexer)
		if err != nil || token.Type < 0 {
			return n, nil
		}
		lexer.PrevTokenType = token.Type
		switch token.Type {
		case '(', '{', '[', parse.TFunction, parse.TDo, parse.TThen, parse.TRepeat:
			if level++; level > depth {
				return nil, tooDeep(token.Pos.Line, depth)
			}
			if !broken {
				n.open = append(n.open, opener{token.Type, token.Pos.Line})
			}
		case ')', '}', ']', parse.TEnd, parse.TUntil, parse.TElseIf:
			level--
			if last := len(n.open) - 1; !broken && last >= 0 && closes(n.open[last].kind, token.Type) {
				n.open = n.open[:last]
			} else {
				broken = true
			}
		}
	}
}

func closes(open, token int) bool {
	switch open {
	case '(':
		return token == ')'
	case '{':
		return token == '}'
	case '[':
		return token == ']'
	case parse.TRepeat:
		return token == parse.TUntil
	case parse.TThen:
		return token == parse.TEnd || token == parse.TElseIf
	}
	return token == parse.TEnd
}

// expected names what closes an opener.
func (o opener) expected() string {
	name, closer := "", "'end'"
	switch o.kind {
	case '(', '{', '[':
		name = string(rune(o.kind))
		closer = map[int]string{'(': "')'", '{': "'}'", '[': "']'"}[o.kind]
	case parse.TRepeat:
		name, closer = "repeat", "'until'"
	case parse.TThen:
		name = "then"
	case parse.TDo:
		name = "do"
	case parse.TFunction:
		name = "function"
	}
	return fmt.Sprintf("%s expected to close '%s' of line %d", closer, name, o.line)
}

// explain puts the parser's error into words.
func (n *nesting) explain(err error) *refusal {
	e, ok := errors.AsType[*parse.Error](err)
	if !ok {
		return &refusal{message: "syntax error"}
	}
	atEnd := e.Pos.Line == parse.EOF
	line := e.Pos.Line
	if atEnd {
		line = n.lines
	}
	if e.Message != "syntax error" {
		return &refusal{line: line, message: fmt.Sprintf("%s near '%s'", strings.ToLower(e.Message), cutText(e.Token, 80))}
	}
	var unclosed string
	if len(n.open) > 0 {
		unclosed = n.open[len(n.open)-1].expected()
	}
	switch {
	case atEnd && unclosed != "":
		return &refusal{line: line, message: unclosed + ", but the script ends"}
	case atEnd:
		return &refusal{line: line, message: "an expression or a statement expected, but the script ends"}
	case isCloser(e.Token) && unclosed != "":
		return &refusal{line: line, message: fmt.Sprintf("%s, found '%s'", unclosed, e.Token)}
	case isCloser(e.Token):
		return &refusal{line: line, message: fmt.Sprintf("an expression, a statement or the end of the script expected, found '%s'", e.Token)}
	}
	return &refusal{line: line, message: fmt.Sprintf("unexpected '%s': an expression, an operator or a statement expected", cutText(e.Token, 80))}
}

func isCloser(token string) bool {
	switch token {
	case ")", "}", "]", "end", "until", "else", "elseif":
		return true
	}
	return false
}
