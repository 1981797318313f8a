package lua

import (
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
