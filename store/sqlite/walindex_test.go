package sqlite

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"picloud/store"
	"picloud/store/storetest"
)

// Where the WAL-index cannot be viewed each call asks, and learns the same.
func TestRevisionsWithoutView(t *testing.T) {
	blind := func(path string) *Store {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		s.revisions.path = "/nowhere"
		return s
	}
	storetest.RunShared(t, func(t *testing.T) (one, other store.Store) {
		path := dbPath(t)
		return blind(path), blind(path)
	})
	s := blind(dbPath(t))
	defer s.Close()
	if _, ok := s.Revision(); !ok || s.revisions.index != nil {
		t.Errorf("%t, %v", ok, s.revisions.index)
	}
}

// Nothing is asked while nothing is written, whatever the path looks like.
func TestRevisionIsALookAtMemory(t *testing.T) {
	folder := t.TempDir()
	if err := os.Symlink(folder, folder+"/a link? to#it"); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, folder+"/a link? to#it/picloud 1%.db")
	other := mustOpen(t, folder+"/picloud 1%.db")
	ask := func() (n uint64) {
		n, ok := s.Revision()
		if !ok {
			t.Fatal("no revision")
		}
		return n
	}
	ask() // makes the connection
	n := ask()
	s.revisions.seen++ // asking now would give another revision
	if got := ask(); got != n {
		t.Errorf("revision %d was asked for again and is %d", n, got)
	}
	s.revisions.seen--
	mustCreate(t, other, "a")
	if got := ask(); got == n {
		t.Error("a write was not noticed")
	}
}

// Whatever becomes of the write-ahead log, what is committed is noticed: it is begun
// anew, cut to nothing, and the database written anew from its beginning.
func TestRevisionAndTheLog(t *testing.T) {
	path := dbPath(t)
	s, other := mustOpen(t, path), mustOpen(t, path)
	random := rand.New(rand.NewPCG(1, 2))
	statements := []string{"", "PRAGMA wal_checkpoint(PASSIVE)", "PRAGMA wal_checkpoint(RESTART)", "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM"}
	viewed := 0
	for n := range 300 {
		if statement := statements[random.IntN(len(statements))]; statement != "" {
			if _, err := other.writer.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		for range random.IntN(3) {
			s.Revision() // as calls do, once or twice between writes, or not at all
		}
		before, ok := s.Revision()
		if !ok {
			t.Fatal("no revision")
		}
		if s.revisions.header != (walHeader{}) {
			viewed++
		}
		by := []*Store{s, other}[random.IntN(2)]
		if _, _, err := by.PutScript(t.Context(), store.Draft{Name: "a", Source: strings.Repeat("x", random.IntN(20_000))}, store.AnyVersion); err != nil {
			t.Fatal(err)
		}
		if after, ok := s.Revision(); !ok || after == before {
			t.Fatalf("write %d is not noticed: %d, %t", n, after, ok)
		}
	}
	if viewed < 200 {
		t.Errorf("only %d of 300 times there was a view", viewed)
	}
}

// A header that is being written, or was never, tells nothing.
func TestHeaderIsWhole(t *testing.T) {
	s := mustOpen(t, dbPath(t))
	s.Revision()
	good, whole := s.revisions.index.header()
	if !whole {
		t.Fatalf("%v", good)
	}
	torn := good
	torn[1][2]++
	for name, c := range map[string]struct {
		header walHeader
		whole  bool
	}{"good": {good, true}, "torn": {torn, false}, "empty": {walHeader{}, false}} {
		x := walIndex{unsafe.Pointer(&c.header)}
		if got, whole := x.header(); got != c.header || whole != c.whole {
			t.Errorf("%s: %v, whole %t", name, got, whole)
		}
	}
}

// SQLite's locks on the shared memory outlive a view of it: without them another
// program would take it for abandoned, and begin it anew.
func TestViewKeepsLocks(t *testing.T) {
	path := dbPath(t)
	mustCreate(t, mustOpen(t, path), "a")
	info, err := os.Stat(path + "-shm")
	if err != nil {
		t.Fatal(err)
	}
	locks := func() (n int) {
		all, err := os.ReadFile("/proc/locks")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(all)) {
			if strings.Contains(line, fmt.Sprintf(" %d ", os.Getpid())) && strings.Contains(line, fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino)) {
				n++
			}
		}
		return n
	}
	before := locks()
	if before == 0 {
		t.Fatal("SQLite holds no lock, so this test shows nothing")
	}
	x, err := viewIndex(path)
	if err != nil {
		t.Fatal(err)
	}
	x.close()
	if after := locks(); after != before {
		t.Errorf("%d locks were held, and now %d", before, after)
	}
}

func TestMappingOf(t *testing.T) {
	const good = "b6f0e000-b6f16000 rw-s 00000000 fe:00 9978103                    /var/lib/picloud/picloud.db-shm"
	for name, c := range map[string]struct {
		line string
		want uintptr
	}{
		"it":                 {good, 0xb6f0e000},
		"its second part":    {strings.Replace(good, "00000000", "00008000", 1), 0},
		"another file":       {strings.Replace(good, "9978103", "9978104", 1), 0},
		"a deleted one":      {good + " (deleted)", 0},
		"another folder":     {strings.Replace(good, "/var", "/srv/var", 1), 0},
		"a private mapping":  {strings.Replace(good, "rw-s", "rw-p", 1), 0},
		"no file":            {"b6f0e000-b6f16000 rw-p 00000000 00:00 0", 0},
		"something else":     {"hello", 0},
		"nothing whatsoever": {"", 0},
	} {
		got, ok := mappingOf(c.line, "/var/lib/picloud/picloud.db-shm", 9978103)
		if ok != (c.want != 0) || ok && got != c.want {
			t.Errorf("%s: %#x, %t", name, got, ok)
		}
	}
}
