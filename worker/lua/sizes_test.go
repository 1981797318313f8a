package lua

import (
	"fmt"
	"strings"
	"testing"

	"picloud/limits"
	"picloud/worker/wire"
)

// atTheLimit runs source with the limit at n, which must be enough, and at n-1,
// which must not be.
func atTheLimit(t *testing.T, f limits.Field, n int, source string, change ...func(*wire.Job)) {
	t.Helper()
	j := job(source, append(change, operations(1e7), with(f, int64(n)))...)
	if r, _ := do(t, j); r.Status != wire.StatusOK {
		t.Errorf("with %s %d: %s", f, n, show(r))
	}
	j.Limits.Set(f, int64(n-1))
	if r, _ := do(t, j); r.Status != wire.StatusLimitExceeded || r.Limit != f {
		t.Errorf("with %s %d: %s", f, n-1, show(r))
	}
}

// Every way to make a string of 1,000 bytes. No other string is as long.
var makers = map[string]string{
	"..":                         `local h = ("x"):rep(500) local s = h .. h`,
	"a chain":                    `local q = ("x"):rep(250) local s = q .. q .. q .. q`,
	"with a whole number":        `local s = ("x"):rep(994) .. 123456`,
	"with a fraction":            `local s = ("x"):rep(997) .. 0.5`,
	"with a long number":         `local s = ("x"):rep(979) .. -1.7976931348623157e308`,
	"numbers alone":              `local s = ` + strings.Repeat("12345 .. ", 199) + "12345",
	"in steps":                   `local s = "" for i = 1, 1000 do s = s .. "x" end`,
	"__concat before":            `local q = ("x"):rep(250) local v = setmetatable({}, {__concat = function(a, b) return q .. q end}) local s = q .. q .. q .. v`,
	"__concat behind":            `local q = ("x"):rep(250) local v = setmetatable({}, {__concat = function(a, b) return b end}) local s = v .. q .. q .. q .. q`,
	"__concat in between":        `local q = ("x"):rep(250) local v = setmetatable({}, {__concat = function(a, b) return b end}) local s = q .. q .. v .. q .. q`,
	"__concat twice":             `local q = ("x"):rep(250) local v = setmetatable({}, {__concat = function(a, b) return type(a) == "string" and a or b end}) local s = q .. q .. v .. v .. q .. q`,
	"__concat giving a table":    `local q, w = ("x"):rep(500) local v = setmetatable({}, {__concat = function(a, b) return w end}) w = setmetatable({}, {__concat = function(a, b) return a end}) local s = q .. q .. "y" .. v`,
	"__concat in __concat":       `local q = ("x"):rep(250) local w = setmetatable({}, {__concat = function(a, b) return q end}) local v = setmetatable({}, {__concat = function(a, b) return "" .. w end}) local s = q .. q .. q .. q .. v`,
	"__concat with a tail call":  `local q = ("x"):rep(250) local function f() return q end local v = setmetatable({}, {__concat = function(a, b) return f() end}) local s = q .. q .. q .. q .. v`,
	"__concat and pcall":         `local q = ("x"):rep(250) local v = setmetatable({}, {__concat = function(a, b) pcall(error) return q end}) local s = q .. q .. q .. q .. v`,
	"__concat after an error":    `local q = ("x"):rep(250) local v = setmetatable({}, {__concat = error}) pcall(function() return q .. q .. v end) local s = q .. q .. q .. q`,
	"__concat is tostring":       `local h = ("x"):rep(500) local v = setmetatable({}, {__concat = tostring}) local s = h .. h .. v`,
	"__concat calls back string": `local h = ("x"):rep(500) local v = setmetatable({}, {__concat = function(a) return tostring(a) end}) local s = h .. h .. v`,
	"__concat is wrap":           `local h = ("x"):rep(500) local v = setmetatable({}, {__concat = coroutine.wrap(function() return h end)}) local s = h .. "" .. v`,
	"__concat is gmatch":         `local h = ("x"):rep(500) local v = setmetatable({}, {__concat = h:gmatch(".+")}) local s = h .. "" .. v`,
	"__concat is select":         `local q, w = ("x"):rep(500) local v = setmetatable({}, {__concat = function(a, b) return select(1, q, a) end}) local s = q .. "" .. v`,
	"rep":                        `local s = ("x"):rep(1000)`,
	"rep of several":             `local s = ("xyz12"):rep(200)`,
	"format %s":                  `local h = ("x"):rep(500) local s = ("%s%s"):format(h, h)`,
	"format, plain":              `local h = ("x"):rep(500) local s = (h .. "%s"):format(h)`,
	"format with a width":        `local s = ("%99d"):rep(10):format(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) .. "1234567890"`,
	"format %f":                  `local s = ("x"):rep(991) .. ("%.1f"):format(1234567.5)`,
	"format %f, last":            `local s = (("x"):rep(901) .. "%.90f"):format(12345678)`,
	"format %q":                  `local s = ("%q"):format(("\n"):rep(499))`,
	"format %5s":                 `local s = (("x"):rep(950) .. "%50s"):format("y")`,
	"gsub by a string":           `local s = ("x"):rep(500):gsub("x", "yy")`,
	"gsub by captures":           `local s = ("x"):rep(250):gsub("(x)", "%0%1%0%1")`,
	"gsub by a function":         `local s = ("x"):rep(500):gsub("x", function() return "yy" end)`,
	"gsub by numbers":            `local s = ("x"):rep(250):gsub("x", function() return 1234 end)`,
	"gsub by a table":            `local s = ("x"):rep(500):gsub("x", {x = "yy"})`,
	"gsub of nothing":            `local s = ("x"):rep(500):gsub("", "y", 500)`,
	"gsub keeping the rest":      `local s = ("x"):rep(900):gsub("x", ("y"):rep(101), 1)`,
	"table.concat":               `local s = table.concat({("x"):rep(500), ("x"):rep(500)})`,
	"table.concat, separators":   `local s = table.concat({"a", "b", "c"}, ("x"):rep(498)) .. "y"`,
	"table.concat, long ones":    `local h = ("x"):rep(499) local s = table.concat({"a", "b", ""}, h)`,
	"table.concat of numbers":    `local t = {} for i = 1, 100 do t[i] = 1234567890 end local s = table.concat(t)`,
	"char":                       `local t = {} for i = 1, 1000 do t[i] = 65 end local s = string.char(unpack(t))`,
	"upper":                      `local s = ctx.request.body:upper()`,
	"lower":                      `local s = ctx.request.body:lower()`,
	"reverse":                    `local s = ctx.request.body:reverse()`,
	"gsub of the body":           `local s = ctx.request.body:gsub("y", "")`,
	"json.encode":                `local s = json.encode(("x"):rep(998))`,
	"json.encode, an array":      `local t = {} for i = 1, 111 do t[i] = 12345678 end local s = json.encode(t)`,
	"json.encode, an object":     `local s = json.encode({a = ("x"):rep(496), b = ("x"):rep(489)})`,
	"json.encode, escapes":       `local s = json.encode(("\n"):rep(499))`,
	"json.encode, more escapes":  `local s = json.encode(("\1"):rep(166) .. "xx")`,
	"os.date":                    `local s = os.date(("%Y"):rep(250), 0)`,
	"os.date, plain":             `local s = os.date(("x"):rep(998) .. "%d", 0)`,
	"a literal":                  `local s = "` + strings.Repeat("x", 1000) + `"`,
	"a long literal":             `local s = [[` + strings.Repeat("x", 1000) + `]]`,
	"a literal that is not used": `if false then local s = "` + strings.Repeat("x", 1000) + `" end`,
	"a literal in a function":    `local function f() return "` + strings.Repeat("x", 1000) + `" end`,
	"a name":                     `local s = t and t.` + strings.Repeat("x", 1000),
	"an error that is caught":    `pcall(error, ("x"):rep(992))` + " pcall(function() error(('x'):rep(992)) end)",
	"an error in a handler":      `xpcall(function() error(("x"):rep(992)) end, function() end)`,
	"an error by resume":         `coroutine.resume(coroutine.create(function() error(("x"):rep(992)) end))`,
	"an error by wrap":           `local f = coroutine.wrap(function() error(("x"):rep(992)) end) pcall(f)`,
	"an error by assert":         `pcall(assert, false, ("x"):rep(992)) pcall(function() error(("x"):rep(992)) end)`,
}

func TestStringSizeIsExact(t *testing.T) {
	body := func(j *wire.Job) { j.Request.Body = []byte(strings.Repeat("x", 1000)) }
	for name, source := range makers {
		t.Run(name, func(t *testing.T) { atTheLimit(t, limits.MaxStringSize, 1000, source, body) })
	}
}

func TestShortStringsAreMeasured(t *testing.T) {
	for _, c := range []struct {
		n      int
		source string
	}{
		{16, `local s = tostring(1234567890123456)`},
		{18, `local s = tostring(-0.1234567890123456 - 0.00000000000000001)`},
		{16, `local s = 12345678 .. 12345678`},
		{16, `local s = table.concat({12345678, 12345678})`},
		{16, `local s = json.encode(1234567890123456)`},
	} {
		name := c.source
		source := c.source
		if strings.Contains(source, "tostring") {
			c.n = len(show(run(t, strings.Replace(source, "local s =", "return", 1)))) - len("200 ")
		}
		t.Run(name, func(t *testing.T) { atTheLimit(t, limits.MaxStringSize, c.n, source) })
	}
}

// What is not made by the script, or makes nothing, is not measured.
func TestWhatIsNoNewString(t *testing.T) {
	body := func(j *wire.Job) {
		j.Request.Body = []byte(strings.Repeat("x", 1000))
		j.Request.Headers = []wire.Pair{{Name: "X-Long", Value: strings.Repeat("y", 1000)}}
	}
	for _, source := range []string{
		`return ctx.request.body`,
		`return #ctx.request.body`,
		`return ctx.request.body:sub(1, 500)`,
		`return {ctx.request.body:find("z")}`,
		`return ctx.request.body:match("^(x*)")`,
		`return ctx.request.headers["x-long"]`,
		`local t = {[ctx.request.body] = 1} return t[ctx.request.body]`,
		`print(("x"):rep(99), ("x"):rep(99))`,
		`return {("x"):rep(99), ("x"):rep(99)}`,
		`return response(200, {("x"):rep(99), ("x"):rep(99)})`,
	} {
		if r := run(t, source, body, with(limits.MaxStringSize, 100)); r.Status != wire.StatusOK {
			t.Errorf("%s: %s", source, show(r))
		}
	}
	expect(t, `error at 1: `+strings.Repeat("x", 100), `error(("x"):rep(100))`, with(limits.MaxStringSize, 100))
	expect(t, "error at 1: attempt to index a non-table object(nil) with key 'y'", `local x = nil; x.y = 1`, with(limits.MaxStringSize, 1))
}

// Every way to make a sequence of 100 elements.
var sequences = map[string]string{
	"a constructor":         `local t = {` + strings.Repeat("1, ", 99) + `1}`,
	"a call's results":      `local s = {} for i = 1, 60 do s[i] = i end local t = {` + strings.Repeat("1, ", 40) + `unpack(s)}`,
	"varargs":               `local s = {} for i = 1, 50 do s[i] = i end local function f(...) return {` + strings.Repeat("1, ", 50) + `...} end f(unpack(s))`,
	"bytes":                 `local t = {("x"):rep(100):byte(1, -1)}`,
	"by index":              `local t = {} for i = 1, 100 do t[i] = i end`,
	"from the end":          `local t = {} for i = 100, 1, -1 do t[i] = i end`,
	"one place":             `local t = {} t[100] = 1 t[99] = 1`,
	"by length":             `local t = {} for i = 1, 100 do t[#t + 1] = i end`,
	"explicit keys":         `local t = {[100] = 1, [99] = 2}`,
	"keys and items":        `local t = {[100] = 1, ` + strings.Repeat("1, ", 98) + `1}`,
	"rawset":                `local t = {} for i = 1, 100 do rawset(t, i, i) end`,
	"insert":                `local t = {} for i = 1, 100 do table.insert(t, i) end`,
	"insert in front":       `local t = {} for i = 1, 100 do table.insert(t, 1, i) end`,
	"insert with a hole":    `local t = {} for i = 1, 99 do t[i] = i end t[99] = nil table.insert(t, 1, 0) table.insert(t, 1, 0)`,
	"insert behind":         `local t = {} for i = 1, 99 do t[i] = i end table.insert(t, 100, 1)`,
	"__newindex":            `local u = {} local t = setmetatable({}, {__newindex = u}) for i = 1, 100 do t[i] = i end`,
	"a chain of __newindex": `local u = {} local t = setmetatable({}, {__newindex = setmetatable({}, {__newindex = u})}) for i = 1, 100 do t[i] = i end`,
	"json.decode":           `local t = json.decode("[" .. ("1,"):rep(99) .. "1]")`,
	"nested json":           `local t = json.decode('{"a":[[' .. ("1,"):rep(99) .. "1]]}")`,
	"sort at work":          `local t = {} for i = 1, 99 do t[i] = -i end local done table.sort(t, function(a, b) if not done then done = true t[99] = nil t[100] = 1 end return (a or 0) < (b or 0) end) t[99] = 1`,
	"the globals":           `for i = 1, 100 do _G[i] = i end`,
	"a float key":           `local t = {} for i = 1, 100 do t[i * 0.5 * 2] = i end`,
}

func TestArraySizeIsExact(t *testing.T) {
	for name, source := range sequences {
		t.Run(name, func(t *testing.T) { atTheLimit(t, limits.MaxArraySize, 100, source) })
	}
}

// Whole numbers beyond the longest sequence are keys like all others, in
// whatever order they come.
func TestSparseTables(t *testing.T) {
	array := with(limits.MaxArraySize, 100)
	for _, c := range []struct{ want, source string }{
		{"200 1", `local t = {} t[1000000] = 1 return t[1000000]`},
		{"200 3", `local t = {} t[102] = 1 t[103] = 1 t[2^40] = 1 local n = 0 for k in pairs(t) do n = n + 1 end return n`},
		{"200 0", `local t = {} t[101] = 1 return #t`},
		{"200 100", `local t = {} for i = 1, 100 do t[i] = i end t[101] = nil t[102] = 1 return #t`},
		{"limit max_array_size", `local t = {} t[101] = 1 for i = 1, 100 do t[i] = i end`},
		{"limit max_array_size", `local t = {} t[101] = 1 t[100] = 1`},
		{"limit max_array_size", `local t = {} t[101] = 1 rawset(t, 100, 1)`},
		{"limit max_array_size", `local t = {} t[101] = 1 table.insert(t, 100, 1)`},
		{"200 99", `local t = {} t[101] = 1 for i = 1, 99 do t[i] = i end return #t`},
		{"limit max_array_size", `local t = {[101] = 1, ` + strings.Repeat("1, ", 100) + `}`},
		{"200 100", `local t = {` + strings.Repeat("1, ", 100) + `nil, nil} return #t`},
		{"200 50", `local t = {} for i = 1, 100 do t[i] = i end for i = 100, 51, -1 do t[i] = nil end for i = 1, 500 do table.insert(t, 1, 0) table.remove(t) end return #t`},
		{"200 100", `local t = {} for i = 1, 100 do t[i] = i end for i = 1, 500 do table.remove(t, 1) table.insert(t, i) end return #t`},
		{"200 100", `local t = {} for i = 1, 100 do t[i] = -i end table.sort(t) return #t`},
	} {
		expect(t, c.want, c.source, array)
	}
}

// Every way to make a table with 50 keys that are no sequence.
var keyedTables = map[string]string{
	"names":                   `local t = {} for i = 1, 50 do t["k" .. i] = i end`,
	"a constructor":           `local t = {` + keyed(50) + `}`,
	"a constructor, computed": `local t = {[1.5] = 1, [-1] = 2, [true] = 3, ` + keyed(47) + `}`,
	"fields":                  `local t = {} ` + fields(50),
	"fractions":               `local t = {} for i = 1, 50 do t[i + 0.5] = i end`,
	"negative numbers":        `local t = {} for i = 0, 49 do t[-i] = i end`,
	"large numbers":           `local t = {} for i = 1, 50 do t[i * 1e6] = i end`,
	"tables":                  `local t = {} for i = 1, 50 do t[{}] = i end`,
	"functions":               `local t = {} for i = 1, 50 do t[function() return i end] = i end`,
	"both parts":              `local t = {} for i = 1, 50 do t[i], t["k" .. i] = i, i end`,
	"values of all kinds":     `local t = {[true] = 1, [false] = 2, [print] = 3, [{}] = 4, [coroutine.create(print)] = 5, [json.null] = 6, [0] = 7, [0.5] = 8, [2^53] = 9, [1/0] = 10} for i = 11, 50 do t["k" .. i] = i end`,
	"rawset":                  `local t = {} for i = 1, 50 do rawset(t, "k" .. i, i) end`,
	"__newindex":              `local u = {} local t = setmetatable({}, {__newindex = u}) for i = 1, 50 do t["k" .. i] = i end`,
	"rawset in __newindex":    `local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v) end}) for i = 1, 50 do t["k" .. i] = i end`,
	"json.decode":             `local s = "{" for i = 1, 50 do s = s .. (i > 1 and "," or "") .. '"k' .. i .. '":1' end local t = json.decode(s .. "}")`,
	"globals":                 `for i = 1, 50 do _G["k" .. i] = i end`,
	"global names":            strings.ReplaceAll(fields(50), "t.", ""),
	"after deleting":          `local t = {} for i = 1, 50 do t["k" .. i] = i end for i = 1, 50 do t["k" .. i] = nil end for i = 51, 100 do t["k" .. i] = i end`,
	"a queue":                 `local t = {} for i = 1, 5000 do t["k" .. i] = i t["k" .. (i - 50)] = nil end t.x = 1`,
	"deleted and come again":  `local t = {} for i = 1, 100 do t["k" .. i % 50] = i t["k" .. (i + 1) % 50] = nil end for i = 1, 50 do t["k" .. i % 50] = 1 end`,
}

func keyed(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d = %d, ", i, i)
	}
	return b.String()
}

func fields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "t.k%d = %d ", i, i)
	}
	return b.String()
}

func TestMapSizeIsExact(t *testing.T) {
	for name, source := range keyedTables {
		n := 50
		if name == "a queue" {
			n = 51 // one comes before one goes
		}
		t.Run(name, func(t *testing.T) { atTheLimit(t, limits.MaxMapSize, n, source) })
	}
	t.Run("os.date", func(t *testing.T) { atTheLimit(t, limits.MaxMapSize, 9, `local t = os.date("*t")`) })
}

func TestFullTablesAreUsable(t *testing.T) {
	full := `local t = {} for i = 1, 50 do t["k" .. i] = i end `
	for _, c := range []struct{ want, source string }{
		{"200 2", `t.k1 = 2 return t.k1`},
		{"200 1", `t.other = nil return t.k1`},
		{"200 3", `t.k1 = nil t.other = 3 return t.other`},
		{"200 4", `t[1] = 4 return t[1]`},
		{"200 5", `local seen setmetatable(t, {__newindex = function(t, k, v) seen = v end}) t.other = 5 return seen`},
		{"200 6", `local u = {} setmetatable(t, {__newindex = u}) t.other = 6 return u.other`},
		{"200 50", `local n = 0 for k in pairs(t) do t[k] = nil n = n + 1 end return n`},
		{"200 done", `for i = 1, 2000 do for k in pairs(t) do t[k] = nil t["n" .. i] = i break end end return "done"`},
		{"limit max_map_size", `setmetatable(t, {__newindex = function(t, k, v) rawset(t, k, v) end}) t.other = 5`},
		{"error at 1: attempt to index a non-table object(nil) with key 'x'", `t.y.x = 1`},
	} {
		expect(t, c.want, full+c.source, with(limits.MaxMapSize, 50))
	}
}

// A limit on a size cannot be caught either.
func TestASizeCannotBeCaught(t *testing.T) {
	for _, source := range []string{
		`pcall(string.rep, "x", 1000)`,
		`pcall(function() local s = ("x"):rep(60) .. ("x"):rep(60) end)`,
		`xpcall(function() return ("x"):rep(1000) end, function() return "caught" end)`,
		`coroutine.wrap(function() return ("x"):rep(1000) end)()`,
		`coroutine.resume(coroutine.create(function() return ("x"):rep(1000) end))`,
		`pcall(table.sort, {3, 2, 1}, function() return ("x"):rep(1000) end)`,
		`pcall(string.gsub, "abc", ".", function() return ("x"):rep(1000) end)`,
		`pcall(tostring, setmetatable({}, {__tostring = function() return ("x"):rep(1000) end}))`,
		`setmetatable({}, {__index = function() return ("x"):rep(1000) end})[1] = 1 local x = setmetatable({}, {__index = function() return ("x"):rep(1000) end})[1]`,
		`for x in function() return ("x"):rep(1000) end do end`,
		`error(setmetatable({}, {__tostring = function() return ("x"):rep(1000) end}))`,
	} {
		expect(t, "limit max_string_size", source+` return "caught"`, with(limits.MaxStringSize, 100))
	}
}
