package syntax

import (
	"errors"
	"strconv"
	"strings"
)

// canonicalNumber gives a numeral in a form that gopher-lua reads as Lua does.
// Left alone it takes a leading zero for octal, and what is too large for it for
// not-a-number. The error is for what is no numeral.
func canonicalNumber(s string) (string, error) {
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		if _, err := strconv.ParseInt(s, 0, 64); err == nil {
			return s, nil
		}
		v, err := strconv.ParseFloat(s+"p0", 64) // a hexadecimal float wants an exponent
		return formatNumber(v), notRange(err)
	}
	v, err := strconv.ParseFloat(s, 64)
	return formatNumber(v), notRange(err)
}

func formatNumber(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// notRange drops the error of a numeral that is merely too large: its value is
// infinity.
func notRange(err error) error {
	if errors.Is(err, strconv.ErrRange) {
		return nil
	}
	return err
}
