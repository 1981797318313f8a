package daemon

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/zap"
)

// systemd is told that the daemon works only while the daemon answers itself.
func TestWatchdog(t *testing.T) {
	dir := t.TempDir()
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	t.Setenv("NOTIFY_SOCKET", filepath.Join(dir, "notify"))
	t.Setenv("WATCHDOG_USEC", strconv.Itoa(200_000))
	t.Setenv("WATCHDOG_PID", "")
	admin, err := net.Listen("unix", filepath.Join(dir, "admin"))
	if err != nil {
		t.Fatal(err)
	}
	works := make(chan bool, 1)
	works <- true
	server := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := <-works
		works <- state
		if !state {
			<-r.Context().Done() // as a daemon with a lock that nobody gives up
		}
	}), false, DefaultProxyUser, newConnections(4, zap.NewNop()), zap.NewNop())
	served := make(chan error)
	go func() { served <- server.Serve(admin) }()
	ctx, cancel := context.WithCancel(context.Background())
	fed := make(chan struct{})
	go func() { watchdog(ctx, admin.Addr(), zap.NewNop()); close(fed) }()
	defer func() { cancel(); <-fed; server.Close(); <-served }()

	word := make([]byte, 64)
	hear := func(within time.Duration) string {
		systemd.SetReadDeadline(time.Now().Add(within))
		n, err := systemd.Read(word)
		if err != nil {
			return ""
		}
		return string(word[:n])
	}
	for range 3 {
		if got := hear(10 * time.Second); got != "WATCHDOG=1" {
			t.Fatalf("systemd heard %q", got)
		}
	}
	<-works
	works <- false
	for hear(400*time.Millisecond) != "" { // what was under way
	}
	if got := hear(time.Second); got != "" {
		t.Errorf("systemd heard %q of a daemon that does not answer", got)
	}
}
