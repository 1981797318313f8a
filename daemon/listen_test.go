package daemon

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"go.uber.org/zap"

	"picloud/manager"
)

// A client that announces a body and sends none does not hold its connection
// for ever where no handler reads bodies.
func TestUnsentBody(t *testing.T) {
	for _, admin := range []bool{false, true} {
		server := newServer(http.NotFoundHandler(), admin, DefaultProxyUser, newConnections(1, zap.NewNop()), zap.NewNop())
		if server.ReadTimeout <= 0 {
			t.Fatal("there is no bound on how long a request is read")
		}
		server.ReadTimeout = 50 * time.Millisecond // it would take too long else
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error)
		go func() { served <- server.Serve(l) }()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("waiting for the end of the connection: %v", err)
		}
		conn.Close()
		server.Close()
		<-served
	}
}

// What administrators' programs are told of where scripts answer.
func TestPublicAddress(t *testing.T) {
	socket := t.TempDir() + "/http.sock"
	open := func(network, address string) net.Listener {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	admin := listener{Listener: open("unix", socket+".admin"), admin: true}
	public := listener{Listener: open("unix", socket)}
	loopback, everywhere := open("tcp", "127.0.0.1:0"), open("tcp", "0.0.0.0:0")
	_, port, _ := net.SplitHostPort(everywhere.Addr().String())
	for name, c := range map[string]struct {
		configured string
		listeners  []listener
		want       manager.Public
	}{
		"only the admin socket": {"", []listener{admin}, manager.Public{}},
		"a socket":              {"", []listener{admin, public}, manager.Public{Socket: socket}},
		"loopback":              {"", []listener{{Listener: loopback}, admin}, manager.Public{URL: "http://" + loopback.Addr().String()}},
		"every address":         {"", []listener{{Listener: everywhere}}, manager.Public{URL: "http://localhost:" + port}},
		"a proxy's address":     {"https://pi", []listener{public, {Listener: loopback}}, manager.Public{URL: "https://pi", Socket: socket}},
	} {
		if got := publicAddress(c.configured, c.listeners); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
