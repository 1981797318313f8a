package manager

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"picloud/store"
)

func TestEntityTags(t *testing.T) {
	for list, want := range map[string][]string{
		`"1"`:                {`"1"`},
		`"1","2"`:            {`"1"`, `"2"`},
		" \"1\" ,\t, \"2\",": {`"1"`, `"2"`},
		`W/"1", "2"`:         {`"2"`},
		`W/"1"`:              {},
		`""`:                 {`""`},
		`"a,b"`:              {`"a,b"`},
		"\"\xff\"":           {"\"\xff\""},
	} {
		if got, ok := entityTags(list); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", list, got, ok)
		}
	}
	for _, list := range []string{``, ` `, `,`, `1`, `"1`, `1"`, `"`, `"1""2"`, `"1" "2"`, `w/"1"`, `W/1`, `W/`, `*`, `"1", *`, `"1 2"`} {
		if got, ok := entityTags(list); ok {
			t.Errorf("%s: %q", list, got)
		}
	}
}

func TestConditions(t *testing.T) {
	f := newFixture(t)
	for i, c := range []struct {
		lines  []string
		status int // of a write to a script at version 1
		gone   int // of a write where no script is
	}{
		{[]string{`"1"`}, 200, 412},
		{[]string{`"7"`}, 412, 412},
		{[]string{`"7"`, `"1"`}, 200, 412},
		{[]string{`"7", "1"`}, 200, 412},
		{[]string{`"+1"`}, 412, 412},
		{[]string{`"01"`}, 412, 412},
		{[]string{`W/"1"`}, 412, 412},
		{[]string{`*`}, 200, 412},
		{[]string{``}, 400, 400},
		{[]string{`1`}, 400, 400},
		{[]string{`"1`}, 400, 400},
		{[]string{`*`, `"1"`}, 400, 400},
	} {
		var header []string
		for _, line := range c.lines {
			header = append(header, "If-Match", line)
		}
		for _, method := range []string{"PUT", "PATCH", "DELETE"} {
			name := fmt.Sprintf("%s-%d", strings.ToLower(method), i)
			f.expect("POST", "/scripts", `{"name":"`+name+`","source":"a"}`, 201)
			want := c.status
			if method == "DELETE" && want == 200 {
				want = 204
			}
			for path, want := range map[string]int{"/scripts/" + name: want, "/scripts/nobody": c.gone} {
				w, body := f.call(method, path, strings.NewReader(`{"source":"b"}`), header...)
				code := map[int]string{400: "bad_request", 412: "version_conflict"}[want]
				if got, _ := body["code"].(string); w.Code != want || got != code {
					t.Errorf("%s %s, If-Match %q: %d %v, want %d", method, path, c.lines, w.Code, body, want)
				}
			}
		}
	}
	f.expect("GET", "/scripts/nobody", "", 404)
}

// rivals write in between each of the first reads and the write that follows it.
type rivals struct {
	store.Store
	writes []func(store.Store)
}

func (r *rivals) Script(ctx context.Context, name string) (store.Script, error) {
	s, err := r.Store.Script(ctx, name)
	if len(r.writes) > 0 {
		r.writes[0](r.Store)
		r.writes = r.writes[1:]
	}
	return s, err
}

// Another write in between fails one only if the condition does not hold any more.
func TestConditionsBetweenWrites(t *testing.T) {
	replace := func(s store.Store) { s.PutScript(t.Context(), store.Draft{Name: "one", Source: "r"}, store.AnyVersion) }
	remove := func(s store.Store) { s.DeleteScript(t.Context(), "one", store.AnyVersion) }
	for _, c := range []struct {
		method, ifMatch string
		rivals          []func(store.Store)
		status          int
	}{
		{"PUT", `*`, []func(store.Store){replace, replace, replace, replace, replace, replace}, 200},
		{"PUT", `*`, []func(store.Store){remove}, 412},
		{"PUT", `"1"`, []func(store.Store){replace}, 412},
		{"PUT", `"1", "2"`, []func(store.Store){replace}, 200},
		{"PATCH", `*`, []func(store.Store){replace, replace}, 200},
		{"PATCH", `*`, []func(store.Store){remove}, 412},
		{"PATCH", `"1"`, []func(store.Store){replace}, 412},
		{"DELETE", `*`, []func(store.Store){replace, replace, replace, replace, replace, replace}, 204},
		{"DELETE", `*`, []func(store.Store){remove}, 412},
		{"DELETE", `"1"`, []func(store.Store){replace}, 412},
	} {
		f := newFixture(t, func(s store.Store) store.Store { return &rivals{s, c.rivals} })
		f.expect("POST", "/scripts", `{"name":"one","source":"a"}`, 201)
		if w, body := f.call(c.method, "/scripts/one", strings.NewReader(`{"source":"b"}`), "If-Match", c.ifMatch); w.Code != c.status {
			t.Errorf("%s, If-Match %s, %d writes in between: %d %v", c.method, c.ifMatch, len(c.rivals), w.Code, body)
		}
	}
}
