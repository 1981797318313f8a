package storetest

import (
	"testing"

	"picloud/limits"
	"picloud/store"
)

// withOverride sets one field, through the types' own fields so that a mistake
// in limits cannot hide one in the store.
func withOverride(o *limits.Overrides, f limits.Field, value int64) {
	switch f {
	case limits.MaxOperations:
		o.Sandbox.MaxOperations = &value
	case limits.MaxStringSize:
		o.Sandbox.MaxStringSize = &value
	case limits.MaxArraySize:
		o.Sandbox.MaxArraySize = &value
	case limits.MaxMapSize:
		o.Sandbox.MaxMapSize = &value
	case limits.MaxCallLevels:
		o.Sandbox.MaxCallLevels = &value
	case limits.MaxExprDepth:
		o.Sandbox.MaxExprDepth = &value
	case limits.MemoryLimitMB:
		o.MemoryLimitMB = &value
	case limits.TimeoutMS:
		o.TimeoutMS = &value
	}
}

// allOverrides sets each field to a value of its own.
func allOverrides() limits.Overrides {
	var o limits.Overrides
	for i, f := range limits.Fields() {
		withOverride(&o, f.Field, int64(1001+i))
	}
	return o
}

func overridesTests() map[string]func(*testing.T, store.Store) {
	roundTrip := func(t *testing.T, s store.Store, o limits.Overrides) {
		t.Helper()
		d := draft("a")
		d.Overrides = o
		want := overridesText(o)
		put, _ := mustPut(t, s, d, store.AnyVersion)
		page, err := s.Scripts(t.Context(), "", 1)
		if err != nil {
			t.Fatal(err)
		}
		for what, got := range map[string]limits.Overrides{
			"PutScript": put.Overrides, "Script": mustGet(t, s, "a").Overrides, "Scripts": page[0].Overrides,
		} {
			if overridesText(got) != want {
				t.Errorf("%s gives overrides %s, want %s", what, overridesText(got), want)
			}
		}
	}
	tests := map[string]func(*testing.T, store.Store){
		"none": func(t *testing.T, s store.Store) { roundTrip(t, s, limits.Overrides{}) },
		"all":  func(t *testing.T, s store.Store) { roundTrip(t, s, allOverrides()) },
		"great values": func(t *testing.T, s store.Store) {
			// Beyond 2^53 a number that passed through a float64 has changed.
			var o limits.Overrides
			for i, f := range limits.Fields() {
				withOverride(&o, f.Field, 1<<62+int64(i)+1)
			}
			roundTrip(t, s, o)
		},
		"from all to none and back": func(t *testing.T, s store.Store) {
			roundTrip(t, s, allOverrides())
			roundTrip(t, s, limits.Overrides{})
			roundTrip(t, s, allOverrides())
		},
	}
	for _, f := range limits.Fields() {
		tests["only "+string(f.Field)] = func(t *testing.T, s store.Store) {
			var o limits.Overrides
			withOverride(&o, f.Field, f.Minimum)
			if o.Get(f.Field) == nil {
				t.Fatalf("this suite does not know %s", f.Field)
			}
			roundTrip(t, s, o)
		}
	}
	return tests
}
