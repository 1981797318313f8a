//go:build vm

package pkg

import (
	"strconv"
	"strings"
	"testing"
)

// exposure is what `systemd-analyze security` may give the service at most.
const exposure = 2.0

// A fresh machine gets the package and Caddy, an administrator deploys, strangers
// call. The machine is rebooted after this test.
func TestInstalled(t *testing.T) {
	b := onBoard(t)
	b.do("getent passwd picloud >/dev/null && userdel picloud; true") // the lab's; the package makes its own
	b.do("useradd --create-home pi && echo '127.0.0.1 " + host + "' >>/etc/hosts")
	b.do("apt-get install -y " + b.packageOf("0.3.0"))
	for unit, want := range map[string]string{service: "active", "picloud.socket": "active", "picloud-admin.socket": "active"} {
		if got := b.output("systemctl is-active " + unit); strings.TrimSpace(got) != want {
			t.Fatalf("%s is %s", unit, got)
		}
	}
	b.isHardened()
	t.Log(b.do("picloud doctor"))

	b.do("usermod -aG picloud pi")
	b.do("install -D -m 600 /dev/stdin /etc/credstore/picloud.admin-token <<<" + token)
	b.do("echo PICLOUD_PUBLIC_URL=https://" + host + " >>" + envFile)
	b.do("systemctl restart picloud")
	b.do(`printf '%s\n' 'import /usr/share/picloud/Caddyfile' '` + host + ` {' ' tls internal' ' import picloud-admin 127.0.0.0/8' ' import picloud' '}' >/etc/caddy/Caddyfile`)
	b.do("systemctl restart caddy")
	b.https()

	b.do(`cd /home/pi && printf '%s\n' 'return "hello " .. ctx.request.body' >hello.lua`)
	if url := b.do("runuser -u pi -- picloud deploy /home/pi/hello.lua --limit timeout_ms=60000"); url != "https://"+host+"/run/hello" {
		t.Errorf("deploy shows %q", url)
	}
	b.eventually("Caddy serves", func() bool { a, err := b.try("GET", "/run/hello", ""); return err == nil && a.status == 200 })
	b.acceptance()
	b.clientsAreWhoTheyAre()
	b.adminIsClosed()

	b.underLoad("reload of the ceiling", func() {
		b.do("echo PICLOUD_CEILING_MAX_OPERATIONS=7000 >>" + envFile + " && systemctl reload picloud")
		b.eventually("the ceiling is the file's", func() bool {
			return strings.Contains(b.output("picloud limits ceiling"), "7,000  environment")
		})
		b.do("sed -i /CEILING_MAX_OPERATIONS=7000/d " + envFile + " && systemctl reload picloud")
		b.eventually("the ceiling is the built-in one", func() bool {
			return !strings.Contains(b.output("picloud limits ceiling"), "environment")
		})
	})
	b.underLoad("restart", func() { b.do("systemctl restart picloud") })
	b.watchdogRestarts()
	b.figures()
	b.do("sync")
}

// isHardened reads the marks that systemd gives.
func (b *board) isHardened() {
	b.Helper()
	marks := b.do("systemd-analyze security --no-pager " + service)
	_, last, _ := strings.Cut(marks, "Overall exposure level for "+service+": ")
	figure, _, _ := strings.Cut(last, " ")
	got, err := strconv.ParseFloat(figure, 64)
	if err != nil || got > exposure {
		b.Errorf("systemd-analyze security: %q, want at most %.1f\n%s", figure, exposure, marks)
	}
	b.Logf("figure: systemd-analyze security %s: %s", service, figure)
}

// A script sees the address of who calls it, whatever callers say.
func (b *board) clientsAreWhoTheyAre() {
	b.Helper()
	b.do(`echo 'return ctx.request.headers["x-forwarded-for"] or "nobody"' | tee /home/pi/who.lua >/dev/null && picloud deploy /home/pi/who.lua --limit timeout_ms=60000`)
	if a := b.request("GET", "/run/who", "", 200, nil, "X-Forwarded-For", "203.0.113.9"); a.body != "127.0.0.1" {
		b.Errorf("through Caddy a script sees %q as its caller", a.body)
	}
	direct := "runuser -u %s -- curl -s --unix-socket " + httpSocket + " -H 'X-Forwarded-For: 203.0.113.9' http://localhost/run/who"
	if got := b.do(strings.ReplaceAll(direct, "%s", "pi")); got != "nobody" {
		b.Errorf("a user who is no proxy is believed: %q", got)
	}
	if got := b.do(strings.ReplaceAll(direct, "%s", "caddy")); got != "203.0.113.9" {
		b.Errorf("Caddy's user is not believed: %q", got)
	}
}

// Nobody reaches the admin API through Caddy unless it was opened, and then with
// the token only; what is not for callers is not there.
func (b *board) adminIsClosed() {
	b.Helper()
	b.request("GET", "/api/v1/admin/scripts", "", 401, object{"code": "unauthorized"})
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/"} {
		b.request("GET", path, "", 404, nil)
	}
	closed := "curl -s -k -o /dev/null -w '%{http_code}' --resolve localhost:443:127.0.0.1 https://localhost"
	if got := b.do(closed + "/api/v1/admin/scripts"); got != "404" {
		b.Errorf("where it was not opened the admin API answers %s", got)
	}
	if got := b.do(closed + "/version"); got != "200" {
		b.Errorf("/version answers %s", got)
	}
	if out := b.output("runuser -u nobody -- picloud scripts list"); !strings.Contains(out, "error:") || !strings.Contains(out, "usermod -aG picloud") {
		b.Errorf("a user outside the group gets %q", out)
	}
}

// A daemon that hangs is started again, and calls wait for it.
func (b *board) watchdogRestarts() {
	b.Helper()
	const dropIn = "/run/systemd/system/" + service + ".d/watchdog.conf"
	b.do("install -D -m 644 /dev/stdin " + dropIn + " <<<$'[Service]\\nWatchdogSec=15' && systemctl daemon-reload && systemctl restart picloud")
	before := b.property("NRestarts")
	b.do("kill -STOP " + b.property("MainPID"))
	b.eventually("systemd starts it again", func() bool { return b.property("NRestarts") != before })
	b.request("GET", "/run/hello", "", 200, nil)
	b.do("rm " + dropIn + " && systemctl daemon-reload && systemctl restart picloud")
}

// figures prints what the docs state about memory: proportional set sizes, see
// smaps_rollup in proc_pid_smaps(5).
func (b *board) figures() {
	b.Helper()
	b.eventually("workers are copied from a zygote", func() bool {
		return strings.Contains(b.output("curl -s --unix-socket "+httpSocket+" http://localhost/readyz"), `"kind":"zygote"`)
	})
	for range 6 { // those that were made before it
		b.request("GET", "/run/hello", "", 200, nil)
	}
	b.do("sleep 5")
	b.Log("figure: " + b.output(`for pid in $(cat $(find /sys/fs/cgroup`+b.property("ControlGroup")+` -name cgroup.procs)); do
		awk -v name="$(cat /proc/$pid/comm)" '/^Pss:/ { printf "%s %s kB; ", name, $2 }' /proc/$pid/smaps_rollup; done 2>/dev/null`))
}
