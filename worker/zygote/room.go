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

// makeRoom allocates until there is room left in the span of each size, so that a
// copy need not take another, which touches a dozen pages of the runtime's; and, of
// the kinds with pointers, until that room is in the page that the span ends in, so
// that an object and what tells of its pointers are in one page. A copy pays a page
// fault for each page that it is the first to change.
func makeRoom() {
	for _, k := range kinds() {
		for range 2 * span / k.size {
			if k.hasRoomAfter(reflect.New(k.of).Pointer() % span) {
				break
			}
		}
	}
}

// kind is objects of one size, with pointers or without.
type kind struct {
	of       reflect.Type
	size     uintptr
	pointers bool
}

// kinds gives all of them. To make their types takes objects, too.
func kinds() []kind {
	var all []kind
	for _, size := range sizes() {
		words := size / int(unsafe.Sizeof(uintptr(0)))
		all = append(all,
			kind{reflect.ArrayOf(words, reflect.TypeFor[*byte]()), uintptr(size), true},
			kind{reflect.ArrayOf(words, reflect.TypeFor[uintptr]()), uintptr(size), false})
	}
	return all
}

// hasRoomAfter tells whether an object at this place in its span is the last one
// before the room that is wanted.
func (k kind) hasRoomAfter(at uintptr) bool {
	next := at + k.size
	if k.pointers && k.size <= tellsItself {
		return page <= next && next < page+k.size
	}
	return next <= page
}
