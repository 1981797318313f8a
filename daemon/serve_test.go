package daemon

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
)

// idle is a supervisor that runs nothing.
type idle struct{}

func (idle) Drain(context.Context) error { return nil }
func (idle) Close() error                { return nil }

// A daemon whose socket systemd holds loses no call when another takes its
// place, whether clients keep their connections or not, and whatever the method.
func TestHandOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "http.sock")
	held, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"}) // by systemd
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(5 * time.Millisecond)
		io.Copy(w, r.Body)
	})
	daemon := func(ctx context.Context) error {
		file, err := held.File()
		if err != nil {
			return err
		}
		passed, err := net.FileListener(file)
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
		config := Config{Logger: zap.NewNop(), StopTimeout: time.Minute}
		s := &servers{
			config: config, listeners: []listener{{Listener: passed, passed: true}}, handler: handler,
			supervisor: idle{}, public: newConnections(100, config.Logger), admin: newConnections(1, config.Logger),
		}
		return s.serve(ctx, newCeiling(config))
	}
	var calls atomic.Int64
	var clients sync.WaitGroup
	done := make(chan struct{})
	for i := range 8 {
		transport := &http.Transport{DisableKeepAlives: i%4 == 0, IdleConnTimeout: time.Second,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", path)
			}}
		clients.Go(func() {
			defer transport.CloseIdleConnections()
			for {
				select {
				case <-done:
					return
				default:
				}
				// a body that cannot be sent twice: the transport will not hide a failure
				resp, err := (&http.Client{Transport: transport}).Post("http://daemon/", "", io.MultiReader(strings.NewReader("once")))
				if err != nil {
					t.Errorf("a call was lost: %v", err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || string(body) != "once" {
					t.Errorf("a call was answered %q: %v", body, err)
				}
				calls.Add(1)
			}
		})
	}
	for range 3 {
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- daemon(ctx) }()
		for before := calls.Load(); calls.Load() < before+100 && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the daemon ended with %v", err)
		}
	}
	close(done)
	go func() { // those that wait for the next daemon
		ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
		defer stop()
		daemon(ctx)
	}()
	clients.Wait()
}

// held is a supervisor with an invocation that ends when it is ended.
type held struct{ closed atomic.Bool }

func (h *held) Drain(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

func (h *held) Close() error {
	h.closed.Store(true)
	return nil
}

// A stop does not wait for ever: what still runs at its end is ended, whether
// systemd holds the socket or not.
func TestStopIsBounded(t *testing.T) {
	for _, passed := range []bool{false, true} {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "http.sock"))
		if err != nil {
			t.Fatal(err)
		}
		config := Config{Logger: zap.NewNop(), StopTimeout: 50 * time.Millisecond}
		running := &held{}
		s := &servers{
			config: config, listeners: []listener{{Listener: l, passed: passed}}, handler: http.NotFoundHandler(),
			supervisor: running, public: newConnections(100, config.Logger), admin: newConnections(1, config.Logger),
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		ended := make(chan error, 1)
		go func() { ended <- s.serve(ctx, newCeiling(config)) }()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("passed by systemd %t: the daemon ended with %v", passed, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("passed by systemd %t: the daemon still waits for what runs", passed)
		}
		if !running.closed.Load() {
			t.Errorf("passed by systemd %t: what still ran was not ended", passed)
		}
	}
}
