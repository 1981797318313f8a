package syntax

import (
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// diagnosis goes over source that gopher-lua's parser has refused, to say what
// was expected at the place where the grammar is first broken; the parser only
// says where. It knows the same grammar, builds nothing, and nests no deeper
// than scan has allowed.
type diagnosis struct {
	scanner *parse.Scanner
	lexer   parse.Lexer
	token   ast.Token
	read    int // tokens so far
	end     int // line of the source's end
}

// unreadable ends a diagnosis at a token that is none: the parser has a better
// message for that.
type unreadable struct{}

// diagnose gives nil if it finds nothing wrong.
func diagnose(source string) (found *Error) {
	d := &diagnosis{scanner: parse.NewScanner(strings.NewReader(source), ""), end: lines(source)}
	defer func() {
		switch r := recover().(type) {
		case nil, unreadable:
		case *Error:
			found = r
		default:
			panic(r)
		}
	}()
	d.next()
	d.block()
	if d.token.Type != parse.EOF {
		d.fail("the end of the script expected")
	}
	return nil
}

func (d *diagnosis) next() {
	token, err := d.scanner.Scan(&d.lexer)
	if err != nil {
		panic(unreadable{})
	}
	d.lexer.PrevTokenType = token.Type
	d.token = token
	d.read++
}

func (d *diagnosis) fail(message string) {
	if d.token.Type == parse.EOF {
		panic(&Error{Line: d.end, Message: message + " before the end of the script"})
	}
	panic(&Error{Line: d.token.Pos.Line, Message: fmt.Sprintf("%s near '%s'", message, shorten(d.token.Str))})
}

// accept goes on if the token is of this type.
func (d *diagnosis) accept(kind int) bool {
	if d.token.Type != kind {
		return false
	}
	d.next()
	return true
}

func (d *diagnosis) expect(kind int, what string) {
	if !d.accept(kind) {
		d.fail(what + " expected")
	}
}

func (d *diagnosis) name() { d.expect(parse.TIdent, "a name") }

// close expects what closes the construct that opened with a token.
func (d *diagnosis) close(kind int, what string, opened ast.Token) {
	if d.token.Type == kind {
		d.next()
		return
	}
	if opened.Pos.Line == d.token.Pos.Line && d.token.Type != parse.EOF {
		d.fail(fmt.Sprintf("'%s' expected", what))
	}
	d.fail(fmt.Sprintf("'%s' expected to close '%s' at line %d", what, opened.Str, opened.Pos.Line))
}

func (d *diagnosis) block() {
	for {
		switch d.token.Type {
		case parse.EOF, parse.TEnd, parse.TElse, parse.TElseIf, parse.TUntil:
			return
		case ';':
			d.next()
		case parse.TReturn:
			d.next()
			switch d.token.Type {
			case parse.EOF, parse.TEnd, parse.TElse, parse.TElseIf, parse.TUntil, ';':
			default:
				d.expressions()
			}
			d.accept(';')
			return
		case parse.TBreak:
			d.next()
			d.accept(';')
			return
		default:
			d.statement()
		}
	}
}

func (d *diagnosis) statement() {
	opened := d.token
	switch opened.Type {
	case parse.TDo:
		d.next()
		d.block()
		d.close(parse.TEnd, "end", opened)
	case parse.TWhile:
		d.next()
		d.expression()
		d.expect(parse.TDo, "'do'")
		d.block()
		d.close(parse.TEnd, "end", opened)
	case parse.TRepeat:
		d.next()
		d.block()
		d.close(parse.TUntil, "until", opened)
		d.expression()
	case parse.TIf:
		d.conditional(opened)
	case parse.TFor:
		d.loop(opened)
	case parse.TFunction:
		d.next()
		d.name()
		for d.accept('.') {
			d.name()
		}
		if d.accept(':') {
			d.name()
		}
		d.body(opened)
	case parse.TLocal:
		d.local()
	case parse.T2Colon:
		d.next()
		d.name()
		d.expect(parse.T2Colon, "'::'")
	case parse.TGoto:
		d.next()
		d.name()
	case parse.TIdent, '(':
		d.assignmentOrCall()
	default:
		d.fail("a statement expected")
	}
}

func (d *diagnosis) conditional(opened ast.Token) {
	d.next()
	d.expression()
	d.expect(parse.TThen, "'then'")
	d.block()
	for d.accept(parse.TElseIf) {
		d.expression()
		d.expect(parse.TThen, "'then'")
		d.block()
	}
	if d.accept(parse.TElse) {
		d.block()
	}
	d.close(parse.TEnd, "end", opened)
}

func (d *diagnosis) loop(opened ast.Token) {
	d.next()
	d.name()
	if d.accept('=') {
		d.expression()
		d.expect(',', "','")
		d.expression()
		if d.accept(',') {
			d.expression()
		}
	} else {
		for d.accept(',') {
			d.name()
		}
		d.expect(parse.TIn, "'=' or 'in'")
		d.expressions()
	}
	d.expect(parse.TDo, "'do'")
	d.block()
	d.close(parse.TEnd, "end", opened)
}

func (d *diagnosis) local() {
	d.next()
	if opened := d.token; d.accept(parse.TFunction) {
		d.name()
		d.body(opened)
		return
	}
	d.name()
	for d.accept(',') {
		d.name()
	}
	if d.accept('=') {
		d.expressions()
	}
}

// body is a function's parameters and statements.
func (d *diagnosis) body(opened ast.Token) {
	bracket := d.token
	d.expect('(', "'('")
	for d.token.Type != ')' {
		if d.accept(parse.T3Comma) {
			break
		}
		d.name()
		if !d.accept(',') {
			break
		}
		if d.token.Type == ')' {
			d.fail("a name expected")
		}
	}
	d.close(')', ")", bracket)
	d.block()
	d.close(parse.TEnd, "end", opened)
}

func (d *diagnosis) assignmentOrCall() {
	call := d.suffixed()
	if call && d.token.Type != ',' && d.token.Type != '=' {
		return
	}
	for {
		if call {
			d.fail("a call cannot be assigned to")
		}
		if !d.accept(',') {
			break
		}
		call = d.suffixed()
	}
	d.expect('=', "'='")
	d.expressions()
}

func (d *diagnosis) expressions() {
	d.expression()
	for d.accept(',') {
		d.expression()
	}
}

// expression needs no precedence: only the order of operators and operands can
// be wrong. It tells whether the expression is just a call.
func (d *diagnosis) expression() (call bool) {
	for operators := 0; ; operators++ {
		for d.token.Type == '-' || d.token.Type == '#' || d.token.Type == parse.TNot {
			operators++
			d.next()
		}
		call = d.operand() && operators == 0
		switch d.token.Type {
		case '+', '-', '*', '/', '%', '^', '<', '>', parse.TLte, parse.TGte, parse.TEqeq, parse.TNeq,
			parse.T2Comma, parse.TAnd, parse.TOr:
			d.next()
		default:
			return call
		}
	}
}

func (d *diagnosis) operand() (call bool) {
	opened := d.token
	switch opened.Type {
	case parse.TNumber, parse.TString, parse.TNil, parse.TTrue, parse.TFalse, parse.T3Comma:
		d.next()
	case '{':
		d.table()
	case parse.TFunction:
		d.next()
		d.body(opened)
	case parse.TIdent, '(':
		call = d.suffixed()
	default:
		d.fail("an expression expected")
	}
	return call
}

// suffixed is a name or an expression in parentheses with what is applied to
// it, and tells whether that ends with a call.
func (d *diagnosis) suffixed() (call bool) {
	opened := d.token
	switch {
	case d.accept('('):
		call = d.expression() // (f()) is a statement to gopher-lua
		d.close(')', ")", opened)
	case d.accept(parse.TIdent):
	default:
		d.fail("a name expected")
	}
	for {
		switch opened := d.token; opened.Type {
		case '.':
			d.next()
			d.name()
			call = false
		case '[':
			d.next()
			d.expression()
			d.close(']', "]", opened)
			call = false
		case ':':
			d.next()
			d.name()
			if d.token.Type != '(' && d.token.Type != '{' && d.token.Type != parse.TString {
				d.fail("the arguments of a method call expected")
			}
			d.arguments()
			call = true
		case '(', '{', parse.TString:
			d.arguments()
			call = true
		default:
			return call
		}
	}
}

func (d *diagnosis) arguments() {
	opened := d.token
	switch opened.Type {
	case parse.TString:
		d.next()
	case '{':
		d.table()
	default:
		d.next()
		if d.token.Type != ')' && d.token.Type != parse.EOF {
			d.expressions()
		}
		d.close(')', ")", opened)
	}
}

func (d *diagnosis) table() {
	opened := d.token
	d.next()
	for d.token.Type != '}' && d.token.Type != parse.EOF {
		switch bracket := d.token; bracket.Type {
		case '[':
			d.next()
			d.expression()
			d.close(']', "]", bracket)
			d.expect('=', "'='")
			d.expression()
		default:
			before := d.read
			d.expression()
			if name := bracket.Type == parse.TIdent && d.read == before+1; name && d.accept('=') {
				d.expression()
			}
		}
		if d.token.Type != ',' && d.token.Type != ';' {
			break
		}
		for d.accept(',') || d.accept(';') {
			continue // gopher-lua takes several
		}
	}
	d.close('}', "}", opened)
}
