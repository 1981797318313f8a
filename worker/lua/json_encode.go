package lua

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// encoder writes a value as JSON. A table is an array if it has a sequence, or
// json.array's mark; else it is an object, whose keys are sorted. What is both,
// or has a hole, is an error that names the key. Metamethods are not called.
type encoder struct {
	in *Interpreter
	*builder
}

func (e *encoder) encode(v glua.LValue, depth int) error {
	e.in.charge(1)
	switch v := v.(type) {
	case nil, *glua.LNilType:
		e.write("null")
	case glua.LBool:
		e.write(strconv.FormatBool(bool(v)))
	case glua.LNumber:
		return e.number(float64(v))
	case glua.LString:
		return e.string(string(v))
	case *glua.LTable:
		return e.table(v, depth)
	case *glua.LUserData:
		if v != e.in.null {
			return fmt.Errorf("a response cannot be encoded")
		}
		e.write("null")
	default:
		return fmt.Errorf("a %s cannot be encoded", typeName(v))
	}
	return nil
}

func (e *encoder) number(n float64) error {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return errJSONNumber
	}
	e.in.charge(opsPerFormat)
	// As ECMAScript writes numbers, which is what JSON's readers expect.
	format := byte('f')
	if a := math.Abs(n); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	if n == 0 {
		n = 0 // no negative zero
	}
	text := strconv.FormatFloat(n, format, -1, 64)
	e.write(strings.Replace(text, "e-0", "e-", 1))
	return nil
}

func (e *encoder) string(s string) error {
	e.in.chargeBytes(len(s))
	if !utf8.ValidString(s) {
		return fmt.Errorf("a string is not valid UTF-8")
	}
	const hex = "0123456789abcdef"
	e.writeByte('"')
	plain := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		e.write(s[plain:i])
		plain = i + 1
		switch c {
		case '"', '\\':
			e.write(`\` + string(c))
		case '\n':
			e.write(`\n`)
		case '\r':
			e.write(`\r`)
		case '\t':
			e.write(`\t`)
		default:
			e.write(`\u00` + string(hex[c>>4]) + string(hex[c&15]))
		}
	}
	e.write(s[plain:])
	e.writeByte('"')
	return nil
}

func (e *encoder) table(t *glua.LTable, depth int) error {
	if depth >= maxJSONDepth {
		return errJSONDepth
	}
	view := vmview.TableOf(t)
	n, others := e.in.length(t), view.MapLen()
	if n == 0 && t.Metatable != e.in.arrayMark {
		return e.object(t, others, depth)
	}
	if others > 0 {
		return fmt.Errorf("an array has the key %s", e.firstKey(t))
	}
	e.write("[")
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.write(",")
		}
		v := t.RawGetInt(i)
		if v == glua.LNil {
			return fmt.Errorf("an array has no value at index %d; json.null can stand there", i)
		}
		if err := e.encode(v, depth+1); err != nil {
			return err
		}
	}
	e.write("]")
	return nil
}

func (e *encoder) object(t *glua.LTable, n, depth int) error {
	// Going over the keys, and sorting them.
	e.in.charge(vmview.TableOf(t).Distance(glua.LNil, glua.LNil)/nilsPerOp + n*bits.Len(uint(n))/4)
	keys := make([]string, 0, n)
	for k, _ := t.Next(glua.LNil); k != glua.LNil; k, _ = t.Next(k) {
		s, ok := k.(glua.LString)
		if !ok {
			return fmt.Errorf("an object has the key %s, which is not a string", describeKey(k))
		}
		keys = append(keys, string(s))
	}
	slices.Sort(keys)
	e.write("{")
	for i, k := range keys {
		if i > 0 {
			e.write(",")
		}
		if err := e.string(k); err != nil {
			return err
		}
		e.write(":")
		e.in.chargeKey(glua.LString(k))
		if err := e.encode(t.RawGetString(k), depth+1); err != nil {
			return err
		}
	}
	e.write("}")
	return nil
}

// firstKey names a key of a table that is not in its sequence.
func (e *encoder) firstKey(t *glua.LTable) string {
	view := vmview.TableOf(t)
	e.in.charge(view.Distance(glua.LNil, glua.LNil) / nilsPerOp)
	behind := glua.LNil
	if n := view.ArrayLen(); n > 0 {
		behind = glua.LNumber(n)
	}
	k, _ := t.Next(behind)
	return describeKey(k)
}

func describeKey(k glua.LValue) string {
	const most = 40
	switch k := k.(type) {
	case glua.LString:
		return strconv.Quote(string(k[:min(len(k), most)]))
	case glua.LNumber, glua.LBool:
		return textOf(k)
	}
	return "of type " + typeName(k)
}
