package e2e

import (
	"strings"
	"testing"
	"time"

	"picloud/store"
	"picloud/store/sqlite"
)

// tooMuch fails on its fourth line if n is positive.
const tooMuch = `local n = tonumber(ctx.request.query.n)
local function check(x)
  if x > 0 then
    error("too much")
  end
  return ((x + 1) * 2)
end
return {n = check(n), version = "old"}`

// compiled is how many scripts are run from a form.
func (d *daemon) compiled() string {
	_, after, _ := strings.Cut(d.request("GET", "/metrics", "").body, "\npicloud_compiled_scripts ")
	n, _, _ := strings.Cut(after, "\n")
	return n
}

// rewrite puts a script into the database beside the daemon, with another form.
func (d *daemon) rewrite(name string, form func(store.Form) store.Form) {
	d.t.Helper()
	s, err := sqlite.Open(d.t.Context(), d.path("data/picloud.db"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer s.Close()
	script, err := s.Script(d.t.Context(), name)
	if err != nil {
		d.t.Fatal(err)
	}
	draft := store.Draft{Name: name, Source: script.Source, Enabled: true, Overrides: script.Overrides, Form: form(script.Form)}
	if _, _, err := s.PutScript(d.t.Context(), draft, store.AnyVersion); err != nil {
		d.t.Fatal(err)
	}
}

// A script is run from the form that was stored when it was deployed, from the first
// call on. One that is of no use is as none.
func TestStoredForms(t *testing.T) {
	d := startDaemon(t)
	d.deploy("check", tooMuch)
	good := d.request("GET", "/run/check?n=1", "")
	good.expect(t, 500, object{"code": "script_error", "line": 4})
	if n := d.compiled(); n != "1" {
		t.Errorf("after the first call %s scripts have a form", n)
	}
	for what, change := range map[string]func(store.Form) store.Form{
		"none":              func(store.Form) store.Form { return store.Form{} },
		"a broken one":      func(f store.Form) store.Form { f.Bytes = append([]byte("x"), f.Bytes...); return f },
		"half of it":        func(f store.Form) store.Form { f.Bytes = f.Bytes[:len(f.Bytes)/2]; return f },
		"nonsense":          func(f store.Form) store.Form { f.Bytes = []byte("\x1bLua"); return f },
		"another script's":  func(f store.Form) store.Form { f.Key = append([]byte("x"), f.Key...); return f },
		"too large for all": func(f store.Form) store.Form { f.Bytes = make([]byte, 2<<20); return f },
	} {
		d.deploy("check", tooMuch)
		d.rewrite("check", change)
		d.stop() // what it has remembered would do as well
		d.start()
		for range 3 {
			if got := d.request("GET", "/run/check?n=1", ""); got.status != good.status || withoutID(got) != withoutID(good) {
				t.Errorf("with %s: %d %s", what, got.status, got.body)
			}
		}
	}
}

// A script without a form is compiled when it is called again, and then run from that.
// Nobody can tell: not by its answers, its errors, or what it is charged; and what is
// written holds at once.
func TestCompiledScripts(t *testing.T) {
	d := startDaemon(t)
	d.deploy("check", tooMuch)
	d.rewrite("check", func(store.Form) store.Form { return store.Form{} })
	call := func(n string) answer {
		t.Helper()
		return d.request("GET", "/run/check?n="+n, "")
	}
	good, bad := call("0"), call("1")
	good.expect(t, 200, object{"n": 2, "version": "old"})
	bad.expect(t, 500, object{"code": "script_error", "line": 4})
	d.eventually("the script is compiled", 10*time.Second, func() bool {
		return d.compiled() == "1"
	})
	for range 3 {
		for n, want := range map[string]answer{"0": good, "1": bad} {
			got := call(n)
			if got.status != want.status || withoutID(got) != withoutID(want) {
				t.Errorf("from source %d %s, compiled %d %s", want.status, want.body, got.status, got.body)
			}
			if a, b := want.header.Get("PiCloud-Operations"), got.header.Get("PiCloud-Operations"); a != b || a == "" {
				t.Errorf("from source %q operations, compiled %q", a, b)
			}
		}
	}
	d.deploy("check", strings.Replace(tooMuch, "old", "new", 1))
	call("0").expect(t, 200, object{"version": "new"})
	d.admin("PATCH", "/scripts/check", object{"sandbox": object{"max_expr_depth": 2}}).expect(t, 422, nil)
	call("0").expect(t, 200, object{"version": "new"})
	d.admin("DELETE", "/scripts/check", nil).expect(t, 204, nil)
	call("0").expect(t, 404, nil)
	d.deploy("check", "return 'another'")
	if a := call("0"); a.status != 200 || a.body != "another" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// withoutID is an answer's body without the invocation's id.
func withoutID(a answer) string {
	return strings.ReplaceAll(a.body, a.header.Get("PiCloud-Invocation-Id"), "")
}
