package lua

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A program is a random Lua program that says the same in every Lua 5.1: it
// stays away from addresses, the order of pairs, and the words of the VM's own
// error messages, of which it prints the position, and strings that C's strtod
// alone takes for numbers: "inf", "nan".
type program struct {
	*rand.Rand
	lines     []string
	functions int
}

// programStart has what the programs use. S, N and I make a string, a number, a
// small whole number of anything; P prints, M passes values on, T tells when it
// is evaluated; V makes objects with metamethods.
const programStart = `local function S(x) local t = type(x) if t == "table" then return getmetatable(x) and tostring(x) or "<table>" end if t == "function" or t == "thread" then return "<" .. t .. ">" end if x ~= x then return "nan" end if x == 0 then return "0" end return tostring(x) end
local function N(x) if type(x) == "string" and x:lower():find("[in][na]") then return 6 end x = type(x) ~= "table" and tonumber(x) or (x and 1 or 0) if x ~= x then return 5 end return x == 0 and 0 or x end
local function I(x) x = N(x) if x ~= x or x > 1000 or x < -1000 then return 7 end return math.floor(x) end
local function clean(x) if type(x) ~= "string" or x:find("E:", 1, true) then return S(x) end return x:match("^test:%d+:") or x end
local printed = 0
local function P(...) printed = printed + 1 if printed > 400 then return end local r = {} for i = 1, select("#", ...) do r[i] = clean((select(i, ...))) end print(table.concat(r, " ")) end
local function M(...) return ... end
local trace = {}
local function T(n, ...) trace[#trace + 1] = n return ... end
local function traced() P("trace", unpack(trace)) trace = {} end
local function dump(t) local r = {} for k, v in pairs(t) do r[#r + 1] = S(k) .. "=" .. S(v) end table.sort(r) P("{", table.concat(r, " "), "}") end
local meta = {}
local function V(x) return setmetatable({x = x}, meta) end
local function X(v) if type(v) == "table" then return rawget(v, "x") end return v end
for _, op in ipairs({"add", "sub", "mul", "div", "mod", "pow", "concat"}) do meta["__" .. op] = function(a, b) return V("(" .. S(X(a)) .. " " .. op .. " " .. S(X(b)) .. ")") end end
meta.__unm = function(a) return V("-" .. S(X(a))) end
meta.__eq = function(a, b) return S(X(a)) == S(X(b)) end
meta.__lt = function(a, b) return S(X(a)) < S(X(b)) end
meta.__index = function(t, k) return k == "y" and S(X(t)) .. "." .. k or nil end
meta.__newindex = function(t, k, v) rawset(t, k, v) P("set", k, v) end
meta.__call = function(self, ...) return X(self), select("#", ...), ... end
meta.__tostring = function(v) return "V" .. S(X(v)) end
local O = {n = 0}
function O:m(x, ...) self.n = self.n + 1 return self.n, x end
local function It(x) local n = 0 return function() n = n + 1 if n < 3 then return n, x end end end
local A, B, f0 = {}, {t = {}}, function(...) return select("#", ...), ... end
local a, b, c, d = 1, "x", nil, true`

func newProgram(seed uint64) *program {
	p := &program{Rand: rand.New(rand.NewPCG(seed, 0))}
	p.lines = strings.Split(programStart, "\n")
	p.block(scope{names: []string{"a", "b", "c", "d"}, vararg: true}, 16, 3)
	p.add(scope{}, `print("end")`)
	return p
}

func (p *program) String() string { return strings.Join(p.lines, "\n") + "\n" }

// scope is what a statement can use.
type scope struct {
	names        []string // variables
	vararg, loop bool
	indent       int
}

func (s scope) inner(names ...string) scope {
	s.names = append(slices.Clone(s.names), names...)
	s.indent++
	return s
}

func (s scope) function(vararg bool, names ...string) scope {
	s = s.inner(names...)
	s.vararg, s.loop = vararg, false
	return s
}

func (p *program) add(s scope, format string, args ...any) {
	p.lines = append(p.lines, strings.Repeat("  ", s.indent)+fmt.Sprintf(format, args...))
}

func pick[T any](p *program, list ...T) T { return list[p.IntN(len(list))] }

func (p *program) name(s scope) string { return pick(p, s.names...) }

// list is n expressions.
func (p *program) list(s scope, n, depth int) string {
	var l []string
	for range n {
		l = append(l, p.expression(s, depth))
	}
	return strings.Join(l, ", ")
}

func (p *program) number() string {
	return pick(p, "0", "1", "2", "3", "7", "10", "-1", "-4", "0.5", "0.1", "1e15", "2^53", "(1/3)", "1e100", "123456.789", "99999999999999", "1e14",
		"0x10", "1/0", "-1/0", "0/0", "3.0", "1e-5", "100000000000000000000", ".5e1")
}

func (p *program) text() string {
	return pick(p, `"x"`, `"y"`, `"7"`, `" 12 "`, `"0x1F"`, `"010"`, `"1e2"`, `""`, `"a b c"`, `'it\'s'`, `"\65\066\n\\"`, "[[l]]", "[==[a]]b]==]", `"key=val, k2=v2"`,
		`"(a(b)c)(d)"`, `"THE (quick) fox"`, `"a,b,,c"`, `"3.5"`)
}

func (p *program) expression(s scope, depth int) string {
	e := func() string { return p.expression(s, depth-1) }
	if depth <= 0 || p.IntN(5) == 0 {
		return pick(p, p.number(), fmt.Sprint(p.IntN(10)), p.text(), "nil", "true", "false", p.name(s), p.name(s), p.name(s))
	}
	switch p.IntN(30) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", e(), pick(p, "and", "or"), e())
	case 2:
		return fmt.Sprintf("%s %s %s", e(), pick(p, "and", "or"), e())
	case 3, 4:
		return fmt.Sprintf("(S(%s)..S(%s))", e(), e())
	case 5, 6:
		return fmt.Sprintf("(N(%s) %s N(%s))", e(), pick(p, "+", "-", "*", "/"), e())
	case 7:
		return fmt.Sprintf("(I(%s) %s)", e(), pick(p, "% 3", "% -3", "% 7", "^ 2", "^ 3"))
	case 8:
		return fmt.Sprintf("(not %s)", e())
	case 9:
		return fmt.Sprintf("(%s %s %s)", e(), pick(p, "==", "~="), e())
	case 10:
		return fmt.Sprintf("(%s(%s) %s %[1]s(%[4]s))", pick(p, "N", "S"), e(), pick(p, "<", "<=", ">", ">="), e())
	case 11:
		return fmt.Sprintf("M(%s, %s)", e(), e())
	case 12:
		return fmt.Sprintf("(M(%s))", p.list(s, p.IntN(3), depth-1))
	case 13:
		if s.vararg {
			return pick(p, "...", "(...)", `select("#", ...)`, "(select(2, 0, ...))", "#{...}")
		}
		return "f0(" + e() + ")"
	case 14:
		return fmt.Sprintf("({%s, %s})[%d]", e(), e(), 1+p.IntN(3))
	case 15:
		return fmt.Sprintf("(function(...) return %s end)(%s)", p.expression(s.function(true), depth-1), p.list(s, p.IntN(3), depth-1))
	case 16:
		return fmt.Sprintf("(%s)", p.library(s, depth))
	case 17, 18, 19:
		return p.library(s, depth)
	case 20:
		return fmt.Sprintf("S(V(%s) %s (%s))", e(), pick(p, "+", "-", "*", "/", "%", "^", ".."), pick(p, e, func() string { return "V(" + e() + ")" })())
	case 21:
		return fmt.Sprintf("(V(%s) %s V(%s))", e(), pick(p, "==", "~=", "<", "<=", ">", ">="), e())
	case 22:
		return pick(p, fmt.Sprintf("V(%s).y", e()), fmt.Sprintf("S(-V(%s))", e()), fmt.Sprintf("V(%s)(%s)", e(), e()))
	case 23:
		return fmt.Sprintf("T(%d, %s)", p.IntN(100), e())
	case 24:
		return fmt.Sprintf("#S(%s)", e())
	case 25:
		return fmt.Sprintf("-N(%s)", e())
	case 26:
		return fmt.Sprintf("(%d .. S(%s) .. %s)", p.IntN(100), e(), pick(p, "0.5", "1e15", "2^53", "(1/3)", "1e100", "1/0", "-1/0", "1e-5", "99999999999999", "100000000000000"))
	case 27:
		return fmt.Sprintf("({x = %s, [%d] = %s, %s}).x", e(), 5+p.IntN(3), e(), e())
	case 28:
		return "O:m(" + e() + ")"
	}
	return pick(p, "A.f", "A[1]", "B.t.x", "O.n", "G1", "G2")
}

// library is a call of a library function.
func (p *program) library(s scope, depth int) string {
	e := func() string { return p.expression(s, depth-1) }
	str := func() string { return "S(" + e() + ")" }
	small := func() int { return p.IntN(9) - 3 }
	switch p.IntN(20) {
	case 0, 1:
		return fmt.Sprintf(`("%s"):format(%s)`, pick(p, "%5s|", "%-6s|", "%.2s", "%s"), str())
	case 2:
		return fmt.Sprintf(`("%s"):format(I(%s))`, pick(p, "%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%i"), e())
	case 3:
		return fmt.Sprintf(`("%s"):format(math.abs(I(%s)))`, pick(p, "%x", "%X", "%#x", "%o", "%u", "%08x"), e())
	case 4:
		return fmt.Sprintf(`("%s"):format(N(%s))`, pick(p, "%g", "%f", "%.3f", "%e", "%10.2f", "%-10.1e|", "%G", "%.0f", "%+g", "%#.3g"), e())
	case 5:
		return fmt.Sprintf(`("%%q %%%% %%c"):format(%s, %d)`, str(), 65+p.IntN(26))
	case 6:
		return fmt.Sprintf("(%s):sub(%d, %d)", str(), small(), small())
	case 7:
		return fmt.Sprintf("(%s):%s()", str(), pick(p, "upper", "lower", "reverse", "len"))
	case 8:
		return fmt.Sprintf("(%s):rep(%d)", pick(p, `"ab"`, `"x"`, `""`), small())
	case 9:
		return fmt.Sprintf("(%s):byte(%d, %d)", str(), small(), small())
	case 10, 11:
		return fmt.Sprintf("(%s):find(%q%s)", str(), p.pattern(), pick(p, "", fmt.Sprintf(", %d", small()), fmt.Sprintf(", %d, true", small())))
	case 12:
		return fmt.Sprintf("(%s):match(%q)", str(), p.pattern())
	case 13, 14:
		return fmt.Sprintf("(%s):gsub(%q, %s%s)", str(), p.pattern(), pick(p, `"<%0>"`, `"%1"`, `"."`, `"%%"`, `{a = 1, x = "X", b = false}`,
			`function(...) return select("#", ...) end`, `function(m) return m == "a" and "A" or nil end`, "string.upper"), pick(p, "", ", 1", ", 2"))
	case 15:
		return fmt.Sprintf("tonumber(%s, %s)", pick(p, `"ff"`, `"10"`, `"7"`, `"zz"`, `"8"`, `" 11 "`), pick(p, "10", "16", "2", "36", "8"))
	case 16:
		return fmt.Sprintf("math.%s(N(%s))", pick(p, "floor", "ceil", "abs", "modf"), e())
	case 17:
		return fmt.Sprintf("math.%s(I(%s), I(%s), %d)", pick(p, "max", "min", "fmod"), e(), e(), 1+p.IntN(5))
	case 18:
		return fmt.Sprintf(`table.concat({%s, %s, %d}, %s)`, str(), str(), p.IntN(10), pick(p, `","`, `""`, `", ", 2`, `"-", 1, 2`, `"-", 3, 1`))
	}
	return fmt.Sprintf("unpack({%s}, %d, %d)", p.list(s, 1+p.IntN(3), depth-1), 1+p.IntN(2), p.IntN(4))
}

// pattern is a well-formed pattern.
func (p *program) pattern() string {
	var b strings.Builder
	if p.IntN(6) == 0 {
		b.WriteByte('^')
	}
	closed := 0
	for range 1 + p.IntN(3) {
		single := func() string {
			return pick(p, ".", "%a", "%d", "%s", "%w", "%p", "%u", "%S", "%W", "a", "x", "k", ",", "%(", "[a-c]", "[^a]", "[%d.]", "[^%s,]", "[]]", "[a%]-]") +
				pick(p, "", "", "*", "+", "-", "?")
		}
		switch p.IntN(9) {
		case 0, 1, 2:
			b.WriteString("(" + single() + pick(p, "", single()) + ")")
			closed++
		case 3:
			b.WriteString("()")
			closed++
		case 4:
			b.WriteString(pick(p, "%b()", "%f[%w]", "%f[^%a]"))
		default:
			b.WriteString(single())
		}
	}
	if p.IntN(6) == 0 {
		b.WriteByte('$')
	}
	return b.String()
}
