package storetest

import (
	"bytes"
	"slices"
	"strconv"
	"testing"

	"picloud"
	"picloud/store"
)

// oddNames are what a caller may ask for though no script is called so.
func oddNames() []string {
	return []string{"", "A", "a ", " a", "a%", "_", "a\x00", "\xff", "a'; DROP TABLE scripts; --", "世界"}
}

func scriptTests() map[string]func(*testing.T, store.Store) {
	return map[string]func(*testing.T, store.Store){
		"gives what was stored": func(t *testing.T, s store.Store) {
			d := store.Draft{Name: "a", Source: "return 1", Enabled: true, Overrides: allOverrides()}
			mustCreate(t, s, d)
			got := mustGet(t, s, "a")
			if got.Source != d.Source || !got.Enabled || overridesText(got.Overrides) != overridesText(d.Overrides) {
				t.Errorf("got %s", text(got))
			}
		},
		"a disabled one too": func(t *testing.T, s store.Store) {
			stored := mustCreate(t, s, store.Draft{Name: "a", Source: "return 1"})
			if stored.Enabled || mustGet(t, s, "a").Enabled {
				t.Error("the script is enabled")
			}
			if got, _ := mustPut(t, s, draft("a"), store.AnyVersion); !got.Enabled || !mustGet(t, s, "a").Enabled {
				t.Error("the script is still disabled")
			}
		},
		"its form too, whole": func(t *testing.T, s store.Store) {
			d := draft("a")
			d.Form = store.Form{Key: []byte("\x00\xffkey"), Bytes: bytes.Repeat([]byte("\xff\x00form"), 100_000)}
			created := mustCreate(t, s, d)
			wantSame(t, mustGet(t, s, "a"), created)
			if got := mustGet(t, s, "a").Form; !bytes.Equal(got.Key, d.Form.Key) || !bytes.Equal(got.Bytes, d.Form.Bytes) {
				t.Errorf("%q, %d bytes", got.Key, len(got.Bytes))
			}
			d.Form.Bytes = []byte("another")
			put, _ := mustPut(t, s, d, store.AnyVersion)
			wantSame(t, mustGet(t, s, "a"), put)
			if got := mustGet(t, s, "a").Form; string(got.Bytes) != "another" {
				t.Errorf("%q", got)
			}
			put, _ = mustPut(t, s, draft("a"), put.Version) // of another source, it would be wrong
			wantSame(t, mustGet(t, s, "a"), put)
			if got := mustGet(t, s, "a").Form; len(got.Key) != 0 || len(got.Bytes) != 0 {
				t.Errorf("a script without a form has %q", got)
			}
		},
		"none of that name gives script_not_found": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			for _, name := range append(oddNames(), "b", "aa") {
				got, err := s.Script(t.Context(), name)
				wantCode(t, err, picloud.CodeScriptNotFound)
				wantSame(t, got, store.Script{})
			}
		},
	}
}

func listTests() map[string]func(*testing.T, store.Store) {
	// Orders that dictionaries and databases' locales have otherwise: the
	// hyphen is ignored by those, digits sort by value.
	names := []string{"0", "1", "10", "2", "a", "a--b", "a-1", "a-b", "a-c", "a0", "aa", "ab", "abc", "b", "z", "z9"}
	fill := func(t *testing.T, s store.Store) []store.Script {
		t.Helper()
		for i := range names {
			d := draft(names[(i*7)%len(names)])
			d.Form = store.Form{Key: []byte("key"), Bytes: []byte("form")}
			mustCreate(t, s, d)
		}
		var all []store.Script
		for _, name := range names {
			script := mustGet(t, s, name)
			script.Source, script.Form = "", store.Form{}
			all = append(all, script)
		}
		return all
	}
	list := func(t *testing.T, s store.Store, after string, limit int) []store.Script {
		t.Helper()
		page, err := s.Scripts(t.Context(), after, limit)
		if err != nil {
			t.Fatalf("Scripts(%q, %d): %v", after, limit, err)
		}
		return page
	}
	return map[string]func(*testing.T, store.Store){
		"an empty store has none": func(t *testing.T, s store.Store) {
			if page := list(t, s, "", 10); len(page) != 0 {
				t.Errorf("got %d scripts", len(page))
			}
		},
		"by name in byte order, without source": func(t *testing.T, s store.Store) {
			if !slices.IsSorted(names) {
				t.Fatal("the names of this test are not in byte order")
			}
			all := fill(t, s)
			page := list(t, s, "", 100)
			if len(page) != len(all) {
				t.Fatalf("got %d scripts, want %d", len(page), len(all))
			}
			for i := range all {
				wantSame(t, page[i], all[i])
			}
		},
		"everything but the source is there": func(t *testing.T, s store.Store) {
			d := store.Draft{Name: "a", Source: "return 1", Overrides: allOverrides()}
			mustCreate(t, s, d)
			want, _ := mustPut(t, s, d, store.AnyVersion)
			want.Source = ""
			wantSame(t, list(t, s, "", 1)[0], want)
		},
		"pages of every size hold each script once": func(t *testing.T, s store.Store) {
			fill(t, s)
			for limit := 1; limit <= len(names)+1; limit++ {
				var got []string
				for after := ""; ; {
					page := list(t, s, after, limit)
					if len(page) > limit {
						t.Fatalf("%d scripts on a page of %d", len(page), limit)
					}
					for _, script := range page {
						got = append(got, script.Name)
					}
					if len(page) < limit || len(got) > len(names) {
						break
					}
					after = page[len(page)-1].Name
				}
				if !slices.Equal(got, names) {
					t.Errorf("pages of %d: %q, want %q", limit, got, names)
				}
			}
		},
		"begins after a name that is not there": func(t *testing.T, s store.Store) {
			fill(t, s)
			for after, want := range map[string]string{"a-a": "a-b", "a-b0": "a-c", "0-": "1", "aaa": "ab"} {
				if page := list(t, s, after, 1); len(page) != 1 || page[0].Name != want {
					t.Errorf("after %q: got %v, want %q", after, page, want)
				}
			}
			if page := list(t, s, "zz", 10); len(page) != 0 {
				t.Errorf("after the last: got %d scripts", len(page))
			}
		},
		"a limit below one gives none": func(t *testing.T, s store.Store) {
			mustCreate(t, s, draft("a"))
			for _, limit := range []int{0, -1} {
				if page := list(t, s, "", limit); len(page) != 0 {
					t.Errorf("limit %d: got %d scripts", limit, len(page))
				}
			}
		},
		"hundreds": func(t *testing.T, s store.Store) {
			for i := range 250 {
				mustCreate(t, s, draft("s"+strconv.Itoa(i)))
			}
			if page := list(t, s, "", 1000); len(page) != 250 {
				t.Errorf("got %d scripts", len(page))
			}
		},
	}
}
