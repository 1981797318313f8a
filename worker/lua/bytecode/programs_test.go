package bytecode

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/syntax"
)

// constructs are programs that have every instruction and every way to reach it.
var constructs = map[string]string{
	"empty":      ``,
	"small":      `local n = tonumber(ctx.request.query.n) or 1 return {status = 200, body = "n is " .. n * 2}`,
	"calls":      `local function f(a, ...) return ... end return f(f(1, 2), (f(3)), f(...))`,
	"methods":    `local C = {} C.__index = C function C:m(x) return self, x end function C.a() end C:m(1):m(2) return C`,
	"lists":      `local function f() return 1, 2 end local t = {1, 2, x = 3, f()} t = {f(), f(), [4] = 5, ...} t = {...} return t`,
	"loops":      `for i = 1, 3 do for k, v in pairs({i}) do if v == 2 then break end local g = function() return i, k, v end g() end end local n = 0 while n < 5 do n = n + 1 end repeat local m = n n = n - 1 until m == 0`,
	"empty for":  `for i = 1, 2 do end for k in next, {} do end`,
	"gotos":      `local i = 1 ::top:: local f = function() return i end if i < 3 then i = i + 1 goto top end do local x = f goto out end ::out::`,
	"logic":      `local a, b = nil, 1 local c = a and b or not a local d = a == b or a and (b or c) local e = a ~= nil and 1 > b if not (a or b and c) then a = nil and 1 end return a and b, a or b, (a and b) == c`,
	"upvalues":   `local a, b = 1 local function f() local c = a return function() a = c b = a c = b return function() return a, c end end end return f()()`,
	"arithmetic": `local a, b = 7, "3" return a + b - 1 * 2 / a % 3 ^ b, -a, #b, not a, a .. b .. "x" .. 1, a < 2, a <= 2, 0/0, -0, 1/0`,
	"swaps":      `local a, b, c = 1, 2, 3 a, b, c = c, a, b local t = {} t.x, t[1], g = 1, a, ... return a, b, c, t`,
	"constants":  manyConstants(),
	"closures":   `call(function() end, function() end, function() end) return function() return function() return call end end`,
	"tail":       `local function f(n) if n == 0 then return 0 end return f(n - 1) end return f(10), select("#", f(3))`,
	"vararg":     `local a, b, c = ... local t = {n = select("#", ...), ...} return (...), ...`,
	"nil":        `local a, b, c do local d, e a = d end return a, nil, {nil, nil}`,
	"while true": `while true do if x then break else local y = 1 y = y + 1 do break end end end`,
}

// manyConstants is a program whose later constants do not fit in an operand.
func manyConstants() string {
	var b strings.Builder
	b.WriteString("local t = {}\n")
	for i := range 300 {
		fmt.Fprintf(&b, "t.k%d = %d.5\n", i, i)
	}
	b.WriteString("t.k299.x, t.k298 = t.k297.y, t:k296(t.k295)\n function t.k294:k293() return self.k292.k291 end\n return t.k290 == 'k289'")
	return b.String()
}

var (
	fenced = regexp.MustCompile("(?s)```lua\n(.*?)```")
	quoted = regexp.MustCompile("(?s)`([^`]*)`")
)

// programs gives every Lua program of the repository, and gopher-lua's own: files,
// examples in the documentation, and whatever compiles of the strings in tests.
func programs(t testing.TB) map[string]string {
	t.Helper()
	list := map[string]string{}
	for name, source := range constructs {
		list[name] = source
	}
	walk := func(root string) {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			var parts [][]string
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			switch {
			case strings.HasSuffix(path, ".lua"):
				parts = [][]string{{"", string(data)}}
			case strings.HasSuffix(path, "_test.go"), strings.HasSuffix(path, ".sh"):
				parts = quoted.FindAllStringSubmatch(string(data), -1)
			case strings.HasSuffix(path, ".md"):
				parts = fenced.FindAllStringSubmatch(string(data), -1)
			}
			for i, p := range parts {
				list[fmt.Sprintf("%s %d", path, i)] = p[1]
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"bench", "docs", "examples", "test", "worker", "orchestrator", "manager"} {
		walk(filepath.Join("..", "..", "..", dir))
	}
	return list
}

// compiled gives the programs that compile.
func compiled(t testing.TB) map[string]*glua.FunctionProto {
	t.Helper()
	list := map[string]*glua.FunctionProto{}
	for name, source := range programs(t) {
		if p, err := compile(source); err == nil {
			list[name] = p
		}
	}
	if len(list) < 500 {
		t.Fatalf("only %d programs are found", len(list))
	}
	return list
}

func compile(source string) (*glua.FunctionProto, error) {
	glua.CompatVarArg = false
	return syntax.Compile(source, "test", 200)
}
