package lua

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"picloud/limits"
	"picloud/worker/wire"
)

// What gopher-lua compiles wrongly, or far too slowly, is refused.
const (
	maxCode     = 1<<17 - 1 // instructions of one function; jumps reach no further
	maxUpvalues = 255       // of one function
)

// refusal says why a source does not become a program.
type refusal struct {
	line    int
	message string
	depth   bool // max_expr_depth was the reason
}

// result is what a refusal means for a job: a source that nests too deep is
// invalid when it is checked, and reaches a limit when it is run.
func (r *refusal) result(purpose wire.Purpose) *wire.Result {
	if r.depth && purpose == wire.Run {
		return &wire.Result{Status: wire.StatusLimitExceeded, Limit: limits.MaxExprDepth}
	}
	return &wire.Result{
		Status:  wire.StatusInvalidScript,
		Message: clip(r.message, wire.MaxMessage),
		Line:    min(max(r.line, 0), wire.MaxSource),
	}
}

func tooDeep(line, limit int) *refusal {
	return &refusal{
		line: line, depth: true,
		message: fmt.Sprintf("expressions and blocks nest deeper than max_expr_depth allows (%d)", limit),
	}
}

// compile makes a program of a source whose tokens and syntax tree nest at most
// depth levels.
func compile(source string, depth int) (program *lua.FunctionProto, refused *refusal) {
	nesting, refused := checkTokens(source, depth)
	if refused != nil {
		return nil, refused
	}
	chunk, err := parse.Parse(strings.NewReader(source), chunkName)
	if err != nil {
		return nil, nesting.explain(err)
	}
	if refused := checkTree(chunk, depth); refused != nil {
		return nil, refused
	}
	rewriteBlock(chunk)
	return generate(chunk)
}

// generate compiles a tree. A panic in there comes from a program outside of
// what gopher-lua can express.
func generate(chunk []ast.Stmt) (program *lua.FunctionProto, refused *refusal) {
	defer func() {
		if recover() != nil {
			program, refused = nil, &refusal{message: "the script is beyond what the compiler can do"}
		}
	}()
	program, err := lua.Compile(chunk, chunkName)
	if err != nil {
		if e, ok := errors.AsType[*lua.CompileError](err); ok {
			return nil, &refusal{line: e.Line, message: e.Message}
		}
		return nil, &refusal{message: "the script does not compile"}
	}
	if refused := checkCode(program); refused != nil {
		return nil, refused
	}
	return program, nil
}

func checkCode(p *lua.FunctionProto) *refusal {
	if len(p.DbgUpvalues) > maxUpvalues {
		return &refusal{line: p.LineDefined, message: fmt.Sprintf("a function uses more than %d outer local variables", maxUpvalues)}
	}
	if len(p.Code) > maxCode {
		return &refusal{line: p.LineDefined, message: "a function is too long"}
	}
	for _, inner := range p.FunctionPrototypes {
		if refused := checkCode(inner); refused != nil {
			return refused
		}
	}
	return nil
}
