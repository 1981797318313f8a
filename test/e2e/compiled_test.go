package e2e

import (
	"strings"
	"testing"
	"time"
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

// A script that is called again and again is run from its compiled form. Nobody
// can tell: not by its answers, its errors, or what it is charged; and what is
// written holds at once.
func TestCompiledScripts(t *testing.T) {
	d := startDaemon(t)
	d.deploy("check", tooMuch)
	call := func(n string) answer {
		t.Helper()
		return d.request("GET", "/run/check?n="+n, "")
	}
	good, bad := call("0"), call("1")
	good.expect(t, 200, object{"n": 2, "version": "old"})
	bad.expect(t, 500, object{"code": "script_error", "line": 4})
	d.eventually("the script is compiled", 10*time.Second, func() bool {
		return strings.Contains(d.request("GET", "/metrics", "").body, "\npicloud_compiled_scripts 1\n")
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
