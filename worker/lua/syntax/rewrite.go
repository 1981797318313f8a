package syntax

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// rewrite replaces a statement that gopher-lua 1.1.2 compiles wrongly by a block
// that does the same: the values go through fresh local variables, so that
// nothing is overwritten that is still needed. The statement itself is
// returned if it is fine.
//
// What goes wrong otherwise: with local variables on the left, a, b = b, a
// sets a before it reads it; a = t.x and 1 keeps the old a where t.x is nil;
// a = (f()) and a, b = ..., 1 use the registers of the variables above; and in
// the list of a generic for, calls and operators on the results of calls
// overlap.
func rewrite(s ast.Stmt) ast.Stmt {
	switch s := s.(type) {
	case *ast.AssignStmt:
		if len(s.Lhs) > 1 || len(s.Rhs) > 1 || needsRegister(s.Rhs[0]) {
			return rewriteAssignment(s)
		}
	case *ast.GenericForStmt:
		return rewriteFor(s)
	}
	return s
}

// needsRegister reports whether the value e must be made in a fresh register.
func needsRegister(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.LogicalOpExpr:
		return true
	case *ast.FuncCallExpr:
		return e.AdjustRet // a call in parentheses
	case *ast.Comma3Expr:
		return e.AdjustRet
	}
	return false
}

// rewriteAssignment evaluates the left side's tables and keys, then the values,
// and sets from right to left, which is Lua's own order.
func rewriteAssignment(s *ast.AssignStmt) ast.Stmt {
	b := newRewriting(s, "v")
	targets := make([]ast.Expr, len(s.Lhs))
	for i, e := range s.Lhs {
		targets[i] = e
		if a, ok := e.(*ast.AttrGetExpr); ok {
			copied := &ast.AttrGetExpr{Object: b.first(a.Object, len(s.Lhs)), Key: b.first(a.Key, len(s.Lhs))}
			copied.SetLine(a.Line())
			targets[i] = copied
		}
	}
	values := b.locals(max(len(s.Lhs), len(s.Rhs)), s.Rhs...)
	b.add(values)
	for i := len(targets) - 1; i >= 0; i-- {
		b.add(&ast.AssignStmt{Lhs: targets[i : i+1], Rhs: b.variables(values)[i : i+1]})
	}
	return b.block
}

// first evaluates a part of a target before the values. A constant need not be,
// nor a variable where no other target can change it.
func (b *rewriting) first(e ast.Expr, targets int) ast.Expr {
	switch e.(type) {
	case ast.ConstExpr:
		return e
	case *ast.IdentExpr:
		if targets == 1 {
			return e
		}
	}
	place := b.locals(1, e)
	b.add(place)
	return b.variables(place)[0]
}

func rewriteFor(s *ast.GenericForStmt) ast.Stmt {
	b := newRewriting(s, "f")
	values := b.locals(3, s.Exprs...)
	if extra := len(s.Exprs) - 3; extra > 0 {
		for range extra {
			values.Names = append(values.Names, b.fresh())
		}
	}
	s.Exprs = b.variables(values)[:3]
	b.add(values)
	b.block.Stmts = append(b.block.Stmts, s)
	return b.block
}

// rewriting builds a block whose every part has the position of the statement
// it stands for.
type rewriting struct {
	block  *ast.DoBlockStmt
	prefix string
	names  int
}

func newRewriting(s ast.Stmt, prefix string) *rewriting {
	b := &rewriting{block: &ast.DoBlockStmt{}, prefix: prefix}
	b.block.SetLine(s.Line())
	b.block.SetLastLine(max(s.LastLine(), s.Line()))
	return b
}

// fresh makes a name that no source can contain.
func (b *rewriting) fresh() string {
	b.names++
	return "\x00" + b.prefix + strconv.Itoa(b.names)
}

func (b *rewriting) locals(n int, values ...ast.Expr) *ast.LocalAssignStmt {
	s := &ast.LocalAssignStmt{Exprs: values}
	for range n {
		s.Names = append(s.Names, b.fresh())
	}
	return s
}

func (b *rewriting) variables(s *ast.LocalAssignStmt) []ast.Expr {
	var list []ast.Expr
	for _, n := range s.Names {
		e := &ast.IdentExpr{Value: n}
		e.SetLine(b.block.Line())
		list = append(list, e)
	}
	return list
}

func (b *rewriting) add(s ast.Stmt) {
	s.SetLine(b.block.Line())
	s.SetLastLine(b.block.Line())
	b.block.Stmts = append(b.block.Stmts, s)
}
