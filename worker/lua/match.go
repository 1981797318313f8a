package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/pattern"
)

// matcher matches a pattern and charges for it.
func (in *Interpreter) matcher(subject, pat string, anchors bool) *pattern.Matcher {
	in.charge(opsPerMatcher)
	return pattern.New(subject, pat, anchors, func(steps int) { in.charge(steps / stepsPerOp) })
}

// pushCapture pushes capture i, pushCaptures all of them: the whole match for a
// pattern that has none.
func pushCapture(L *glua.LState, m *pattern.Matcher, subject string, i, start, end int) {
	c, err := m.Capture(i, start, end)
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
	if c.Position {
		L.Push(glua.LNumber(c.Start + 1))
	} else {
		L.Push(glua.LString(subject[c.Start:c.End]))
	}
}

func pushCaptures(L *glua.LState, m *pattern.Matcher, subject string, start, end int) int {
	n := max(m.Captures(), 1)
	for i := range n {
		pushCapture(L, m, subject, i, start, end)
	}
	return n
}

func (in *Interpreter) stringFind(L *glua.LState) int {
	s, pat := in.checkString(L, 1), in.checkString(L, 2)
	from := in.start(L, s)
	if glua.LVAsBool(arg(L, 4)) || !strings.ContainsAny(pat, "^$*+?.([%-") {
		in.chargeBytes(len(s) - from + len(pat))
		i := strings.Index(s[from:], pat)
		if i < 0 {
			L.Push(glua.LNil)
			return 1
		}
		L.Push(glua.LNumber(from + i + 1))
		L.Push(glua.LNumber(from + i + len(pat)))
		return 2
	}
	m := in.matcher(s, pat, true)
	start, end, ok := nextMatch(L, m, from)
	if !ok {
		L.Push(glua.LNil)
		return 1
	}
	L.Push(glua.LNumber(start + 1))
	L.Push(glua.LNumber(end))
	if m.Captures() == 0 {
		return 2
	}
	return 2 + pushCaptures(L, m, s, start, end)
}

func (in *Interpreter) stringMatch(L *glua.LState) int {
	s, pat := in.checkString(L, 1), in.checkString(L, 2)
	m := in.matcher(s, pat, true)
	start, end, ok := nextMatch(L, m, in.start(L, s))
	if !ok {
		L.Push(glua.LNil)
		return 1
	}
	return pushCaptures(L, m, s, start, end)
}

// start reads argument 3, where a search begins, in Go's way.
func (in *Interpreter) start(L *glua.LState, s string) int {
	return max(min(position(in.optInt(L, 3, 1), len(s))-1, len(s)), 0)
}

// nextMatch is the matcher's Next with its error raised.
func nextMatch(L *glua.LState, m *pattern.Matcher, from int) (start, end int, ok bool) {
	start, end, ok, err := m.Next(from)
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
	return start, end, ok
}

func (in *Interpreter) stringGmatch(L *glua.LState) int {
	s, pat := in.checkString(L, 1), in.checkString(L, 2)
	m := in.matcher(s, pat, false)
	from := 0
	L.Push(newFunction(L, func(L *glua.LState) int {
		start, end, ok := nextMatch(L, m, from)
		if !ok {
			from = len(s) + 1
			L.Push(glua.LNil)
			return 1
		}
		if from = end; start == end {
			from++
		}
		return pushCaptures(L, m, s, start, end)
	}))
	return 1
}

func (in *Interpreter) stringGsub(L *glua.LState) int {
	s, pat := in.checkString(L, 1), in.checkString(L, 2)
	switch arg(L, 3).(type) {
	case glua.LString, glua.LNumber, *glua.LTable, *glua.LFunction:
	default:
		badType(L, 3, "string, function or table")
	}
	most := in.optInt(L, 4, len(s)+1)
	m := in.matcher(s, pat, true)
	g := &substitution{builder: in.newString(), L: L, m: m, subject: s}
	at, n := 0, 0
	for n < most {
		end, ok, err := m.At(at)
		if err != nil {
			L.RaiseError("%s", err.Error())
		}
		if ok {
			n++
			in.charge(1)
			g.replace(at, end)
		}
		switch {
		case ok && end > at:
			at = end
		case at < len(s):
			g.write(s[at : at+1])
			at++
		default:
			at = len(s) + 1
		}
		if at > len(s) || m.Anchored() {
			break
		}
	}
	if at < len(s) {
		g.write(s[at:])
	}
	L.Push(g.value())
	L.Push(glua.LNumber(n))
	return 2
}

// substitution is one gsub at work.
type substitution struct {
	*builder
	L       *glua.LState
	m       *pattern.Matcher
	subject string
}

// replace adds what takes the place of a match.
func (g *substitution) replace(start, end int) {
	var value glua.LValue
	switch r := arg(g.L, 3).(type) {
	case *glua.LTable:
		pushCapture(g.L, g.m, g.subject, 0, start, end)
		key := g.pop()
		g.chargeKey(key)
		room(g.L)
		value = g.L.GetTable(r, key)
	case *glua.LFunction:
		g.L.Push(r)
		call(g.L, pushCaptures(g.L, g.m, g.subject, start, end), 1)
		value = g.pop()
	default:
		g.expand(r.String(), start, end)
		return
	}
	if value == nil || glua.LVIsFalse(value) {
		g.write(g.subject[start:end])
		return
	}
	if !glua.LVCanConvToString(value) {
		g.L.RaiseError("invalid replacement value (a %s)", typeName(value))
	}
	g.write(textOf(value))
}

func (g *substitution) pop() glua.LValue {
	v := arg(g.L, -1)
	g.L.Pop(1)
	return v
}

// expand adds a replacement string, in which %0 stands for the match and %1 to
// %9 for its captures.
func (g *substitution) expand(replacement string, start, end int) {
	for {
		i := strings.IndexByte(replacement, '%')
		if i < 0 {
			g.write(replacement)
			return
		}
		g.write(replacement[:i])
		if i+1 == len(replacement) {
			g.L.RaiseError("%s", "invalid use of '%' in replacement string")
		}
		g.charge(1)
		switch c := replacement[i+1]; {
		case c == '0':
			g.write(g.subject[start:end])
		case '1' <= c && c <= '9':
			pushCapture(g.L, g.m, g.subject, int(c-'1'), start, end)
			g.write(g.pop().String())
		default:
			g.write(replacement[i+1 : i+2])
		}
		replacement = replacement[i+2:]
	}
}
