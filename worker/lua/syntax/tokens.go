package syntax

import (
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/parse"
)

// opener is a bracket or a block that has begun.
type opener struct {
	level int // 0 for the brackets of a parameter list, which are none of their own
	chain int // operators so far that wait for their right side
}

// scan goes over the tokens, before the parser does: parentheses leave no trace
// in the tree, and the parser's stack grows with what is open. It bounds the
// nesting of brackets and blocks and the length of operator chains, and refuses
// malformed numbers. Any other error is left for the parser to report.
func scan(source string, maxDepth int) error {
	scanner := parse.NewScanner(strings.NewReader(source), "")
	lexer := &parse.Lexer{}
	stack := make([]opener, 1, 16) // the chunk itself is at the bottom
	parameters := false            // the next bracket opens a parameter list
	depth := 0
	for {
		token, err := scanner.Scan(lexer)
		if err != nil || token.Type == parse.EOF {
			return nil
		}
		lexer.PrevTokenType = token.Type
		line := token.Pos.Line
		top := &stack[len(stack)-1]
		begins := false
		switch token.Type {
		case parse.TNumber:
			if _, err := canonicalNumber(token.Str); err != nil {
				return &Error{Line: line, Message: fmt.Sprintf("malformed number near '%s'", shorten(token.Str))}
			}
		case '(', '[', '{':
			begins = true
		case parse.TFunction, parse.TRepeat, parse.TThen, parse.TDo:
			begins = true
		case parse.TIf, parse.TWhile, parse.TFor:
			top.chain = 0
		case ')', ']', '}', parse.TEnd, parse.TUntil, parse.TElseIf:
			if len(stack) > 1 {
				depth -= top.level
				stack = stack[:len(stack)-1]
			}
		case parse.T2Comma, '^', '-', '#', parse.TNot:
			if top.chain++; top.chain > maxChain {
				return tooLongChain(line)
			}
		case ',', ';', '=', parse.TAnd, parse.TOr, '<', '>', parse.TLte, parse.TGte, parse.TEqeq, parse.TNeq,
			parse.TReturn, parse.TLocal, parse.TElse, parse.TGoto, parse.TBreak, parse.TIn:
			top.chain = 0
		}
		if !begins {
			continue
		}
		o := opener{level: 1}
		switch token.Type {
		case parse.TFunction:
			parameters = true
		case '(':
			if parameters {
				o.level, parameters = 0, false
			}
		}
		if depth += o.level; depth > maxDepth {
			return tooDeep(line, maxDepth)
		}
		stack = append(stack, o)
	}
}

func tooDeep(line, maxDepth int) *Error {
	return &Error{Line: line, TooDeep: true,
		Message: fmt.Sprintf("expressions and blocks are nested deeper than max_expr_depth, which is %d levels", maxDepth)}
}

func tooLongChain(line int) *Error {
	return &Error{Line: line, Message: fmt.Sprintf("a chain of more than %d operators, calls or elseifs", maxChain)}
}
