package storetest

import (
	"fmt"
	"testing"
	"time"

	"picloud/limits"
	"picloud/store"
)

// hearing bounds the wait for a store to have word of others' writes.
const hearing = 30 * time.Second

// current waits until a store has a revision.
func current(t *testing.T, s store.Store) uint64 {
	t.Helper()
	for deadline := time.Now().Add(hearing); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if n, ok := s.Revision(); ok {
			return n
		}
		s.Ping(t.Context()) // a store may try again when it finds that its database answers
	}
	t.Fatal("there is never a revision")
	return 0
}

// settled waits until word of all that was written before has come.
func settled(t *testing.T, s store.Store) uint64 {
	t.Helper()
	n := current(t, s)
	for quiet := 0; quiet < 50; quiet++ {
		time.Sleep(2 * time.Millisecond)
		if next := current(t, s); next != n {
			n, quiet = next, 0
		}
	}
	return n
}

// writes is each kind of write, in an order in which each changes something.
func writes(t *testing.T) []func(store.Store) error {
	eight := int64(8)
	return []func(store.Store) error{
		func(s store.Store) error { _, err := s.CreateScript(t.Context(), draft("a")); return err },
		func(s store.Store) error { _, _, err := s.PutScript(t.Context(), draft("a"), 1); return err },
		func(s store.Store) error {
			_, _, err := s.PutScript(t.Context(), draft("b"), store.AnyVersion)
			return err
		},
		func(s store.Store) error { return s.DeleteScript(t.Context(), "a", store.AnyVersion) },
		func(s store.Store) error {
			return s.PatchCeiling(t.Context(), map[limits.Field]*int64{limits.MaxMapSize: &eight})
		},
		func(s store.Store) error {
			return s.PatchCeiling(t.Context(), map[limits.Field]*int64{limits.MaxMapSize: nil})
		},
	}
}

func revisionTests() map[string]func(*testing.T, store.Store) {
	return map[string]func(*testing.T, store.Store){
		"stays while nothing is written": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			n := settled(t, s)
			if n == 0 {
				t.Error("a revision is 0")
			}
			mustGet(t, s, "a")
			s.Scripts(t.Context(), "", 10)
			s.Ceiling(t.Context())
			s.Ping(t.Context())
			if got := settled(t, s); got != n {
				t.Errorf("revision %d became %d", n, got)
			}
		},
		"each write that has returned has changed it": func(t *testing.T, s store.Store) {
			seen := map[uint64]bool{0: true}
			for i, write := range writes(t) {
				seen[settled(t, s)] = true
				if err := write(s); err != nil {
					t.Fatalf("write %d: %v", i, err)
				}
				if n, ok := s.Revision(); ok && seen[n] {
					t.Errorf("after write %d the revision is %d again", i, n)
				}
			}
		},
		"is none when closed": func(t *testing.T, s store.Store) {
			current(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if n, ok := s.Revision(); ok {
				t.Errorf("revision %d", n)
			}
		},
	}
}

// RunShared tests what two stores on one database have to know of each other.
// open gives both, RunShared closes them.
func RunShared(t *testing.T, open func(t *testing.T) (one, other store.Store)) {
	for name, test := range map[string]func(t *testing.T, one, other store.Store){
		"there is word of each write of the other's": func(t *testing.T, one, other store.Store) {
			for i, write := range writes(t) {
				before := settled(t, one)
				if err := write(other); err != nil {
					t.Fatalf("write %d: %v", i, err)
				}
				deadline := time.Now().Add(hearing)
				for current(t, one) == before {
					if time.Now().After(deadline) {
						t.Fatalf("nobody tells of write %d", i)
					}
					time.Sleep(time.Millisecond)
				}
			}
		},
		// What is kept with the revision before it was read is never kept for longer
		// than it is true.
		"what is kept by it becomes what is stored": func(t *testing.T, one, other store.Store) {
			mustCreate(t, other, draft("a"))
			var kept store.Script
			var at uint64
			for n := range 50 {
				d := draft("a")
				d.Source = fmt.Sprint("return ", n)
				written := make(chan error, 1)
				go func() {
					_, _, err := other.PutScript(t.Context(), d, store.AnyVersion)
					written <- err
				}()
				for done, deadline := false, time.Now().Add(hearing); !done || kept.Source != d.Source; {
					if time.Now().After(deadline) {
						t.Fatalf("%q is kept, %q is stored", kept.Source, d.Source)
					}
					now, ok := one.Revision()
					if !ok {
						now = 0
					}
					if now != at || now == 0 {
						kept, at = mustGet(t, one, "a"), now
					}
					select {
					case err := <-written:
						if err != nil {
							t.Fatal(err)
						}
						done = true
					default:
					}
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			one, other := open(t)
			t.Cleanup(func() {
				if err := one.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				if err := other.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			test(t, one, other)
		})
	}
}
