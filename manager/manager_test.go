package manager

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"picloud/limits"
	"picloud/store"
	"picloud/store/sqlite"
)

// lenient takes every source.
type lenient struct{}

func (lenient) Check(_ context.Context, name, source string, _ limits.Limits) (store.Form, error) {
	return store.Form{Key: []byte(name), Bytes: []byte("form of " + source)}, nil
}

type fixture struct {
	t     *testing.T
	store store.Store
	mux   *http.ServeMux
}

// newFixture serves the API over an empty database; between, if it is given, has
// the store.
func newFixture(t *testing.T, between ...func(store.Store) store.Store) *fixture {
	t.Helper()
	opened, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "picloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	f := &fixture{t: t, store: opened, mux: http.NewServeMux()}
	config := Config{
		Store: opened, Checker: lenient{}, Auth: Auth{Token: "token"}, Logger: zap.NewNop(),
		EnvCeiling: func() map[limits.Field]int64 { return nil },
	}
	for _, wrap := range between {
		config.Store = wrap(config.Store)
	}
	Register(f.mux, config)
	return f
}

// call makes an admin call and gives its answer with the members of its body.
func (f *fixture) call(method, path string, body io.Reader, header ...string) (*httptest.ResponseRecorder, map[string]any) {
	f.t.Helper()
	r := httptest.NewRequest(method, Prefix+path, body)
	r.Header.Set("Authorization", "Bearer token")
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.mux.ServeHTTP(w, r)
	members := map[string]any{}
	dec := json.NewDecoder(w.Body)
	dec.UseNumber()
	if err := dec.Decode(&members); err != nil && err != io.EOF {
		f.t.Errorf("%s %s is answered with %v", method, path, err)
	}
	if w.Code >= 400 {
		for name, want := range map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store"} {
			if got := w.Header().Values(name); len(got) != 1 || got[0] != want {
				f.t.Errorf("%s %s: %s is %q", method, path, name, got)
			}
		}
		if fmt.Sprint(members["status"]) != fmt.Sprint(w.Code) {
			f.t.Errorf("%s %s: status %d, in the body %v", method, path, w.Code, members["status"])
		}
	}
	return w, members
}

// expect makes a call and compares the status and, as text, members of the answer.
func (f *fixture) expect(method, path, body string, status int, members ...string) {
	f.t.Helper()
	w, got := f.call(method, path, strings.NewReader(body))
	if w.Code != status {
		f.t.Errorf("%s %s %.80s: %d %.200v, want %d", method, path, body, w.Code, got, status)
	}
	for i := 0; i < len(members); i += 2 {
		if text := fmt.Sprint(got[members[i]]); text != members[i+1] {
			f.t.Errorf("%s %s %.80s: %s is %.80q, want %.80q", method, path, body, members[i], text, members[i+1])
		}
	}
}
