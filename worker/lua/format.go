package lua

import (
	"fmt"
	"math"
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// stringFormat is string.format, with C's conversions as Lua 5.1 has them.
// Width and precision have two digits at most.
func (in *Interpreter) stringFormat(L *glua.LState) int {
	format := in.checkString(L, 1)
	out := in.newString()
	next := 2
	for {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			out.write(format)
			break
		}
		out.write(format[:i])
		format = format[i+1:]
		if strings.HasPrefix(format, "%") {
			out.writeByte('%')
			format = format[1:]
			continue
		}
		spec, verb := in.directive(L, format)
		format = format[len(spec)+1:]
		in.charge(opsPerFormat)
		if next > L.GetTop() {
			L.ArgError(next, "no value")
		}
		in.convert(L, out, spec, verb, next)
		next++
	}
	L.Push(out.value())
	return 1
}

// directive splits what follows a percent sign in flags with width and
// precision, and the conversion.
func (in *Interpreter) directive(L *glua.LState, s string) (spec string, verb byte) {
	i := 0
	for i < len(s) && strings.IndexByte("-+ #0", s[i]) >= 0 {
		i++
	}
	if i > 5 {
		L.RaiseError("invalid format (repeated flags)")
	}
	digits := func() {
		for n := 0; n < 2 && i < len(s) && '0' <= s[i] && s[i] <= '9'; n++ {
			i++
		}
	}
	digits()
	if i < len(s) && s[i] == '.' {
		i++
		digits()
	}
	if i < len(s) && '0' <= s[i] && s[i] <= '9' {
		L.RaiseError("invalid format (width or precision too long)")
	}
	if i == len(s) {
		L.RaiseError("%s", "invalid option '%' to 'format'")
	}
	return s[:i], s[i]
}

// convert adds argument i. Go's fmt has C's flags; where its results differ the
// flags are changed or the text is padded only.
func (in *Interpreter) convert(L *glua.LState, out *builder, spec string, verb byte, i int) {
	unsigned := strings.NewReplacer("+", "", " ", "")
	switch verb {
	case 'c':
		pad(out, spec, string([]byte{byte(toInt64(in.checkNumber(L, i)))}))
	case 'd', 'i':
		fmt.Fprintf(out, "%"+zeroUnlessPrecise(spec)+"d", toInt64(in.checkNumber(L, i)))
	case 'u':
		fmt.Fprintf(out, "%"+zeroUnlessPrecise(unsigned.Replace(spec))+"d", uint64(toInt64(in.checkNumber(L, i))))
	case 'o', 'x', 'X':
		n := uint64(toInt64(in.checkNumber(L, i)))
		spec = zeroUnlessPrecise(unsigned.Replace(spec))
		if n == 0 {
			spec = strings.ReplaceAll(spec, "#", "") // C has no prefix for zero
		}
		fmt.Fprintf(out, "%"+spec+string(verb), n)
	case 'e', 'E', 'f', 'g', 'G':
		in.convertFloat(L, out, spec, verb, in.checkNumber(L, i))
	case 'q':
		s := in.checkString(L, i)
		quote(out, s)
	case 's':
		s := in.text(L, arg(L, i), "format")
		if spec == "" {
			out.write(s)
		} else {
			pad(out, spec, s)
		}
	default:
		L.RaiseError("invalid option '%%%s' to 'format'", strings.ToValidUTF8(string([]byte{verb}), "?"))
	}
}

func (in *Interpreter) convertFloat(L *glua.LState, out *builder, spec string, verb byte, n float64) {
	if math.IsInf(n, 0) || math.IsNaN(n) {
		text := "inf"
		switch {
		case math.IsNaN(n):
			text = "nan"
		case n < 0:
			text = "-" + text
		case strings.Contains(spec, "+"):
			text = "+" + text
		case strings.Contains(spec, " "):
			text = " " + text
		}
		if verb == 'E' || verb == 'G' {
			text = strings.ToUpper(text)
		}
		width, _, _ := strings.Cut(spec, ".")
		pad(out, width, text)
		return
	}
	if !strings.Contains(spec, ".") {
		spec += ".6" // Go's own default for g is as many digits as it takes
	}
	// The decimal digits come from as many binary ones as the exponent is large.
	_, exponent := math.Frexp(n)
	_, precision, _ := strings.Cut(spec, ".")
	in.charge((max(exponent, -exponent) + 3*decimal(precision)) / digitsPerOp)
	fmt.Fprintf(out, "%"+spec+string(verb), n)
}

// digitsPerOp is how many binary digits are made decimal ones for an operation.
const digitsPerOp = 16

// pad writes s with the width and precision of spec, counted in bytes. Of the
// flags only '-' has a meaning for text.
func pad(out *builder, spec, s string) {
	flags := len(spec) - len(strings.TrimLeft(spec, "-+ #0"))
	width, precision, precise := strings.Cut(spec[flags:], ".")
	if precise {
		s = s[:min(len(s), decimal(precision))]
	}
	padding := strings.Repeat(" ", max(decimal(width)-len(s), 0))
	if strings.Contains(spec[:flags], "-") {
		out.write(s + padding)
	} else {
		out.write(padding + s)
	}
}

// decimal reads at most two digits.
func decimal(s string) int {
	n := 0
	for _, c := range []byte(s) {
		n = 10*n + int(c-'0')
	}
	return n
}

// zeroUnlessPrecise drops the flag 0 where a precision says how many digits
// there are, as C does.
func zeroUnlessPrecise(spec string) string {
	flags := len(spec) - len(strings.TrimLeft(spec, "-+ #0"))
	if !strings.Contains(spec, ".") {
		return spec
	}
	return strings.ReplaceAll(spec[:flags], "0", "") + spec[flags:]
}

// toInt64 converts as C does for numbers that fit, and to the nearest end for
// others.
func toInt64(n float64) int64 {
	switch {
	case math.IsNaN(n):
		return 0
	case n >= math.MaxInt64:
		return math.MaxInt64
	case n <= math.MinInt64:
		return math.MinInt64
	}
	return int64(n)
}

// quote writes s as a Lua string.
func quote(out *builder, s string) {
	out.writeByte('"')
	for _, c := range []byte(s) {
		switch c {
		case '"', '\\', '\n':
			out.writeByte('\\')
			out.writeByte(c)
		case '\r':
			out.write(`\r`)
		case 0:
			out.write(`\000`)
		default:
			out.writeByte(c)
		}
	}
	out.writeByte('"')
}
