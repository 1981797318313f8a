package zygote

import (
	"reflect"
	"runtime"
	"runtime/debug"
	"testing"
)

// The next object of each kind is in the page that its span ends in, and far from
// the end, if there something tells of its pointers, or else far from the end, too.
func TestRoom(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	all := NewRoom()
	all.Make()
	next := make([]uintptr, len(all))
	for i, k := range all {
		next[i] = reflect.New(k.of).Pointer() % span
	}
	wrong := 0
	for i, k := range all {
		if last := k.pointers && k.size <= tellsItself; last && (next[i] < page || next[i] > page+page/2+k.size) || !last && next[i] > span-2*k.size {
			t.Logf("%d bytes, pointers %t: the next one is at %d of its span", k.size, k.pointers, next[i])
			wrong++
		}
	}
	// the runtime's own objects, and the test's, may take a place between
	if wrong > 2 {
		t.Errorf("%d of %d kinds have no room where it is wanted", wrong, len(all))
	}
}
