package daemon

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"go.uber.org/zap"
)

// Strangers cannot say who they are; a proxy behind a unix socket can.
func TestClientAddress(t *testing.T) {
	echo := clientAddress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(r.Header) }))
	ask := func(network, address string) http.Header {
		t.Helper()
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		server := newServer(echo, false, DefaultProxyUser, newConnections(4, zap.NewNop()), zap.NewNop())
		served := make(chan error)
		go func() { served <- server.Serve(l) }()
		defer func() { server.Close(); <-served }()
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, l.Addr().String())
			}}}
		req, err := http.NewRequest(http.MethodGet, "http://daemon/", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range forwardedFields {
			req.Header.Set(field, "203.0.113.9")
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var seen http.Header
		if err := json.NewDecoder(resp.Body).Decode(&seen); err != nil {
			t.Fatal(err)
		}
		return seen
	}
	socket := filepath.Join(t.TempDir(), "http.sock")
	for _, field := range forwardedFields {
		if got := ask("unix", socket).Get(field); got != "203.0.113.9" { // the test's user is the daemon's
			t.Errorf("a trusted proxy's %s arrives as %q", field, got)
		}
		want := ""
		if field == "X-Forwarded-For" {
			want = "127.0.0.1"
		}
		if got := ask("tcp", "127.0.0.1:0").Get(field); got != want {
			t.Errorf("a stranger's %s arrives as %q, want %q", field, got, want)
		}
	}
}

// Whose word is taken over a unix socket.
func TestProxyIsKnownByItsUser(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer dialled.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	if n := (&neighbour{conn: accepted, proxy: "nobody-of-that-name"}); !n.isProxy() {
		t.Error("the daemon's own user is not trusted")
	}
	accepted.Close()
	if n := (&neighbour{conn: accepted, proxy: DefaultProxyUser}); n.isProxy() {
		t.Error("a connection that cannot tell whose it is, is trusted")
	}
}
