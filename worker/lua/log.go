package lua

import (
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"picloud/worker/wire"
)

const infoLevel = wire.Info

// journal passes a script's log lines on while the budget lasts.
type journal struct {
	emit func(*wire.Log)
	left int
	cut  bool
}

func (in *Interpreter) logFunctions() functions {
	return functions{
		"debug": in.logAt(wire.Debug),
		"info":  in.logAt(wire.Info),
		"warn":  in.logAt(wire.Warn),
		"error": in.logAt(wire.Error),
	}
}

// logAt makes a function that logs its arguments, with tabs between them.
func (in *Interpreter) logAt(level wire.Level) lua.LGFunction {
	return func(L *lua.LState) int {
		var line strings.Builder
		for i := 1; i <= L.GetTop(); i++ {
			if i > 1 {
				line.WriteByte('\t')
			}
			s := in.text(L, L.Get(i))
			in.meter.charge(1 + len(s)/bytesCopied)
			if line.Len() <= wire.LogBudget {
				line.WriteString(s[:min(len(s), wire.LogBudget+1)])
			}
		}
		in.log.write(level, line.String())
		return 0
	}
}

// write always keeps room for an empty line, so that the line that is cut is
// itself within the budget.
func (j *journal) write(level wire.Level, message string) {
	if j.cut {
		return
	}
	room := j.left - 2*wire.LogCost("")
	if j.cut = len(message) > room; j.cut {
		message = cutText(message, j.left-wire.LogCost(""))
	}
	j.left -= wire.LogCost(message)
	j.emit(&wire.Log{Level: level, Message: message, Cut: j.cut})
}

// cutText shortens s to at most n bytes, not within a character.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for cut := n; cut > n-utf8.UTFMax && cut > 0; cut-- {
		if utf8.RuneStart(s[cut]) {
			return s[:cut]
		}
	}
	return s[:n]
}
