package zygote

import (
	"reflect"
	"unsafe"
)

// Go's allocator has spans of eight KiB, one at a time for each size and kind of
// small object. Where the kind has pointers a span's last bytes tell where they are.
const (
	span = 8 << 10
	page = 4 << 10

	// tellsItself is the largest size of such objects; larger ones tell it themselves.
	tellsItself = 512
)

// sizes are the allocator's up to one KiB, see internal/runtime/gc/sizeclasses.go
// of Go. What is missing here, or not so any more, only costs copies some time.
func sizes() []int {
	return []int{8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256,
		288, 320, 352, 384, 416, 448, 480, 512, 576, 640, 704, 768, 896, 1024}
}

// Room is what there is to be room for: a kind of objects for each size, with
// pointers and without.
type Room []kind

type kind struct {
	of       reflect.Type
	size     uintptr
	pointers bool
}

// NewRoom gives all of them. It makes no room: their types take objects, too.
func NewRoom() Room {
	var all Room
	add := func(of reflect.Type, pointers bool) {
		reflect.PointerTo(of) // which reflect.New makes when it is first wanted
		all = append(all, kind{of, of.Size(), pointers})
	}
	for _, size := range sizes() {
		words := size / int(unsafe.Sizeof(uintptr(0)))
		add(reflect.ArrayOf(words, reflect.TypeFor[*byte]()), true)
		add(reflect.ArrayOf(words, reflect.TypeFor[uintptr]()), false)
	}
	return all
}

// Make allocates until there is room in the span of each kind, so that a copy need
// not take another, which touches a dozen pages of the runtime's; and, of kinds with
// pointers, until that room is in the page that the span ends in, so that an object
// and what tells of its pointers are in one page. A copy pays a page fault for each
// page that it is the first to change. Objects that nobody writes to change none.
func (r Room) Make() {
	for _, k := range r {
		for range 3 * span / k.size {
			if k.hasRoomAfter(reflect.New(k.of).Pointer() % span) {
				break
			}
		}
	}
}

// hasRoomAfter tells whether there is room enough behind an object at this place in
// its span.
func (k kind) hasRoomAfter(at uintptr) bool {
	next := at + k.size
	if k.pointers && k.size <= tellsItself {
		return page <= next && next <= page+page/2
	}
	return next <= span-max(2*k.size, span/4)
}
