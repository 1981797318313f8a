package lua

import (
	"fmt"
	"strings"
)

// block adds n statements; depth is how deep they may nest.
func (p *program) block(s scope, n, depth int) {
	s.names = s.names[:len(s.names):len(s.names)]
	for range n {
		s.names = append(s.names, p.statement(s, depth)...)
	}
}

// target is what can be assigned to.
func (p *program) target(s scope) string {
	return pick(p, p.name(s), p.name(s), fmt.Sprintf("G%d", 1+p.IntN(2)), "A.f", "A[1]", "A[S("+p.name(s)+")]", "B.t.x",
		fmt.Sprintf("T(%d, A)[T(%d, %d)]", p.IntN(100), p.IntN(100), 1+p.IntN(3)))
}

// statement adds a statement and gives the names it declares.
func (p *program) statement(s scope, depth int) []string {
	e := func() string { return p.expression(s, 2) }
	if depth == 0 {
		return p.simple(s)
	}
	switch p.IntN(22) {
	case 0:
		p.add(s, "if %s then", e())
		p.block(s.inner(), 2, depth-1)
		if p.IntN(2) == 0 {
			p.add(s, "elseif %s then", e())
			p.block(s.inner(), 1, depth-1)
		}
		p.add(s, "else")
		p.block(s.inner(), 1, depth-1)
		p.add(s, "end")
	case 1:
		v := fmt.Sprintf("i%d", p.IntN(3))
		p.add(s, "for %s = %s do", v, pick(p, "1, 3", "3, 1, -1", "1, 0", "0, 1, 0.25", "1, 2, 0.3", `"1", 2`, "-1, -3, -1", "1e15, 1e15 + 2", "1, math.huge, 1e300", "3, 2.5, -0.1"))
		inner := s.inner(v)
		inner.loop = true
		p.add(inner, "B.n = (B.n or 0) + 1 if B.n > 50 then break end")
		p.block(inner, 2, depth-1)
		if p.IntN(3) == 0 {
			p.add(inner, "%s = %s", v, p.expression(inner, 1))
		}
		p.add(s, "end")
	case 2:
		inner := s.inner("k", "v")
		inner.loop = true
		p.add(s, "for k, v in %s do", pick(p, "ipairs({"+p.list(s, 2, 1)+"})", "It("+e()+")", "next, {"+e()+"}", `S(`+e()+`):gmatch("(%w)(.?)")`, "pairs({"+p.list(s, 1, 1)+"})"))
		p.block(inner, 2, depth-1)
		p.add(s, "end")
	case 3:
		inner := s.inner("w")
		inner.loop = true
		p.add(s, "do local w, turns = 0, 0")
		p.add(s, "while %s do", pick(p, "true", "N(w) < 3", "N(w) < 3 and ("+e()+" or true)", "not (N(w) > 2)", "(nil and 1) or N(w) < 2"))
		p.block(inner, 2, depth-1)
		p.add(inner, "w, turns = N(w) + 1, turns + 1 if turns > 3 then break end")
		p.add(s, "end end")
	case 4:
		inner := s.inner("w", "z")
		inner.loop = true
		p.add(s, "do local n, z = 0")
		p.add(s, "repeat n = n + 1 local w = %s", e())
		p.block(inner, 2, depth-1)
		p.add(s, "until n > 3 or w end")
	case 5, 6:
		return p.function(s, depth)
	case 7:
		p.add(s, "do")
		p.block(s.inner(), 2, depth-1)
		p.add(s, "end")
	case 8, 9:
		p.add(s, "P(pcall(function(...)")
		inner := s.function(true)
		p.block(inner, 2, depth-1)
		p.add(inner, "%s", p.failure(inner))
		p.add(s, "end, %s))", p.list(s, 2, 1))
	case 10:
		p.add(s, "P(xpcall(function()")
		inner := s.function(false)
		p.block(inner, 1, depth-1)
		p.add(inner, "%s", p.failure(inner))
		p.add(s, "end, function(e) %s end))", pick(p, `return "H" .. clean(e), 2`, "return e", "P(clean(e))", `return clean(e):len()`))
	case 11, 12:
		p.coroutine(s, depth)
	case 13:
		p.add(s, "do local fs = {}")
		p.add(s, "for i = 1, 3 do local j = i")
		p.add(s, "  fs[i] = function(x) j = j + I(x) %s = %s return i, j end", p.name(s), p.expression(s.function(false), 2))
		p.add(s, "end")
		p.add(s, "P(fs[1](%s)) P(fs[1](1)) P(fs[3](2)) end", e())
	default:
		return p.simple(s)
	}
	return nil
}

// simple adds a statement on one line.
func (p *program) simple(s scope) []string {
	e := func() string { return p.expression(s, 2) }
	switch p.IntN(14) {
	case 0, 1, 2:
		var names []string
		for range 1 + p.IntN(3) {
			names = append(names, fmt.Sprintf("%s%d", pick(p, "p", "q"), len(names)))
		}
		p.add(s, "local %s = %s", strings.Join(names, ", "), p.list(s, 1+p.IntN(3), 2))
		return names
	case 3, 4, 5:
		var targets []string
		for range 1 + p.IntN(3) {
			targets = append(targets, p.target(s))
		}
		p.add(s, "%s = %s traced()", strings.Join(targets, ", "), p.list(s, 1+p.IntN(3), 2))
	case 6:
		p.add(s, "P(%s)", strings.Join(append(s.names[max(0, len(s.names)-6):len(s.names):len(s.names)], "A.f", "A[1]", "G1", "#trace"), ", "))
	case 7:
		if s.loop {
			p.add(s, "if %s then break end", e())
		}
	case 8:
		p.add(s, "do local t = {%s} table.%s P(#t, unpack(t)) end", "1, 2, "+fmt.Sprint(p.IntN(9)),
			pick(p, "insert(t, I("+e()+"))", "insert(t, 2, "+`"i"`+")", "remove(t)", "remove(t, 1)", "sort(t, function(x, y) return x > y end)", "sort(t)"))
	case 9:
		p.add(s, "do local t = {S(%s), S(%s), S(%s)} table.sort(t) P(unpack(t)) P(table.maxn(t), table.getn(t)) end", e(), e(), e())
	case 10:
		p.add(s, "dump({%s, x = %s, [S(%s)] = 1})", p.list(s, 2, 2), e(), e())
	case 11:
		p.add(s, "do local v = V(%s) v.z = %s P(v.z, v.y, v.none, rawget(v, \"y\"), v == v, rawequal(v, V(1))) end", e(), e())
	default:
		p.add(s, "P(%s) traced()", p.list(s, 2, 3))
	}
	return nil
}

// failure is how a protected function may end.
func (p *program) failure(s scope) string {
	e := p.expression(s, 2)
	return pick(p,
		"error(\"E:\" .. S("+e+"))", "error(\"E:\", 0)", "error(\"E:two\", 2)", "error({"+e+"})", "error(nil)", "error(V("+e+"))", "error()",
		"local x = nil; x.y = "+e, "return nil .. "+e, "return {} + 1", "return #5", "return {} < {}", "return 1 < \"2\"", "local g; g("+e+")", "return (\"x\"):rep({})", "return (\"x\"):nope()",
		"return -{}", "A.f.g.h = 1", "assert(false, \"E:a\")", "assert("+e+", \"E:b\")", "assert(nil)", "return setmetatable(1, {})", "for i = 1, {} do end", "return ipairs()",
		"return "+e, "return "+e, "if "+e+" then error(\"E:if\") end return "+e)
}

// function adds a function, sometimes one that calls itself, and a call of it.
func (p *program) function(s scope, depth int) []string {
	p.functions++
	name := fmt.Sprintf("f%d", p.functions)
	var parameters []string
	for i := range p.IntN(4) {
		parameters = append(parameters, fmt.Sprintf("a%d", i))
	}
	inner := s.function(p.IntN(2) == 0, parameters...)
	if inner.vararg {
		parameters = append(parameters, "...")
	}
	p.add(s, "local function %s(%s)", name, strings.Join(parameters, ", "))
	p.block(inner, 3, depth-1)
	if len(parameters) > 0 && parameters[0] == "a0" && p.IntN(3) == 0 {
		p.add(inner, "B.r = (B.r or 0) + 1 if B.r < 30 and I(a0) > 0 then return %s(I(a0) - 1, %s) end", name, p.expression(inner, 1))
	}
	p.add(inner, "return %s", p.list(inner, 1+p.IntN(3), 2))
	p.add(s, "end")
	p.add(s, "P(%s(%s))", name, p.list(s, p.IntN(4), 1))
	return nil
}

// coroutine adds a coroutine and resumes it, beyond its end at times.
func (p *program) coroutine(s scope, depth int) {
	inner := s.function(true)
	p.add(s, "do local co = coroutine.create(function(...)")
	p.block(inner, 1, depth-1)
	p.add(inner, "local y1, y2 = coroutine.yield(%s) P(y1, y2, coroutine.status(coroutine.running()))", p.list(inner, 2, 1))
	p.add(inner, "for i = 1, 2 do P(i, coroutine.yield(i, %s)) end", p.expression(inner, 1))
	p.add(inner, "%s", p.failure(inner))
	p.add(s, "end)")
	for range 2 + p.IntN(4) {
		p.add(s, "P(coroutine.resume(co%s)) P(coroutine.status(co))", strings.TrimSuffix(", "+p.list(s, p.IntN(3), 1), ", "))
	}
	p.add(s, "end")
	p.add(s, "do local w = coroutine.wrap(function(...) local n = 0 while true do n = n + 1 P(select(\"#\", coroutine.yield(n, ...))) end end) P(w(%s)) P(w(%s)) P(w()) end", p.expression(s, 1), p.list(s, 2, 1))
}
