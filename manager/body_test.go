package manager

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// writes are the calls that take a script's body, each with the beginning of one
// that is right so far.
var writes = []struct{ method, path, begin string }{
	{"POST", "/scripts", `{"name":"new","source":"return 1"`},
	{"PUT", "/scripts/one", `{"source":"return 1"`},
	{"PATCH", "/scripts/one", `{"source":"return 1"`},
}

// What is refused is refused alike by every call, and changes nothing.
func TestRefusedBodies(t *testing.T) {
	f := newFixture(t)
	f.expect("PUT", "/scripts/one", `{"source":"return 0"}`, 201)
	digits := "1" + strings.Repeat("0", 33)
	for _, c := range []struct {
		rest   string
		status int
		expect []string
	}{
		// a member that is there twice, at any level
		{`,"sandbox":{"max_map_size":1},"sandbox":{"max_operations":5}}`, 422, []string{"code", "invalid_field", "field", "sandbox"}},
		{`,"sandbox":{"bogus":1},"sandbox":{"max_operations":5}}`, 422, []string{"code", "invalid_field", "field", "sandbox.bogus"}},
		{`,"sandbox":{"max_operations":5,"max_operations":5}}`, 422, []string{"code", "invalid_field", "field", "sandbox.max_operations"}},
		{`,"sandbox":{"max_operations":5,"max_\u006fperations":5}}`, 422, []string{"code", "invalid_field", "field", "sandbox.max_operations"}},
		{`,"source":"return 2"}`, 422, []string{"code", "invalid_field", "field", "source"}},
		{`,"timeout_ms":null,"timeout_ms":70}`, 422, []string{"code", "invalid_field", "field", "timeout_ms"}},
		// unknown ones
		{`,"Enabled":false}`, 422, []string{"code", "invalid_field", "field", "Enabled"}},
		{`,"sandbox":{"MAX_OPERATIONS":5}}`, 422, []string{"code", "invalid_field", "field", "sandbox.MAX_OPERATIONS"}},
		{`,"sandbox":{"max_operatoins":null}}`, 422, []string{"code", "invalid_field", "field", "sandbox.max_operatoins"}},
		// what follows, or is missing
		{`}]`, 400, []string{"code", "bad_request"}},
		{`}}`, 400, []string{"code", "bad_request"}},
		{`} {}`, 400, []string{"code", "bad_request"}},
		{``, 400, []string{"code", "bad_request"}},
		{",\"enabled\":\"\xff\"}", 400, []string{"code", "bad_request"}},
		// numbers
		{`,"timeout_ms":9223372036854775807}`, 422, []string{"code", "limit_exceeds_ceiling", "field", "timeout_ms", "requested", "9223372036854775807", "ceiling", "60000"}},
		{`,"timeout_ms":9223372036854775808}`, 422, []string{"code", "limit_exceeds_ceiling", "field", "timeout_ms", "requested", "9223372036854775808", "ceiling", "60000"}},
		{`,"sandbox":{"max_operations":` + digits + `}}`, 422, []string{"code", "limit_exceeds_ceiling", "field", "max_operations", "requested", digits, "ceiling", "10000000"}},
		{`,"sandbox":{"max_operations":9007199254740993}}`, 422, []string{"code", "limit_exceeds_ceiling", "field", "max_operations", "requested", "9007199254740993"}},
		{`,"sandbox":{"max_operations":-` + digits + `}}`, 422, []string{"code", "invalid_field", "field", "max_operations"}},
		{`,"memory_limit_mb":15}`, 422, []string{"code", "invalid_field", "field", "memory_limit_mb"}},
		{`,"sandbox":{"max_operations":5.0}}`, 422, []string{"code", "invalid_field", "field", "max_operations"}},
		{`,"sandbox":{"max_operations":1e3}}`, 422, []string{"code", "invalid_field", "field", "max_operations"}},
		{`,"timeout_ms":1e400}`, 422, []string{"code", "invalid_field", "field", "timeout_ms"}},
		// other types
		{`,"timeout_ms":"70"}`, 422, []string{"code", "invalid_field", "field", "timeout_ms"}},
		{`,"timeout_ms":{"a":1,"a":2}}`, 422, []string{"code", "invalid_field", "field", "timeout_ms"}},
		{`,"enabled":1}`, 422, []string{"code", "invalid_field", "field", "enabled"}},
		{`,"sandbox":5}`, 422, []string{"code", "invalid_field", "field", "sandbox"}},
		{`,"sandbox":[5]}`, 422, []string{"code", "invalid_field", "field", "sandbox"}},
	} {
		for _, w := range writes {
			f.expect(w.method, w.path, w.begin+c.rest, c.status, c.expect...)
		}
	}
	for _, w := range writes {
		for _, body := range []string{`[]`, `null`, ` "x"`, `7`} {
			f.expect(w.method, w.path, body, 422, "code", "invalid_field", "field", "body", "detail", "must be a JSON object")
		}
		f.expect(w.method, w.path, ``, 400, "code", "bad_request")
		f.expect(w.method, w.path, w.begin+`,"enabled":`+strings.Repeat(" ", maxRequestBytes)+`true}`, 413,
			"code", "request_too_large", "limit_bytes", "2097152")
	}
	f.expect("GET", "/scripts/one", "", 200, "version", "1", "source", "return 0")
	f.expect("GET", "/scripts/new", "", 404)
}

func TestRefusedCeilings(t *testing.T) {
	f := newFixture(t)
	for body, field := range map[string]string{
		`{"max_operations":5,"max_operations":6}`: "max_operations",
		`{"max_operations":99999999999999999999}`: "max_operations",
		`{"timeout_ms":1e3}`:                      "timeout_ms",
		`{"timeout_ms":9}`:                        "timeout_ms",
		`{"sandbox":{"max_operations":5}}`:        "sandbox",
		`{"max_operatoins":null}`:                 "max_operatoins",
		`[]`:                                      "body",
		`null`:                                    "body",
	} {
		f.expect("PATCH", "/limits/ceiling", body, 422, "code", "invalid_field", "field", field)
	}
	f.expect("PATCH", "/limits/ceiling", `{"max_operations":5}]`, 400, "code", "bad_request")
	if stored, err := f.store.Ceiling(t.Context()); err != nil || len(stored) != 0 {
		t.Errorf("stored are %v, %v", stored, err)
	}
	f.expect("PATCH", "/limits/ceiling", `{"max_operations":5,"timeout_ms":70}`, 200)
	f.expect("PATCH", "/limits/ceiling", ` {"max_operations":null} `, 200)
	if stored, err := f.store.Ceiling(t.Context()); err != nil || len(stored) != 1 || stored["timeout_ms"] != 70 {
		t.Errorf("stored are %v, %v", stored, err)
	}
}

// What PATCH takes away and what it leaves.
func TestPatches(t *testing.T) {
	f := newFixture(t)
	f.expect("PUT", "/scripts/one", `{"source":"a","sandbox":{"max_operations":5,"max_map_size":6},"timeout_ms":70,"enabled":false}`, 201)
	f.expect("PATCH", "/scripts/one", `{"sandbox":{"max_map_size":null},"timeout_ms":null}`, 200,
		"sandbox", "map[max_operations:5]", "timeout_ms", "<nil>", "enabled", "false", "source", "a")
	f.expect("PATCH", "/scripts/one", `{"sandbox":null,"enabled":null}`, 200, "sandbox", "map[]", "enabled", "true")
	f.expect("PATCH", "/scripts/one", `{"source":null}`, 422, "field", "source")
	f.expect("PATCH", "/scripts/one", `{}`, 200, "version", "4", "source", "a")
}

// What is stored has the form of its source, whatever way it is written.
func TestFormsAreStored(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		source             string
	}{
		{"POST", "/scripts", `{"name":"one","source":"a"}`, 201, "a"},
		{"PUT", "/scripts/one", `{"source":"b"}`, 200, "b"},
		{"PATCH", "/scripts/one", `{"source":"c"}`, 200, "c"},
		{"PATCH", "/scripts/one", `{"enabled":false}`, 200, "c"},
	} {
		f.expect(c.method, c.path, c.body, c.status)
		s, err := f.store.Script(t.Context(), "one")
		if err != nil || string(s.Form.Key) != "one" || string(s.Form.Bytes) != "form of "+c.source {
			t.Errorf("after %s %s: %q, %v", c.method, c.body, s.Form, err)
		}
	}
	if _, shown := f.call("GET", "/scripts/one", nil); strings.Contains(fmt.Sprint(shown), "form of") {
		t.Errorf("it is shown: %v", shown)
	}
}

// slow is a client that does not send its body in time.
type slow struct{}

func (slow) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// deadlines notes until when a body may be read.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error { d.set = append(d.set, t); return nil }

func TestSlowBodies(t *testing.T) {
	f := newFixture(t)
	for _, w := range writes {
		if a, members := f.call(w.method, w.path, slow{}); a.Code != 400 || members["code"] != "bad_request" {
			t.Errorf("%s: %d %v", w.method, a.Code, members)
		}
	}
	r := httptest.NewRequest(http.MethodPut, Prefix+"/scripts/one", strings.NewReader(`{"source":"return 1"}`))
	r.Header.Set("Authorization", "Bearer token")
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	begin := time.Now()
	f.mux.ServeHTTP(w, r)
	if w.Code != 201 || len(w.set) != 2 || w.set[0].Before(begin.Add(bodyTimeout)) || !w.set[1].IsZero() {
		t.Errorf("%d; deadlines %v after %v", w.Code, w.set, begin)
	}
}

func TestParameters(t *testing.T) {
	f := newFixture(t)
	f.expect("GET", "/scripts?limit=0", "", 422, "code", "invalid_field", "field", "limit")
	f.expect("GET", "/scripts?limit=many", "", 422, "code", "invalid_field", "field", "limit")
	f.expect("GET", "/scripts?cursor=-", "", 422, "code", "invalid_field", "field", "cursor")
	f.expect("GET", "/scripts?limit=%zz", "", 400, "code", "bad_request")
	f.expect("GET", "/scripts?limit=1", "", 200)
}
