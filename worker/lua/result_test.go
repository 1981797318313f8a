package lua

import (
	"strings"
	"testing"

	"picloud/limits"
	"picloud/worker/wire"
)

// headers is a response's header fields in one string.
func headers(r *wire.Result) string {
	var list []string
	for _, p := range r.Response.Headers {
		list = append(list, p.Name+": "+p.Value)
	}
	return strings.Join(list, "; ")
}

func TestResponses(t *testing.T) {
	const text, json = "content-type: text/plain; charset=utf-8", "content-type: application/json"
	for _, c := range []struct{ source, want, headers string }{
		{``, "204 ", ""},
		{`return`, "204 ", ""},
		{`return nil`, "204 ", ""},
		{`return nil, "second"`, "204 ", ""},
		{`return "hello"`, "200 hello", text},
		{`return ""`, "200 ", text},
		{`return "a\0\255"`, "200 a\x00\xff", text},
		{`return {}`, "200 {}", json},
		{`return {1, 2}`, "200 [1,2]", json},
		{`return {a = 1}`, `200 {"a":1}`, json},
		{`return 42`, "200 42", json},
		{`return false`, "200 false", json},
		{`return json.null`, "200 null", json},
		{`return 1, 2, 3`, "200 1", json},
		{`return response(201)`, "201 ", ""},
		{`return response(200, nil, nil)`, "200 ", ""},
		{`return response(404, "not here")`, "404 not here", text},
		{`return response("503", {error = "x"})`, `503 {"error":"x"}`, json},
		{`return response(200, "<p>", {["Content-Type"] = "text/html"})`, "200 <p>", "content-type: text/html"},
		{`return response(200, "x", {["X-B"] = 2, ["x-a"] = "1", ETag = '"v"'})`, "200 x", `etag: "v"; x-a: 1; x-b: 2; ` + text},
		{`return response(204)`, "204 ", ""},
		{`return response(304, "")`, "304 ", text},
		{`response(500) return "kept"`, "200 kept", text},
	} {
		r := run(t, c.source)
		if got := show(r); got != c.want || headers(r) != c.headers {
			t.Errorf("%s\ngot  %s %s\nwant %s %s", c.source, got, headers(r), c.want, c.headers)
		}
	}
}

func TestResponsesThatAreWrong(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`return print`, "error at 0: the returned value: a function cannot be encoded"},
		{`return {1, nil, 3}`, "error at 0: the returned value: an array has no value at index 2; json.null can stand there"},
		{`return 0/0`, "error at 0: the returned value: infinity and not-a-number do not exist in JSON"},
		{`return {response(200)}`, "error at 0: the returned value: a response cannot be encoded"},
		{`return response()`, "error at 1: bad argument #1 to response (number expected, got no value)"},
		{`return response(199)`, "error at 1: bad argument #1 to response (a status is a whole number from 200 to 599)"},
		{`return response(600)`, "error at 1: bad argument #1 to response (a status is a whole number from 200 to 599)"},
		{`return response(200.5)`, "error at 1: bad argument #1 to response (a status is a whole number from 200 to 599)"},
		{`return response(0/0)`, "error at 1: bad argument #1 to response (a status is a whole number from 200 to 599)"},
		{`return response(204, "x")`, "error at 1: response: an answer with status 204 has no body"},
		{`return response(200, print)`, "error at 1: response: a function cannot be encoded"},
		{`return response(200, "", "x")`, "error at 1: response: headers are a table, not a string"},
		{`return response(200, "", {["a b"] = "x"})`, `error at 1: response: a header field cannot have the name "a b"`},
		{`return response(200, "", {[""] = "x"})`, `error at 1: response: a header field cannot have the name ""`},
		{`return response(200, "", {["a:"] = "x"})`, `error at 1: response: a header field cannot have the name "a:"`},
		{`return response(200, "", {"x"})`, "error at 1: response: a header field cannot have the name 1"},
		{`return response(200, "", {a = {}})`, "error at 1: response: the header field a has a table, not a string or a number"},
		{`return response(200, "", {a = "x\r\nb: y"})`, "error at 1: response: the header field a has a control character in its value"},
		{`return response(200, "", {a = "x\0"})`, "error at 1: response: the header field a has a control character in its value"},
		{`return response(200, "", {a = "1", A = "2"})`, "error at 1: response: the header field a stands there twice"},
		{`local h = {} for i = 1, 256 do h["x" .. i] = "" end return response(200, "", h)`, "error at 1: response: more than 255 header fields, or more than 65536 bytes of them"},
		{`return response(200, "", {a = ("x"):rep(65536)})`, "error at 1: response: more than 255 header fields, or more than 65536 bytes of them"},
	} {
		expect(t, c.want, c.source)
	}
}

func TestResponseSize(t *testing.T) {
	for name, c := range map[string]struct{ fits, tooLong string }{
		"text":          {`return ("x"):rep(1048576)`, `return ("x"):rep(1048577)`},
		"json":          {`return {("x"):rep(1048572)}`, `return {("x"):rep(1048573)}`},
		"escapes":       {`return ("\n"):rep(1000)`, `return {("\n"):rep(524288)}`},
		"response text": {`return response(200, ("x"):rep(1048576))`, `pcall(response, 200, ("x"):rep(1048577))`},
		"response json": {`return response(200, {("x"):rep(1048572)})`, `pcall(response, 200, {("x"):rep(1048573)})`},
		"many items":    {`local t = {} for i = 1, 1000 do t[i] = i end return t`, `local t = {} for i = 1, 300 do t[i] = ("x"):rep(10000) end return t`},
	} {
		if r := run(t, c.fits, roomy); r.Status != wire.StatusOK {
			t.Errorf("%s: %s", name, show(r))
		}
		if r := run(t, c.tooLong, roomy); r.Status != wire.StatusLimitExceeded || r.Limit != wire.ResponseSize {
			t.Errorf("%s: %.100s", name, show(r))
		}
	}
}

func TestScriptErrors(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"\nerror('boom')", "error at 2: boom"},
		{"error('boom', 0)", "error at 0: boom"},
		{"local function f()\nerror('boom', 2)\nend\n\nf()", "error at 5: boom"},
		{"error()", "error at 0: error object is a nil, not a string"},
		{"error(nil)", "error at 0: error object is a nil, not a string"},
		{"error(12)", "error at 1: 12"},
		{"error({})", "error at 0: error object is a table, not a string"},
		{"error({code = 1})", "error at 0: error object is a table, not a string"},
		{"error(print)", "error at 0: error object is a function, not a string"},
		{"error(setmetatable({}, {__tostring = function() return 'mine' end}))", "error at 0: mine"},
		{"error(setmetatable({}, {__tostring = function() return 1 end}))", "error at 0: error object is a table, not a string"},
		{"error(setmetatable({}, {__tostring = function() error('again') end}))", "error at 0: error object is a table, not a string"},
		{"assert(false)", "error at 1: assertion failed!"},
		{"assert(nil, 'no')", "error at 1: no"},
		{"\n\nlocal x = nil\nx.y = 1", "error at 4: attempt to index a non-table object(nil) with key 'y'"},
		{"local x\nx()", "error at 2: attempt to call a non-function object"},
		{"return 1 + {}", "error at 1: cannot perform add operation between number and table"},
		{"return 1 < 'x'", "error at 1: attempt to compare number with string"},
		{"local t = {}\nt[nil] = 1", "error at 2: table index is nil"},
		{"local t = {} t[0/0] = 1", "error at 1: table index is NaN"},
		{"coroutine.wrap(function()\nerror('inside')\nend)()", "error at 2: inside"},
		{"local ok, e = pcall(error, 'a') error(e, 0)", "error at 0: a"},
		{"error('test:77: forged', 0)", "error at 77: forged"},
		{"error('test:x: not a line', 0)", "error at 0: test:x: not a line"},
		{"error('\\255\\254', 0)", "error at 0: ?"},
		{"for i = 'a', 2 do end", "error at 1: for statement init must be a number"},
	} {
		expect(t, c.want, c.source)
	}
	if r := run(t, `error(("x"):rep(100000), 0)`); len(r.Message) != wire.MaxMessage {
		t.Errorf("a message of %d bytes", len(r.Message))
	}
	if r := run(t, `error(("é"):rep(100000), 0)`); len(r.Message) > wire.MaxMessage || strings.Trim(r.Message, "é") != "" {
		t.Errorf("a message of %d bytes, cut within a character", len(r.Message))
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`error("not run")`, "0 "},
		{``, "0 "},
		{`return return`, "invalid at 1: an expression expected near 'return'"},
		{"if x then\n\nfor i = 1, 2 do", "invalid at 3: 'end' expected to close 'for' at line 3 before the end of the script"},
		{"x = 'abc", "invalid at 1: unterminated string at the end of the script"},
		{"x = 'abc\n", "invalid at 2: unterminated string near 'abc'"},
		{"\n\ngoto nowhere", "invalid at 3: no visible label 'nowhere' for this goto"},
		{"break", "invalid at 1: no loop to break"},
		{strings.Repeat("(", 65), "invalid at 1: expressions and blocks are nested deeper than max_expr_depth, which is 64 levels"},
	} {
		expect(t, c.want, c.source, check)
	}
	if r := run(t, "while true do end", check); r.Status != wire.StatusOK || r.Operations != 0 {
		t.Errorf("a check that runs: %s, %d operations", show(r), r.Operations)
	}
}

func TestTooDeepAtRun(t *testing.T) {
	r := run(t, "\nreturn "+strings.Repeat("(", 65)+"1"+strings.Repeat(")", 65))
	if r.Status != wire.StatusLimitExceeded || r.Limit != limits.MaxExprDepth || r.Line != 2 || r.Operations != 0 {
		t.Errorf("%s at %d, %d operations", show(r), r.Line, r.Operations)
	}
	expect(t, "200 1", "return "+strings.Repeat("(", 64)+"1"+strings.Repeat(")", 64))
	expect(t, "200 1", "return "+strings.Repeat("(", 200)+"1"+strings.Repeat(")", 200), depth(200))
}

func TestContext(t *testing.T) {
	request := func(j *wire.Job) {
		j.Request = wire.Request{
			Method: "POST", Path: "/a/b", Body: []byte("body\x00"),
			Query:   []wire.Pair{{Name: "Q", Value: "1"}, {Name: "b", Value: ""}},
			Headers: []wire.Pair{{Name: "accept", Value: "*/*"}, {Name: "x-y", Value: "z"}},
		}
	}
	expect(t, `200 {"invocation_id":"inv-1","request":{"body":"body\u0000","headers":{"accept":"*/*","x-y":"z"},"method":"POST","path":"/a/b","query":{"Q":"1","b":""}},"script":{"name":"test","version":3}}`,
		`return ctx`, request)
	expect(t, `200 method path query headers body accept x-y`,
		`local names = {} for k in pairs(ctx.request) do names[#names+1] = k end for k in pairs(ctx.request.headers) do names[#names+1] = k end return table.concat(names, " ")`, request)
	expect(t, `200 changed`, `ctx.request.method = "changed" return ctx.request.method`, request)
}
