package manager

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sys/unix"

	"picloud"
	"picloud/problem"
)

// AdminGroup is the group whose members may use the admin socket.
const AdminGroup = "picloud"

// Auth decides who may use the admin API.
type Auth struct {
	Token string // of "Authorization: Bearer TOKEN"; must not be empty
}

// check lets a request through that carries the token, or that came over the
// admin socket from root, the daemon's own user or a member of AdminGroup. A token
// that is sent must be right, over the socket too.
func (a Auth) check(r *http.Request) error {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		// hashed, so that the time of the comparison tells nothing, not even the length
		got, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(a.Token))
		if !strings.EqualFold(scheme, "Bearer") || a.Token == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return &picloud.Error{Code: picloud.CodeUnauthorized, Message: "the token is not right"}
		}
		return nil
	}
	p, ok := r.Context().Value(peerKey{}).(peer)
	if !ok {
		return &picloud.Error{
			Code:    picloud.CodeUnauthorized,
			Message: "the admin API wants a token",
			Hint:    "send the header Authorization: Bearer TOKEN, or use the admin socket",
		}
	}
	if p.err != nil || !p.mayAdminister() {
		return &picloud.Error{
			Code:    picloud.CodeForbidden,
			Message: "this user may not use the admin socket",
			Hint:    "be root or the daemon's user, or join the group: sudo usermod -aG " + AdminGroup + " USER",
			Cause:   p.err,
		}
	}
	return nil
}

// authenticate guards every operation that has a security requirement, which
// are those of the admin API, and all from a query string that is none.
func (m *Manager) authenticate(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	if len(ctx.Operation().Security) > 0 {
		if err := m.config.Auth.check(r); err != nil {
			problem.Write(w, picloud.AsError(err))
			return
		}
	}
	// huma passes over a parameter that it cannot decode
	if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
		problem.Write(w, &picloud.Error{Code: picloud.CodeBadRequest, Message: "the query string is malformed", Cause: err})
		return
	}
	if public := m.config.Public; public.URL != "" {
		ctx.SetHeader(PublicURLHeader, public.URL)
	}
	if public := m.config.Public; public.Socket != "" {
		ctx.SetHeader(PublicSocketHeader, public.Socket)
	}
	next(ctx)
}

type peerKey struct{}

// peer is who is at the other end of the admin socket.
type peer struct {
	cred *unix.Ucred
	err  error
}

// WithPeer notes in a connection's context who the kernel says is at its other
// end. It is for http.Server.ConnContext of the admin socket, and of no other
// listener: its presence is what makes a request one of the admin socket.
func WithPeer(ctx context.Context, c net.Conn) context.Context {
	p := peer{}
	p.cred, p.err = PeerCredentials(c)
	return context.WithValue(ctx, peerKey{}, p)
}

// PeerCredentials asks who is at the other end of a unix socket's connection:
// SO_PEERCRED, see unix(7), set by the kernel when the peer connected. Of any other
// connection it is an error.
func PeerCredentials(c net.Conn) (cred *unix.Ucred, err error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.New("not a unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return nil, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	return cred, errors.Join(controlErr, err)
}

func (p peer) mayAdminister() bool {
	if p.cred.Uid == 0 || int(p.cred.Uid) == os.Geteuid() {
		return true
	}
	group, err := user.LookupGroup(AdminGroup)
	if err != nil {
		return false
	}
	if strconv.Itoa(int(p.cred.Gid)) == group.Gid {
		return true
	}
	u, err := user.LookupId(strconv.Itoa(int(p.cred.Uid)))
	if err != nil {
		return false
	}
	groups, err := u.GroupIds()
	return err == nil && slices.Contains(groups, group.Gid)
}
