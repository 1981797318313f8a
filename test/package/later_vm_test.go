//go:build vm

package pkg

import (
	"strings"
	"testing"
)

// After the reboot all is served without a hand; a new version takes over without
// losing a call; PostgreSQL serves as well; and nothing outlives a purge.
func TestAfterReboot(t *testing.T) {
	b := onBoard(t)
	b.https()
	b.eventually("all is served", func() bool { a, err := b.try("GET", "/run/hello", ""); return err == nil && a.status == 200 })

	b.do("echo '# the administrator was here' >>" + envFile)
	b.underLoad("upgrade", func() {
		b.do("DEBIAN_FRONTEND=noninteractive apt-get install -y " + b.packageOf("0.3.1*"))
	})
	if got := b.do("dpkg-query -W -f '${Version}' picloud"); !strings.HasPrefix(got, "0.3.1") {
		t.Errorf("version %s is installed", got)
	}
	b.do("grep -q 'the administrator was here' " + envFile)
	if got := b.do("picloud scripts list --output json | tr -d ' \\n'"); !strings.Contains(got, `"name":"hello"`) {
		t.Errorf("after the upgrade there is %s", got)
	}
	b.onPostgreSQL()
	b.isRemoved()
}

// onPostgreSQL is the acceptance with another database: over its unix socket,
// which the service reaches as it is, and over TCP, which it is told to reach.
func (b *board) onPostgreSQL() {
	b.Helper()
	b.do("systemctl start postgresql")
	b.do("runuser -u postgres -- createuser picloud && runuser -u postgres -- createdb -O picloud picloud")
	b.do("runuser -u postgres -- psql -qc \"ALTER USER picloud PASSWORD 'secret'\"")
	b.do("echo 'DATABASE_URL=postgres:///picloud?host=/run/postgresql' >>" + envFile + " && systemctl restart picloud")
	b.acceptance()
	if got := b.do("runuser -u postgres -- psql -Atc 'SELECT count(*) FROM goose_db_version' picloud"); got == "0" {
		b.Error("PostgreSQL has no migrations")
	}

	b.do("sed -i 's#^DATABASE_URL=.*#DATABASE_URL=postgres://picloud:secret@127.0.0.1/picloud#' " + envFile)
	b.output("systemctl restart --no-block picloud")
	b.eventually("the log says why a TCP address is not reached", func() bool {
		return strings.Contains(b.output("journalctl -b -u picloud --no-pager -o cat -n 20"), "/usr/share/picloud/network.conf")
	})
	b.do("install -D -m 644 /usr/share/picloud/network.conf /etc/systemd/system/picloud.service.d/network.conf")
	b.do("systemctl daemon-reload && systemctl restart picloud")
	b.acceptance()
	b.do("sed -i /^DATABASE_URL=/d " + envFile + " && rm /etc/systemd/system/picloud.service.d/network.conf")
	b.do("systemctl daemon-reload && systemctl restart picloud")
	b.request("GET", "/run/hello", "", 200, nil)
}

func (b *board) isRemoved() {
	b.Helper()
	group := "/sys/fs/cgroup" + b.property("ControlGroup")
	b.do("apt-get remove -y picloud")
	b.nothing("processes of the removed package", "pgrep -a picloud")
	b.nothing("cgroups of the removed package", "ls -d "+group+" /sys/fs/cgroup/picloud.slice 2>/dev/null")
	b.do("test -e /var/lib/picloud/picloud.db && test -e " + envFile)

	b.do("apt-get purge -y picloud")
	b.nothing("users", "getent passwd picloud; getent group picloud")
	b.nothing("units", "(systemctl list-unit-files --no-legend 'picloud*'; systemctl list-units --all --no-legend 'picloud*'; find /etc/systemd /run/systemd -name 'picloud*') | grep -v picloud-lab")
	b.nothing("files", "find / -xdev -path /lab -prune -o -path /proc -prune -o -path /sys -prune -o -name '*picloud*' -not -path '*/picloud-lab*' -not -path '*/lists/*' -print")
}
