package syntax

import (
	"fmt"
	"slices"

	"github.com/yuin/gopher-lua/ast"
)

// checker goes over the tree once, in the compiler's order: it bounds depth and
// the compiler's work, refuses what would be compiled wrongly and replaces
// statements where a rewriting helps.
type checker struct {
	maxDepth int
	work     int
	visible  int // variables and blocks the compiler may look through for a name
	fn       *function
	targets  []*target // of all gotos, in the order of their marks
	leads    int       // constructs so far that may compile to a jump in the first place
}

// check is the checker's only entry. Its walk ends by panicking with an
// *Error, which stops here; the walk itself nests no deeper than maxDepth. It
// gives the statements to compile.
func (c *checker) check(chunk []ast.Stmt) (checked []ast.Stmt, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Error:
			err = r
		default:
			err = &Error{Message: "the script cannot be compiled"}
		}
	}()
	return c.function(1, 0, chunk, 0), nil
}

func (c *checker) refuse(line int, message string) {
	panic(&Error{Line: line, Message: message})
}

// deeper gives the depth within a construct that stands at depth.
func (c *checker) deeper(depth, line int) int {
	if depth >= c.maxDepth {
		panic(tooDeep(line, c.maxDepth))
	}
	return depth + 1
}

// function handles a function's body and gives what is to stand in its place.
func (c *checker) function(line, parameters int, body []ast.Stmt, depth int) []ast.Stmt {
	c.fn = &function{parent: c.fn, line: line, constants: map[string]int{}}
	c.enter()
	c.declare(parameters)
	body = c.statements(body, depth, false)
	c.leave()
	c.fn = c.fn.parent
	return body
}

// body handles a block of its own: depth is that of its statements.
func (c *checker) body(list []ast.Stmt, depth int) []ast.Stmt {
	c.enter()
	defer c.leave()
	return c.statements(list, depth, false)
}

// statements handles a list in the current block and gives what is to stand in
// its place. In a repeat loop its variables are in scope behind its end, where
// the condition follows.
func (c *checker) statements(list []ast.Stmt, depth int, conditionFollows bool) []ast.Stmt {
	labelsFrom := len(list) // from here on there are only labels
	labels := 0             // that follow directly; the compiler counts them for every statement
	for i := len(list) - 1; i >= 0; i-- {
		c.spend(labels)
		if _, ok := list[i].(*ast.LabelStmt); !ok {
			labels = 0
			continue
		}
		labels++
		if labelsFrom == i+1 {
			labelsFrom = i
		}
	}
	for i := 0; i < len(list); i++ {
		s := list[i]
		if l, ok := s.(*ast.LabelStmt); ok {
			c.label(l, i >= labelsFrom && !conditionFollows)
			continue
		}
		leads := c.leads
		list[i] = c.place(s, depth)
		if _, behindLabel := before(list, i).(*ast.LabelStmt); c.leads > leads && (i == 0 || behindLabel) {
			list = slices.Insert(list, i, padding(s))
			i++
		}
	}
	return list
}

// before gives the statement before statement i, nil for the first.
func before(list []ast.Stmt, i int) ast.Stmt {
	if i == 0 {
		return nil
	}
	return list[i-1]
}

// place handles a statement and gives what is to stand in its place.
func (c *checker) place(s ast.Stmt, depth int) ast.Stmt {
	if a, ok := s.(*ast.AssignStmt); ok && len(a.Lhs) > maxTargets {
		c.refuse(a.Line(), fmt.Sprintf("an assignment to more than %d variables", maxTargets))
	}
	replaced := rewrite(s)
	if replaced == s {
		c.statement(s, depth)
		return s
	}
	// The parts stand within a block of the rewriting.
	c.enter()
	for _, part := range replaced.(*ast.DoBlockStmt).Stmts {
		c.statement(part, depth)
	}
	c.leave()
	return replaced
}

func (c *checker) statement(s ast.Stmt, depth int) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		c.expressions(s.Lhs, depth)
		c.expressions(s.Rhs, depth)
	case *ast.LocalAssignStmt:
		if recursive(s) {
			c.declare(1)
			c.expressions(s.Exprs, depth)
			return
		}
		c.expressions(s.Exprs, depth)
		c.declare(len(s.Names))
	case *ast.FuncCallStmt:
		c.expression(s.Expr, depth)
	case *ast.DoBlockStmt:
		s.Stmts = c.body(s.Stmts, c.deeper(depth, s.Line()))
	case *ast.WhileStmt:
		c.while(s, depth)
	case *ast.RepeatStmt:
		c.jumps(4)
		c.enter()
		s.Stmts = c.statements(s.Stmts, c.deeper(depth, s.Line()), true)
		if c.condition(s.Condition, depth) && onlyLabels(s.Stmts) {
			s.Stmts = append(s.Stmts, padding(s))
		}
		c.leave()
	case *ast.IfStmt:
		c.ifs(s, depth)
	case *ast.NumberForStmt:
		c.jumps(1)
		c.enter()
		c.declare(3)
		c.expression(s.Init, depth)
		c.expression(s.Limit, depth)
		if s.Step != nil {
			c.expression(s.Step, depth)
		}
		c.declare(1)
		s.Stmts = c.statements(s.Stmts, c.deeper(depth, s.Line()), false)
		c.leave()
	case *ast.GenericForStmt:
		c.jumps(3)
		c.enter()
		c.declare(3)
		c.expressions(s.Exprs, depth)
		c.declare(len(s.Names))
		s.Stmts = c.statements(s.Stmts, c.deeper(depth, s.Line()), false)
		c.leave()
	case *ast.FuncDefStmt:
		c.definition(s, depth)
	case *ast.ReturnStmt:
		c.expressions(s.Exprs, depth)
	case *ast.BreakStmt:
		c.leads++
	case *ast.GotoStmt:
		c.registerGoto(s)
	}
}

// while handles a loop whose condition may begin with a jump by moving the
// condition into the body.
func (c *checker) while(s *ast.WhileStmt, depth int) {
	c.jumps(6)
	leads := c.condition(s.Condition, depth)
	body := c.body(s.Stmts, c.deeper(depth, s.Line()))
	if leads && !alwaysTrue(s.Condition) {
		body = append([]ast.Stmt{padding(s), unless(s, s.Condition)}, body...)
		s.Condition = &ast.TrueExpr{}
		s.Condition.SetLine(s.Line())
	}
	s.Stmts = body
}

// condition handles what a branch depends on and tells whether its code may
// begin with a jump.
func (c *checker) condition(e ast.Expr, depth int) (leads bool) {
	before := c.leads
	if isConstant(e) {
		c.leads++
	}
	c.expression(e, depth)
	return c.leads > before
}

// recursive reports whether the variable is in scope in its own value: the
// compiler makes no difference between local function f and local f = function.
func recursive(s *ast.LocalAssignStmt) bool {
	if len(s.Names) != 1 || len(s.Exprs) != 1 {
		return false
	}
	_, ok := s.Exprs[0].(*ast.FunctionExpr)
	return ok
}

// ifs handles an if with all its elseifs, which the tree nests in each other.
func (c *checker) ifs(s *ast.IfStmt, depth int) {
	links := 0
	for {
		c.jumps(3)
		c.condition(s.Condition, depth)
		s.Then = c.body(s.Then, c.deeper(depth, s.Line()))
		if len(s.Else) == 0 {
			break
		}
		next, ok := s.Else[0].(*ast.IfStmt)
		if !ok || len(s.Else) > 1 {
			s.Else = c.body(s.Else, c.deeper(depth, s.Line()))
			break
		}
		if links++; links > maxChain {
			panic(tooLongChain(next.Line()))
		}
		c.enter() // the compiler nests them too
		s = next
	}
	for range links {
		c.leave()
	}
}

func (c *checker) definition(s *ast.FuncDefStmt, depth int) {
	parameters := len(s.Func.ParList.Names)
	if s.Name.Func != nil {
		c.expression(s.Name.Func, depth)
	} else {
		c.expression(s.Name.Receiver, depth)
		c.constant("s", s.Name.Method)
		parameters++ // self
	}
	s.Func.Stmts = c.function(s.Func.Line(), parameters, s.Func.Stmts, c.deeper(depth, s.Func.Line()))
}
