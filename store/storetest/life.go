package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"picloud"
	"picloud/limits"
	"picloud/store"
)

// calls is every method of s that takes a context. The writes among them would
// change the script "a", create "new", or set a ceiling.
func calls(s store.Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"CreateScript": func(ctx context.Context) error { _, err := s.CreateScript(ctx, draft("new")); return err },
		"PutScript": func(ctx context.Context) error {
			_, _, err := s.PutScript(ctx, draft("a"), store.AnyVersion)
			return err
		},
		"PutScript of a version": func(ctx context.Context) error { _, _, err := s.PutScript(ctx, draft("a"), 1); return err },
		"DeleteScript":           func(ctx context.Context) error { return s.DeleteScript(ctx, "a", store.AnyVersion) },
		"Script":                 func(ctx context.Context) error { _, err := s.Script(ctx, "a"); return err },
		"Scripts":                func(ctx context.Context) error { _, err := s.Scripts(ctx, "", 10); return err },
		"Ceiling":                func(ctx context.Context) error { _, err := s.Ceiling(ctx); return err },
		"PatchCeiling": func(ctx context.Context) error {
			return s.PatchCeiling(ctx, patch(map[limits.Field]int64{limits.TimeoutMS: 10}))
		},
		"SchemaVersion": func(ctx context.Context) error { _, err := s.SchemaVersion(ctx); return err },
		"Ping":          s.Ping,
	}
}

func lifeTests() map[string]func(*testing.T, store.Store) {
	return map[string]func(*testing.T, store.Store){
		"calls end with their context and change nothing": func(t *testing.T, s store.Store) {
			stored := mustCreate(t, s, draft("a"))
			canceled, cancel := context.WithCancel(t.Context())
			cancel()
			late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
			defer cancel()
			for name, call := range calls(s) {
				for _, ctx := range []context.Context{canceled, late} {
					err := call(ctx)
					wantCode(t, err, picloud.CodeStoreUnavailable)
					if !errors.Is(err, ctx.Err()) {
						t.Errorf("%s: error %v does not say %v", name, err, ctx.Err())
					}
				}
			}
			wantSame(t, mustGet(t, s, "a"), stored)
			_, err := s.Script(t.Context(), "new")
			wantCode(t, err, picloud.CodeScriptNotFound)
			if ceiling, err := s.Ceiling(t.Context()); err != nil || len(ceiling) != 0 {
				t.Errorf("ceiling %v, %v", ceiling, err)
			}
		},
		"a context that ends during calls does no harm": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			const writers, each = 4, 20
			var wg sync.WaitGroup
			succeeded := make([]int64, writers)
			for i := range writers {
				wg.Go(func() {
					for n := range each {
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n*50)*time.Microsecond)
						_, _, err := s.PutScript(ctx, draft("a"), store.AnyVersion)
						cancel()
						if err == nil {
							succeeded[i]++
						} else if !errors.Is(err, context.DeadlineExceeded) {
							t.Errorf("error %v does not say %v", err, context.DeadlineExceeded)
						}
					}
				})
			}
			wg.Wait()
			least := int64(1)
			for _, n := range succeeded {
				least += n
			}
			// A put that ran out of time may have been stored all the same,
			// one that succeeded must have been.
			if got := mustGet(t, s, "a"); got.Version < least {
				t.Errorf("version %d after at least %d writes", got.Version, least)
			}
			before := mustGet(t, s, "a").Version
			if got, _ := mustPut(t, s, draft("a"), before); got.Version != before+1 {
				t.Errorf("version %d after %d", got.Version, before)
			}
		},
		"it has a schema": func(t *testing.T, s store.Store) {
			version, err := s.SchemaVersion(t.Context())
			if err != nil || version < 2 {
				t.Errorf("schema %d, %v; want 2 or later", version, err)
			}
		},
		"it answers": func(t *testing.T, s store.Store) {
			if err := s.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		},
	}
}
