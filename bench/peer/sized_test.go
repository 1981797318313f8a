package peer

import (
	"testing"

	"picloud/limits"
	"picloud/worker/lua"
	"picloud/worker/wire"
)

// A large source has just the size it claims, and says the same as a small one.
func TestSized(t *testing.T) {
	for _, script := range Sized() {
		if len(script.Source) != script.KiB<<10 {
			t.Errorf("%s: %d bytes", script.Name, len(script.Source))
		}
		interpreter, err := lua.New()
		if err != nil {
			t.Fatal(err)
		}
		result := interpreter.Do(&wire.Job{Purpose: wire.Run, Source: script.Source, Limits: limits.Defaults(),
			Request: wire.Request{Query: []wire.Pair{{Name: "name", Value: "bench"}}}}, func(*wire.Log) {})
		if string(result.Response.Body) != Answer {
			t.Errorf("%s: %+v", script.Name, result)
		}
	}
}
