package lua

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// encodeJSON gives v as JSON, objects sorted by key.
func (in *Interpreter) encodeJSON(v lua.LValue) ([]byte, error) {
	e := jsonEncoder{in: in}
	err := e.value(v, 0)
	return e.out, err
}

type jsonEncoder struct {
	in  *Interpreter
	out []byte
}

// value appends v. A table within itself ends at the bound on nesting.
func (e *jsonEncoder) value(v lua.LValue, depth int) error {
	e.in.meter.charge(1)
	switch x := v.(type) {
	case nil, *lua.LNilType:
		e.out = append(e.out, "null"...)
	case lua.LBool:
		e.out = strconv.AppendBool(e.out, bool(x))
	case lua.LNumber:
		return e.number(float64(x))
	case lua.LString:
		return e.text(string(x))
	case *lua.LTable:
		return e.table(x, depth)
	default:
		if x != lua.LValue(e.in.json.null) {
			return fmt.Errorf("a %s has no JSON form", v.Type().String())
		}
		e.out = append(e.out, "null"...)
	}
	return nil
}

func (e *jsonEncoder) number(f float64) error {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return errors.New("NaN and infinity have no JSON form")
	case f == math.Trunc(f) && math.Abs(f) < 1<<63:
		e.out = strconv.AppendInt(e.out, int64(f), 10)
	default:
		e.out = strconv.AppendFloat(e.out, f, 'g', -1, 64)
	}
	return nil
}

func (e *jsonEncoder) text(s string) error {
	e.in.meter.looking(len(s))
	if !utf8.ValidString(s) {
		return errors.New("a string is not UTF-8")
	}
	before := len(e.out)
	e.out = append(e.out, '"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			e.out = append(e.out, '\\', c)
		case c == '\n':
			e.out = append(e.out, `\n`...)
		case c == '\r':
			e.out = append(e.out, `\r`...)
		case c == '\t':
			e.out = append(e.out, `\t`...)
		case c < 0x20:
			e.out = append(e.out, '\\', 'u', '0', '0', '0'+c>>4, "0123456789abcdef"[c&0xf])
		default:
			e.out = append(e.out, c)
		}
	}
	e.out = append(e.out, '"')
	e.in.meter.looking(len(e.out) - before)
	return nil
}

func (e *jsonEncoder) table(t *lua.LTable, depth int) error {
	if depth == maxNesting {
		return fmt.Errorf("nested deeper than %d levels", maxNesting)
	}
	n := e.in.length(t)
	view := e.in.layout.Table(t)
	others := len(view.Strings) + len(view.Hash)
	array := n > 0 || t.Metatable == lua.LValue(e.in.json.array)
	if array && others > 0 {
		return errors.New("a table has both a list and other keys")
	}
	if array {
		return e.array(t, n, depth)
	}
	if len(view.Hash) > 0 {
		return errors.New("a key of an object is not a string")
	}
	return e.object(t, depth)
}

// array appends a list of n elements; a hole is a null.
func (e *jsonEncoder) array(t *lua.LTable, n, depth int) error {
	e.out = append(e.out, '[')
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.out = append(e.out, ',')
		}
		if err := e.value(valueAt(t, i), depth+1); err != nil {
			return err
		}
	}
	e.out = append(e.out, ']')
	return nil
}

func (e *jsonEncoder) object(t *lua.LTable, depth int) error {
	members := e.in.layout.Table(t).Strings
	e.in.meter.charge(2 * len(members))
	keys := make([]string, 0, len(members))
	for key := range members {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	e.out = append(e.out, '{')
	for i, key := range keys {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		if err := e.text(key); err != nil {
			return err
		}
		e.out = append(e.out, ':')
		if err := e.value(members[key], depth+1); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	return nil
}
