package cached

import (
	"maps"
	"sync"

	"picloud/limits"
	"picloud/recent"
	"picloud/store"
)

// Bounds of what is remembered. 16 MiB are thirty scripts of the largest size with
// their forms, and thousands of usual ones.
const (
	maxScripts = 4096
	maxBytes   = 16 << 20

	// entryBytes is what an entry takes besides its texts, generously.
	entryBytes = 1 << 10
)

// memory is what a Store remembers.
//
// A look-up and a write may overlap, and what comes back last is not always what
// was stored last. So each write that has succeeded moves the clock on, and what
// was asked for under an earlier clock is not remembered.
type memory struct {
	mu      sync.Mutex
	writes  uint64 // the clock: how many writes have succeeded
	scripts *recent.Cache[script]
	ceiling ceiling
}

// stamp is the revision of the store at which something was read.
type stamp uint64

// unknown is no store's revision.
const unknown = 0

// isAt tells whether what was read then is what is stored at the revision now.
func (s stamp) isAt(now uint64) bool { return now != unknown && uint64(s) == now }

type script struct {
	store.Script
	stamp
}

type ceiling struct {
	fields map[limits.Field]int64 // nil until it was read; never changed in place
	stamp
}

func newMemory(maxScripts, maxBytes int) *memory {
	return &memory{scripts: recent.New(maxScripts, maxBytes, script.size)}
}

func (s script) size() int { return entryBytes + 2*len(s.Name) + len(s.Source) + len(s.Form.Bytes) }

func (m *memory) now() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writes
}

// script gives what is remembered, and makes it the last to be forgotten.
func (m *memory) script(name string) (script, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.scripts.Get(name)
}

// read notes what the database, at this revision or a later one, has answered to
// a question asked at began.
func (m *memory) read(began, revision uint64, s store.Script) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.writes == began {
		m.scripts.Put(s.Name, script{s, stamp(revision)})
	}
}

// missed notes that there was no such script.
func (m *memory) missed(began uint64, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.writes == began {
		m.scripts.Remove(name)
	}
}

// wrote notes a write that began at began and has succeeded. Of two that
// overlapped nobody here knows which is stored: the next call will.
func (m *memory) wrote(began uint64, s store.Script) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.writes == began {
		m.scripts.Put(s.Name, script{s, unknown})
	} else {
		m.scripts.Remove(s.Name)
	}
	m.writes++
}

func (m *memory) deleted(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scripts.Remove(name)
	m.writes++
}

func (m *memory) lastCeiling() ceiling {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ceiling
}

// readCeiling notes a ceiling as read notes a script. It is not changed from then
// on.
func (m *memory) readCeiling(began, revision uint64, fields map[limits.Field]int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.writes == began {
		m.ceiling = ceiling{fields, stamp(revision)}
	}
}

// patched notes a patch as wrote notes a script.
func (m *memory) patched(began uint64, changes map[limits.Field]*int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fields := maps.Clone(m.ceiling.fields)
	if m.writes != began {
		fields = nil
	}
	if fields != nil {
		for field, value := range changes {
			if value == nil {
				delete(fields, field)
			} else {
				fields[field] = *value
			}
		}
	}
	m.ceiling = ceiling{fields, unknown}
	m.writes++
}
