package storetest

import (
	"strings"
	"testing"
	"time"

	"picloud"
	"picloud/store"
)

func createTests() map[string]func(*testing.T, store.Store) {
	return map[string]func(*testing.T, store.Store){
		"gives the stored script": func(t *testing.T, s store.Store) {
			before := time.Now().Add(-time.Second)
			d := store.Draft{Name: "hello", Source: "return 'hi'", Enabled: true}
			got := mustCreate(t, s, d)
			if got.Name != d.Name || got.Source != d.Source || !got.Enabled || got.Version != 1 {
				t.Errorf("got %s", text(got))
			}
			if !got.CreatedAt.Equal(got.UpdatedAt) {
				t.Errorf("created at %v but updated at %v", got.CreatedAt, got.UpdatedAt)
			}
			if got.CreatedAt.Before(before) || got.CreatedAt.After(time.Now().Add(time.Second)) {
				t.Errorf("created at %v, which is not now", got.CreatedAt)
			}
			wantSame(t, mustGet(t, s, "hello"), got)
		},
		"times are UTC in microseconds": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			mustPut(t, s, draft("a"), store.AnyVersion)
			got := mustGet(t, s, "a")
			for name, at := range map[string]time.Time{"created": got.CreatedAt, "updated": got.UpdatedAt} {
				if at.Location() != time.UTC {
					t.Errorf("%s is in %v, want UTC", name, at.Location())
				}
				if !at.Equal(at.Truncate(time.Microsecond)) {
					t.Errorf("%s at %v is finer than microseconds", name, at)
				}
			}
			// Both times being whole milliseconds by chance is one in a million.
			if got.CreatedAt.Equal(got.CreatedAt.Truncate(time.Millisecond)) &&
				got.UpdatedAt.Equal(got.UpdatedAt.Truncate(time.Millisecond)) {
				t.Errorf("times %v and %v are coarser than microseconds", got.CreatedAt, got.UpdatedAt)
			}
		},
		"a taken name gives script_exists and changes nothing": func(t *testing.T, s store.Store) {
			first := mustCreate(t, s, draft("a"))
			_, err := s.CreateScript(t.Context(), store.Draft{Name: "a", Source: "another"})
			wantCode(t, err, picloud.CodeScriptExists)
			wantSame(t, mustGet(t, s, "a"), first)
		},
		"a taken name of a disabled script too": func(t *testing.T, s store.Store) {
			mustCreate(t, s, store.Draft{Name: "a"})
			_, err := s.CreateScript(t.Context(), draft("a"))
			wantCode(t, err, picloud.CodeScriptExists)
		},
		"every byte of the source is kept": func(t *testing.T, s store.Store) {
			all := make([]byte, 256)
			for i := range all {
				all[i] = byte(i)
			}
			for name, source := range map[string]string{
				"all":       string(all),
				"empty":     "",
				"nul":       "\x00",
				"utf8":      "-- Grüße, 世界 🙂\r\nreturn 1\n",
				"not-utf8":  "\xff\xfe\xc3(",
				"escapes":   `\x00 \\ ' " %s $1 ? :a @b`,
				"limit":     strings.Repeat("x", 256<<10),
				"limit-all": strings.Repeat(string(all), 1024),
			} {
				d := draft(name)
				d.Source = source
				for what, got := range map[string]string{
					"CreateScript": mustCreate(t, s, d).Source,
					"Script":       mustGet(t, s, name).Source,
				} {
					if got != source {
						t.Errorf("%s of %s gives %d bytes that differ from the %d stored", what, name, len(got), len(source))
					}
				}
				if put, _ := mustPut(t, s, d, store.AnyVersion); put.Source != source || mustGet(t, s, name).Source != source {
					t.Errorf("%s: the source differs after a put", name)
				}
			}
		},
	}
}

func putTests() map[string]func(*testing.T, store.Store) {
	return map[string]func(*testing.T, store.Store){
		"creates as version 1": func(t *testing.T, s store.Store) {
			got, created := mustPut(t, s, draft("a"), store.AnyVersion)
			if !created || got.Version != 1 || !got.CreatedAt.Equal(got.UpdatedAt) {
				t.Errorf("created %t, %s", created, text(got))
			}
			wantSame(t, mustGet(t, s, "a"), got)
		},
		"replaces whole as the next version": func(t *testing.T, s store.Store) {
			full := store.Draft{Name: "a", Source: "one", Enabled: true, Overrides: allOverrides()}
			first := mustCreate(t, s, full)
			got, created := mustPut(t, s, store.Draft{Name: "a", Source: "two"}, store.AnyVersion)
			if created || got.Version != 2 || got.Source != "two" || got.Enabled {
				t.Errorf("created %t, %s", created, text(got))
			}
			if o := overridesText(got.Overrides); o != "{}" {
				t.Errorf("overrides %s are left of the version before", o)
			}
			if !got.CreatedAt.Equal(first.CreatedAt) {
				t.Errorf("created at %v, was %v", got.CreatedAt, first.CreatedAt)
			}
			if !got.UpdatedAt.After(first.UpdatedAt) {
				t.Errorf("updated at %v, not after %v", got.UpdatedAt, first.UpdatedAt)
			}
			wantSame(t, mustGet(t, s, "a"), got)
		},
		"each write adds one to the version": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			for want := int64(2); want <= 6; want++ {
				condition := store.AnyVersion
				if want%2 == 0 {
					condition = want - 1
				}
				if got, created := mustPut(t, s, draft("a"), condition); got.Version != want || created {
					t.Fatalf("version %d, created %t; want %d, false", got.Version, created, want)
				}
			}
		},
		"the same content is a new version too": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			if got, _ := mustPut(t, s, draft("a"), store.AnyVersion); got.Version != 2 {
				t.Errorf("version %d, want 2", got.Version)
			}
		},
		"with the stored version replaces": func(t *testing.T, s store.Store) {
			first := mustCreate(t, s, draft("a"))
			d := store.Draft{Name: "a", Source: "two", Overrides: allOverrides()}
			got, created := mustPut(t, s, d, first.Version)
			if created || got.Version != 2 || got.Source != "two" || got.Enabled || !got.CreatedAt.Equal(first.CreatedAt) ||
				!got.UpdatedAt.After(first.UpdatedAt) || overridesText(got.Overrides) != overridesText(d.Overrides) {
				t.Errorf("created %t, %s", created, text(got))
			}
			wantSame(t, mustGet(t, s, "a"), got)
		},
		"with another version gives version_conflict and changes nothing": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			stored, _ := mustPut(t, s, draft("a"), store.AnyVersion)
			for _, condition := range []int64{1, 3, -1, 1 << 62} {
				_, created, err := s.PutScript(t.Context(), store.Draft{Name: "a", Source: "lost"}, condition)
				wantCode(t, err, picloud.CodeVersionConflict)
				if created {
					t.Errorf("with version %d, created is true", condition)
				}
			}
			wantSame(t, mustGet(t, s, "a"), stored)
		},
		"with a version but no script gives version_conflict": func(t *testing.T, s store.Store) {
			_, _, err := s.PutScript(t.Context(), draft("a"), 1)
			wantCode(t, err, picloud.CodeVersionConflict)
			_, err = s.Script(t.Context(), "a")
			wantCode(t, err, picloud.CodeScriptNotFound)
		},
		"touches no other script": func(t *testing.T, s store.Store) {
			other := mustCreate(t, s, draft("b"))
			mustCreate(t, s, draft("a"))
			mustPut(t, s, draft("a"), 1)
			mustPut(t, s, draft("a"), store.AnyVersion)
			wantSame(t, mustGet(t, s, "b"), other)
		},
	}
}

func deleteTests() map[string]func(*testing.T, store.Store) {
	return map[string]func(*testing.T, store.Store){
		"removes the script and no other": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			other := mustCreate(t, s, draft("b"))
			if err := s.DeleteScript(t.Context(), "a", store.AnyVersion); err != nil {
				t.Fatal(err)
			}
			_, err := s.Script(t.Context(), "a")
			wantCode(t, err, picloud.CodeScriptNotFound)
			wantSame(t, mustGet(t, s, "b"), other)
		},
		"with the stored version removes": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			mustPut(t, s, draft("a"), store.AnyVersion)
			if err := s.DeleteScript(t.Context(), "a", 2); err != nil {
				t.Fatal(err)
			}
			_, err := s.Script(t.Context(), "a")
			wantCode(t, err, picloud.CodeScriptNotFound)
		},
		"with another version gives version_conflict and changes nothing": func(t *testing.T, s store.Store) {
			stored := mustCreate(t, s, draft("a"))
			wantCode(t, s.DeleteScript(t.Context(), "a", 2), picloud.CodeVersionConflict)
			wantSame(t, mustGet(t, s, "a"), stored)
		},
		"a script that is not there is always script_not_found": func(t *testing.T, s store.Store) {
			for _, condition := range []int64{store.AnyVersion, 1} {
				wantCode(t, s.DeleteScript(t.Context(), "a", condition), picloud.CodeScriptNotFound)
			}
			for _, name := range oddNames() {
				wantCode(t, s.DeleteScript(t.Context(), name, store.AnyVersion), picloud.CodeScriptNotFound)
			}
		},
		"frees the name, and versions begin anew": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			mustPut(t, s, draft("a"), store.AnyVersion)
			if err := s.DeleteScript(t.Context(), "a", store.AnyVersion); err != nil {
				t.Fatal(err)
			}
			if got, created := mustPut(t, s, draft("a"), store.AnyVersion); !created || got.Version != 1 {
				t.Errorf("created %t, version %d", created, got.Version)
			}
		},
	}
}
