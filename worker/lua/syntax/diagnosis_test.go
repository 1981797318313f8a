package syntax

import (
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/parse"
)

// FuzzDiagnose: the diagnosis and the parser know the same grammar.
func FuzzDiagnose(f *testing.F) {
	for _, source := range []string{
		`local a, b <x> = 1, ... ; ;`,
		`for k, v in pairs(t) do if a then break elseif b then goto c else return end end ::c::`,
		`function a.b.c:d(e, f, ...) local function g() end return a{1; x = 2, [3] = 4}"s"[[t]]:m(1).n end`,
		`repeat local x = -#not a ^ b .. c until (x or y)() == {f = function() end}`,
		`(f)() (g).x = 1, 2`, `(f) = 1`, `a.b = c d = e`, `f{}.x, y = 1`, `return;`, `break`, `a = {;}`, `a = {,}`, `f(...)()`, `x = a:b`,
		`local function f(a, ..., b) end`, `while true do end end`, `goto goto`, `a = 'x' 'y'`, "f\n(g)", `x = {a = }`, `if then end`,
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 10_000 || scan(source, 100) != nil {
			return
		}
		_, err := parse.Parse(strings.NewReader(source), "")
		found := diagnose(source)
		if err == nil && found != nil {
			t.Errorf("the parser takes what the diagnosis refuses: %v", found)
		}
		if err != nil && found == nil && strings.Contains(err.Error(), "syntax error") {
			t.Errorf("the diagnosis finds nothing: %v", err)
		}
	})
}
