package lua

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

func (in *Interpreter) mathFunctions() functions {
	f := functions{
		"atan2": binary(math.Atan2),
		"fmod": func(L *lua.LState) int {
			x, y := float64(checkNumber(L, 1)), float64(checkNumber(L, 2))
			in.meter.remainder(x, y)
			L.Push(lua.LNumber(math.Mod(x, y)))
			return 1
		},
		"frexp": func(L *lua.LState) int {
			fraction, exponent := math.Frexp(float64(checkNumber(L, 1)))
			L.Push(lua.LNumber(fraction))
			L.Push(lua.LNumber(exponent))
			return 2
		},
		"ldexp": func(L *lua.LState) int {
			L.Push(lua.LNumber(math.Ldexp(float64(checkNumber(L, 1)), L.CheckInt(2))))
			return 1
		},
		"max": extreme(func(a, b lua.LNumber) bool { return a > b }),
		"min": extreme(func(a, b lua.LNumber) bool { return a < b }),
		"modf": func(L *lua.LState) int {
			x := float64(checkNumber(L, 1))
			whole, fraction := math.Modf(x)
			if math.IsInf(x, 0) {
				fraction = 0
			}
			L.Push(lua.LNumber(whole))
			L.Push(lua.LNumber(fraction))
			return 2
		},
		"pow":        binary(math.Pow),
		"random":     in.randomNumber,
		"randomseed": in.randomSeed,
	}
	for name, g := range map[string]func(float64) float64{
		"abs": math.Abs, "acos": math.Acos, "asin": math.Asin, "atan": math.Atan, "ceil": math.Ceil,
		"cos": math.Cos, "cosh": math.Cosh, "exp": math.Exp, "floor": math.Floor, "log": math.Log,
		"log10": math.Log10, "sin": math.Sin, "sinh": math.Sinh, "sqrt": math.Sqrt, "tan": math.Tan, "tanh": math.Tanh,
		"deg": func(x float64) float64 { return x * 180 / math.Pi },
		"rad": func(x float64) float64 { return x * math.Pi / 180 },
	} {
		f[name] = unary(g)
	}
	return f
}

func (in *Interpreter) addMathConstants(t *lua.LTable) {
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
	t.RawSetString("pi", lua.LNumber(math.Pi))
}

func unary(g func(float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(lua.LNumber(g(float64(checkNumber(L, 1)))))
		return 1
	}
}

func binary(g func(a, b float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(lua.LNumber(g(float64(checkNumber(L, 1)), float64(checkNumber(L, 2)))))
		return 1
	}
}

func extreme(better func(a, b lua.LNumber) bool) lua.LGFunction {
	return func(L *lua.LState) int {
		best := checkNumber(L, 1)
		for i := 2; i <= L.GetTop(); i++ {
			if n := checkNumber(L, i); better(n, best) {
				best = n
			}
		}
		L.Push(best)
		return 1
	}
}
