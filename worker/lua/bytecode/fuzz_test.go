package bytecode

import (
	"bytes"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
)

// allocated is how many bytes of memory the process has asked for so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// What Decode may take of memory: so much for each byte of its input, and what
// the fuzzer itself may take meanwhile.
const (
	bytesAtStart = 1 << 20
	bytesPerByte = 64
)

// decode decodes anything and checks what holds for every input.
func decode(t *testing.T, b []byte) error {
	original := slices.Clone(b)
	before := allocated()
	p, err := decodeAll(b)
	if used := allocated() - before; used > bytesAtStart+bytesPerByte*uint64(len(b)) {
		t.Errorf("%d bytes of memory for %d", used, len(b))
	}
	if !bytes.Equal(b, original) {
		t.Fatal("the input was changed")
	}
	if err != nil {
		if _, ok := err.(*Error); !ok || p != nil {
			t.Errorf("%T %v, with a script: %t", err, err, p != nil)
		}
		return err
	}
	again, err := Encode(p)
	if err != nil {
		t.Fatalf("what was accepted cannot be encoded: %v", err)
	}
	same, err := decodeAll(again)
	if err != nil {
		t.Fatalf("what was accepted is not, encoded again: %v", err)
	}
	if d := differs(p, same); d != "" {
		t.Errorf("encoded again, it differs: %s", d)
	}
	return nil
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte(header))
	for _, source := range constructs {
		p, err := compile(source)
		if err != nil {
			f.Fatal(err)
		}
		b, err := Encode(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		for i := len(header); i < len(b); i += 1 + len(b)/7 {
			changed := slices.Clone(b)
			changed[i] ^= 0x81
			f.Add(changed)
			f.Add(b[:i])
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { _ = decode(t, b) })
}

// FuzzSource encodes whatever compiles.
func FuzzSource(f *testing.F) {
	for _, source := range constructs {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		p, err := compile(source)
		if err != nil {
			return
		}
		b, err := Encode(p)
		if err != nil {
			if !strings.Contains(err.Error(), outlives) {
				t.Fatal(err)
			}
			return
		}
		back, err := decodeAll(b)
		if err != nil {
			t.Fatal(err)
		}
		if d := differs(p, back); d != "" {
			t.Error(d)
		}
	})
}

// outlives is what Encode says of code that gopher-lua's compiler is known to make, and
// that makes its VM fail.
const outlives = "a captured variable loses its register"

func TestWhatTheCompilerMakesWrongly(t *testing.T) {
	p, err := compile("local g while true do if true then local a, x = 1, 2 g = function() return x end break end end print(1) return g()")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = Encode(p); err == nil || !strings.Contains(err.Error(), outlives) {
		t.Errorf("got %v", err)
	}
}
