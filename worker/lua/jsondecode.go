package lua

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// decodeCost is how many bytes of JSON are read for one operation.
const decodeCost = 16

// decodedValue is the operations for one value, whatever it is.
const decodedValue = 8

// decodeJSON reads one JSON value. Arrays come marked, so that an empty one is
// written as an array again.
func (in *Interpreter) decodeJSON(text string) (lua.LValue, error) {
	in.meter.charge(2*decodedValue + len(text)/decodeCost)
	if !utf8.ValidString(text) {
		return nil, errors.New("the text is not UTF-8")
	}
	d := jsonDecoder{in: in, tokens: json.NewDecoder(strings.NewReader(text))}
	d.tokens.UseNumber()
	v, err := d.value(0)
	if err == nil {
		if _, err = d.tokens.Token(); err == nil {
			err = errors.New("something follows the value")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	} else if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the text ends too early")
	}
	return v, err
}

type jsonDecoder struct {
	in     *Interpreter
	tokens *json.Decoder
}

func (d *jsonDecoder) value(depth int) (lua.LValue, error) {
	token, err := d.tokens.Token()
	if err != nil {
		return nil, err
	}
	d.in.meter.charge(decodedValue)
	switch x := token.(type) {
	case nil:
		return d.in.json.null, nil
	case bool:
		return lua.LBool(x), nil
	case string:
		return lua.LString(x), nil
	case json.Number:
		d.in.meter.decimal(string(x))
		f, err := strconv.ParseFloat(string(x), 64)
		if err != nil {
			return nil, fmt.Errorf("the number %.40s is out of range", string(x))
		}
		return lua.LNumber(f), nil
	}
	if depth == maxNesting {
		return nil, fmt.Errorf("nested deeper than %d levels", maxNesting)
	}
	t := d.in.state.NewTable()
	if token == json.Delim('[') {
		t.Metatable = d.in.json.array
		err = d.elements(t, depth)
	} else {
		err = d.members(t, depth)
	}
	if err != nil {
		return nil, err
	}
	_, err = d.tokens.Token() // the closing bracket
	return t, err
}

func (d *jsonDecoder) elements(t *lua.LTable, depth int) error {
	for i := 1; d.tokens.More(); i++ {
		v, err := d.value(depth + 1)
		if err != nil {
			return err
		}
		d.in.rawStore(t, lua.LNumber(i), v)
		t.RawSetInt(i, v)
	}
	return nil
}

// members reads an object; of a name that comes twice the last one counts.
func (d *jsonDecoder) members(t *lua.LTable, depth int) error {
	for d.tokens.More() {
		token, err := d.tokens.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return errors.New("a name is not a string")
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return err
		}
		d.in.rawStore(t, lua.LString(name), v)
		t.RawSetString(name, v)
	}
	return nil
}
