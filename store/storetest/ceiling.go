package storetest

import (
	"maps"
	"testing"

	"picloud/limits"
	"picloud/store"
)

// patch makes changes of field-value pairs; the value 0 stands for nil.
func patch(values map[limits.Field]int64) map[limits.Field]*int64 {
	changes := map[limits.Field]*int64{}
	for f, v := range values {
		if v == 0 {
			changes[f] = nil
		} else {
			changes[f] = &v
		}
	}
	return changes
}

func ceilingTests() map[string]func(*testing.T, store.Store) {
	apply := func(t *testing.T, s store.Store, values map[limits.Field]int64) {
		t.Helper()
		if err := s.PatchCeiling(t.Context(), patch(values)); err != nil {
			t.Fatalf("PatchCeiling(%v): %v", values, err)
		}
	}
	want := func(t *testing.T, s store.Store, values map[limits.Field]int64) {
		t.Helper()
		got, err := s.Ceiling(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, values) {
			t.Errorf("ceiling is %v, want %v", got, values)
		}
	}
	type values = map[limits.Field]int64
	return map[string]func(*testing.T, store.Store){
		"a new store has none set": func(t *testing.T, s store.Store) {
			want(t, s, values{})
		},
		"set, change and remove leave the others": func(t *testing.T, s store.Store) {
			apply(t, s, values{limits.MaxOperations: 500, limits.TimeoutMS: 60})
			want(t, s, values{limits.MaxOperations: 500, limits.TimeoutMS: 60})
			apply(t, s, values{limits.MaxOperations: 700})
			want(t, s, values{limits.MaxOperations: 700, limits.TimeoutMS: 60})
			apply(t, s, values{limits.MaxOperations: 0})
			want(t, s, values{limits.TimeoutMS: 60})
			apply(t, s, values{limits.TimeoutMS: 0, limits.MemoryLimitMB: 32})
			want(t, s, values{limits.MemoryLimitMB: 32})
		},
		"every field": func(t *testing.T, s store.Store) {
			all := values{}
			for i, f := range limits.Fields() {
				all[f.Field] = 1<<62 + int64(i) + 1
			}
			apply(t, s, all)
			want(t, s, all)
			for f := range all {
				all[f] = 0
			}
			apply(t, s, all)
			want(t, s, values{})
		},
		"removing what is not set does nothing": func(t *testing.T, s store.Store) {
			apply(t, s, values{limits.MaxOperations: 0})
			want(t, s, values{})
		},
		"no changes do nothing": func(t *testing.T, s store.Store) {
			apply(t, s, values{limits.MaxOperations: 5})
			apply(t, s, nil)
			want(t, s, values{limits.MaxOperations: 5})
		},
		"a row of a field this version does not know is left out": func(t *testing.T, s store.Store) {
			// As a newer program writes it: the values are trusted.
			apply(t, s, values{"max_of_tomorrow": 7, limits.MaxMapSize: 8})
			want(t, s, values{limits.MaxMapSize: 8})
			apply(t, s, values{"max_of_tomorrow": 0, limits.MaxMapSize: 0})
			want(t, s, values{})
		},
		"the map given is the caller's": func(t *testing.T, s store.Store) {
			apply(t, s, values{limits.MaxMapSize: 8})
			got, err := s.Ceiling(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got[limits.MaxMapSize] = 9
			want(t, s, values{limits.MaxMapSize: 8})
		},
	}
}
