package lua

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	glua "github.com/yuin/gopher-lua"
)

// decoder reads JSON. An array becomes a table with json.array's mark, null
// becomes json.null; of several values under one key the last holds.
type decoder struct {
	in     *Interpreter
	tokens *json.Decoder
}

// decodeJSON reads a text that holds one value. The error says where it went
// wrong.
func (in *Interpreter) decodeJSON(text string) (glua.LValue, error) {
	in.charge(opsPerCall)
	in.chargeBytes(4 * len(text)) // the decoder goes over it several times
	in.garbage.add(len(text))
	if !utf8.ValidString(text) {
		return nil, errors.New("the text is not valid UTF-8")
	}
	d := decoder{in: in, tokens: json.NewDecoder(strings.NewReader(text))}
	d.tokens.UseNumber()
	v, err := d.value(0)
	if err == nil {
		if _, err = d.tokens.Token(); err == nil {
			err = errors.New("there is more behind the value")
		} else if errors.Is(err, io.EOF) {
			return v, nil
		}
	} else if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("the text ends too early")
	}
	return nil, fmt.Errorf("%w (near byte %d)", err, d.tokens.InputOffset()+1)
}

func (d *decoder) value(depth int) (glua.LValue, error) {
	token, err := d.tokens.Token()
	if err != nil {
		return nil, err
	}
	d.in.charge(opsPerFormat)
	switch token := token.(type) {
	case bool:
		return glua.LBool(token), nil
	case string:
		return glua.LString(token), nil
	case json.Number:
		n, err := strconv.ParseFloat(string(token), 64)
		if err != nil {
			return nil, errors.New("a number is too large")
		}
		return glua.LNumber(n), nil
	case json.Delim:
		if depth >= maxJSONDepth {
			return nil, fmt.Errorf("nested deeper than %d levels", maxJSONDepth)
		}
		if token == '[' {
			return d.array(depth + 1)
		}
		return d.object(depth + 1)
	}
	return d.in.null, nil
}

func (d *decoder) array(depth int) (glua.LValue, error) {
	t := &glua.LTable{Metatable: d.in.arrayMark}
	for i := 1; d.tokens.More(); i++ {
		v, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		d.in.rawSet(t, glua.LNumber(i), v)
	}
	_, err := d.tokens.Token() // the bracket
	return t, err
}

func (d *decoder) object(depth int) (glua.LValue, error) {
	t := &glua.LTable{Metatable: glua.LNil}
	for d.tokens.More() {
		key, err := d.tokens.Token()
		if err != nil {
			return nil, err
		}
		d.in.charge(opsPerFormat)
		v, err := d.value(depth)
		if err != nil {
			return nil, err
		}
		d.in.rawSet(t, glua.LString(key.(string)), v)
	}
	_, err := d.tokens.Token() // the brace
	return t, err
}
