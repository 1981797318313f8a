// Package pattern matches Lua 5.1 patterns, as section 5.4.1 of its reference
// manual describes them.
//
// It promises to report the work it is about to do, so that whoever pays for it
// can stop in time; to use a bounded amount of stack, however the pattern is
// built; and never to panic. Bytes are bytes: classes are those of the C
// locale. A pattern that is malformed gives an error when the matcher comes to
// the malformed place, as in Lua. A zero byte in a pattern stands for itself.
package pattern

import "errors"

const (
	// MaxCaptures is how many captures a pattern may have.
	MaxCaptures = 32

	// maxDepth bounds the matcher's recursion. A pattern's items nest, the
	// subject's length does not count.
	maxDepth = 200

	// stepsPerReport is how many steps are collected before they are reported.
	stepsPerReport = 16
)

var (
	errEndsWithPercent = errors.New("malformed pattern (ends with '%')")
	errMissingBracket  = errors.New("malformed pattern (missing ']')")
	errFrontier        = errors.New("missing '[' after '%f' in pattern")
	errUnbalanced      = errors.New("unbalanced pattern")
	errManyCaptures    = errors.New("too many captures")
	errNoOpenCapture   = errors.New("invalid pattern capture")
	errUnfinished      = errors.New("unfinished capture")
	errCaptureIndex    = errors.New("invalid capture index")
	errTooComplex      = errors.New("pattern too complex")
)

// Capture is what a pair of parentheses matched: the bytes from Start up to but
// without End, counted from 0. Position is set for an empty pair, which
// captures the place itself: Start.
type Capture struct {
	Start, End int
	Position   bool
}

// open as the End of a capture says that its closing parenthesis has not
// been reached.
const open = -1

// Matcher matches one pattern in one subject, at as many places as are asked
// for. It is not for concurrent use.
type Matcher struct {
	subject  string
	pattern  string
	anchored bool
	report   func(steps int)

	steps    int
	depth    int
	err      error
	count    int // captures so far
	captures [MaxCaptures]Capture
}

// New makes a matcher. With anchors a '^' at the pattern's beginning ties it to
// the place where matching starts; without, it is a character like any other.
// The function report is called before each portion of the work is done, with
// the number of steps it has; a step looks at one byte of the subject or one
// item of the pattern.
func New(subject, pattern string, anchors bool, report func(steps int)) *Matcher {
	m := &Matcher{subject: subject, pattern: pattern, report: report}
	if anchors && pattern != "" && pattern[0] == '^' {
		m.anchored = true
		m.pattern = pattern[1:]
	}
	return m
}

// Anchored says that the pattern can match at one place only.
func (m *Matcher) Anchored() bool { return m.anchored }

// At matches at one place of the subject, counted from 0, and gives the end of
// what matched. The captures of a match stay until the next call.
func (m *Matcher) At(start int) (end int, ok bool, err error) {
	m.count, m.depth, m.err = 0, 0, nil
	end = m.match(start, 0)
	return end, end >= 0 && m.err == nil, m.err
}

// Next finds the first match that starts at from or, unless the pattern is
// anchored, behind it.
func (m *Matcher) Next(from int) (start, end int, ok bool, err error) {
	for start = from; start <= len(m.subject); start++ {
		end, ok, err = m.At(start)
		if ok || err != nil || m.anchored {
			return start, end, ok, err
		}
	}
	return 0, 0, false, nil
}

// Captures is the number of captures of the last match.
func (m *Matcher) Captures() int { return m.count }

// Capture gives capture i of the last match, counted from 0, for a match that
// reached from start to end. A pattern without captures has one: the whole.
func (m *Matcher) Capture(i, start, end int) (Capture, error) {
	if i >= m.count {
		if i == 0 {
			return Capture{Start: start, End: end}, nil
		}
		return Capture{}, errCaptureIndex
	}
	if c := m.captures[i]; c.End != open {
		return c, nil
	}
	return Capture{}, errUnfinished
}

func (m *Matcher) step() {
	if m.steps++; m.steps == stepsPerReport {
		m.steps = 0
		m.report(stepsPerReport)
	}
}

func (m *Matcher) fail(err error) int {
	if m.err == nil {
		m.err = err
	}
	return -1
}

// match matches the pattern from item p on at place s and gives the end of
// what matched, or -1.
func (m *Matcher) match(s, p int) int {
	if m.depth++; m.depth > maxDepth {
		return m.fail(errTooComplex)
	}
	end := m.items(s, p)
	m.depth--
	return end
}

func (m *Matcher) items(s, p int) int {
	for {
		m.step()
		if p == len(m.pattern) {
			return s
		}
		switch m.pattern[p] {
		case '(':
			if m.is(p+1, ')') {
				return m.startCapture(s, p+2, Capture{Start: s, End: s, Position: true})
			}
			return m.startCapture(s, p+1, Capture{Start: s, End: open})
		case ')':
			return m.endCapture(s, p+1)
		case '$':
			if p+1 == len(m.pattern) {
				if s == len(m.subject) {
					return s
				}
				return -1
			}
		case '%':
			if next, after, special := m.escape(s, p+1); special {
				if next < 0 {
					return -1
				}
				s, p = next, after
				continue
			}
		}
		after := m.itemEnd(p)
		if m.err != nil {
			return -1
		}
		switch {
		case m.is(after, '?'):
			if m.one(s, p, after) {
				if end := m.match(s+1, after+1); end >= 0 || m.err != nil {
					return end
				}
			}
			p = after + 1
		case m.is(after, '*'):
			return m.longest(s, p, after, 0)
		case m.is(after, '+'):
			return m.longest(s, p, after, 1)
		case m.is(after, '-'):
			return m.shortest(s, p, after)
		default:
			if !m.one(s, p, after) {
				return -1
			}
			s, p = s+1, after
		}
	}
}

// is reports whether the pattern has character c at p.
func (m *Matcher) is(p int, c byte) bool { return p < len(m.pattern) && m.pattern[p] == c }

// escape handles what begins with '%' and is no character class: %b, %f and
// back references. It gives the place behind what matched, or -1, and the item
// behind; special is false for a class.
func (m *Matcher) escape(s, p int) (next, after int, special bool) {
	if p >= len(m.pattern) {
		return 0, 0, false
	}
	switch c := m.pattern[p]; {
	case c == 'b':
		return m.balance(s, p+1), p + 3, true
	case c == 'f':
		if p++; !m.is(p, '[') {
			return m.fail(errFrontier), 0, true
		}
		after = m.itemEnd(p)
		if m.err != nil {
			return -1, 0, true
		}
		var before, here byte
		if s > 0 {
			before = m.subject[s-1]
		}
		if s < len(m.subject) {
			here = m.subject[s]
		}
		if m.inSet(before, p, after-1) || !m.inSet(here, p, after-1) {
			return -1, 0, true
		}
		return s, after, true
	case '0' <= c && c <= '9':
		return m.backReference(s, int(c)-'1'), p + 1, true
	}
	return 0, 0, false
}

// itemEnd gives the end of the single-character item at p.
func (m *Matcher) itemEnd(p int) int {
	switch m.pattern[p] {
	case '%':
		if p+1 >= len(m.pattern) {
			return m.fail(errEndsWithPercent)
		}
		return p + 2
	case '[':
		p++
		if m.is(p, '^') {
			p++
		}
		for first := true; first || !m.is(p, ']'); first = false {
			if p >= len(m.pattern) {
				return m.fail(errMissingBracket)
			}
			m.step()
			if m.pattern[p] == '%' {
				p++
			}
			p++
		}
		return p + 1
	}
	return p + 1
}

// one reports whether the item from p to after matches the character at s.
func (m *Matcher) one(s, p, after int) bool {
	if s >= len(m.subject) {
		return false
	}
	c := m.subject[s]
	switch m.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pattern[p+1])
	case '[':
		return m.inSet(c, p, after-1)
	}
	return m.pattern[p] == c
}

func (m *Matcher) longest(s, p, after, least int) int {
	n := 0
	for m.one(s+n, p, after) {
		m.step()
		n++
	}
	for ; n >= least; n-- {
		if end := m.match(s+n, after+1); end >= 0 || m.err != nil {
			return end
		}
	}
	return -1
}

func (m *Matcher) shortest(s, p, after int) int {
	for {
		if end := m.match(s, after+1); end >= 0 || m.err != nil {
			return end
		}
		if !m.one(s, p, after) {
			return -1
		}
		s++
	}
}

func (m *Matcher) startCapture(s, p int, c Capture) int {
	if m.count >= MaxCaptures {
		return m.fail(errManyCaptures)
	}
	m.captures[m.count] = c
	m.count++
	end := m.match(s, p)
	if end < 0 {
		m.count--
	}
	return end
}

func (m *Matcher) endCapture(s, p int) int {
	i := m.count - 1
	for i >= 0 && m.captures[i].End != open {
		i--
	}
	if i < 0 {
		return m.fail(errNoOpenCapture)
	}
	m.captures[i].End = s
	end := m.match(s, p)
	if end < 0 {
		m.captures[i].End = open
	}
	return end
}

// balance matches %bxy, whose two characters stand at p.
func (m *Matcher) balance(s, p int) int {
	if p+1 >= len(m.pattern) {
		return m.fail(errUnbalanced)
	}
	opening, closing := m.pattern[p], m.pattern[p+1]
	if s >= len(m.subject) || m.subject[s] != opening {
		return -1
	}
	nesting := 1
	for s++; s < len(m.subject); s++ {
		m.step()
		switch m.subject[s] {
		case closing:
			if nesting--; nesting == 0 {
				return s + 1
			}
		case opening:
			nesting++
		}
	}
	return -1
}

func (m *Matcher) backReference(s, i int) int {
	if i < 0 || i >= m.count || m.captures[i].End == open {
		return m.fail(errCaptureIndex)
	}
	c := m.captures[i]
	n := c.End - c.Start
	if c.Position || len(m.subject)-s < n {
		return -1
	}
	m.report(n / stepsPerReport) // compared as a block, not byte by byte
	if m.subject[c.Start:c.End] != m.subject[s:s+n] {
		return -1
	}
	return s + n
}
