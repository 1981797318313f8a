package lua

import (
	"strconv"

	"github.com/yuin/gopher-lua/ast"
)

// gopher-lua 1.1.2 uses wrong registers in three places, and so destroys other
// local variables: where an assignment has several targets (a, b = b, a gives
// both the same value), where it takes one value of a call or of "...", and where the list of a generic for is more than simple calls. The rewrite
// lets such values go through fresh locals, in a block of their own:
//
//	a, b = f(), 1        do local v1, v2 = f(), 1  a, b = v1, v2 end
//	for k in LIST do     do local v1, v2, v3 = LIST  for k in v1, v2, v3 do ... end end
//
// The new names hold a blank, so no script can mean them.

// rewriteBlock rewrites the statements of a block in place, and everything in
// them.
func rewriteBlock(statements []ast.Stmt) {
	for i, s := range statements {
		rewriteInside(s)
		switch x := s.(type) {
		case *ast.AssignStmt:
			if len(x.Lhs) > 1 || takesOneOfMany(x.Rhs) {
				statements[i] = assignThroughLocals(x)
			}
		case *ast.GenericForStmt:
			statements[i] = iterateThroughLocals(x)
		}
	}
}

// takesOneOfMany says whether a list cuts a call or "..." to one value.
func takesOneOfMany(list []ast.Expr) bool {
	for i, e := range list {
		last := i == len(list)-1
		switch x := e.(type) {
		case *ast.FuncCallExpr:
			if x.AdjustRet || !last {
				return true
			}
		case *ast.Comma3Expr:
			if x.AdjustRet || !last {
				return true
			}
		}
	}
	return false
}

// assignThroughLocals assigns to table fields first: gopher-lua looks for the
// table of t in t, t.x = {}, 1 when t has its new value already.
func assignThroughLocals(x *ast.AssignStmt) ast.Stmt {
	names, values := freshLocals(x, max(len(x.Lhs), len(x.Rhs)))
	through := &ast.LocalAssignStmt{Names: names, Exprs: x.Rhs}
	fields, variables := &ast.AssignStmt{}, &ast.AssignStmt{}
	for i, target := range x.Lhs {
		part := variables
		if _, ok := target.(*ast.AttrGetExpr); ok {
			part = fields
		}
		part.Lhs, part.Rhs = append(part.Lhs, target), append(part.Rhs, values[i])
	}
	statements := []ast.Stmt{through}
	for _, part := range []*ast.AssignStmt{fields, variables} {
		if len(part.Lhs) > 0 {
			statements = append(statements, part)
			place(part, x)
		}
	}
	place(through, x)
	return blockOf(statements...)
}

func iterateThroughLocals(x *ast.GenericForStmt) ast.Stmt {
	names, values := freshLocals(x, max(3, len(x.Exprs)))
	through := &ast.LocalAssignStmt{Names: names, Exprs: x.Exprs}
	place(through, x)
	x.Exprs = values[:3]
	return blockOf(through, x)
}

func freshLocals(at ast.PositionHolder, n int) (names []string, values []ast.Expr) {
	for i := range n {
		name := "value " + strconv.Itoa(i+1)
		value := &ast.IdentExpr{Value: name}
		place(value, at)
		names, values = append(names, name), append(values, value)
	}
	return names, values
}

func blockOf(statements ...ast.Stmt) ast.Stmt {
	block := &ast.DoBlockStmt{Stmts: statements}
	place(block, statements[len(statements)-1])
	return block
}

func place(node, at ast.PositionHolder) {
	node.SetLine(at.Line())
	node.SetLastLine(at.LastLine())
}

func rewriteInside(s ast.Stmt) {
	switch x := s.(type) {
	case *ast.AssignStmt:
		rewriteList(x.Lhs)
		rewriteList(x.Rhs)
	case *ast.LocalAssignStmt:
		rewriteList(x.Exprs)
	case *ast.FuncCallStmt:
		rewriteExpression(x.Expr)
	case *ast.DoBlockStmt:
		rewriteBlock(x.Stmts)
	case *ast.WhileStmt:
		rewriteExpression(x.Condition)
		rewriteBlock(x.Stmts)
	case *ast.RepeatStmt:
		rewriteBlock(x.Stmts)
		rewriteExpression(x.Condition)
	case *ast.IfStmt:
		rewriteExpression(x.Condition)
		rewriteBlock(x.Then)
		rewriteBlock(x.Else)
	case *ast.NumberForStmt:
		rewriteList([]ast.Expr{x.Init, x.Limit, x.Step})
		rewriteBlock(x.Stmts)
	case *ast.GenericForStmt:
		rewriteList(x.Exprs)
		rewriteBlock(x.Stmts)
	case *ast.FuncDefStmt:
		rewriteList([]ast.Expr{x.Name.Func, x.Name.Receiver, x.Func})
	case *ast.ReturnStmt:
		rewriteList(x.Exprs)
	}
}

func rewriteList(list []ast.Expr) {
	for _, e := range list {
		rewriteExpression(e)
	}
}

// rewriteExpression finds the functions in an expression, which may be nil.
func rewriteExpression(e ast.Expr) {
	switch x := e.(type) {
	case *ast.AttrGetExpr:
		rewriteList([]ast.Expr{x.Object, x.Key})
	case *ast.TableExpr:
		for _, f := range x.Fields {
			rewriteList([]ast.Expr{f.Key, f.Value})
		}
	case *ast.FuncCallExpr:
		rewriteList([]ast.Expr{x.Func, x.Receiver})
		rewriteList(x.Args)
	case *ast.LogicalOpExpr:
		rewriteList([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.RelationalOpExpr:
		rewriteList([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.StringConcatOpExpr:
		rewriteList([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.ArithmeticOpExpr:
		rewriteList([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.UnaryMinusOpExpr:
		rewriteExpression(x.Expr)
	case *ast.UnaryNotOpExpr:
		rewriteExpression(x.Expr)
	case *ast.UnaryLenOpExpr:
		rewriteExpression(x.Expr)
	case *ast.FunctionExpr:
		rewriteBlock(x.Stmts)
	}
}
