package daemon

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/user"
	"strconv"
	"sync"

	"picloud/manager"
)

// forwardedFields are the header fields in which a proxy tells who its client
// is and what was asked for: RFC 7239, and those in use before it.
var forwardedFields = [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"}

// clientAddress makes X-Forwarded-For a field that can be relied on: it is what
// a trusted proxy said, or the address at the other end of the connection, or
// absent. The other fields of its kind are a trusted proxy's, or absent.
func clientAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from, ok := r.Context().Value(neighbourKey{}).(*neighbour); ok && from.trusted() {
			next.ServeHTTP(w, r)
			return
		}
		for _, field := range forwardedFields {
			r.Header.Del(field)
		}
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			r.Header.Set("X-Forwarded-For", host)
		}
		next.ServeHTTP(w, r)
	})
}

type neighbourKey struct{}

// neighbour is who is at the other end of a unix socket's connection.
type neighbour struct {
	conn    net.Conn
	proxy   string // the trusted proxy's user
	trusted func() bool
}

// withNeighbour notes in a connection's context whose it is. Only a unix socket
// knows that, and only there is a proxy trusted.
func withNeighbour(ctx context.Context, c net.Conn, proxy string) context.Context {
	if _, ok := c.(*net.UnixConn); !ok {
		return ctx
	}
	n := &neighbour{conn: c, proxy: proxy}
	n.trusted = sync.OnceValue(n.isProxy) // the user database is a file
	return context.WithValue(ctx, neighbourKey{}, n)
}

// isProxy tells whether it is the proxy's user, root or ourselves.
func (n *neighbour) isProxy() bool {
	cred, err := manager.PeerCredentials(n.conn)
	if err != nil {
		return false
	}
	if cred.Uid == 0 || int(cred.Uid) == os.Geteuid() {
		return true
	}
	u, err := user.Lookup(n.proxy)
	return err == nil && u.Uid == strconv.Itoa(int(cred.Uid))
}
