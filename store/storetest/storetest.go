// Package storetest is the suite that every implementation of store.Store
// passes: one test for each sentence of its contract.
//
// It knows nothing of the database beneath. What only one of them can get
// wrong, such as its settings, its rows broken by hand or its migrations, is
// tested beside the implementation.
package storetest

import (
	"fmt"
	"strings"
	"testing"

	"picloud"
	"picloud/limits"
	"picloud/store"
)

// Run tests an implementation. open gives a new, empty store, ready to use;
// Run closes it.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, group := range []struct {
		name  string
		tests map[string]func(*testing.T, store.Store)
	}{
		{"Create", createTests()},
		{"Put", putTests()},
		{"Script", scriptTests()},
		{"Scripts", listTests()},
		{"Delete", deleteTests()},
		{"Overrides", overridesTests()},
		{"Ceiling", ceilingTests()},
		{"Revision", revisionTests()},
		{"Concurrency", concurrencyTests()},
		{"Life", lifeTests()},
	} {
		t.Run(group.name, func(t *testing.T) {
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) {
					s := open(t)
					t.Cleanup(func() {
						if err := s.Close(); err != nil {
							t.Errorf("Close: %v", err)
						}
					})
					test(t, s)
				})
			}
		})
	}
}

// draft is a small script called name.
func draft(name string) store.Draft {
	return store.Draft{Name: name, Source: "return 1", Enabled: true}
}

func mustCreate(t *testing.T, s store.Store, d store.Draft) store.Script {
	t.Helper()
	script, err := s.CreateScript(t.Context(), d)
	if err != nil {
		t.Fatalf("CreateScript(%q): %v", d.Name, err)
	}
	return script
}

func mustPut(t *testing.T, s store.Store, d store.Draft, ifVersion int64) (script store.Script, created bool) {
	t.Helper()
	script, created, err := s.PutScript(t.Context(), d, ifVersion)
	if err != nil {
		t.Fatalf("PutScript(%q, %d): %v", d.Name, ifVersion, err)
	}
	return script, created
}

func mustGet(t *testing.T, s store.Store, name string) store.Script {
	t.Helper()
	script, err := s.Script(t.Context(), name)
	if err != nil {
		t.Fatalf("Script(%q): %v", name, err)
	}
	return script
}

// wantCode checks that err is a *picloud.Error of the code, fit to be shown.
func wantCode(t *testing.T, err error, code picloud.Code) {
	t.Helper()
	if picloud.ErrorCode(err) != code {
		t.Fatalf("error is %v, want code %s", err, code)
	}
	message := picloud.AsError(err).Message
	if message == "" {
		t.Errorf("error of code %s has no message", code)
	}
	for _, inside := range []string{"sql", "SQL", "pgx", "postgres", "context"} {
		if strings.Contains(message, inside) {
			t.Errorf("message %q tells of the inside: %q", message, inside)
		}
	}
}

// wantSame checks that two reads of a script agree in everything.
func wantSame(t *testing.T, got, want store.Script) {
	t.Helper()
	if g, w := text(got), text(want); g != w {
		t.Errorf("got  %s\nwant %s", g, w)
	}
}

// text is all of a script, comparable.
func text(s store.Script) string {
	return fmt.Sprintf("name=%q source=%q version=%d enabled=%t overrides=%s form=%q %q created=%v updated=%v",
		s.Name, s.Source, s.Version, s.Enabled, overridesText(s.Overrides), s.Form.Key, s.Form.Bytes, s.CreatedAt, s.UpdatedAt)
}

func overridesText(o limits.Overrides) string {
	var b strings.Builder
	for _, f := range limits.Fields() {
		if v := o.Get(f.Field); v != nil {
			fmt.Fprintf(&b, " %s=%d", f.Field, *v)
		}
	}
	return "{" + strings.TrimSpace(b.String()) + "}"
}
