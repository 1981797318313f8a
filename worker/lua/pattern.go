package lua

import "errors"

// Bounds of a match, those of Lua 5.1.
const (
	maxCaptures     = 32
	maxPatternDepth = 200
)

// What a capture's length can be besides a length.
const (
	captureOpen     = -1 // its ')' was not met yet
	capturePosition = -2 // "()": the position alone
)

// noMatch is the end of a match that failed.
const noMatch = -1

// stepsCharged is how many steps of the matcher cost one operation.
const stepsCharged = 4

type capture struct{ from, length int }

// matcher is one pattern at work on one subject: Lua 5.1's backtracking, with
// every step charged. A fault in the pattern stays in err and makes everything
// after it fail to match.
type matcher struct {
	meter    *meter
	subject  string
	pattern  string
	captures [maxCaptures]capture
	level    int // captures in use
	depth    int
	steps    int
	err      error
}

// run matches pattern[p:] at subject[s:] and gives the end.
func (m *matcher) run(s, p int) (end int, err error) {
	m.level, m.depth = 0, 0
	end = m.match(s, p)
	return end, m.err
}

func (m *matcher) fail(text string) int {
	if m.err == nil {
		m.err = errors.New(text)
	}
	return noMatch
}

func (m *matcher) step() {
	if m.steps++; m.steps%(16*stepsCharged) == 0 {
		m.meter.charge(16)
	}
}

func (m *matcher) match(s, p int) int {
	if m.depth++; m.depth > maxPatternDepth {
		return m.fail("pattern too complex")
	}
	defer func() { m.depth-- }()
	for {
		m.step()
		if m.err != nil {
			return noMatch
		}
		if p == len(m.pattern) {
			return s
		}
		switch c := m.pattern[p]; {
		case c == '(':
			if p+1 < len(m.pattern) && m.pattern[p+1] == ')' {
				return m.openCapture(s, p+2, capturePosition)
			}
			return m.openCapture(s, p+1, captureOpen)
		case c == ')':
			return m.closeCapture(s, p+1)
		case c == '$' && p+1 == len(m.pattern):
			if s == len(m.subject) {
				return s
			}
			return noMatch
		case c == '%' && p+1 < len(m.pattern):
			if end, next, special := m.escape(s, p); special {
				if end == noMatch {
					return noMatch
				}
				s, p = end, next
				continue
			}
		}
		item := m.itemEnd(p)
		if m.err != nil {
			return noMatch
		}
		if item < len(m.pattern) {
			switch m.pattern[item] {
			case '?':
				if m.single(s, p, item) {
					if end := m.match(s+1, item+1); end != noMatch {
						return end
					}
				}
				p = item + 1
				continue
			case '*':
				return m.longest(s, p, item, 0)
			case '+':
				return m.longest(s, p, item, 1)
			case '-':
				return m.shortest(s, p, item)
			}
		}
		if !m.single(s, p, item) {
			return noMatch
		}
		s, p = s+1, item
	}
}

// escape handles the items that begin with % and are no single character:
// %b, %f and back references. next is where the pattern goes on.
func (m *matcher) escape(s, p int) (end, next int, special bool) {
	switch c := m.pattern[p+1]; {
	case c == 'b':
		return m.balanced(s, p+2), p + 4, true
	case c == 'f':
		set := p + 2
		if set >= len(m.pattern) || m.pattern[set] != '[' {
			return m.fail("missing '[' after '%f' in pattern"), 0, true
		}
		after := m.itemEnd(set)
		if m.err != nil || m.inSet(m.at(s-1), set, after-1) || !m.inSet(m.at(s), set, after-1) {
			return noMatch, 0, true
		}
		return s, after, true
	case c >= '0' && c <= '9':
		return m.backReference(s, c), p + 2, true
	}
	return 0, 0, false
}

// at is the subject's byte at i, 0 outside of it.
func (m *matcher) at(i int) byte {
	if i < 0 || i >= len(m.subject) {
		return 0
	}
	return m.subject[i]
}

func (m *matcher) longest(s, p, item, least int) int {
	n := 0
	for m.single(s+n, p, item) {
		n++
		m.step()
	}
	for ; n >= least; n-- {
		if end := m.match(s+n, item+1); end != noMatch || m.err != nil {
			return end
		}
	}
	return noMatch
}

func (m *matcher) shortest(s, p, item int) int {
	for {
		if end := m.match(s, item+1); end != noMatch || m.err != nil {
			return end
		}
		if !m.single(s, p, item) {
			return noMatch
		}
		s++
	}
}

// itemEnd is where the single-character item at p ends.
func (m *matcher) itemEnd(p int) int {
	switch m.pattern[p] {
	case '%':
		if p+1 >= len(m.pattern) {
			m.fail("malformed pattern (ends with '%')")
		}
		return p + 2
	case '[':
		return m.setEnd(p + 1)
	}
	return p + 1
}

// setEnd is where the set ends whose inside begins at p. A ']' that comes first
// belongs to the set.
func (m *matcher) setEnd(p int) int {
	if p < len(m.pattern) && m.pattern[p] == '^' {
		p++
	}
	for first := true; ; first = false {
		m.step()
		if p >= len(m.pattern) {
			m.fail("malformed pattern (missing ']')")
			return p
		}
		c := m.pattern[p]
		p++
		if c == ']' && !first {
			return p
		}
		if c == '%' {
			p++
		}
	}
}

// single says whether the item pattern[p:item] matches the byte at s.
func (m *matcher) single(s, p, item int) bool {
	if s >= len(m.subject) || m.err != nil {
		return false
	}
	c := m.subject[s]
	switch m.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pattern[p+1])
	case '[':
		return m.inSet(c, p, item-1)
	}
	return m.pattern[p] == c
}

// inSet says whether c is in the set from '[' at p to ']' at last.
func (m *matcher) inSet(c byte, p, last int) bool {
	p++
	found := true
	if m.pattern[p] == '^' {
		found = false
		p++
	}
	for ; p < last; p++ {
		m.step()
		switch {
		case m.pattern[p] == '%':
			p++
			if inClass(c, m.pattern[p]) {
				return found
			}
		case p+2 < last && m.pattern[p+1] == '-':
			if m.pattern[p] <= c && c <= m.pattern[p+2] {
				return found
			}
			p += 2
		case m.pattern[p] == c:
			return found
		}
	}
	return !found
}

// inClass says whether c is of the class a letter stands for; another byte
// stands for itself.
func inClass(c, class byte) bool {
	letter := c|0x20 >= 'a' && c|0x20 <= 'z'
	digit := c >= '0' && c <= '9'
	var is bool
	switch class | 0x20 {
	case 'a':
		is = letter
	case 'c':
		is = c < 0x20 || c == 0x7f
	case 'd':
		is = digit
	case 'l':
		is = c >= 'a' && c <= 'z'
	case 'p':
		is = c > 0x20 && c < 0x7f && !letter && !digit
	case 's':
		is = c == ' ' || c >= '\t' && c <= '\r'
	case 'u':
		is = c >= 'A' && c <= 'Z'
	case 'w':
		is = letter || digit
	case 'x':
		is = digit || c|0x20 >= 'a' && c|0x20 <= 'f'
	case 'z':
		is = c == 0
	default:
		return c == class
	}
	if upper := class >= 'A' && class <= 'Z'; upper {
		return !is
	}
	if class < 'a' || class > 'z' {
		return c == class
	}
	return is
}

func (m *matcher) openCapture(s, p, length int) int {
	if m.level == maxCaptures {
		return m.fail("too many captures")
	}
	m.captures[m.level] = capture{s, length}
	m.level++
	end := m.match(s, p)
	if end == noMatch {
		m.level--
	}
	return end
}

func (m *matcher) closeCapture(s, p int) int {
	for i := m.level - 1; i >= 0; i-- {
		c := &m.captures[i]
		if c.length != captureOpen {
			continue
		}
		c.length = s - c.from
		end := m.match(s, p)
		if end == noMatch {
			c.length = captureOpen
		}
		return end
	}
	return m.fail("invalid pattern capture")
}

func (m *matcher) balanced(s, p int) int {
	if p+1 >= len(m.pattern) {
		return m.fail("unbalanced pattern")
	}
	open, closing := m.pattern[p], m.pattern[p+1]
	if s >= len(m.subject) || m.subject[s] != open {
		return noMatch
	}
	nesting := 1
	for i := s + 1; i < len(m.subject); i++ {
		m.step()
		switch m.subject[i] {
		case closing:
			if nesting--; nesting == 0 {
				return i + 1
			}
		case open:
			nesting++
		}
	}
	return noMatch
}

func (m *matcher) backReference(s int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= m.level || m.captures[i].length == captureOpen {
		return m.fail("invalid capture index")
	}
	c := m.captures[i]
	length := max(c.length, 0)
	m.meter.looking(length)
	if len(m.subject)-s < length || m.subject[c.from:c.from+length] != m.subject[s:s+length] {
		return noMatch
	}
	return s + length
}
