package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestScriptsAPI(t *testing.T) {
	d := startDaemon(t)
	a := d.admin("POST", "/scripts", object{"name": "one", "source": "return 1", "sandbox": object{"max_operations": 500}, "memory_limit_mb": 32})
	a.expect(t, 201, object{"name": "one", "source": "return 1", "version": 1, "enabled": true, "memory_limit_mb": 32, "timeout_ms": nil})
	if a.header.Get("ETag") != `"1"` || a.header.Get("Location") != "/api/v1/admin/scripts/one" {
		t.Errorf("headers %v", a.header)
	}
	effective, _ := a.field("effective_limits").(map[string]any)
	if effective["max_operations"] != 500.0 || effective["memory_limit_mb"] != 32.0 || effective["timeout_ms"] != 5000.0 {
		t.Errorf("effective limits %v", effective)
	}
	d.admin("POST", "/scripts", object{"name": "one", "source": "return 2"}).expect(t, 409, object{"code": "script_exists"})

	// PUT is whole: what it does not say is gone
	d.admin("PUT", "/scripts/one", object{"source": "return 2"}).expect(t, 200, object{"version": 2, "sandbox": "map[]", "memory_limit_mb": nil})
	d.admin("PUT", "/scripts/two", object{"source": "return 2"}).expect(t, 201, object{"version": 1})

	// PATCH is sparse, and null removes
	d.admin("PATCH", "/scripts/one", object{"sandbox": object{"max_operations": 500}}).expect(t, 200, object{"version": 3, "source": "return 2"})
	d.admin("PATCH", "/scripts/one", object{"sandbox": object{"max_map_size": 5}}).
		expect(t, 200, object{"sandbox": "map[max_map_size:5 max_operations:500]"})
	d.admin("PATCH", "/scripts/one", object{"sandbox": object{"max_map_size": nil}}).
		expect(t, 200, object{"version": 5, "sandbox": "map[max_operations:500]"})
	d.admin("PATCH", "/scripts/one", object{"sandbox": object{"max_operatoins": nil}}).
		expect(t, 422, object{"code": "invalid_field", "field": "sandbox.max_operatoins"})
	d.admin("PATCH", "/scripts/one", `{"enabled":false}}`).expect(t, 400, object{"code": "bad_request"})
	d.admin("PATCH", "/scripts/one", `{"timeout_ms":1e3}`).expect(t, 422, object{"code": "invalid_field", "field": "timeout_ms"})
	d.admin("PATCH", "/scripts/one", object{"enabled": false}).expect(t, 200, object{"enabled": false})
	d.run("one").expect(t, 404, object{"code": "script_not_found"})
	d.admin("PATCH", "/scripts/nobody", object{"enabled": false}).expect(t, 404, object{"code": "script_not_found"})

	// lists
	a = d.admin("GET", "/scripts?limit=1", nil)
	a.expect(t, 200, object{"next_cursor": "one"})
	a = d.admin("GET", "/scripts?limit=1&cursor=one", nil)
	if !strings.Contains(a.body, `"name":"two"`) || a.field("next_cursor") != nil {
		t.Errorf("second page: %s", a.body)
	}
	d.admin("GET", "/scripts?limit=0", nil).expect(t, 422, object{"code": "invalid_field", "field": "limit"})
	d.admin("GET", "/scripts?limit=%zz", nil).expect(t, 400, object{"code": "bad_request"})

	d.admin("DELETE", "/scripts/two", nil).expect(t, 204, nil)
	d.admin("DELETE", "/scripts/two", nil).expect(t, 404, object{"code": "script_not_found"})
	d.admin("GET", "/scripts/two", nil).expect(t, 404, object{"code": "script_not_found"})
}

func TestLostUpdate(t *testing.T) {
	d := startDaemon(t)
	token := []string{"Authorization", "Bearer " + d.token}
	d.deploy("one", "return 1")
	put := func(etag string) answer {
		return d.request("PUT", "/api/v1/admin/scripts/one", `{"source":"return 2"}`, append(token, "If-Match", etag)...)
	}
	put(`"7"`).expect(t, 412, object{"code": "version_conflict"})
	put(`"1"`).expect(t, 200, object{"version": 2})
	put(`"1"`).expect(t, 412, object{"code": "version_conflict"})
	put(`*`).expect(t, 200, object{"version": 3})
	put(`1`).expect(t, 400, object{"code": "bad_request"})
	put(``).expect(t, 400, object{"code": "bad_request"})
	put(`"+3"`).expect(t, 412, object{"code": "version_conflict"})
	d.request("DELETE", "/api/v1/admin/scripts/one", "", append(token, "If-Match", `"1"`)...).expect(t, 412, nil)

	// patches that meet are all kept
	var patches sync.WaitGroup
	for _, field := range []string{"max_operations", "max_map_size", "max_array_size"} {
		patches.Go(func() {
			a, err := d.try(httpClient(), "PATCH", "/api/v1/admin/scripts/one", fmt.Sprintf(`{"sandbox":{%q:9}}`, field), token...)
			if err != nil || a.status != 200 {
				t.Errorf("%s: %v %d %s", field, err, a.status, a.body)
			}
		})
	}
	patches.Wait()
	d.admin("GET", "/scripts/one", nil).expect(t, 200, object{"version": 6, "sandbox": "map[max_array_size:9 max_map_size:9 max_operations:9]"})
}

func TestRefusedWrites(t *testing.T) {
	d := startDaemon(t)
	for _, c := range []struct {
		body    string
		status  int
		members object
	}{
		{`{`, 400, object{"code": "bad_request"}},
		{`{"name":"x","source":"return 1"} more`, 400, object{"code": "bad_request"}},
		{"{\"name\":\"x\",\"source\":\"-- \xff\"}", 400, object{"code": "bad_request"}},
		{`{"name":"x","source":"return 1"}]`, 400, object{"code": "bad_request"}},
		{`[]`, 422, object{"code": "invalid_field", "field": "body"}},
		{`{"name":"x","name":"y","source":"return 1"}`, 422, object{"code": "invalid_field", "field": "name"}},
		{`{"name":"x","source":"return 1","sandbox":{"max_map_size":1},"sandbox":{"max_operations":5}}`, 422, object{"code": "invalid_field", "field": "sandbox"}},
		{`{"name":"x","source":"return 1","sandbox":{"max_operations":5,"max_operations":6}}`, 422, object{"code": "invalid_field", "field": "sandbox.max_operations"}},
		{`{"Name":"x","source":"return 1"}`, 422, object{"code": "invalid_field"}},
		{`{"name":"x","source":"return 1","sandbox":{"MAX_OPERATIONS":5}}`, 422, object{"code": "invalid_field", "field": "sandbox.MAX_OPERATIONS"}},
		{`{"name":"x"}`, 422, object{"code": "invalid_field", "field": "source"}},
		{`{"source":"return 1"}`, 422, object{"code": "invalid_field", "field": "name"}},
		{`{"name":"X","source":"return 1"}`, 422, object{"code": "invalid_field", "field": "name"}},
		{`{"name":"-x","source":"return 1"}`, 422, object{"code": "invalid_field", "field": "name"}},
		{`{"name":"x","source":"return 1","colour":"red"}`, 422, object{"code": "invalid_field", "field": "colour"}},
		{`{"name":"x","source":"return 1","sandbox":{"max_operatons":5}}`, 422, object{"code": "invalid_field", "field": "sandbox.max_operatons"}},
		{`{"name":"x","source":"return 1","sandbox":{"max_operations":"5"}}`, 422, object{"code": "invalid_field", "field": "max_operations"}},
		{`{"name":"x","source":"return 1","sandbox":{"max_operations":1.5}}`, 422, object{"code": "invalid_field", "field": "max_operations"}},
		{`{"name":"x","source":"return 1","sandbox":{"max_operations":1e30}}`, 422, object{"code": "invalid_field", "field": "max_operations"}},
		{`{"name":"x","source":"return 1","sandbox":{"max_operations":0}}`, 422, object{"code": "invalid_field", "field": "max_operations"}},
		{`{"name":"x","source":"return 1","memory_limit_mb":15}`, 422, object{"code": "invalid_field", "field": "memory_limit_mb"}},
		{`{"name":"x","source":"return 1","timeout_ms":9}`, 422, object{"code": "invalid_field", "field": "timeout_ms"}},
		{`{"name":"x","source":"return 1","memory_limit_mb":257}`, 422, object{"code": "limit_exceeds_ceiling", "field": "memory_limit_mb", "requested": 257, "ceiling": 256}},
		{`{"name":"x","source":"return 1","timeout_ms":9223372036854775808}`, 422, object{"code": "limit_exceeds_ceiling", "field": "timeout_ms", "ceiling": 60000}},
		{`{"name":"x","source":"return 1","timeout_ms":60001}`, 422, object{"code": "limit_exceeds_ceiling", "field": "timeout_ms"}},
		{`{"name":"x","source":"` + strings.Repeat("-", 262145) + `"}`, 422, object{"code": "invalid_field", "field": "source"}},
		{`{"name":"x","source":"` + strings.Repeat("-", 3<<20) + `"}`, 413, object{"code": "request_too_large"}},
	} {
		a := d.admin("POST", "/scripts", c.body)
		if t.Run(fmt.Sprintf("%.60s", c.body), func(t *testing.T) { a.expect(t, c.status, c.members) }); strings.Contains(a.body, "Go struct") {
			t.Errorf("the answer speaks of the inside: %s", a.body)
		}
	}
	if a := d.admin("GET", "/scripts", nil); a.body != "{\"scripts\":[]}\n" {
		t.Errorf("something was stored: %s", a.body)
	}
}

func TestCeiling(t *testing.T) {
	d := startDaemon(t, withEnv("PICLOUD_CEILING_MAX_MAP_SIZE=77", "PICLOUD_CEILING_MAX_ARRAY_SIZE=many"))
	bound := func(field string) (value, source any) {
		t.Helper()
		var body struct {
			Ceiling []struct {
				Field, Source string
				Value         float64
			}
		}
		if err := json.Unmarshal([]byte(d.admin("GET", "/limits", nil).body), &body); err != nil {
			t.Fatal(err)
		}
		for _, b := range body.Ceiling {
			if b.Field == field {
				return b.Value, b.Source
			}
		}
		return nil, nil
	}
	check := func(field string, value float64, source string) {
		t.Helper()
		if v, s := bound(field); v != value || s != source {
			t.Errorf("%s: %v from %v, want %v from %v", field, v, s, value, source)
		}
	}
	check("max_map_size", 77, "environment")
	check("max_array_size", 100_000, "built-in") // the invalid value was skipped, with a warning
	if !strings.Contains(d.log(), "PICLOUD_CEILING_MAX_ARRAY_SIZE is skipped") {
		t.Error("no warning of the invalid value")
	}
	d.admin("PATCH", "/limits/ceiling", object{"max_operations": 20_000_000, "max_map_size": 99}).expect(t, 200, nil)
	check("max_operations", 20_000_000, "database")
	check("max_map_size", 77, "environment")
	d.deploy("large", "return 1", object{"sandbox": object{"max_operations": 20_000_000}})
	d.admin("PATCH", "/limits/ceiling", object{"max_operations": nil}).expect(t, 200, nil)
	check("max_operations", 10_000_000, "built-in")
	d.run("large").expect(t, 200, nil) // what is stored is trusted
	d.admin("PATCH", "/scripts/large", object{"enabled": true}).expect(t, 200, nil)
	d.admin("PATCH", "/scripts/large", object{"sandbox": object{"max_operations": 20_000_001}}).expect(t, 422, object{"field": "max_operations"})
	d.admin("PATCH", "/limits/ceiling", object{"max_operatons": 1}).expect(t, 422, object{"code": "invalid_field", "field": "max_operatons"})
	d.admin("PATCH", "/limits/ceiling", object{"memory_limit_mb": 15}).expect(t, 422, object{"code": "invalid_field", "field": "memory_limit_mb"})

	// a ceiling below a default holds for scripts that override nothing
	d.admin("PATCH", "/limits/ceiling", object{"max_operations": 5000}).expect(t, 200, nil)
	d.deploy("count", countTo10000)
	d.run("count").expect(t, 507, object{"limit": "max_operations", "value": 5000})
}

func TestWhoMayAdminister(t *testing.T) {
	d := startDaemon(t)
	for name, header := range map[string][]string{
		"no token":      nil,
		"another token": {"Authorization", "Bearer nonsense"},
		"no bearer":     {"Authorization", "Basic " + d.token},
		"empty":         {"Authorization", "Bearer "},
	} {
		a := d.request("GET", "/api/v1/admin/scripts", "", header...)
		if t.Run(name, func(t *testing.T) { a.expect(t, 401, object{"code": "unauthorized"}) }); a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", name)
		}
	}
	d.admin("GET", "/scripts", nil).expect(t, 200, nil)

	if info, err := os.Stat(d.path("admin.sock")); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("admin socket: %v, %v", info, err)
	}
	if info, err := os.Stat(d.path("data/admin-token")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("admin token: %v, %v", info, err)
	}
	// over the socket: the user of this test (root, or the daemon's own) needs no token
	socket := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", d.path("admin.sock"))
	}}}
	a, err := d.try(socket, "GET", "/api/v1/admin/scripts", "")
	if err != nil {
		t.Fatal(err)
	}
	a.expect(t, 200, nil)
	if a, err = d.try(socket, "GET", "/api/v1/admin/scripts", "", "Authorization", "Bearer nonsense"); err != nil || a.status != 401 {
		t.Errorf("a wrong token over the socket: %d, %v", a.status, err)
	}
	if os.Geteuid() != 0 {
		t.Log("not root: other users of the socket cannot be tried")
		return
	}
	// another user, let through the file's mode, is told apart by the kernel
	if err := os.Chmod(d.path("admin.sock"), 0o666); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(d.dir); err != nil {
		t.Fatal(err)
	} else if err := os.Chmod(d.dir, info.Mode().Perm()|0o755); err != nil {
		t.Fatal(err)
	}
	curl := exec.Command("curl", "-s", "--unix-socket", d.path("admin.sock"), "http://x/api/v1/admin/scripts")
	curl.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533}}
	out, err := curl.CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"code":"forbidden"`) {
		t.Errorf("user 65533 over the socket: %s, %v", out, err)
	}
}

func TestEverythingElseOverHTTP(t *testing.T) {
	d := startDaemon(t)
	d.request("GET", "/healthz", "").expect(t, 200, object{"status": "ok"})
	ready := d.request("GET", "/readyz", "")
	ready.expect(t, 200, object{"status": "ready"})
	state := func(part string) any { p, _ := ready.field(part).(map[string]any); return p["state"] }
	want := "ok"
	if !inSystemd() {
		want = "degraded"
	}
	if state("database") != "ok" || state("pool") != "ok" || state("isolation") != want {
		t.Errorf("readiness %s", ready.body)
	}
	d.deploy("hello", "return 1")
	d.run("hello")
	metrics := d.request("GET", "/metrics", "")
	degraded := `picloud_isolation_degraded{mode="cgroup"} 0`
	if !inSystemd() {
		degraded = `picloud_isolation_degraded{mode="rlimit"} 1`
	}
	for _, line := range []string{`picloud_invocations_total{outcome="ok"} 1`, `picloud_invocations_total{outcome="worker_killed"} 0`, degraded} {
		if !strings.Contains(metrics.body, line+"\n") {
			t.Errorf("metrics have no line %q", line)
		}
	}
	openapi := d.request("GET", "/openapi.json", "")
	openapi.expect(t, 200, object{"openapi": "3.1.0"})
	for _, path := range []string{"/api/v1/admin/scripts", "/api/v1/admin/scripts/{name}", "/api/v1/admin/limits", "/api/v1/admin/limits/ceiling", "/version"} {
		if !strings.Contains(openapi.body, `"`+path+`"`) {
			t.Errorf("openapi.json does not have %s", path)
		}
	}
	d.request("GET", "/nothing", "").expect(t, 404, object{"code": "not_found"})
	d.request("POST", "/healthz", "").expect(t, 405, object{"code": "method_not_allowed"})
	if !inSystemd() && !strings.Contains(d.log(), "isolation is degraded") {
		t.Error("the log does not say that isolation is degraded")
	}
}

// The command line, against the daemon's admin socket and over HTTP.
func TestCommands(t *testing.T) {
	d := startDaemon(t)
	file := d.path("greet.lua")
	if err := os.WriteFile(file, []byte("return 'hi ' .. (ctx.request.query.n or '')"), 0o644); err != nil {
		t.Fatal(err)
	}
	broken := d.path("broken.lua")
	if err := os.WriteFile(broken, []byte("local a = 1\nreturn = 2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	picloud := func(args ...string) (string, int) {
		t.Helper()
		cmd := exec.Command(filepath.Join(programs, "picloud"), args...)
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	out, code := picloud("deploy", file, "--admin-socket", d.path("admin.sock"), "--limit", "max_operations=500")
	if code != 0 || out != d.base+"/run/greet\n" {
		t.Fatalf("%d %s", code, out)
	}
	if a := d.request("GET", "/run/greet?n=x", ""); a.body != "hi x" {
		t.Errorf("%d %s", a.status, a.body)
	}
	// again, over HTTP: the source changes, the limit stays
	out, code = picloud("deploy", file, "--server", d.base, "--token", d.token)
	if code != 0 || out != d.base+"/run/greet\n" {
		t.Errorf("%d %s", code, out)
	}
	d.admin("GET", "/scripts/greet", nil).expect(t, 200, object{"version": 2, "sandbox": "map[max_operations:500]"})
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"deploy"}, 2, "error: deploy takes one FILE"},
		{[]string{"deploy", d.path("nothing.lua")}, 2, "error: there is no file"},
		{[]string{"deploy", file, "--limit", "max_operatons=1"}, 2, "error: --limit"},
		{[]string{"deploy", file, "--server", d.base, "--token", "wrong"}, 1, "error: the token is not right"},
		{[]string{"deploy", file, "--admin-socket", d.path("nowhere")}, 1, "hint: see that picloud serve runs"},
		{[]string{"deploy", file, "--admin-socket", d.path("admin.sock"), "--limit", "timeout_ms=1"}, 1, "error: "},
		{[]string{"deploy", broken, "--admin-socket", d.path("admin.sock")}, 1, "error: " + broken + ":2: "},
		{[]string{"serve", "--isolation", "none"}, 2, "error: --isolation"},
		{[]string{"serve", "--workers", "-1"}, 2, "error: --workers"},
		{[]string{"frobnicate"}, 2, "error: there is no command"},
		{[]string{"version"}, 0, "picloud 0.3.0"},
		{[]string{"migrate", "status", "--data-dir", d.path("data")}, 0, "0002    sandbox"},
	} {
		if out, code := picloud(c.args...); code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("picloud %v: status %d, want %d: %s", c.args, code, c.code, out)
		}
	}
}
