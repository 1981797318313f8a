package lua

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// What the compiler cannot do right, or not in decent time.
const (
	maxConstants    = 10_000 // different ones in a script: each is looked for among all before it
	maxJumps        = 1_000  // labels and gotos: each is looked for among all
	maxElseIfs      = 500    // in one chain: the compiler nests them
	maxTargets      = 200    // of one assignment
	maxListed       = 25_000 // items without a key in one table constructor
	maxAllConstants = 60_000 // mentions of constants in a script
)

// treeCheck walks a syntax tree up to the allowed depth. A level is a
// statement or an expression within another; an elseif stands beside its if.
type treeCheck struct {
	limit     int
	constants map[string]struct{}
	mentions  int
	jumps     int
	refused   *refusal
}

func checkTree(chunk []ast.Stmt, limit int) *refusal {
	c := &treeCheck{limit: limit, constants: map[string]struct{}{}}
	c.block(chunk, 0)
	return c.refused
}

func (c *treeCheck) refuse(at ast.PositionHolder, format string, args ...any) {
	if c.refused == nil {
		c.refused = &refusal{line: at.Line(), message: fmt.Sprintf(format, args...)}
	}
}

// enter says whether a node depth levels down is allowed.
func (c *treeCheck) enter(at ast.PositionHolder, depth int) bool {
	if depth > c.limit && c.refused == nil {
		c.refused = tooDeep(at.Line(), c.limit)
	}
	return c.refused == nil
}

func (c *treeCheck) constant(at ast.PositionHolder, text string) {
	c.constants[text] = struct{}{}
	if c.mentions++; len(c.constants) > maxConstants || c.mentions > maxAllConstants {
		c.refuse(at, "more than %d different names and constants, or %d in all", maxConstants, maxAllConstants)
	}
}

func (c *treeCheck) block(statements []ast.Stmt, depth int) {
	for _, s := range statements {
		c.statement(s, depth+1)
	}
}

func (c *treeCheck) expressions(list []ast.Expr, depth int) {
	for _, e := range list {
		c.expression(e, depth)
	}
}

func (c *treeCheck) statement(s ast.Stmt, depth int) {
	if !c.enter(s, depth) {
		return
	}
	below := depth + 1
	switch x := s.(type) {
	case *ast.AssignStmt:
		if len(x.Lhs) > maxTargets {
			c.refuse(x, "more than %d targets in one assignment", maxTargets)
		}
		c.expressions(x.Lhs, below)
		c.expressions(x.Rhs, below)
	case *ast.LocalAssignStmt:
		c.expressions(x.Exprs, below)
	case *ast.FuncCallStmt:
		c.expression(x.Expr, below)
	case *ast.DoBlockStmt:
		c.block(x.Stmts, depth)
	case *ast.WhileStmt:
		c.expression(x.Condition, below)
		c.block(x.Stmts, depth)
	case *ast.RepeatStmt:
		c.block(x.Stmts, depth)
		c.expression(x.Condition, below)
	case *ast.IfStmt:
		c.chain(x, depth)
	case *ast.NumberForStmt:
		c.expressions([]ast.Expr{x.Init, x.Limit}, below)
		if x.Step != nil {
			c.expression(x.Step, below)
		}
		c.block(x.Stmts, depth)
	case *ast.GenericForStmt:
		c.expressions(x.Exprs, below)
		c.block(x.Stmts, depth)
	case *ast.FuncDefStmt:
		if x.Name.Func != nil {
			c.expression(x.Name.Func, below)
		} else {
			c.expression(x.Name.Receiver, below)
			c.constant(x, x.Name.Method)
		}
		c.expression(x.Func, below)
	case *ast.ReturnStmt:
		c.expressions(x.Exprs, below)
	case *ast.LabelStmt, *ast.GotoStmt:
		if c.jumps++; c.jumps > maxJumps {
			c.refuse(s, "more than %d labels and gotos", maxJumps)
		}
	}
}

// chain walks an if with its elseifs, which the parser nests in the else
// branches.
func (c *treeCheck) chain(x *ast.IfStmt, depth int) {
	for n := 0; c.refused == nil; n++ {
		if n > maxElseIfs {
			c.refuse(x, "more than %d branches in one if", maxElseIfs)
			return
		}
		c.expression(x.Condition, depth+1)
		c.block(x.Then, depth)
		if len(x.Else) == 1 {
			if next, ok := x.Else[0].(*ast.IfStmt); ok {
				x = next
				continue
			}
		}
		c.block(x.Else, depth)
		return
	}
}

func (c *treeCheck) expression(e ast.Expr, depth int) {
	if !c.enter(e, depth) {
		return
	}
	below := depth + 1
	switch x := e.(type) {
	case *ast.NumberExpr:
		c.constant(x, x.Value)
	case *ast.StringExpr:
		c.constant(x, x.Value)
	case *ast.IdentExpr:
		c.constant(x, x.Value)
	case *ast.AttrGetExpr:
		c.expressions([]ast.Expr{x.Object, x.Key}, below)
	case *ast.TableExpr:
		c.constructor(x, below)
	case *ast.FuncCallExpr:
		if x.Func != nil {
			c.expression(x.Func, below)
		} else {
			c.expression(x.Receiver, below)
			c.constant(x, x.Method)
		}
		c.expressions(x.Args, below)
	case *ast.LogicalOpExpr:
		c.expressions([]ast.Expr{x.Lhs, x.Rhs}, below)
	case *ast.RelationalOpExpr:
		c.expressions([]ast.Expr{x.Lhs, x.Rhs}, below)
	case *ast.StringConcatOpExpr:
		c.expressions([]ast.Expr{x.Lhs, x.Rhs}, below)
	case *ast.ArithmeticOpExpr:
		c.expressions([]ast.Expr{x.Lhs, x.Rhs}, below)
	case *ast.UnaryMinusOpExpr:
		c.expression(x.Expr, below)
	case *ast.UnaryNotOpExpr:
		c.expression(x.Expr, below)
	case *ast.UnaryLenOpExpr:
		c.expression(x.Expr, below)
	case *ast.FunctionExpr:
		c.block(x.Stmts, depth)
	}
}

func (c *treeCheck) constructor(x *ast.TableExpr, depth int) {
	listed := 0
	for _, f := range x.Fields {
		if f.Key == nil {
			listed++
		} else {
			c.expression(f.Key, depth)
		}
		c.expression(f.Value, depth)
	}
	if listed > maxListed {
		c.refuse(x, "more than %d items in one table constructor", maxListed)
	}
}
