package syntax

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"
)

// compile compiles for gopher-lua as the interpreter sets it.
func compile(source string, maxDepth int) (*glua.FunctionProto, error) {
	glua.CompatVarArg = false
	return Compile(source, "test", maxDepth)
}

// Shapes that nest n deep, and no deeper.
var shapes = map[string]func(n int) string{
	"parentheses": func(n int) string { return "return " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n) },
	"tables":      func(n int) string { return "return " + strings.Repeat("{", n) + strings.Repeat("}", n) },
	"calls":       func(n int) string { return strings.Repeat("f(", n) + strings.Repeat(")", n) },
	"indexes":     func(n int) string { return "return " + strings.Repeat("a[", n) + "1" + strings.Repeat("]", n) },
	"methods": func(n int) string {
		return strings.Repeat("do ", max(n-64, 0)) + strings.Repeat("a:f(", min(n, 64)) + strings.Repeat(")", min(n, 64)) + strings.Repeat(" end", max(n-64, 0))
	},
	"not":    func(n int) string { return "return " + strings.Repeat("not ", n) + "1" },
	"minus":  func(n int) string { return "return " + strings.Repeat("- ", n) + "a" },
	"length": func(n int) string { return "return " + strings.Repeat("#", n) + "a" },
	"operators to the right": func(n int) string {
		return "return " + strings.Repeat("a+(", n) + "a" + strings.Repeat(")", n)
	},
	"and in or": func(n int) string {
		return "return " + strings.Repeat("a and (b or ", n/2) + pick(n%2 == 1, "not c", "c") + strings.Repeat(")", n/2)
	},
	"do":     func(n int) string { return strings.Repeat("do ", n) + strings.Repeat("end ", n) },
	"while":  func(n int) string { return strings.Repeat("while a do ", n) + strings.Repeat("end ", n) },
	"repeat": func(n int) string { return strings.Repeat("repeat ", n) + strings.Repeat("until a ", n) },
	"if":     func(n int) string { return strings.Repeat("if a then ", n) + strings.Repeat("end ", n) },
	"else":   func(n int) string { return strings.Repeat("if a then else ", n) + strings.Repeat("end ", n) },
	"elseif": func(n int) string { return strings.Repeat("if a then elseif b then ", n) + strings.Repeat("end ", n) },
	"for": func(n int) string {
		return strings.Repeat("for i=1,2 do ", min(n, 40)) + strings.Repeat("do ", max(n-40, 0)) + strings.Repeat("end ", n)
	},
	"for in": func(n int) string {
		return strings.Repeat("for i in a do ", min(n, 20)) + strings.Repeat("do ", max(n-20, 0)) + strings.Repeat("end ", n)
	},
	"functions": func(n int) string { return strings.Repeat("function f() ", n) + strings.Repeat("end ", n) },
	"closures": func(n int) string {
		return "return " + strings.Repeat("function() return ", n) + "1" + strings.Repeat(" end", n)
	},
}

func pick(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func TestDepthIsExact(t *testing.T) {
	for name, shape := range shapes {
		for _, n := range []int{1, 2, 5, 64, 150} {
			if _, err := compile(shape(n), n); err != nil {
				t.Errorf("%s: %d levels of %d: %v", name, n, n, err)
			}
			_, err := compile(shape(n+1), n)
			if e, ok := errors.AsType[*Error](err); !ok || !e.TooDeep || e.Line != 1 || !strings.Contains(e.Message, fmt.Sprint(n, " levels")) {
				t.Errorf("%s: %d levels of %d: %v", name, n+1, n, err)
			}
		}
	}
}

func TestAChainIsOneLevel(t *testing.T) {
	for _, c := range []struct{ name, first, link, end string }{
		{"+", "return a", "+a", ""}, {"and", "return a", " and a", ""}, {"==", "return a", "==a", ""}, {"mixed", "return a", "+b*c", ""},
		{"^", "return a", "^a", ""}, {"fields", "return a", ".b", ""}, {"calls", "a", "()", ""}, {"methods", "a", ":b()", ""},
		{"elseif", "if a then", " elseif a then", " end"},
	} {
		extra := pick(c.name == "mixed", "x", "") // b*c is a level of its own
		if _, err := compile(c.first+strings.Repeat(c.link, 150)+c.end, 1+len(extra)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := compile(c.first+strings.Repeat(c.link, 600)+c.end, 200); err == nil || !strings.Contains(err.Error(), "a chain of more than 500") {
			t.Errorf("600 %s: %v", c.name, err)
		}
	}
	if _, err := compile("return a"+strings.Repeat("..a", 150), 1); err != nil {
		t.Errorf("..: %v", err)
	}
}

func TestChainsAreCountedApart(t *testing.T) {
	for _, source := range []string{
		strings.Repeat("x = -a\n", 2000),
		strings.Repeat("f(-1, -2)\n", 2000),
		"return {" + strings.Repeat("-1, ", 2000) + "}",
		"local t = " + strings.Repeat("a..b or ", 400) + "c",
		strings.Repeat("if #a - #b then x = y .. z end\n", 1000),
	} {
		if _, err := compile(source, 64); err != nil {
			t.Errorf("%.40s...: %v", source, err)
		}
	}
}

func TestErrorsHaveALine(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"x = = 1", "line 1: an expression expected near '='"},
		{"\n\nx = )", "line 3: an expression expected near ')'"},
		{"f(\n\n", "line 1: ')' expected to close '(' at line 1 before the end of the script"},
		{"f(1 2)", "line 1: ')' expected near '2'"},
		{"f(\n1 2)", "line 2: ')' expected to close '(' at line 1 near '2'"},
		{"f(1,)", "line 1: an expression expected near ')'"},
		{"while a do\nrepeat\nx()", "line 3: 'until' expected to close 'repeat' at line 2 before the end of the script"},
		{"if a then\nelseif b then\n", "line 2: 'end' expected to close 'if' at line 1 before the end of the script"},
		{"if a then\nelse\nelseif b then end", "line 3: 'end' expected to close 'if' at line 1 near 'elseif'"},
		{"if x = 1 then end", "line 1: 'then' expected near '='"},
		{"if x print(1) end", "line 1: 'then' expected near 'print'"},
		{"while x print(1) end", "line 1: 'do' expected near 'print'"},
		{"for i = 1 do end", "line 1: ',' expected near 'do'"},
		{"for i, j = 1, 2 do end", "line 1: '=' or 'in' expected near '='"},
		{"for 1 = 1, 2 do end", "line 1: a name expected near '1'"},
		{"function f()\n  return {1,\n", "line 2: '}' expected to close '{' at line 2 before the end of the script"},
		{"function f(a,) end", "line 1: a name expected near ')'"},
		{"function f(a b) end", "line 1: ')' expected near 'b'"},
		{"function (a) end", "line 1: a name expected near '('"},
		{"local end = 1", "line 1: a name expected near 'end'"},
		{"local x, = 1", "line 1: a name expected near '='"},
		{"x y", "line 1: '=' expected near 'y'"},
		{"x += 1", "line 1: '=' expected near '+'"},
		{"x", "line 1: '=' expected before the end of the script"},
		{"x, y", "line 1: '=' expected before the end of the script"},
		{"f() = 1", "line 1: a call cannot be assigned to near '='"},
		{"x.1 = 2", "line 1: '=' expected near '.1'"},
		{"x:y = 2", "line 1: the arguments of a method call expected near '='"},
		{"t[1 = 2", "line 1: ']' expected near '='"},
		{"return {a = 1 b = 2}", "line 1: '}' expected near 'b'"},
		{"return {[1] 2}", "line 1: '=' expected near '2'"},
		{"return 1\nprint(2)", "line 2: the end of the script expected near 'print'"},
		{"do return 1 print(2) end", "line 1: 'end' expected near 'print'"},
		{"do\nbreak print(2) end", "line 2: 'end' expected to close 'do' at line 1 near 'print'"},
		{"end", "line 1: the end of the script expected near 'end'"},
		{"1 + 2", "line 1: a statement expected near '1'"},
		{"goto 1", "line 1: a name expected near '1'"},
		{"::a", "line 1: '::' expected before the end of the script"},
		{"x = (1 + 2", "line 1: ')' expected to close '(' at line 1 before the end of the script"},
		{"x = not", "line 1: an expression expected before the end of the script"},
		{"x = function() end end", "line 1: the end of the script expected near 'end'"},
		{"x = 3..2", "line 1: a statement expected near '.2'"},
		{"x = 1e", "line 1: malformed number near '1e"},
		{"x = 0x", "line 1: illegal hexadecimal number near '0x'"},
		{"x = @", "line 1: Invalid token near '@'"},
		{"\nfunction f() return ... end", "line 2: cannot use '...' outside a vararg function"},
		{"for i = 1, 2 do end break", "line 1: no loop to break"},
		{"\ngoto a", "line 2: no visible label 'a' for this goto"},
		{"do ::a:: end\ngoto a", "line 2: no visible label 'a' for this goto"},
		{"::a::\n::a::", "line 2: label 'a' is already defined on line 1"},
		{"goto a\nlocal x\n::a::\nprint(x)", "line 1: this goto jumps to label 'a' on line 3, into the scope of a local variable"},
		{"repeat\ngoto a\nlocal x\n::a::\nuntil x", "line 2: this goto jumps to label 'a' on line 4, into the scope of a local variable"},
		{"function f()\ngoto a\nend\n::a::", "line 2: no visible label 'a' for this goto"},
		{strings.Repeat("local a\n", 201), "line 1: too many local variables"},
		{"return f(" + strings.Repeat("1,", 300) + "1)", "line 1: register overflow(too many local variables)"},
		{"x = '" + strings.Repeat("y", 100) + "' 'z'", "line 1: a statement expected near 'z'"},
	} {
		_, err := compile(c.source, 64)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.60q: %v, want %s", c.source, err, c.want)
		}
	}
}

func TestGotosThatAreFine(t *testing.T) {
	for _, source := range []string{
		"goto a ::a::", "::a:: goto a", "do goto a end ::a::", "::a:: do do goto a end end",
		"goto a local x ::a::", "do goto a local x ::a:: ::b:: end",
		"for i = 1, 3 do for j = 1, 3 do goto continue end ::continue:: end",
		"while a do if b then goto continue end local x ::continue:: end",
		"::a:: function f() ::a:: goto a end goto a",
		"do ::a:: end do ::a:: goto a end",
		"if x then goto a else goto b end ::a:: ::b::",
		"repeat goto a ::a:: until true",
	} {
		if _, err := compile(source, 64); err != nil {
			t.Errorf("%s: %v", source, err)
		}
	}
}

func TestNumerals(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"1", "1"}, {"0010", "10"}, {"08", "8"}, {"1e2", "100"}, {".5", "0.5"}, {"5.", "5"}, {"0x10", "0x10"}, {"0XfF", "0XfF"},
		{"1e999", "+Inf"}, {"0xffffffffffffffff", "1.8446744073709552e+19"}, {"1e-999", "0"},
	} {
		if got, err := canonicalNumber(c.in); got != c.want || err != nil {
			t.Errorf("%s: %s, %v, want %s", c.in, got, err, c.want)
		}
	}
	for _, s := range []string{"", "1e", "1e+", "0x", "1.2.3", "abc", "1e 5"} {
		if got, err := canonicalNumber(s); err == nil {
			t.Errorf("%q: %s", s, got)
		}
	}
}

// The compiler's work is bounded: what is accepted is compiled in well under a
// second, and what would take longer is refused.
func TestCompilingIsBounded(t *testing.T) {
	name := func(i int) string { return fmt.Sprintf("x%04x", i) }
	var many, scopes, uses, labels strings.Builder
	for i := range 30_000 {
		many.WriteString(name(i) + "=1 ")
	}
	for i := range 60 {
		scopes.WriteString("local function f()\nlocal a0")
		for j := range 100 {
			fmt.Fprintf(&scopes, ",a%d_%d", i, j)
		}
		scopes.WriteString("\n")
	}
	for range 40_000 {
		uses.WriteString("x=y ")
	}
	for i := range 25_000 {
		fmt.Fprintf(&labels, "::l%d:: ", i)
	}
	for what, source := range map[string]string{
		"names":              many.String(),
		"strings":            "return {'" + strings.ReplaceAll(many.String(), " ", "','") + "'}",
		"scopes of closures": scopes.String() + uses.String() + strings.Repeat("end ", 60),
		"gotos and labels":   strings.Repeat("goto z ", 12_000) + labels.String() + "::z::",
		"labels":             labels.String(),
	} {
		if _, err := compile(source, 200); err == nil || !strings.Contains(err.Error(), "too many") {
			t.Errorf("%s (%d bytes): %v", what, len(source), err)
		}
	}
}
