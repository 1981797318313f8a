package compiled

import (
	"github.com/hashicorp/golang-lru/v2/simplelru"

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
}

func (e *entry) size() int { return entryBytes + 2*len(e.name) + len(e.source) + len(e.form) }

// memory remembers the scripts that were called last, one of each name. It is not
// for concurrent use.
type memory struct {
	maxBytes int
	bytes    int // of all entries
	forms    int // entries that have one
	scripts  *simplelru.LRU[string, *entry]
}

func newMemory(maxScripts, maxBytes int) *memory {
	m := &memory{maxBytes: maxBytes}
	// the error is for a size below 1
	m.scripts, _ = simplelru.NewLRU(maxScripts, func(_ string, e *entry) { m.count(e, -1) })
	return m
}

// called notes a call and gives what is known of the script.
func (m *memory) called(of script) *entry {
	e, ok := m.scripts.Get(of.name)
	if !ok || e.script != of {
		e = &entry{script: of}
		m.keep(e)
	}
	e.source = of.source // the next call's, at the same place in memory
	e.calls++
	return e
}

func (m *memory) settle(of script, form []byte) {
	e, ok := m.scripts.Peek(of.name)
	if !ok || e.script != of {
		return
	}
	m.keep(&entry{script: of, calls: e.calls, settled: true, form: form})
}

// keep puts an entry in the place of that of the same name, and makes room for it.
func (m *memory) keep(e *entry) {
	m.scripts.Remove(e.name) // so that its bytes are no longer counted
	m.scripts.Add(e.name, e)
	m.count(e, 1)
	for m.bytes > m.maxBytes {
		m.scripts.RemoveOldest()
	}
}

func (m *memory) count(e *entry, n int) {
	m.bytes += n * e.size()
	if len(e.form) > 0 {
		m.forms += n
	}
}
