package lua

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"

	glua "github.com/yuin/gopher-lua"
)

func (in *Interpreter) openMath(L *glua.LState, globals *glua.LTable) {
	functions := []function{
		{"atan2", in.real2(math.Atan2)},
		{"fmod", in.real2(in.remainder)},
		{"frexp", in.mathFrexp},
		{"ldexp", in.mathLdexp},
		{"max", in.fold(math.Max)},
		{"min", in.fold(math.Min)},
		{"mod", in.real2(in.remainder)},
		{"modf", in.mathModf},
		{"pow", in.real2(math.Pow)},
		{"random", in.mathRandom},
		{"randomseed", in.mathRandomSeed},
	}
	for _, f := range []struct {
		name string
		f    func(float64) float64
	}{
		{"abs", math.Abs}, {"acos", math.Acos}, {"asin", math.Asin}, {"atan", math.Atan}, {"ceil", math.Ceil},
		{"cos", math.Cos}, {"cosh", math.Cosh}, {"deg", func(x float64) float64 { return x * 180 / math.Pi }},
		{"exp", math.Exp}, {"floor", math.Floor}, {"log", math.Log}, {"log10", math.Log10},
		{"rad", func(x float64) float64 { return x * math.Pi / 180 }}, {"sin", math.Sin}, {"sinh", math.Sinh},
		{"sqrt", math.Sqrt}, {"tan", math.Tan}, {"tanh", math.Tanh},
	} {
		functions = append(functions, function{f.name, in.real(f.f)})
	}
	module := in.module(L, globals, "math", functions)
	module.RawSetString("pi", glua.LNumber(math.Pi))
	module.RawSetString("huge", glua.LNumber(math.Inf(1)))
}

func (in *Interpreter) real(f func(float64) float64) glua.LGFunction {
	return func(L *glua.LState) int {
		L.Push(glua.LNumber(f(in.checkNumber(L, 1))))
		return 1
	}
}

func (in *Interpreter) real2(f func(x, y float64) float64) glua.LGFunction {
	return func(L *glua.LState) int {
		L.Push(glua.LNumber(f(in.checkNumber(L, 1), in.checkNumber(L, 2))))
		return 1
	}
}

func (in *Interpreter) remainder(x, y float64) float64 {
	in.chargeRemainder(x, y)
	return math.Mod(x, y)
}

// fold joins all arguments, of which there must be one at least.
func (in *Interpreter) fold(f func(x, y float64) float64) glua.LGFunction {
	return func(L *glua.LState) int {
		result := in.checkNumber(L, 1)
		for i := 2; i <= L.GetTop(); i++ {
			result = f(result, in.checkNumber(L, i))
		}
		L.Push(glua.LNumber(result))
		return 1
	}
}

func (in *Interpreter) mathFrexp(L *glua.LState) int {
	fraction, exponent := math.Frexp(in.checkNumber(L, 1))
	L.Push(glua.LNumber(fraction))
	L.Push(glua.LNumber(exponent))
	return 2
}

func (in *Interpreter) mathLdexp(L *glua.LState) int {
	L.Push(glua.LNumber(math.Ldexp(in.checkNumber(L, 1), in.checkInt(L, 2))))
	return 1
}

func (in *Interpreter) mathModf(L *glua.LState) int {
	n := in.checkNumber(L, 1)
	whole, fraction := math.Modf(n)
	if math.IsInf(n, 0) {
		whole, fraction = n, 0
	}
	L.Push(glua.LNumber(whole))
	L.Push(glua.LNumber(fraction))
	return 2
}

// seed is what math.random begins with, drawn when the interpreter was built.
type seed [32]byte

// generator is where math.random begins. The invocation's id is mixed in: a warm
// process may be a copy of another one, with the same seed.
func (s seed) generator(invocation string) *rand.Rand {
	h := fnv.New128a() // spreads the id; the secret is the seed, the generator ChaCha8
	h.Write([]byte(invocation))
	for i, b := range h.Sum(nil) {
		s[i] ^= b
	}
	return rand.New(rand.NewChaCha8(s))
}

func (in *Interpreter) random() *rand.Rand {
	if in.generator == nil {
		in.charge(opsPerCall)
		in.generator = in.seed.generator(in.invocation)
	}
	return in.generator
}

func (in *Interpreter) mathRandom(L *glua.LState) int {
	random := in.random()
	if L.GetTop() == 0 {
		L.Push(glua.LNumber(random.Float64()))
		return 1
	}
	low, high, last := int64(1), in.whole(L, 1), 1
	if L.GetTop() > 1 {
		low, high, last = high, in.whole(L, 2), 2
	}
	if low > high {
		L.ArgError(last, "interval is empty")
	}
	L.Push(glua.LNumber(low + random.Int64N(high-low+1)))
	return 1
}

// maxWhole is the largest whole number all below which a Lua number can hold.
const maxWhole = 1 << 53

// whole is checkInt for bounds of math.random, which may lie farther apart.
func (in *Interpreter) whole(L *glua.LState, i int) int64 {
	return toInt64(max(-maxWhole, min(in.checkNumber(L, i), maxWhole)))
}

func (in *Interpreter) mathRandomSeed(L *glua.LState) int {
	in.charge(opsPerCall)
	var s seed
	binary.LittleEndian.PutUint64(s[:], math.Float64bits(in.checkNumber(L, 1)))
	in.generator = s.generator("")
	return 0
}
