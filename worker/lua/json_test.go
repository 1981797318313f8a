package lua

import (
	"strings"
	"testing"
)

func TestJSONRoundTrip(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `1.5`, `-3`, `1e+300`, `1e-7`, `123456789012`, `9007199254740992`, `100000000000000000000`, `""`, `"a"`,
		`"\"\\\n\r\t\u0001"`, `"é€😀"`, `[]`, `{}`, `[1,null,2]`, `[null]`, `{"a":null}`, `[[],{},[[]]]`, `{"a":{"b":[]},"c":{}}`, `{"":1}`,
		strings.Repeat("[", 128) + strings.Repeat("]", 128),
	} {
		expect(t, "200 "+text, `return json.encode(json.decode([==[`+text+`]==]))`)
	}
}

func TestJSONEncode(t *testing.T) {
	for _, c := range []struct{ lua, want string }{
		{`json.encode(nil)`, "200 null"},
		{`json.encode(json.array{})`, "200 []"},
		{`json.encode(json.array())`, "200 []"},
		{`json.encode({b = 1, a = 2, ["10"] = 3})`, `200 {"10":3,"a":2,"b":1}`},
		{`json.encode({"x", "y"})`, `200 ["x","y"]`},
		{`json.encode(-0)`, "200 0"},
		{`json.encode("</script>&")`, `200 "</script>&"`},
		{`json.encode("\127\31")`, `200 "` + "\x7f" + `\u001f"`},
		{`(function() local t = json.decode("[1]") table.remove(t) return json.encode(t) end)()`, "200 []"},
		{`(function() local t = {1, 2, 3} t[3] = nil return json.encode(t) end)()`, "200 [1,2]"},
		{`(function() local t = {a = 1} t.a = nil return json.encode(t) end)()`, "200 {}"},
		{`(function() local x = {1} return json.encode({x, x}) end)()`, "200 [[1],[1]]"},
		{`tostring(json.null) .. type(json.null)`, "200 nulluserdata"},
		{`select(2, pcall(json.encode))`, "200 test:1: bad argument #1 to (anonymous) (value expected)"},
		{`select(2, pcall(json.encode, {1, 2, x = 3}))`, `200 test:1: json.encode: an array has the key "x"`},
		{`select(2, pcall(json.encode, {1, nil, 3}))`, `200 test:1: json.encode: an array has no value at index 2; json.null can stand there`},
		{`select(2, pcall(json.encode, {[10] = 1}))`, `200 test:1: json.encode: an array has no value at index 1; json.null can stand there`},
		{`select(2, pcall(json.encode, {[1.5] = 1}))`, `200 test:1: json.encode: an object has the key 1.5, which is not a string`},
		{`select(2, pcall(json.encode, {[true] = 1}))`, `200 test:1: json.encode: an object has the key true, which is not a string`},
		{`select(2, pcall(json.encode, {[{}] = 1}))`, `200 test:1: json.encode: an object has the key of type table, which is not a string`},
		{`(function() local t = json.array{} t.x = 1 return select(2, pcall(json.encode, t)) end)()`, `200 test:1: json.encode: an array has the key "x"`},
		{`select(2, pcall(json.encode, {print}))`, "200 test:1: json.encode: a function cannot be encoded"},
		{`select(2, pcall(json.encode, math.huge))`, "200 test:1: json.encode: infinity and not-a-number do not exist in JSON"},
		{`select(2, pcall(json.encode, "\255"))`, "200 test:1: json.encode: a string is not valid UTF-8"},
		{`(function() local t = {} t.t = t return select(2, pcall(json.encode, t)) end)()`, "200 test:1: json.encode: nested deeper than 128 levels, or a table contains itself"},
		{`select(2, pcall(json.array, setmetatable({}, {})))`, "200 test:1: json.array: the table has a metatable"},
		{`json.encode(json.array(json.array{1}))`, "200 [1]"},
	} {
		expect(t, c.want, "return "+c.lua)
	}
}

func TestJSONDecode(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, "the text ends too early"},
		{`[1`, "the text ends too early"},
		{`{"a"`, "the text ends too early"},
		{`"abc`, "the text ends too early"},
		{`[1,]`, "invalid character ']' looking for beginning of value (near byte 4)"},
		{`{"a":1,}`, "invalid character '}'"},
		{`{a:1}`, "invalid character 'a'"},
		{`{1:1}`, "invalid character '1'"},
		{`[1 2]`, "invalid character '2' after array element"},
		{`1 2`, "there is more behind the value (near byte 4)"},
		{`tru`, "the text ends too early"},
		{`nul1`, "invalid character '1' in literal null"},
		{`01`, "there is more behind the value"},
		{`1e999`, "a number is too large"},
		{`NaN`, "invalid character 'N'"},
		{`'a'`, "invalid character"},
		{"\"\n\"", "invalid character"},
		{`]`, "invalid character ']'"},
		{strings.Repeat("[", 129), "nested deeper than 128 levels"},
		{strings.Repeat("[", 100_000), "nested deeper than 128 levels"},
		{strings.Repeat(`{"a":`, 129), "nested deeper than 128 levels"},
	} {
		source := `local ok, e = pcall(json.decode, ctx.request.body) return tostring(ok) .. " " .. e`
		j := job(source)
		j.Request.Body = []byte(c.text)
		r, _ := do(t, j)
		if got := show(r); !strings.HasPrefix(got, "200 false test:1: json.decode: "+c.want) {
			t.Errorf("%.40q: %s, want %s", c.text, got, c.want)
		}
	}
	expect(t, "200 2", `return json.decode('{"a":1,"a":2}').a .. ""`)
	expect(t, "200 true", `return tostring(json.decode(" [ null ] ")[1] == json.null)`)
	expect(t, "200 2", `return #json.decode("[null,null]") .. ""`)
	expect(t, `200 \u0041: A`, `return [[\u0041: ]] .. json.decode([["\u0041"]])`)
}
