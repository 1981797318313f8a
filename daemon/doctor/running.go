package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const start = "start the daemon: sudo systemctl start picloud, or: picloud serve"

// adminSocket looks at who may use it. The daemon asks for the user at the other
// end as well; the socket's own rights are the first door.
func adminSocket(_ context.Context, s *System) Result {
	info, err := fs.Stat(s.Files, strings.TrimPrefix(s.AdminSocket, "/"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return warning(start, "there is no %s", s.AdminSocket)
	case err != nil && hidden(err):
		return warning(asRoot, "we may not look at %s", s.AdminSocket)
	case err != nil:
		return warning(start, "%s cannot be looked at: %v", s.AdminSocket, err)
	case info.Mode().Type() != fs.ModeSocket:
		return failure("remove it and restart the daemon, or choose another place with --admin-socket", "%s is no socket", s.AdminSocket)
	}
	mode := info.Mode().Perm()
	if mode&0o007 != 0 {
		return failure("sudo chmod 0660 "+s.AdminSocket, "%s has mode %04o: every user may connect", s.AdminSocket, mode)
	}
	if stat, is := info.Sys().(*syscall.Stat_t); is && !s.mayOwn(stat.Uid) {
		return failure("see who made it, remove it and restart the daemon",
			"%s belongs to user %d, who is neither root nor the owner of the data directory", s.AdminSocket, stat.Uid)
	}
	if mode&0o660 != 0o660 {
		return warning("sudo chmod 0660 "+s.AdminSocket, "%s has mode %04o: its group may not connect", s.AdminSocket, mode)
	}
	return ok("%s, mode %04o", s.AdminSocket, mode)
}

// mayOwn tells whether a user may own the admin socket: root, as systemd makes
// it, or the daemon's, as the data directory shows; ours, if that does not say.
func (s *System) mayOwn(uid uint32) bool {
	daemons := uint32(s.UID)
	if info, err := fs.Stat(s.Files, strings.TrimPrefix(s.DataDir, "/")); err == nil {
		if stat, is := info.Sys().(*syscall.Stat_t); is {
			daemons = stat.Uid
		}
	}
	return uid == 0 || uid == daemons
}

func daemonReady(ctx context.Context, s *System) Result {
	// systemd would start the service for us, and looking is not to change anything
	if strings.Contains(unit(s.Files, "picloud.socket"), s.AdminSocket) && s.serviceGroup() == "" {
		return warning(start, "none runs; systemd starts it when somebody connects to %s", s.AdminSocket)
	}
	status, body, err := s.Ready(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return warning(start, "none runs at %s", s.AdminSocket)
	case err != nil && hidden(err):
		return warning(asRoot+", or as a member of the group picloud", "we may not connect to %s", s.AdminSocket)
	case err != nil:
		return failure("see its log: journalctl -u picloud", "it does not answer at %s: %s", s.AdminSocket, oneLine(err.Error()))
	}
	faults, err := parts(body)
	if err != nil {
		return failure("see what listens there", "what answers at %s is no PiCloud: status %d", s.AdminSocket, status)
	}
	switch {
	case status != http.StatusOK:
		return failure("see its log: journalctl -u picloud", "it runs and is not ready: %s", strings.Join(faults, "; "))
	case len(faults) > 0:
		return warning("see its log: journalctl -u picloud", "it runs and is ready, with less than it should have: %s", strings.Join(faults, "; "))
	}
	return ok("it runs and is ready")
}

// parts lists what is not well of an answer of /readyz.
func parts(body []byte) (faults []string, err error) {
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	if _, is := answer["status"]; !is {
		return nil, errors.New("no status")
	}
	for name, text := range answer {
		var part struct{ State, Detail string }
		if json.Unmarshal(text, &part) == nil && part.State != "ok" {
			faults = append(faults, name+" "+part.State+": "+oneLine(part.Detail))
		}
	}
	slices.Sort(faults)
	return faults, nil
}

// caddy only notes what is in front: PiCloud serves without it.
func caddy(_ context.Context, s *System) Result {
	config, _ := s.read("etc/caddy/Caddyfile")
	ours := "picloud"
	configured := strings.Contains(strings.ToLower(config), ours)
	processes, _ := fs.Glob(s.Files, "proc/[0-9]*/comm")
	runs := slices.ContainsFunc(processes, func(comm string) bool {
		if _, err := strconv.Atoi(strings.Split(comm, "/")[1]); err != nil {
			return false
		}
		name, err := s.read(comm)
		return err == nil && strings.TrimSpace(name) == "caddy"
	})
	const template = "for HTTPS, install caddy and see /usr/share/picloud/Caddyfile"
	switch {
	case runs && configured:
		return ok("it runs, and /etc/caddy/Caddyfile names PiCloud")
	case runs:
		return Result{OK, "it runs, and /etc/caddy/Caddyfile does not name PiCloud", template}
	case configured:
		return Result{OK, "/etc/caddy/Caddyfile names PiCloud, but no caddy is seen to run", "sudo systemctl start caddy"}
	}
	return Result{OK, "none is in front: scripts answer at plain HTTP only", template}
}
