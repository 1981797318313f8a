package lua

import (
	"strings"
	"testing"

	"picloud/worker/wire"
)

// Work that makes few bytes is charged by its steps.
func TestStepsAreCharged(t *testing.T) {
	for name, c := range map[string]struct {
		atLeast int64
		source  string
	}{
		"references to an empty match": {100_000, `(""):gsub("", ("%0"):rep(100000))`},
		"references to captures":       {100_000, `("x"):gsub("(x)", ("%1"):rep(100000))`},
		"percent signs, replaced":      {100_000, `("x"):gsub("x", ("%%"):rep(100000))`},
		"percent signs, formatted":     {25_000, `string.format(("%%"):rep(100000))`},
		"control characters":           {10_000, `json.encode(("\1"):rep(20000))`},
		"a long remainder":             {500, `math.fmod(1.7e308, 5e-324)`},
		"the same by an operator":      {500, `local a, b = 1.7e308, "5e-324" local x = a % b`},
		"texts that are hard to read":  {3_200, `local s = "2.2250738585072011e-308" for i = 1, 100 do local x = s + 1 end`},
		"many digits":                  {8_000, `for i = 1, 100 do ("%.99f"):format(1.7e308) end`},
		"stacks that grow":             {8_000, `local function f(n) local a ` + strings.Repeat(", a", 190) + ` if n > 0 then return 1 + f(n - 1) end return 0 end coroutine.wrap(f)(50)`},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, c.source, operations(1e6), roomy)
			if r.Status != wire.StatusOK || r.Operations < c.atLeast || r.Operations > 2*c.atLeast {
				t.Errorf("%s, %d operations; want %d to %d", show(r), r.Operations, c.atLeast, 2*c.atLeast)
			}
		})
	}
	expect(t, "200 nan 5 nan", `local function text(n) return n == n and n .. "" or "nan" end
		return text(math.fmod(1 / 0, 3)) .. " " .. text(math.fmod(5, 1 / 0)) .. " " .. text(math.fmod(0 / 0, 1))`)
}
