package syntax

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

func (c *checker) expressions(list []ast.Expr, depth int) {
	for _, e := range list {
		c.expression(e, depth)
	}
}

func (c *checker) expression(e ast.Expr, depth int) {
	switch e := e.(type) {
	case *ast.NumberExpr:
		canonical, err := canonicalNumber(e.Value)
		if err != nil {
			c.refuse(e.Line(), fmt.Sprintf("malformed number near '%s'", shorten(e.Value)))
		}
		e.Value = canonical
		c.constant("n", canonical)
	case *ast.StringExpr:
		c.constant("s", e.Value)
	case *ast.IdentExpr:
		c.name(e.Value)
	case *ast.TableExpr:
		c.table(e, depth)
	case *ast.FunctionExpr:
		e.Stmts = c.function(e.Line(), len(e.ParList.Names), e.Stmts, c.deeper(depth, e.Line()))
	case *ast.AttrGetExpr, *ast.FuncCallExpr:
		c.suffixes(e, c.deeper(depth, e.Line()))
	case *ast.UnaryMinusOpExpr:
		c.expression(e.Expr, c.deeper(depth, e.Line()))
	case *ast.UnaryNotOpExpr:
		c.expression(e.Expr, c.deeper(depth, e.Line()))
	case *ast.UnaryLenOpExpr:
		c.expression(e.Expr, c.deeper(depth, e.Line()))
	case *ast.LogicalOpExpr, *ast.RelationalOpExpr, *ast.ArithmeticOpExpr, *ast.StringConcatOpExpr:
		c.operators(e, c.deeper(depth, e.Line()))
	}
}

func (c *checker) table(e *ast.TableExpr, depth int) {
	depth = c.deeper(depth, e.Line())
	items := 0
	for _, f := range e.Fields {
		if f.Key != nil {
			c.expression(f.Key, depth)
			oneValue(f.Value)
		} else if items++; items > maxItems {
			c.refuse(e.Line(), fmt.Sprintf("a table constructor with more than %d items", maxItems))
		}
		c.expression(f.Value, depth)
	}
}

// oneValue marks a field's value as if it stood in parentheses. Otherwise
// gopher-lua takes a call that is the last field's value for as many items as
// it gives, even though it has a key.
func oneValue(e ast.Expr) {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
}

// suffixes handles a chain of calls and indexes: a.b[c]:d(e). The depth is the
// one within it.
func (c *checker) suffixes(e ast.Expr, depth int) {
	for links := 0; ; links++ {
		if links > maxChain {
			panic(tooLongChain(e.Line()))
		}
		switch x := e.(type) {
		case *ast.AttrGetExpr:
			c.expression(x.Key, depth)
			e = x.Object
		case *ast.FuncCallExpr:
			c.expressions(x.Args, depth)
			if e = x.Func; e == nil {
				c.constant("s", x.Method)
				e = x.Receiver
			}
		default:
			c.expression(e, depth)
			return
		}
	}
}

// operators handles a chain of binary operators. The depth is the one within it.
func (c *checker) operators(e ast.Expr, depth int) {
	line := e.Line()
	for links := 0; ; links++ {
		if links > maxChain {
			panic(tooLongChain(line))
		}
		c.spend(20 * links) // what folds constants goes down the chain at every link
		var next, side ast.Expr
		switch x := e.(type) {
		case *ast.LogicalOpExpr:
			c.jumps(5)
			next, side = x.Lhs, x.Rhs
		case *ast.RelationalOpExpr:
			c.jumps(1)
			next, side = x.Lhs, x.Rhs
		case *ast.ArithmeticOpExpr:
			next, side = x.Lhs, x.Rhs
			if x.Operator == "^" {
				next, side = side, next
			}
		case *ast.StringConcatOpExpr:
			next, side = x.Rhs, x.Lhs
		}
		c.expression(side, depth)
		if !sameDirection(e, next) {
			if _, ok := e.(*ast.LogicalOpExpr); ok && isConstant(next) {
				c.leads++
			}
			c.expression(next, depth)
			return
		}
		e = next
	}
}

// sameDirection reports whether two binary operators form one chain: both group
// to the right or both to the left.
func sameDirection(a, b ast.Expr) bool {
	right, ok := groupsRight(b)
	if !ok {
		return false
	}
	first, _ := groupsRight(a)
	return first == right
}

// groupsRight is ok for binary operators only.
func groupsRight(e ast.Expr) (right, ok bool) {
	switch x := e.(type) {
	case *ast.StringConcatOpExpr:
		return true, true
	case *ast.ArithmeticOpExpr:
		return x.Operator == "^", true
	case *ast.LogicalOpExpr, *ast.RelationalOpExpr:
		return false, true
	}
	return false, false
}
