package lua

import (
	"testing"

	"picloud/worker/wire"
)

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMillionOperations(b *testing.B) {
	for b.Loop() {
		in, err := New()
		if err != nil {
			b.Fatal(err)
		}
		if r := in.Do(newJob(`local n, t = 0, {} while true do n = n + 1 t[n % 10] = n end`), func(*wire.Log) {}); r.Limit == "" {
			b.Fatal(r)
		}
	}
}
