package lua

import (
	"fmt"
	"slices"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
	"picloud/worker/wire"
)

const (
	contentType = "content-type"
	textType    = "text/plain; charset=utf-8"
	jsonType    = "application/json"
)

func (in *Interpreter) openResponse(L *glua.LState, globals *glua.LTable) {
	in.register(L, globals, []function{{"response", in.makeResponse}})
	in.responseMeta = locked("response")
}

// makeResponse is response(status, body, headers): a value that only means
// something when the script returns it.
func (in *Interpreter) makeResponse(L *glua.LState) int {
	status := in.checkNumber(L, 1)
	if status < 200 || status > 599 || status != float64(int(status)) {
		L.ArgError(1, "a status is a whole number from 200 to 599")
	}
	response := &wire.Response{Status: int(status)}
	ctype, err := in.setBody(response, arg(L, 2))
	if err == nil {
		response.Headers, err = in.headers(arg(L, 3))
	}
	if err == nil && len(response.Body) > 0 && (status == 204 || status == 304) {
		err = fmt.Errorf("an answer with status %d has no body", response.Status)
	}
	if err != nil {
		L.RaiseError("response: %s", err.Error())
	}
	given := slices.ContainsFunc(response.Headers, func(p wire.Pair) bool { return p.Name == contentType })
	if ctype != "" && !given {
		response.Headers = append(response.Headers, wire.Pair{Name: contentType, Value: ctype})
	}
	L.Push(&glua.LUserData{Value: response, Env: in.globals, Metatable: in.responseMeta})
	return 1
}

// answer turns what a script returned into its response.
func (in *Interpreter) answer(v glua.LValue) (wire.Response, error) {
	if u, ok := v.(*glua.LUserData); ok && u != in.null {
		if r, ok := u.Value.(*wire.Response); ok {
			return *r, nil
		}
	}
	response := wire.Response{Status: 200}
	ctype, err := in.setBody(&response, v)
	if err != nil {
		return wire.Response{}, err
	}
	if ctype == "" {
		return wire.Response{Status: 204}, nil
	}
	response.Headers = []wire.Pair{{Name: contentType, Value: ctype}}
	return response, nil
}

// setBody gives a response its body and tells its type, "" for none: nil is no
// body, a string is text, all else is JSON. A body over wire.MaxBody ends the
// script.
func (in *Interpreter) setBody(r *wire.Response, v glua.LValue) (ctype string, err error) {
	switch v := v.(type) {
	case nil, *glua.LNilType:
		return "", nil
	case glua.LString:
		if len(v) > wire.MaxBody {
			in.exceed(wire.ResponseSize)
		}
		in.chargeBytes(len(v))
		r.Body = []byte(v)
		return textType, nil
	}
	e := encoder{in, &builder{meter: in.meter, max: wire.MaxBody, limit: wire.ResponseSize}}
	if err := e.encode(v, 0); err != nil {
		return "", err
	}
	r.Body = []byte(e.out.String())
	return jsonType, nil
}

// headers reads a table of header fields: names are tokens of RFC 9110, section
// 5.6.2, values have no control characters. The result is in lower case, sorted,
// and fits in a result frame.
func (in *Interpreter) headers(v glua.LValue) ([]wire.Pair, error) {
	if v == glua.LNil {
		return nil, nil
	}
	t, ok := v.(*glua.LTable)
	if !ok {
		return nil, fmt.Errorf("headers are a table, not a %s", typeName(v))
	}
	in.charge(vmview.TableOf(t).Distance(glua.LNil, glua.LNil) / nilsPerOp)
	var list []wire.Pair
	text := len(contentType) + len(textType)
	for k, v := t.Next(glua.LNil); k != glua.LNil; k, v = t.Next(k) {
		in.charge(opsPerFormat)
		name, ok := k.(glua.LString)
		if !ok || !isToken(string(name)) {
			return nil, fmt.Errorf("a header field cannot have the name %s", describeKey(k))
		}
		if !glua.LVCanConvToString(v) {
			return nil, fmt.Errorf("the header field %s has a %s, not a string or a number", name, typeName(v))
		}
		value := textOf(v)
		in.chargeBytes(len(value))
		if strings.ContainsFunc(value, isControl) {
			return nil, fmt.Errorf("the header field %s has a control character in its value", name)
		}
		text += len(name) + len(value)
		if text > wire.MaxPairText || len(list) == wire.MaxPairs-1 {
			return nil, fmt.Errorf("more than %d header fields, or more than %d bytes of them", wire.MaxPairs-1, wire.MaxPairText)
		}
		list = append(list, wire.Pair{Name: strings.ToLower(string(name)), Value: value})
	}
	slices.SortFunc(list, func(a, b wire.Pair) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(list); i++ {
		if list[i].Name == list[i-1].Name {
			return nil, fmt.Errorf("the header field %s stands there twice", list[i].Name)
		}
	}
	return list, nil
}

func isToken(s string) bool {
	for _, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isControl leaves the tab alone, which a value may contain.
func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
