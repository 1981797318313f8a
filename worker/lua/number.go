package lua

import (
	"errors"
	"math"
	"strconv"
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// bitsPerOp is how many bits of a quotient are found for an operation.
const bitsPerOp = 4

const whitespace = " \f\n\r\t\v"

// chargeRemainder charges for x % y: it is found bit by bit of the quotient, of
// which there are as many as the exponents are apart.
func (m *meter) chargeRemainder(x, y float64) {
	if math.IsInf(x, 0) || math.IsInf(y, 0) {
		return
	}
	_, bitsOfX := math.Frexp(x)
	_, bitsOfY := math.Frexp(y)
	m.charge((bitsOfX - bitsOfY) / bitsPerOp)
}

// parseNumber reads a string as a number, as tonumber does: decimal, with a
// fraction and an exponent if wanted, or hexadecimal, between white space.
func parseNumber(s string) (float64, bool) {
	s = strings.Trim(s, whitespace)
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" {
		return 0, false
	}
	if strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X") {
		return parseBase(s[:len(s)-len(digits)]+digits[2:], 16)
	}
	// What begins otherwise, strconv would take for infinity or not-a-number;
	// an underscore or a hexadecimal exponent it would accept in between.
	if c := digits[0]; c != '.' && (c < '0' || c > '9') || strings.ContainsAny(digits, "_xXpP") {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil || errors.Is(err, strconv.ErrRange)
}

// formatNumber writes a number as Lua 5.1 does, with C's "%.14g". There is one
// not-a-number here: which sign it has depends on the processor. And there is one
// zero: the VM's remainder gives a negative one where Lua's does not.
func formatNumber(n float64) string {
	switch {
	case n == math.Trunc(n) && math.Abs(n) < maxPlain:
		return strconv.FormatInt(int64(n), 10)
	case math.IsNaN(n):
		return "nan"
	case math.IsInf(n, 0):
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(n, 'g', -1, 64)), "+")
	}
	return strconv.FormatFloat(n, 'g', 14, 64)
}

// maxPlain is where whole numbers begin to be written with an exponent.
const maxPlain = 1e14

// textOf is the text of a string or a number.
func textOf(v glua.LValue) string {
	if n, ok := v.(glua.LNumber); ok {
		return formatNumber(float64(n))
	}
	return v.String()
}

// parseBase reads a whole number of any size in base 2 to 36.
func parseBase(s string, base int) (float64, bool) {
	s = strings.Trim(s, whitespace)
	sign := 1.0
	switch {
	case strings.HasPrefix(s, "-"):
		sign, s = -1, s[1:]
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	}
	if s == "" {
		return 0, false
	}
	n := 0.0
	for i := range len(s) {
		d := digit(s[i])
		if d >= base {
			return 0, false
		}
		n = float64(n*float64(base)) + float64(d) // rounded twice, on processors that could do it at once, too
	}
	return math.Copysign(n, sign), true
}

// digit gives the value of a digit, 36 for what is none.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'z':
		return int(c|0x20-'a') + 10
	}
	return 36
}
