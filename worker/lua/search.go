package lua

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// newMatcher also tells whether the pattern is anchored, as the index its rest
// begins at.
func (in *Interpreter) newMatcher(subject, pattern string) (m *matcher, rest int) {
	if strings.HasPrefix(pattern, "^") {
		rest = 1
	}
	return &matcher{meter: &in.meter, subject: subject, pattern: pattern}, rest
}

// attempt is run, with a fault in the pattern raised.
func (m *matcher) attempt(L *lua.LState, s, p int) (end int) {
	end, err := m.run(s, p)
	if err != nil {
		L.RaiseError("%s", err.Error())
	}
	return end
}

// captured gives capture i of the match subject[s:end]; without captures the
// whole match is the first.
func (m *matcher) captured(L *lua.LState, i, s, end int) lua.LValue {
	if i >= m.level {
		if i > 0 {
			L.RaiseError("invalid capture index")
		}
		m.meter.copying(end - s)
		return lua.LString(m.subject[s:end])
	}
	switch c := m.captures[i]; c.length {
	case captureOpen:
		L.RaiseError("unfinished capture")
		return lua.LNil
	case capturePosition:
		return lua.LNumber(c.from + 1)
	default:
		m.meter.copying(c.length)
		return lua.LString(m.subject[c.from : c.from+c.length])
	}
}

func (m *matcher) pushCaptures(L *lua.LState, n, s, end int) int {
	for i := range n {
		L.Push(m.captured(L, i, s, end))
	}
	return n
}

// search is string.find, or string.match.
func (in *Interpreter) search(L *lua.LState, find bool) int {
	subject, pattern := L.CheckString(1), L.CheckString(2)
	from := min(max(position(L.OptInt(3, 1), len(subject))-1, 0), len(subject))
	if find && (L.GetTop() >= 4 && L.ToBool(4) || !strings.ContainsAny(pattern, "^$*+?.([%-")) {
		return in.findPlain(L, subject, pattern, from)
	}
	m, rest := in.newMatcher(subject, pattern)
	for s := from; s <= len(subject); s++ {
		if end := m.attempt(L, s, rest); end != noMatch {
			if !find {
				return m.pushCaptures(L, max(m.level, 1), s, end)
			}
			L.Push(lua.LNumber(s + 1))
			L.Push(lua.LNumber(end))
			return 2 + m.pushCaptures(L, m.level, s, end)
		}
		if rest == 1 {
			break
		}
	}
	L.Push(lua.LNil)
	return 1
}

func (in *Interpreter) findPlain(L *lua.LState, subject, text string, from int) int {
	in.meter.looking(len(subject) - from + len(text))
	i := strings.Index(subject[from:], text)
	if i < 0 {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(from + i + 1))
	L.Push(lua.LNumber(from + i + len(text)))
	return 2
}

// globalMatch is string.gmatch, where ^ has no meaning.
func (in *Interpreter) globalMatch(L *lua.LState) int {
	m, _ := in.newMatcher(L.CheckString(1), L.CheckString(2))
	at := 0
	L.Push(in.function(func(L *lua.LState) int {
		for ; at <= len(m.subject); at++ {
			end := m.attempt(L, at, 0)
			if end == noMatch {
				continue
			}
			s := at
			if at = end; end == s {
				at++
			}
			return m.pushCaptures(L, max(m.level, 1), s, end)
		}
		L.Push(lua.LNil)
		return 1
	}))
	return 1
}

// substitute is string.gsub.
func (in *Interpreter) substitute(L *lua.LState) int {
	subject, pattern := L.CheckString(1), L.CheckString(2)
	switch L.Get(3).Type() {
	case lua.LTString, lua.LTNumber, lua.LTTable, lua.LTFunction:
	default:
		L.ArgError(3, "string/function/table expected")
	}
	most := L.OptInt(4, len(subject)+1)
	m, rest := in.newMatcher(subject, pattern)
	var out []byte
	at, count := 0, 0
	for count < most {
		end := m.attempt(L, at, rest)
		if end != noMatch {
			count++
			in.meter.charge(1)
			piece := in.replacement(L, m, at, end)
			in.meter.copying(len(piece))
			out = append(out, piece...)
		}
		if end > at {
			at = end
		} else if at < len(subject) {
			out = append(out, subject[at])
			at++
		} else {
			break
		}
		if rest == 1 {
			break
		}
	}
	in.meter.copying(len(out) + len(subject) - at)
	out = append(out, subject[at:]...)
	L.Push(lua.LString(out))
	L.Push(lua.LNumber(count))
	return 2
}

// replacement is what takes the place of the match subject[s:end].
func (in *Interpreter) replacement(L *lua.LState, m *matcher, s, end int) string {
	var value lua.LValue
	switch r := L.Get(3).(type) {
	case lua.LString, lua.LNumber:
		return in.expand(L, m, lua.LVAsString(r), s, end)
	case *lua.LTable:
		key := m.captured(L, 0, s, end)
		in.meter.key(key)
		value = L.GetTable(r, key)
	case *lua.LFunction:
		L.Push(r)
		L.Call(m.pushCaptures(L, max(m.level, 1), s, end), 1)
		value = L.Get(-1)
		L.Pop(1)
	}
	if value == nil || lua.LVIsFalse(value) {
		return m.subject[s:end]
	}
	if !lua.LVCanConvToString(value) {
		L.RaiseError("invalid replacement value (a %s)", value.Type().String())
	}
	return lua.LVAsString(value)
}

// expand fills the captures into a replacement text.
func (in *Interpreter) expand(L *lua.LState, m *matcher, text string, s, end int) string {
	in.meter.looking(len(text))
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		i++
		switch {
		case i == len(text):
			L.RaiseError("invalid use of '%%' in replacement string")
		case text[i] == '0':
			in.meter.copying(end - s)
			b.WriteString(m.subject[s:end])
		case text[i] >= '1' && text[i] <= '9':
			b.WriteString(lua.LVAsString(m.captured(L, int(text[i]-'1'), s, end)))
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String()
}
