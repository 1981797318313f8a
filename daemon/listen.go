package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"go.uber.org/zap"

	"picloud"
	"picloud/manager"
)

// listener is one place to serve at; over the admin socket the kernel's word
// on who is there stands in for a token.
type listener struct {
	net.Listener
	admin  bool
	passed bool // by systemd, which holds it while no daemon does
}

// adminFDName is what a socket unit calls the admin socket
// (FileDescriptorName=); every other socket it passes is a public one.
const adminFDName = "admin"

// listen opens all listeners, or none.
func listen(c Config) (ls []listener, err error) {
	defer func() {
		if err != nil {
			for _, l := range ls {
				l.Close()
			}
		}
	}()
	passed, err := activation.ListenersWithNames()
	if err != nil {
		return nil, err
	}
	var haveAdmin, havePublic bool
	for name, group := range passed {
		for _, l := range group {
			isAdmin := name == adminFDName
			haveAdmin, havePublic = haveAdmin || isAdmin, havePublic || !isAdmin
			ls = append(ls, listener{l, isAdmin, true})
		}
	}
	address := c.Listen
	if address == "" && !havePublic {
		address = DefaultListen
	}
	if address != "" {
		l, err := listenAt(address, 0o666)
		if err != nil {
			return ls, cannotListen(address, "--listen", err)
		}
		ls = append(ls, listener{Listener: l})
	}
	if !haveAdmin {
		l, err := listenUnix(c.AdminSocket, 0o660)
		if err != nil {
			return ls, cannotListen(c.AdminSocket, "--admin-socket", err)
		}
		ls = append(ls, listener{Listener: l, admin: true})
	}
	return ls, nil
}

// publicAddress is where scripts answer: configured, or as far as the daemon
// itself knows.
func publicAddress(configured string, listeners []listener) manager.Public {
	public := manager.Public{URL: configured}
	for _, l := range listeners {
		if l.admin {
			continue
		}
		switch address := l.Addr().(type) {
		case *net.UnixAddr:
			public.Socket = cmp.Or(public.Socket, address.Name)
		case *net.TCPAddr:
			host := address.IP.String()
			if address.IP.IsUnspecified() { // no address that anybody can call
				host = "localhost"
			}
			public.URL = cmp.Or(public.URL, "http://"+net.JoinHostPort(host, strconv.Itoa(address.Port)))
		}
	}
	return public
}

func cannotListen(address, flag string, cause error) *picloud.Error {
	hint := "stop what listens there already, or choose another place with " + flag
	if errors.Is(cause, syscall.EAFNOSUPPORT) {
		hint = "the service has no network, systemd listens for it: leave --listen (PICLOUD_LISTEN) unset, and give picloud.socket another ListenStream= with systemctl edit picloud.socket"
	}
	return &picloud.Error{
		Code:    picloud.CodeCannotStart,
		Message: fmt.Sprintf("cannot listen at %s: %v", address, cause),
		Hint:    hint,
		Cause:   cause,
	}
}

func listenAt(address string, mode fs.FileMode) (net.Listener, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return listenUnix(path, mode)
	}
	return net.Listen("tcp", address)
}

// listenUnix makes a socket of just this mode. One that a killed daemon left is
// replaced; one that a daemon listens at is not.
func listenUnix(path string, mode fs.FileMode) (net.Listener, error) {
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
		return nil, errors.New("another process listens there")
	}
	if errors.Is(err, syscall.ECONNREFUSED) { // a socket, and nobody behind it
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// newServer serves listeners that c limits.
func newServer(h http.Handler, admin bool, proxyUser string, c *connections, logger *zap.Logger) *http.Server {
	s := &http.Server{
		Handler: h,
		// "OPTIONS *" is a request like any other
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            10 * time.Second,
		ReadTimeout:                  time.Minute, // of a body that no handler reads; net/http waits for it before it answers
		IdleTimeout:                  2 * time.Minute,
		WriteTimeout:                 2 * time.Minute, // of what sets no other deadline when it answers
		MaxHeaderBytes:               2 * maxHeaderBytes,
		ConnState:                    c.state,
		ErrorLog:                     log.New(zapWriter{logger}, "", 0),
	}
	s.ConnContext = func(ctx context.Context, nc net.Conn) context.Context {
		if limited, ok := nc.(*conn); ok {
			nc = limited.Conn
		}
		if admin {
			ctx = manager.WithPeer(ctx, nc)
		}
		return withNeighbour(ctx, nc, proxyUser)
	}
	return s
}

// zapWriter brings what net/http has to say, mostly of clients that break off,
// into our log.
type zapWriter struct{ logger *zap.Logger }

func (w zapWriter) Write(p []byte) (int, error) {
	w.logger.Debug("http", zap.String("text", strings.TrimSpace(string(p))))
	return len(p), nil
}
