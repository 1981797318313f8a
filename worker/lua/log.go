package lua

import (
	"strings"
	"unicode/utf8"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/wire"
)

// journal passes a script's log lines on within wire.LogBudget. The line that
// comes to its end is cut and marked; none follows.
type journal struct {
	emit func(*wire.Log)
	left int
	full bool
}

func newJournal(emit func(*wire.Log)) journal { return journal{emit: emit, left: wire.LogBudget} }

func (j *journal) line(level wire.Level, message string) {
	if j.full {
		return
	}
	// What a last line would cost at least is never given to another one.
	reserve := wire.LogCost("")
	if cost := wire.LogCost(message); cost <= j.left-reserve {
		j.left -= cost
		j.emit(&wire.Log{Level: level, Message: message})
		return
	}
	j.full = true
	j.emit(&wire.Log{Level: level, Message: cut(message, j.left-reserve), Cut: true})
}

// cut shortens a text to n bytes at most, not within a UTF-8 character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := n; i > n-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i]
		}
	}
	return s[:n]
}

func (in *Interpreter) openLog(L *glua.LState, globals *glua.LTable) {
	in.module(L, globals, "log", []function{
		{"debug", in.logAt(wire.Debug, "log.debug")},
		{"info", in.logAt(wire.Info, "log.info")},
		{"warn", in.logAt(wire.Warn, "log.warn")},
		{"error", in.logAt(wire.Error, "log.error")},
	})
}

func (in *Interpreter) print(L *glua.LState) int { return in.log(L, wire.Info, "print") }

func (in *Interpreter) logAt(level wire.Level, name string) glua.LGFunction {
	return func(L *glua.LState) int { return in.log(L, level, name) }
}

// log writes its arguments as one line, with tabs between.
func (in *Interpreter) log(L *glua.LState, level wire.Level, name string) int {
	in.charge(opsPerLogLine)
	var line strings.Builder
	for i := 1; i <= L.GetTop(); i++ {
		s := in.text(L, arg(L, i), name)
		in.chargeBytes(len(s))
		if line.Len() > wire.LogBudget {
			continue // no line is that long, but every argument is looked at
		}
		if i > 1 {
			line.WriteByte('\t')
		}
		line.WriteString(s)
	}
	in.journal.line(level, line.String())
	return 0
}
