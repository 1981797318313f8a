package lua

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/worker/wire"
)

const (
	textType = "text/plain; charset=utf-8"
	jsonType = "application/json"
)

// respond turns what the script returned into the result's response.
func (in *Interpreter) respond(value lua.LValue, result *wire.Result) {
	response := wire.Response{Status: 204}
	switch v := value.(type) {
	case nil, *lua.LNilType:
	case *lua.LUserData:
		given, ok := v.Value.(*wire.Response)
		if !ok {
			response = in.respondJSON(value, result)
			break
		}
		response = *given
	case lua.LString:
		response = wire.Response{
			Status: 200, Body: []byte(v), Headers: []wire.Pair{{Name: "Content-Type", Value: textType}},
		}
	default:
		response = in.respondJSON(value, result)
	}
	if result.Status != 0 {
		return
	}
	if len(response.Body) > wire.MaxBody {
		in.meter.reach(wire.ResponseSize)
	}
	result.Status, result.Response = wire.StatusOK, response
}

func (in *Interpreter) respondJSON(value lua.LValue, result *wire.Result) wire.Response {
	body, err := in.encodeJSON(value)
	if err != nil {
		*result = wire.Result{Status: wire.StatusScriptError, Message: "the returned value: " + err.Error()}
		return wire.Response{}
	}
	return wire.Response{
		Status: 200, Body: body, Headers: []wire.Pair{{Name: "Content-Type", Value: jsonType}},
	}
}

// response is response(status, body, headers). Its result is only good for
// being returned by the script.
func (in *Interpreter) response(L *lua.LState) int {
	status := checkNumber(L, 1)
	if status != lua.LNumber(int(status)) || status < 200 || status > 599 {
		L.ArgError(1, "a whole number from 200 to 599 expected")
	}
	r := &wire.Response{Status: int(status), Headers: in.headers(L, L.OptTable(3, nil))}
	contentType := ""
	switch body := L.Get(2).(type) {
	case *lua.LNilType:
	case lua.LString:
		in.meter.copying(len(body))
		r.Body, contentType = []byte(body), textType
	default:
		encoded, err := in.encodeJSON(body)
		if err != nil {
			L.ArgError(2, err.Error())
		}
		r.Body, contentType = encoded, jsonType
	}
	given := slices.ContainsFunc(r.Headers, func(p wire.Pair) bool { return strings.EqualFold(p.Name, "Content-Type") })
	if contentType != "" && !given {
		r.Headers = append(r.Headers, wire.Pair{Name: "Content-Type", Value: contentType})
	}
	made := L.NewUserData()
	made.Value = r
	L.Push(made)
	return 1
}

// headers reads a table of header fields, sorted by name.
func (in *Interpreter) headers(L *lua.LState, t *lua.LTable) []wire.Pair {
	if t == nil {
		return nil
	}
	view := in.layout.Table(t)
	in.meter.charge(len(view.Strings))
	if len(view.Strings) >= wire.MaxPairs {
		L.ArgError(3, "too many header fields")
	}
	if len(view.Array) > 0 || len(view.Hash) > 0 {
		L.ArgError(3, "the name of a header field must be a string")
	}
	pairs := make([]wire.Pair, 0, len(view.Strings))
	size := len("Content-Type") + len(textType)
	for name, value := range view.Strings {
		if !lua.LVCanConvToString(value) {
			L.ArgError(3, "the value of a header field must be a string or a number")
		}
		p := wire.Pair{Name: name, Value: lua.LVAsString(value)}
		size += len(p.Name) + len(p.Value)
		pairs = append(pairs, p)
	}
	if size > wire.MaxPairText {
		L.ArgError(3, "the header fields are too long")
	}
	slices.SortFunc(pairs, func(a, b wire.Pair) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range pairs {
		in.meter.looking(len(p.Name) + len(p.Value))
		if !isToken(p.Name) {
			L.ArgError(3, "the name of a header field is not a token")
		}
		if hasControl(p.Value) {
			L.ArgError(3, "the header field "+p.Name+" has a control character")
		}
	}
	return pairs
}

// isToken checks for RFC 9110's token, section 5.6.2.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		digit := c >= '0' && c <= '9'
		if !letter && !digit && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}
