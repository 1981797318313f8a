package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"picloud"
	"picloud/limits"
	"picloud/store"
)

const (
	racers = 8  // goroutines at once
	rounds = 10 // races of each kind
)

// race runs f in as many goroutines as there are racers, from one start signal,
// and gives their errors.
func race(f func(i int) error) []error {
	errs := make([]error, racers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// wantOneWinner checks that one of errs is nil and the others have the code.
func wantOneWinner(t *testing.T, errs []error, code picloud.Code) {
	t.Helper()
	winners := 0
	for _, err := range errs {
		if err == nil {
			winners++
		} else {
			wantCode(t, err, code)
		}
	}
	if winners != 1 {
		t.Fatalf("%d of %d succeeded, want 1", winners, len(errs))
	}
}

func concurrencyTests() map[string]func(*testing.T, store.Store) {
	return map[string]func(*testing.T, store.Store){
		"of creates under one name one succeeds": func(t *testing.T, s store.Store) {
			for round := range rounds {
				name := fmt.Sprintf("a%d", round)
				wantOneWinner(t, race(func(i int) error {
					d := draft(name)
					d.Source = fmt.Sprint(i)
					_, err := s.CreateScript(t.Context(), d)
					return err
				}), picloud.CodeScriptExists)
				if got := mustGet(t, s, name); got.Version != 1 {
					t.Errorf("version %d, want 1", got.Version)
				}
			}
		},
		"of puts for one version one succeeds": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			for round := range int64(rounds) {
				var winner atomic.Int64
				wantOneWinner(t, race(func(i int) error {
					d := draft("a")
					d.Source = fmt.Sprint(i)
					_, _, err := s.PutScript(t.Context(), d, round+1)
					if err == nil {
						winner.Store(int64(i))
					}
					return err
				}), picloud.CodeVersionConflict)
				got := mustGet(t, s, "a")
				if got.Version != round+2 || got.Source != fmt.Sprint(winner.Load()) {
					t.Fatalf("stored is %s, want version %d by %d", text(got), round+2, winner.Load())
				}
			}
		},
		"of puts for any version all succeed, one creates": func(t *testing.T, s store.Store) {
			for round := range rounds {
				name := fmt.Sprintf("a%d", round)
				var created atomic.Int64
				var versions sync.Map
				for _, err := range race(func(i int) error {
					script, isNew, err := s.PutScript(t.Context(), draft(name), store.AnyVersion)
					if isNew {
						created.Add(1)
					}
					if _, twice := versions.LoadOrStore(script.Version, i); twice && err == nil {
						err = fmt.Errorf("version %d was given twice", script.Version)
					}
					return err
				}) {
					if err != nil {
						t.Fatal(err)
					}
				}
				if got := mustGet(t, s, name); got.Version != racers || created.Load() != 1 {
					t.Fatalf("version %d, want %d; %d creations, want 1", got.Version, racers, created.Load())
				}
			}
		},
		"of deletes for one version one succeeds": func(t *testing.T, s store.Store) {
			for range rounds {
				mustCreate(t, s, draft("a"))
				wantOneWinner(t, race(func(int) error {
					return s.DeleteScript(t.Context(), "a", 1)
				}), picloud.CodeScriptNotFound)
			}
		},
		"a delete and puts for one version: one succeeds": func(t *testing.T, s store.Store) {
			for round := range rounds {
				name := fmt.Sprintf("a%d", round)
				mustCreate(t, s, draft(name))
				winners := 0
				for _, err := range race(func(i int) error {
					if i == 0 {
						return s.DeleteScript(t.Context(), name, 1)
					}
					_, _, err := s.PutScript(t.Context(), draft(name), 1)
					return err
				}) {
					if err == nil {
						winners++
					} else {
						// A put after the delete finds no script, a delete after
						// a put another version: both are conflicts.
						wantCode(t, err, picloud.CodeVersionConflict)
					}
				}
				if winners != 1 {
					t.Fatalf("%d succeeded, want 1", winners)
				}
			}
		},
		"a patch of the ceiling is seen whole": func(t *testing.T, s store.Store) {
			all := func(v int64) map[limits.Field]*int64 {
				changes := map[limits.Field]*int64{}
				for _, f := range limits.Fields() {
					changes[f.Field] = &v
				}
				return changes
			}
			if err := s.PatchCeiling(t.Context(), all(100)); err != nil {
				t.Fatal(err)
			}
			for _, err := range race(func(i int) error {
				for range rounds {
					if i%2 == 0 {
						if err := s.PatchCeiling(t.Context(), all(int64(100+i))); err != nil {
							return err
						}
						continue
					}
					ceiling, err := s.Ceiling(t.Context())
					if err != nil {
						return err
					}
					for f, v := range ceiling {
						if v != ceiling[limits.MaxOperations] {
							return fmt.Errorf("%s is %d, %s is %d", f, v, limits.MaxOperations, ceiling[limits.MaxOperations])
						}
					}
				}
				return nil
			}) {
				if err != nil {
					t.Error(err)
				}
			}
		},
		"everything at once": func(t *testing.T, s store.Store) {
			for _, err := range race(func(i int) error {
				own := fmt.Sprintf("own-%d", i)
				for round := range rounds {
					if _, err := s.CreateScript(t.Context(), draft(own)); err != nil {
						return err
					}
					if _, _, err := s.PutScript(t.Context(), draft("shared"), store.AnyVersion); err != nil {
						return err
					}
					if got, err := s.Script(t.Context(), own); err != nil || got.Version != 1 {
						return fmt.Errorf("own script: %s, %w", text(got), err)
					}
					if page, err := s.Scripts(t.Context(), "", 100); err != nil || len(page) < 2 {
						return fmt.Errorf("list of %d: %w", len(page), err)
					}
					if err := s.PatchCeiling(t.Context(), patch(map[limits.Field]int64{limits.TimeoutMS: int64(round + 1)})); err != nil {
						return err
					}
					if err := s.Ping(t.Context()); err != nil {
						return err
					}
					if err := s.DeleteScript(t.Context(), own, 1); err != nil {
						return err
					}
				}
				return nil
			}) {
				if err != nil {
					t.Error(err)
				}
			}
			if got := mustGet(t, s, "shared"); got.Version != racers*rounds {
				t.Errorf("version %d after %d puts", got.Version, racers*rounds)
			}
		},
	}
}
