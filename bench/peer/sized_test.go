package peer

import (
	"testing"

	"picloud/limits"
	"picloud/worker/lua"
	"picloud/worker/wire"
)

// A large source has just the size it claims, and says the same as a small one.
func TestSized(t *testing.T) {
	for _, kib := range Sizes() {
		source := Sized(kib)
		if len(source) != kib<<10 {
			t.Errorf("%d KiB: %d bytes", kib, len(source))
		}
		interpreter, err := lua.New()
		if err != nil {
			t.Fatal(err)
		}
		result := interpreter.Do(&wire.Job{Purpose: wire.Run, Source: source, Limits: limits.Defaults(),
			Request: wire.Request{Query: []wire.Pair{{Name: "name", Value: "bench"}}}}, func(*wire.Log) {})
		if string(result.Response.Body) != Answer {
			t.Errorf("%d KiB: %+v", kib, result)
		}
	}
}
