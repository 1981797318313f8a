package lua

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"picloud/limits"
)

// A script runs alike on every machine. What could differ is what does not fit
// in 32 bits, which is all that an int has on some, and what a processor rounds in
// its own way. `make test-arm` runs these tests, as all of this package, on 32 bits.

func TestLargeNumbers(t *testing.T) {
	for _, c := range []struct{ want, source string }{
		// A number that lost its upper half would be a small one.
		{"200 [\"abc\",\"\",\"abc\"]", `local s = "abc" return {s:sub(-2^40, 2^40), s:sub(2^32 + 1), s:sub(1 - 2^32, 2^31)}`},
		{"200 nil nil 2", `local s = "abc" return tostring((s:byte(2^32 + 1))) .. " " .. tostring(s:find("b", 2^32 + 1)) .. " " .. s:find("b", -2^32 - 1)`},
		{"200 0 2 0", `local n = select("#", select(2^32 + 1, 1)) return n .. " " .. select("#", unpack({1, 2})) .. " " .. select("#", unpack({1}, 2^40))`},
		{"200 false test:1: too many results to unpack", `local ok, e = pcall(unpack, {1}, -2^40, 2^40) return tostring(ok) .. " " .. e`},
		{"200 false test:1: too many results to unpack", `local ok, e = pcall(unpack, {1}, -2^31, 2^31 - 1) return tostring(ok) .. " " .. e`},
		{"200 false false", `return tostring((pcall(select, -2^32 + 1, 1))) .. " " .. tostring((pcall(tonumber, "10", 2^32 + 16)))`},
		{"200 false false nil", `return tostring((pcall(next, {}, 2^40))) .. " " .. tostring((pcall(next, {}, 2^31))) .. " " .. tostring(next({}, 2^29))`},
		{"200 nil", `return tostring((ipairs({})({5}, 2^32)))`},
		{"200 false nil 0", `local t = {} return tostring((pcall(table.insert, t, 2^32 + 1, "x"))) .. " " .. tostring((table.remove(t, 2^32 + 1))) .. " " .. #t`},
		{"200 [\"A\",1099511627776,1099511627776,4294967296]", `return {("%c"):format(2^32 + 65), ("%d"):format(2^40) + 0, math.random(2^40, 2^40), tonumber("4294967296")}`},
		{"200 18446744073709551615 fff 1e+15", `return ("%u %x "):format(-1, 2^12 - 1) .. 1e15`},
		{"200 inf 0", `return math.ldexp(1, 2^40) .. " " .. math.ldexp(1, -2^40)`},
		{"200 4000000000 700000000000 2106-02-07", `local function t(min, sec) return os.time{year = 1970, month = 1, day = 1, hour = 0, min = min, sec = sec} end return t(0, 4e9) .. " " .. t(1e10, 1e11) .. " " .. os.date("%F", 2^32)`},
		{"200 false false", `return tostring((pcall(os.time, {year = 2^32 + 2000, month = 1, day = 1}))) .. " " .. tostring((pcall(os.time, {year = 2000, month = 1, day = 2^32 + 1})))`},
		{"200 4", `local t = {} t[2^31] = 1 t[2^32 + 1] = 2 t[2^40] = 3 t[1] = 4 return t[1] .. ""`},
		{"200 2", `local t = {} t[2^32 + 1] = 2 return #t .. "" == "0" and t[2^32 + 1] .. ""`},
		{"limit max_string_size", `return ("x"):rep(2^32 + 1)`},
		{"limit max_operations", `for i = 2^31 - 10, 2^40 do end`},
	} {
		expect(t, c.want, c.source)
	}
}

// All operands of a concatenation together have 2^32 bytes here.
func TestConcatenationBeyond32Bits(t *testing.T) {
	spec, _ := limits.Lookup(limits.MaxStringSize)
	operands := int(1 << 32 / spec.Maximum)
	source := fmt.Sprintf("local s = (\"x\"):rep(%d) return #(s%s)", spec.Maximum, strings.Repeat(" .. s", operands-1))
	expect(t, "limit max_string_size", source, operations(1e9), roomy)
}

// Sums and products of lengths stay below what an int has at least.
func TestLimitsFitIn32Bits(t *testing.T) {
	for _, s := range limits.Fields() {
		if s.EnforcedBy != limits.ByInterpreter || s.Field == limits.MaxOperations {
			continue // operations are counted in 64 bits
		}
		if s.Maximum > maxInt/8 {
			t.Errorf("%s may be %d; an int may have no room for eight times as much", s.Field, s.Maximum)
		}
	}
}

func TestRandomNumbersFromASeed(t *testing.T) {
	expect(t, "200 3 632 616308415596", `math.randomseed(42) return math.random(8) .. " " .. math.random(1000) .. " " .. math.random(2^40)`)
}

func TestNumeralsAreRoundedAlike(t *testing.T) {
	expect(t, "200 1.0630051210010529e+56 9.0144042682896313e+28", `return ("%.17g %.17g"):format(tonumber("zyxwvutsrqponmlkjihgfedcba9876543210", 36), tonumber("0x123456789abcdef0123456789"))`)
}

// What each of the spenders costs is written down in testdata/operations.txt. A
// difference is either a change of what is charged, which is meant, or a machine
// that counts in another way.
func TestOperationsAreTheSameEverywhere(t *testing.T) {
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(spenders)) {
		r := run(t, spenders[name], operations(1e9))
		fmt.Fprintf(&got, "%s: %d\n", name, r.Operations)
	}
	want, err := os.ReadFile("testdata/operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() == string(want) {
		return
	}
	lines := strings.Split(string(want), "\n")
	for _, line := range strings.Split(got.String(), "\n") {
		if !slices.Contains(lines, line) {
			t.Errorf("not in the file: %s", line)
		}
	}
	t.Errorf("testdata/operations.txt should be\n%s", got.String())
}
