package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"picloud"
	"picloud/migrations"
)

func TestDatabase(t *testing.T) {
	applied, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		list []migrations.Migration
		err  error
		want finding
	}{
		"migrated":     {applied, nil, finding{"database", OK, "at schema 2, the newest"}},
		"unmigrated":   {append(applied[:1:1], migrations.Migration{Version: 2, Name: "limits"}), nil, finding{"database", Warning, "lacks migrations: 0002 limits"}},
		"newer":        {append(applied, migrations.Migration{Version: 3, AppliedAt: applied[0].AppliedAt}), nil, finding{"database", Failure, "does not know: 3"}},
		"never made":   {nil, &fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}, finding{"database", Warning, "none yet in /var/lib/picloud"}},
		"another's":    {nil, &fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, finding{"database", Warning, "sudo"}},
		"not ours":     {nil, notOurs("/x.db"), finding{"database", Failure, "/x.db is no database of PiCloud"}},
		"away":         {nil, &picloud.Error{Code: picloud.CodeStoreUnavailable, Message: "cannot be opened", Cause: errors.New("refused")}, finding{"database", Failure, "cannot be opened: refused"}},
		"out of words": {nil, errors.New("odd"), finding{"database", Failure, "odd"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := machine()
			s.Migrations = func(context.Context) ([]migrations.Migration, error) { return c.list, c.err }
			expect(t, Examine(context.Background(), s), []finding{c.want})
		})
	}
}

func TestAdminSocket(t *testing.T) {
	const name = "run/picloud/admin.sock"
	for what, c := range map[string]struct {
		change func(*System)
		want   finding
	}{
		"root's":    {func(s *System) { s.file(name).Sys = &syscall.Stat_t{Uid: 0} }, finding{"admin socket", OK, "mode 0660"}},
		"nobody's":  {func(s *System) { s.file(name).Sys = &syscall.Stat_t{Uid: 65534} }, finding{"admin socket", Failure, "belongs to user 65534"}},
		"open":      {func(s *System) { s.file(name).Mode = fs.ModeSocket | 0o666 }, finding{"admin socket", Failure, "chmod 0660"}},
		"too tight": {func(s *System) { s.file(name).Mode = fs.ModeSocket | 0o600 }, finding{"admin socket", Warning, "its group may not"}},
		"a file":    {func(s *System) { s.file(name).Mode = 0o660 }, finding{"admin socket", Failure, "is no socket"}},
		"none":      {func(s *System) { s.remove(name) }, finding{"admin socket", Warning, "systemctl start picloud"}},
		"hidden":    {func(s *System) { s.Files = forbidden{s.Files, name} }, finding{"admin socket", Warning, "sudo"}},
	} {
		t.Run(what, func(t *testing.T) {
			s := machine()
			c.change(s)
			expect(t, Examine(context.Background(), s), []finding{c.want})
		})
	}
}

// forbidden is a file system in which one file may not be looked at.
type forbidden struct {
	fs.FS
	name string
}

func (f forbidden) Open(name string) (fs.File, error) {
	if name == f.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EACCES}
	}
	return f.FS.Open(name)
}

func TestDaemon(t *testing.T) {
	part := func(text string) []byte { return fmt.Appendf(nil, `{"status":"x","pool":{"state":"ok"},%s}`, text) }
	for name, c := range map[string]struct {
		status int
		body   []byte
		err    error
		want   finding
	}{
		"ready":      {200, part(`"isolation":{"state":"ok","mode":"cgroup"}`), nil, finding{"daemon", OK, "ready"}},
		"degraded":   {200, part(`"isolation":{"state":"degraded","detail":"no cgroup v2"}`), nil, finding{"daemon", Warning, "isolation degraded: no cgroup v2"}},
		"not ready":  {503, part(`"database":{"state":"failing","detail":"does not answer"}`), nil, finding{"daemon", Failure, "database failing: does not answer"}},
		"a stranger": {200, []byte("<html>"), nil, finding{"daemon", Failure, "no PiCloud"}},
		"another":    {200, []byte("{}"), nil, finding{"daemon", Failure, "no PiCloud"}},
		"none":       {0, nil, &fs.PathError{Op: "connect", Path: "x", Err: syscall.ENOENT}, finding{"daemon", Warning, "none runs"}},
		"killed":     {0, nil, &fs.PathError{Op: "connect", Path: "x", Err: syscall.ECONNREFUSED}, finding{"daemon", Warning, "none runs"}},
		"forbidden":  {0, nil, &fs.PathError{Op: "connect", Path: "x", Err: syscall.EACCES}, finding{"daemon", Warning, "group picloud"}},
		"hanging":    {0, nil, context.DeadlineExceeded, finding{"daemon", Failure, "does not answer"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := machine()
			s.Ready = func(context.Context) (int, []byte, error) { return c.status, c.body, c.err }
			expect(t, Examine(context.Background(), s), []finding{c.want})
		})
	}
}

// A socket unit would start the daemon for whoever connects: the doctor does not.
func TestDoctorWakesNobody(t *testing.T) {
	for name, c := range map[string]struct {
		listens string
		runs    bool
		asked   bool
	}{
		"at rest":            {"/run/picloud/admin.sock", false, false},
		"awake":              {"/run/picloud/admin.sock", true, true},
		"at rest, elsewhere": {"/run/other.sock", false, true},
	} {
		s := machine()
		if !c.runs {
			s.withoutService()
		}
		s.write("usr/lib/systemd/system/picloud.socket", "[Socket]\nListenStream="+c.listens+"\n")
		asked := false
		ready := s.Ready
		s.Ready = func(ctx context.Context) (int, []byte, error) { asked = true; return ready(ctx) }
		r := daemonReady(context.Background(), s)
		if asked != c.asked || (r.Status == OK) != c.asked {
			t.Errorf("%s: asked %t, %+v", name, asked, r)
		}
	}
}

// Caddy is a note, never more.
func TestCaddy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*System)
		says   string
	}{
		"runs, with ours":    {func(*System) {}, "it runs, and /etc/caddy/Caddyfile names PiCloud"},
		"runs for others":    {func(s *System) { s.write("etc/caddy/Caddyfile", ":80\n") }, "/usr/share/picloud/Caddyfile"},
		"does not run":       {func(s *System) { s.remove("proc/7/comm") }, "systemctl start caddy"},
		"none":               {func(s *System) { s.remove("proc/7/comm", "etc/caddy/Caddyfile") }, "plain HTTP"},
		"a name that starts": {func(s *System) { s.write("proc/7/comm", "caddyshack\n"); s.remove("etc/caddy/Caddyfile") }, "plain HTTP"},
	} {
		s := machine()
		c.change(s)
		r := caddy(context.Background(), s)
		if r.Status != OK || !strings.Contains(r.Detail+"\n"+r.Hint, c.says) {
			t.Errorf("%s: %+v, want %q", name, r, c.says)
		}
	}
}

func TestServiceEnvironment(t *testing.T) {
	const name = "etc/picloud/picloud.env"
	system := files(map[string]string{name: "# DATABASE_URL=no\n; X=no\n\nDATABASE_URL=\"postgres://h/d?a=b\"\n PICLOUD_WORKERS = 4 \nEMPTY=\nodd\nQ='x'\n"})
	env, err := ServiceEnvironment(system)
	want := map[string]string{"DATABASE_URL": "postgres://h/d?a=b", "PICLOUD_WORKERS": "4", "EMPTY": "", "Q": "x"}
	if err != nil || fmt.Sprint(env) != fmt.Sprint(want) {
		t.Errorf("%q, %v, want %q", env, err, want)
	}
	if env, err := ServiceEnvironment(files(nil)); err != nil || len(env) != 0 {
		t.Errorf("none: %q, %v", env, err)
	}
	if _, err := ServiceEnvironment(forbidden{system, name}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a file that may not be read: %v", err)
	}
}
