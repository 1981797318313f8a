package syntax

import "github.com/yuin/gopher-lua/ast"

// gopher-lua shortens jumps that lead to jumps, and goes wrong with one that leads
// back: there it takes a distance for a label's number. So no loop and no label
// may begin with a jump. What compiles to one in the first place are break and
// the constants that and, or and conditions are made of; the checker counts
// them, and where a body or what is behind a label begins with a statement
// that has one, it puts an instruction before it.

// padding compiles to one instruction, which does nothing.
func padding(at ast.PositionHolder) ast.Stmt {
	local := &ast.LocalAssignStmt{Names: []string{"\x00p"}}
	block := &ast.DoBlockStmt{Stmts: []ast.Stmt{local}}
	for _, s := range []ast.Stmt{local, block} {
		s.SetLine(at.Line())
		s.SetLastLine(at.Line())
	}
	return block
}

// unless is a statement that leaves a loop if a condition does not hold.
func unless(at ast.PositionHolder, condition ast.Expr) ast.Stmt {
	leave := &ast.BreakStmt{}
	s := &ast.IfStmt{Condition: condition, Else: []ast.Stmt{leave}}
	for _, s := range []ast.Stmt{leave, s} {
		s.SetLine(at.Line())
		s.SetLastLine(at.Line())
	}
	return s
}

// isConstant reports whether e is a constant, perhaps negated.
func isConstant(e ast.Expr) bool {
	for {
		n, ok := e.(*ast.UnaryNotOpExpr)
		if !ok {
			break
		}
		e = n.Expr
	}
	_, ok := e.(ast.ConstExpr)
	return ok
}

// alwaysTrue reports whether a condition compiles to nothing.
func alwaysTrue(e ast.Expr) bool {
	switch e.(type) {
	case *ast.TrueExpr, *ast.NumberExpr, *ast.StringExpr:
		return true
	}
	return false
}

func onlyLabels(list []ast.Stmt) bool {
	for _, s := range list {
		if _, ok := s.(*ast.LabelStmt); !ok {
			return false
		}
	}
	return true
}
