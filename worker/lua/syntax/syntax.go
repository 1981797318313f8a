// Package syntax turns a script's source into code for gopher-lua's VM, for
// source that cannot be trusted.
//
// It promises that whatever Compile accepts is compiled rightly and within
// bounds: nesting is at most as deep as asked for, the compiler's work is bounded
// however the source is built, and the constructs that gopher-lua 1.1.2 is known
// to compile wrongly, or to hang or crash on, are rewritten or refused. It never
// panics, runs nothing and keeps no state. It fails with an *Error, which
// names the line.
//
// Depth counts the constructs that enclose each other on the way to the
// innermost one: brackets, blocks, function bodies, tables, calls, index and
// operator expressions. A chain, such as a + b + c, a .. b .. c, a.b.c or
// if-elseif, is one construct.
package syntax

import (
	"errors"
	"fmt"
	"strings"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// Bounds on what gopher-lua can compile, besides the depth the caller sets.
const (
	// maxChain is how many links a chain may have; compiling one takes time
	// that grows with the square.
	maxChain = 500

	// maxTargets is how many variables one assignment may set. From 512 on
	// gopher-lua sets the wrong ones; it has 200 registers.
	maxTargets = 200

	// maxItems is how many items without a key a table constructor may have.
	// gopher-lua numbers lists of 50 in 9 bits; one number is for what a call at
	// the end gives.
	maxItems = 510 * 50

	// maxCode is how many instructions a function may have: the largest
	// distance a jump can bridge.
	maxCode = 1<<17 - 1

	// maxJumps is how many places a function may jump to; gopher-lua keeps
	// their numbers in the same field as that distance.
	maxJumps = 100_000

	// maxUpvalues is how many variables of enclosing functions a function may
	// use: gopher-lua keeps their number in one byte.
	maxUpvalues = 255

	// maxWork bounds how often the compiler compares one name or constant with
	// another; it looks them up by going through lists. That many
	// comparisons take some tenths of a second.
	maxWork = 100_000_000
)

// Error says why source was refused.
type Error struct {
	Line    int    // 1 is the first; 0 if it cannot be told
	Message string // what is wrong, without the line
	TooDeep bool   // the source nests deeper than allowed, nothing else
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Compile compiles a chunk. The name stands before the line in the messages of
// run-time errors. It expects glua.CompatVarArg to be false.
func Compile(source, name string, maxDepth int) (*glua.FunctionProto, error) {
	if err := scan(source, maxDepth); err != nil {
		return nil, err
	}
	chunk, err := parse.Parse(strings.NewReader(source), name)
	if err != nil {
		return nil, parseError(err, source)
	}
	c := &checker{maxDepth: maxDepth}
	if chunk, err = c.check(chunk); err != nil {
		return nil, err
	}
	proto, err := generate(func() (*glua.FunctionProto, error) { return glua.Compile(chunk, name) })
	if err != nil {
		return nil, err
	}
	if err := inspect(proto); err != nil {
		return nil, err
	}
	c.patchGotos(proto)
	patchLists(proto)
	return proto, nil
}

// generate runs gopher-lua's code generator, which panics on what it does not expect.
func generate(compile func() (*glua.FunctionProto, error)) (proto *glua.FunctionProto, err error) {
	defer func() {
		if recover() != nil {
			proto, err = nil, &Error{Message: "the script cannot be compiled"}
		}
	}()
	proto, err = compile()
	if ce, ok := errors.AsType[*glua.CompileError](err); ok {
		return nil, &Error{Line: max(ce.Line, 1), Message: ce.Message}
	}
	return proto, err
}

// inspect refuses code that gopher-lua generates wrongly without noticing.
func inspect(p *glua.FunctionProto) error {
	if len(p.Code) > maxCode {
		return &Error{Line: max(p.LineDefined, 1), Message: fmt.Sprintf(
			"the function that begins here compiles to %d instructions; at most %d are possible", len(p.Code), maxCode)}
	}
	if n := len(p.DbgUpvalues); n > maxUpvalues {
		return &Error{Line: max(p.LineDefined, 1), Message: fmt.Sprintf(
			"the function that begins here uses %d variables of the functions around it; at most %d are possible", n, maxUpvalues)}
	}
	for _, child := range p.FunctionPrototypes {
		if err := inspect(child); err != nil {
			return err
		}
	}
	return nil
}

// parseError says what was expected where the source breaks the grammar, or else
// what gopher-lua's parser says.
func parseError(err error, source string) *Error {
	pe, ok := errors.AsType[*parse.Error](err)
	if !ok {
		return &Error{Message: "the script cannot be parsed"}
	}
	message := strings.TrimSpace(pe.Message)
	if message == "syntax error" || message == "parse error" {
		if e := diagnose(source); e != nil {
			return e
		}
	}
	if pe.Pos.Line < 0 {
		return &Error{Line: lines(source), Message: message + " at the end of the script"}
	}
	if pe.Token != "" {
		message += fmt.Sprintf(" near '%s'", shorten(pe.Token))
	}
	return &Error{Line: pe.Pos.Line, Message: message}
}

// lines is the number of the last line that is not empty.
func lines(source string) int {
	source = strings.TrimRight(source, "\r\n")
	return 1 + strings.Count(source, "\n")
}

// shorten keeps a quoted piece of source readable.
func shorten(s string) string {
	const most = 40
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
