package bytecode

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// fail ends Encode or Decode with an *Error. It panics with it, and rescue, which both
// defer, catches it: what comes of hostile bytes is looked at in so many places
// that an error result everywhere would hide what they do.
func fail(format string, args ...any) {
	panic(&Error{Message: fmt.Sprintf(format, args...)})
}

// rescue makes fail's error the result. Any other panic goes on.
func rescue(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Error:
		*err = r
	default:
		panic(r)
	}
}

// reader reads the bytes from front to back. It fails where they end too early.
type reader struct {
	rest []byte
}

// unsigned reads a number from 0 to maxNumber, in its shortest form.
func (r *reader) unsigned() int {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // almost all
		n := r.rest[0]
		r.rest = r.rest[1:]
		return int(n)
	}
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > maxNumber || size > 1 && r.rest[size-1] == 0 {
		fail("a number is none")
	}
	r.rest = r.rest[size:]
	return int(n)
}

// signed reads a number that is added to base, for a sum from -1 to maxNumber.
func (r *reader) signed(base int) int {
	n, size := binary.Varint(r.rest)
	if size <= 0 || size > 1 && r.rest[size-1] == 0 {
		fail("a number is none")
	}
	// the first comparison keeps the sum from overflowing
	if n < -maxNumber-1 || n > maxNumber+1 || int64(base)+n < -1 || int64(base)+n > maxNumber {
		fail("a number is out of range")
	}
	r.rest = r.rest[size:]
	return base + int(n)
}

func (r *reader) byte() byte { return r.bytes(1)[0] }

func (r *reader) bytes(n int) []byte {
	if n > len(r.rest) {
		fail("it ends too early")
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// string reads a place in the pool and a length. What it gives refers to the pool's
// memory, which nobody changes.
func (r *reader) string(pool []byte) string {
	place, n := r.unsigned(), r.unsigned()
	if place > len(pool) || n > len(pool)-place {
		fail("a string lies outside of the pool")
	}
	if n == 0 {
		return ""
	}
	return unsafe.String(&pool[place], n)
}
