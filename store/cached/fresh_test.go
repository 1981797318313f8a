package cached

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"picloud"
	"picloud/limits"
	"picloud/store"
)

// deaf is a database that answers, and has no word of others' writes.
type deaf struct{ *inner }

func (deaf) Revision() (uint64, bool) { return 7, false }

// wantAsked counts the questions that a call has for the database.
func wantAsked(t *testing.T, s *Store, db *inner, name string, want int) {
	t.Helper()
	before := db.asked
	if _, _, err := s.Calls().LookUp(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if got := db.asked - before; got != want {
		t.Errorf("a call of %s asks the database %d times, want %d", name, got, want)
	}
}

// Nobody asks a database in which nothing has been written; what was read before
// a write, whoever made it, is not served after it.
func TestUnchangedIsNotAskedFor(t *testing.T) {
	s, db := fixture(t)
	n := int64(4)
	patch := func(s store.Store) {
		n++ // SQLite takes a value that is there already for no change
		if err := s.PatchCeiling(t.Context(), map[limits.Field]*int64{limits.TimeoutMS: &n}); err != nil {
			t.Fatal(err)
		}
	}
	put(t, s, "a", "1")
	put(t, s, "b", "1")
	for what, write := range map[string]func(){
		"a put":                    func() { put(t, s, "a", "2") },
		"a put of another":         func() { put(t, s, "b", "2") },
		"another daemon's put":     func() { put(t, db.Store, "a", "3") },
		"a patch":                  func() { patch(s) },
		"another daemon's patch":   func() { patch(db.Store) },
		"another daemon's created": func() { db.Store.CreateScript(t.Context(), store.Draft{Name: "c"}) },
	} {
		t.Run(what, func(t *testing.T) {
			s.Calls().LookUp(t.Context(), "a")
			for range 3 {
				wantAsked(t, s, db, "a", 0)
			}
			write()
			wantAsked(t, s, db, "a", 2) // for the script and for the ceiling
			wantAsked(t, s, db, "a", 0)
			stored, err := db.Store.Script(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			wantSource(t, s, "a", stored.Source, "")
		})
	}
	if _, ceiling, err := s.Calls().LookUp(t.Context(), "a"); err != nil || ceiling[limits.TimeoutMS] != n {
		t.Errorf("ceiling %v, %v; want %d", ceiling, err, n)
	}
	if err := db.Store.DeleteScript(t.Context(), "a", store.AnyVersion); err != nil {
		t.Fatal(err)
	}
	wantSource(t, s, "a", "", picloud.CodeScriptNotFound)
}

// As long as nobody tells of others' writes, every call asks.
func TestNothingHeardIsAskedFor(t *testing.T) {
	s, db := fixture(t)
	s.Store = deaf{db}
	put(t, s, "a", "1")
	for n := range 3 {
		wantAsked(t, s, db, "a", 2)
		source := fmt.Sprint(n)
		put(t, db.Store, "a", source)
		wantSource(t, s, "a", source, "")
	}
}

// The log says so if it lasts, once.
func TestDeafnessIsLogged(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	d := deafness{logger: zap.New(core)}
	calls := func() {
		for range 10 {
			d.noted()
		}
	}
	calls()
	if n := logs.Len(); n != 0 {
		t.Errorf("%d lines after a moment", n)
	}
	d.since = d.since.Add(-2 * deafAfter)
	calls()
	if n := logs.Len(); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
	d.loggedAt, d.last = time.Time{}, d.last.Add(-2*deafAfter) // a moment again, later
	calls()
	if n := logs.Len(); n != 1 {
		t.Errorf("%d lines, want 1", n)
	}
}

// What a look-up has found is as old as its question: a write in between is seen
// by the next.
func TestWrittenWhileItIsRead(t *testing.T) {
	five := int64(5)
	for what, write := range map[string]func(*testing.T, *Store, *inner){
		"by this daemon": func(t *testing.T, s *Store, db *inner) { put(t, s, "a", "2") },
		"by another":     func(t *testing.T, s *Store, db *inner) { put(t, db.Store, "a", "2") },
		"by two": func(t *testing.T, s *Store, db *inner) {
			put(t, s, "a", "1")
			put(t, db.Store, "a", "2")
		},
	} {
		t.Run(what, func(t *testing.T) {
			s, db := fixture(t)
			put(t, db.Store, "a", "1")
			db.between = func() {
				write(t, s, db)
				db.between = func() { db.Store.PatchCeiling(t.Context(), map[limits.Field]*int64{limits.TimeoutMS: &five}) }
			}
			s.Calls().LookUp(t.Context(), "a")
			wantSource(t, s, "a", "2", "")
			if _, ceiling, err := s.Calls().LookUp(t.Context(), "a"); err != nil || ceiling[limits.TimeoutMS] != 5 {
				t.Errorf("ceiling %v, %v", ceiling, err)
			}
		})
	}
}

// Whoever has been told that a write is done sees it, however many read.
func TestReadersSeeWhatIsWritten(t *testing.T) {
	db := open(t)
	s := New(db, nil)
	defer s.Close()
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					s.Calls().LookUp(t.Context(), "a")
				}
			}
		})
	}
	for n := range 100 {
		source := fmt.Sprint(n)
		if n%2 == 0 {
			put(t, s, "a", source)
		} else {
			put(t, db, "a", source)
		}
		wantSource(t, s, "a", source, "")
	}
	close(stop)
	readers.Wait()
}
