package compiled

import (
	"crypto/sha256"
	"io"
	"strconv"

	"picloud/recent"
	"picloud/worker/wire"
)

// Bounds of what is remembered. 16 MiB are ten scripts of the largest size, and
// thousands of usual ones.
const (
	maxScripts = 4096
	maxBytes   = 16 << 20

	// entryBytes is what an entry takes besides its texts, generously.
	entryBytes = 512
)

// script is all that a form is made from.
type script struct {
	name, source string
	maxDepth     int64
}

// key tells forms apart, by what they are made from and of. It is stored with them.
func (s script) key() []byte {
	h := sha256.New()
	for _, text := range []string{wire.CompiledFormat, s.name, strconv.FormatInt(s.maxDepth, 10), s.source} {
		io.WriteString(h, strconv.Itoa(len(text)))
		io.WriteString(h, " ")
		io.WriteString(h, text)
	}
	return h.Sum(nil)
}

func scriptOf(job *wire.Job) script {
	return script{job.ScriptName, job.Source, job.Limits.MaxExprDepth}
}

// entry is what is known of a script. One that is called again and again has the
// same source in memory as its calls, which are recognised by that at once.
type entry struct {
	script
	calls   int
	settled bool   // whether form will not change
	form    []byte // empty to run it from source
	stored  bool   // whether form is the one that was stored with the script
}

func (e *entry) size() int { return entryBytes + 2*len(e.name) + len(e.source) + len(e.form) }

// memory remembers the scripts that were called last, one of each name. It is not
// for concurrent use.
type memory struct{ *recent.Cache[*entry] }

func newMemory(maxScripts, maxBytes int) memory {
	return memory{recent.New(maxScripts, maxBytes, (*entry).size)}
}

// knows tells whether anything is known of the script.
func (m memory) knows(of script) bool {
	e, ok := m.Peek(of.name)
	return ok && e.script == of
}

// called notes a call and gives what is known of the script: if it was nothing, that
// it has this form, unless that is empty.
func (m memory) called(of script, form []byte) *entry {
	e, ok := m.Get(of.name)
	if !ok || e.script != of {
		e = &entry{script: of, settled: len(form) > 0, form: form, stored: len(form) > 0}
		m.Put(of.name, e)
	}
	e.source = of.source // the next call's, at the same place in memory
	e.calls++
	return e
}

func (m memory) settle(of script, form []byte) {
	e, ok := m.Peek(of.name)
	if !ok || e.script != of {
		return
	}
	m.Put(of.name, &entry{script: of, calls: e.calls, settled: true, form: form})
}

// unreadable notes that a script's form is of no use. In place of a stored one another
// may be made; of one that was made here that would be the same.
func (m memory) unreadable(of script) {
	e, ok := m.Peek(of.name)
	if !ok || e.script != of {
		return
	}
	m.Put(of.name, &entry{script: of, calls: e.calls, settled: !e.stored})
}

// forms counts the scripts that have one.
func (m memory) forms() int {
	n := 0
	for _, e := range m.All() {
		if len(e.form) > 0 {
			n++
		}
	}
	return n
}
