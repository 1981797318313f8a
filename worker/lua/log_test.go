package lua

import (
	"strings"
	"testing"

	"picloud/worker/wire"
)

func TestLogLines(t *testing.T) {
	_, logs := do(t, job(`
		print() print("a", 1, nil, true, {} ~= nil)
		log.debug("d") log.info("i", 2) log.warn("w") log.error("e")
		print(setmetatable({}, {__tostring = function() return "mine" end}), json.null)
		print("\255\0")
	`))
	want := []wire.Log{
		{Level: wire.Info, Message: ""}, {Level: wire.Info, Message: "a\t1\tnil\ttrue\ttrue"},
		{Level: wire.Debug, Message: "d"}, {Level: wire.Info, Message: "i\t2"}, {Level: wire.Warn, Message: "w"}, {Level: wire.Error, Message: "e"},
		{Level: wire.Info, Message: "mine\tnull"}, {Level: wire.Info, Message: "\xff\x00"},
	}
	if len(logs) != len(want) {
		t.Fatalf("%d lines, want %d", len(logs), len(want))
	}
	for i, l := range logs {
		if *l != want[i] {
			t.Errorf("line %d: %+v, want %+v", i, *l, want[i])
		}
	}
	expect(t, "error at 1: 'tostring' must return a string to 'log.warn'", `log.warn(setmetatable({}, {__tostring = function() end}))`)
}

// The budget, which do checks for every job, ends with one marked line.
func TestLogBudget(t *testing.T) {
	for name, c := range map[string]struct {
		source      string
		lines, last int // number of lines, bytes of the last one; lines 0 for not checked
		cut         bool
	}{
		"within":             {`print(("x"):rep(60000))`, 1, 60000, false},
		"one long line":      {`print(("x"):rep(100000)) print("y")`, 1, wire.LogBudget - 16, true},
		"just within":        {`print(("x"):rep(65536 - 32))`, 1, wire.LogBudget - 32, false},
		"just within, twice": {`print(("x"):rep(65536 - 32)) print("y")`, 2, 0, true},
		"just beyond":        {`print(("x"):rep(65536 - 31))`, 1, wire.LogBudget - 31, true},
		"empty lines":        {`for i = 1, 10000 do print() end`, wire.LogBudget / 16, 0, true},
		"many lines":         {`for i = 1, 1000 do print(("x"):rep(100)) end`, 565, 96, true},
		"a character":        {`print(("é"):rep(50000))`, 1, wire.LogBudget - 16, true},
		"half a character":   {`print("x" .. ("é"):rep(50000))`, 1, wire.LogBudget - 17, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, logs := do(t, job(c.source))
			if len(logs) == 0 {
				t.Fatal("no lines")
			}
			last := logs[len(logs)-1]
			if len(logs) != c.lines || len(last.Message) != c.last || last.Cut != c.cut {
				t.Errorf("%d lines, the last of %d bytes, cut %v; want %d, %d, %v", len(logs), len(last.Message), last.Cut, c.lines, c.last, c.cut)
			}
			if strings.ToValidUTF8(last.Message, "") != last.Message {
				t.Error("cut within a character")
			}
		})
	}
}
