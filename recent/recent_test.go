package recent

import (
	"math/rand/v2"
	"slices"
	"testing"
)

type value struct{ name, size int }

func name(n int) string { return string(rune('a' + n)) }

// Whatever is put and removed, both bounds hold, and what is kept is what was used
// last: a list says what should be there.
func TestBothBoundsHold(t *testing.T) {
	const values, bytes = 8, 100
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		c := New(values, bytes, func(v value) int { return v.size })
		var want []value // the one used longest ago first
		without := func(n int) []value {
			return slices.DeleteFunc(want, func(v value) bool { return v.name == n })
		}
		for range 500 {
			n := random.IntN(13)
			switch random.IntN(6) {
			case 0:
				c.Remove(name(n))
				want = without(n)
			case 1:
				v, ok := c.Get(name(n))
				if i := slices.Index(want, v); ok != (i >= 0) {
					t.Fatalf("seed %d: value %d is there: %t", seed, n, ok)
				} else if ok {
					want = append(without(n), v)
				}
			case 2:
				if v, ok := c.Peek(name(n)); ok != slices.Contains(want, v) {
					t.Fatalf("seed %d: value %d is there: %t", seed, n, ok)
				}
			default:
				v := value{n, random.IntN(bytes*2/5) + 1}
				c.Put(name(n), v)
				want = append(without(n), v)
				sum := func() (sum int) {
					for _, v := range want {
						sum += v.size
					}
					return sum
				}
				for len(want) > values || sum() > bytes {
					want = want[1:]
				}
			}
			if got := c.All(); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %v, want %v", seed, got, want)
			}
		}
	}
}

// What is too large alone is not kept, nor what had its name, and nothing else goes
// for it.
func TestTooLarge(t *testing.T) {
	c := New(3, 10, func(size int) int { return size })
	c.Put("a", 4)
	c.Put("b", 6)
	c.Put("c", 11)
	if got := c.All(); !slices.Equal(got, []int{4, 6}) {
		t.Errorf("%v", got)
	}
	c.Put("a", 11)
	if got := c.All(); !slices.Equal(got, []int{6}) {
		t.Errorf("%v", got)
	}
}
