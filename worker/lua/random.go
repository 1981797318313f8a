package lua

import (
	"math"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// newRandom is a generator a script has seeded itself.
func newRandom(seed int64) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 0)) }

func (in *Interpreter) randomSeed(L *lua.LState) int {
	in.random = newRandom(int64(checkNumber(L, 1)))
	return 0
}

// randomNumber is math.random: [0,1), [1,m] or [m,n].
func (in *Interpreter) randomNumber(L *lua.LState) int {
	if L.GetTop() == 0 {
		L.Push(lua.LNumber(in.random.Float64()))
		return 1
	}
	low, high := 1.0, math.Floor(float64(checkNumber(L, 1)))
	if L.GetTop() > 1 {
		low, high = high, math.Floor(float64(checkNumber(L, 2)))
	}
	if !(low <= high) || high-low >= 1<<53 {
		L.ArgError(L.GetTop(), "interval is empty")
	}
	L.Push(lua.LNumber(low + float64(in.random.Int64N(int64(high-low)+1))))
	return 1
}
