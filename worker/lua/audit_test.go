package lua

import (
	"testing"

	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua/vmview"
	"picloud/worker/wire"
)

// audit goes over everything that a script can still reach and fails the test if
// a value is larger than the job's limits allow.
func audit(t testing.TB, in *Interpreter, j *wire.Job) {
	t.Helper()
	a := &auditor{t: t, in: in, limits: j.Limits, seen: map[any]bool{}}
	// What the request brings does not count. The library has short words, and
	// an error that is on its way has its position before it.
	const position = 64
	a.longest = max(int(j.Limits.MaxStringSize)+position, len(j.Request.Body))
	a.value(in.globals)
	a.value(in.main)
}

type auditor struct {
	t       testing.TB
	in      *Interpreter
	limits  limits.Limits
	longest int
	seen    map[any]bool
}

func (a *auditor) value(v glua.LValue) {
	switch v := v.(type) {
	case glua.LString:
		if len(v) > a.longest {
			a.t.Errorf("a string of %d bytes, with max_string_size %d", len(v), a.limits.MaxStringSize)
		}
	case *glua.LTable:
		if a.first(v) {
			a.table(v)
		}
	case *glua.LFunction:
		if a.first(v) {
			for _, u := range v.Upvalues {
				a.value(u.Value())
			}
		}
	case *glua.LUserData:
		a.value(v.Metatable)
	case *glua.LState:
		if a.first(v) {
			r := vmview.Of(v).Registers()
			for i := range r.Top() {
				a.value(r.Get(i))
			}
		}
	}
}

func (a *auditor) first(v any) bool {
	if a.seen[v] {
		return false
	}
	a.seen[v] = true
	return true
}

func (a *auditor) table(t *glua.LTable) {
	const builtin = 40 // the largest table that a script finds
	view := vmview.TableOf(t)
	if n := view.ArrayLen(); n > int(a.limits.MaxArraySize) {
		a.t.Errorf("an array part of %d, with max_array_size %d", n, a.limits.MaxArraySize)
	}
	if n := view.MapLen(); n > int(a.limits.MaxMapSize)+builtin {
		a.t.Errorf("%d keys, with max_map_size %d", n, a.limits.MaxMapSize)
	}
	if n := view.Keys(); n > 2*int(a.limits.MaxMapSize)+2*builtin+100 {
		a.t.Errorf("%d keys, dead ones included, with max_map_size %d", n, a.limits.MaxMapSize)
	}
	n := 0
	for t.RawGetInt(n+1) != glua.LNil {
		n++
	}
	if n > int(a.limits.MaxArraySize) {
		a.t.Errorf("a sequence of %d, with max_array_size %d", n, a.limits.MaxArraySize)
	}
	a.value(t.Metatable)
	t.ForEach(func(k, v glua.LValue) {
		a.value(k)
		a.value(v)
	})
}
