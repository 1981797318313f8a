package lua

import (
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// directive is one conversion of string.format: flags, width and precision as
// they stand, and the letter.
type directive struct {
	modifiers string
	letter    byte
}

// format is string.format. Width and precision have at most two digits, so a
// conversion makes no more than a hundred bytes out of nothing.
func (in *Interpreter) format(L *lua.LState) int {
	layout := L.CheckString(1)
	in.meter.looking(len(layout))
	var out strings.Builder
	argument := 1
	for layout != "" {
		text, rest, found := strings.Cut(layout, "%")
		out.WriteString(text)
		if layout = rest; !found {
			break
		}
		if strings.HasPrefix(layout, "%") {
			out.WriteByte('%')
			layout = layout[1:]
			continue
		}
		var d directive
		if d, layout = parseDirective(L, layout); argument >= L.GetTop() {
			L.ArgError(argument+1, "no value")
		}
		argument++
		in.meter.charge(1)
		out.WriteString(in.convert(L, d, argument))
	}
	in.meter.copying(out.Len())
	L.Push(lua.LString(out.String()))
	return 1
}

func parseDirective(L *lua.LState, s string) (d directive, rest string) {
	i := 0
	for i < len(s) && strings.IndexByte("-+ #0", s[i]) >= 0 {
		i++
	}
	if i > 5 {
		L.RaiseError("invalid format (repeated flags)")
	}
	digits := func() {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		if i-from > 2 {
			L.RaiseError("invalid format (width or precision too long)")
		}
	}
	digits()
	if i < len(s) && s[i] == '.' {
		i++
		digits()
	}
	if i >= len(s) {
		L.RaiseError("invalid format (ends with '%%')")
	}
	return directive{modifiers: s[:i], letter: s[i]}, s[i+1:]
}

func (in *Interpreter) convert(L *lua.LState, d directive, n int) string {
	verb := "%" + d.modifiers
	switch d.letter {
	case 'c':
		return fmt.Sprintf(verb+"s", []byte{byte(L.CheckInt(n))})
	case 'd', 'i':
		return fmt.Sprintf(verb+"d", int64(checkNumber(L, n)))
	case 'u':
		return fmt.Sprintf(verb+"d", uint64(int64(checkNumber(L, n))))
	case 'o', 'x', 'X':
		return fmt.Sprintf(verb+string(d.letter), uint64(int64(checkNumber(L, n))))
	case 'e', 'E', 'f', 'g', 'G':
		f := float64(checkNumber(L, n))
		_, exponent := math.Frexp(f)
		in.meter.charge(max(exponent, -exponent) / 2) // many digits are made one by one
		return formatFloat(d, f)
	case 'q':
		return in.quote(L.CheckString(n))
	case 's':
		s := in.text(L, L.CheckAny(n))
		in.meter.copying(len(s))
		if d.modifiers == "" {
			return s
		}
		return padText(d.modifiers, s)
	}
	L.RaiseError("invalid option '%%%c' to 'format'", d.letter)
	return ""
}

// padText counts bytes, where package fmt counts characters.
func padText(modifiers, s string) string {
	size, precision, cut := strings.Cut(modifiers, ".")
	if cut {
		s = s[:min(len(s), number(precision))]
	}
	width := number(strings.TrimLeft(size, "-+ #0"))
	padding := strings.Repeat(" ", max(width-len(s), 0))
	if strings.Contains(size, "-") {
		return s + padding
	}
	return padding + s
}

// number reads at most two digits.
func number(digits string) int {
	n := 0
	for _, c := range []byte(digits) {
		n = 10*n + int(c-'0')
	}
	return n
}

func formatFloat(d directive, f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		text := map[bool]string{true: "inf", false: "nan"}[math.IsInf(f, 0)]
		switch {
		case math.IsInf(f, -1):
			text = "-" + text
		case strings.Contains(d.modifiers, "+"):
			text = "+" + text
		}
		size, _, _ := strings.Cut(d.modifiers, ".")
		return padText(size, text)
	}
	modifiers := d.modifiers
	if (d.letter == 'g' || d.letter == 'G') && !strings.Contains(modifiers, ".") {
		modifiers += ".6"
	}
	return fmt.Sprintf("%"+modifiers+string(d.letter), f)
}

// quote is %q: a string the Lua parser reads back.
func (in *Interpreter) quote(s string) string {
	in.meter.looking(len(s))
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		switch c {
		case '"', '\\', '\n':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\r':
			b.WriteString(`\r`)
		case 0:
			b.WriteString(`\000`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
