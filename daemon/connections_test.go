package daemon

import (
	"bufio"
	"container/list"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// served is a server whose connections are limited, on loopback.
type served struct {
	t       *testing.T
	all     *connections
	address string
}

func serveLimited(t *testing.T, max int, h http.Handler) *served {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	all := newConnections(max, zap.NewNop())
	server := newServer(answers(h, all.crowded), false, DefaultProxyUser, all, zap.NewNop())
	ended := make(chan error)
	go func() { ended <- server.Serve(all.limit(l)) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return &served{t, all, l.Addr().String()}
}

// send opens a connection and writes to it.
func (s *served) send(text string) net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(c, text) // the server may have closed it already
	return c
}

func (s *served) wantStatus(c net.Conn, status int) {
	s.t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != status {
		s.t.Errorf("status %d, want %d", resp.StatusCode, status)
	}
}

func (s *served) eventually(what string, condition func(connectionStats) bool) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); !condition(s.all.Stats()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("it never came about that %s: %+v", what, s.all.Stats())
		}
	}
}

const whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

// Clients that say nothing, or their header a byte at a time, or keep their
// connection after an answer, take no place from one that asks.
func TestSlowClientsMakeRoom(t *testing.T) {
	for name, beginning := range map[string]string{"silent": "", "slow": "GET / HTTP/1.1\r\nHost: a\r\nX: ", "idle": whole} {
		t.Run(name, func(t *testing.T) {
			s := serveLimited(t, 8, http.NotFoundHandler())
			var first net.Conn
			for n := range 30 {
				c := s.send(beginning)
				if n == 0 {
					first = c
				}
				if beginning == whole {
					s.wantStatus(c, 404)
				}
			}
			s.wantStatus(s.send(whole), 404)
			s.eventually("there are as many as may be", func(now connectionStats) bool { return now.Open == 8 && now.Evicted >= 22 })
			if _, err := io.ReadAll(first); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the first connection is still open")
			}
		})
	}
}

// While all are being answered a new one waits, and has its turn; it shows.
func TestAllConnectionsInUse(t *testing.T) {
	goOn := make(chan struct{})
	s := serveLimited(t, 2, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-goOn }))
	var clients []net.Conn
	for range 2 {
		clients = append(clients, s.send(whole))
	}
	s.eventually("both are being answered", func(connectionStats) bool {
		s.all.mu.Lock()
		defer s.all.mu.Unlock()
		return s.all.open == 2 && s.all.fresh.Len()+s.all.kept.Len() == 0
	})
	clients = append(clients, s.send(whole))
	s.eventually("it shows", func(now connectionStats) bool { return now.Full })
	if state := stateOfConnections(s.all.Stats()); state.State != stateDegraded || state.Open != 2 || state.Max != 2 {
		t.Errorf("%+v", state)
	}
	close(goOn)
	for _, c := range clients {
		s.wantStatus(c, 200)
	}
	s.eventually("it is over", func(now connectionStats) bool { return !now.Full })
	if state := stateOfConnections(s.all.Stats()); state.State != stateOK {
		t.Errorf("%+v", state)
	}
}

// While another waits for room an answer is the last on its connection, else it is not.
func TestTurns(t *testing.T) {
	answer := make(chan struct{})
	s := serveLimited(t, 1, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-answer
		w.WriteHeader(http.StatusNoContent)
	}))
	receive := func(c net.Conn, last bool) {
		t.Helper()
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.Close != last {
			t.Errorf("an answer is the last: %t, want %t", resp.Close, last)
		}
	}
	one := s.send(whole)
	answer <- struct{}{}
	receive(one, false)
	io.WriteString(one, whole)
	s.eventually("it is being answered", func(connectionStats) bool {
		s.all.mu.Lock()
		defer s.all.mu.Unlock()
		return s.all.open == 1 && s.all.fresh.Len()+s.all.kept.Len() == 0
	})
	other := s.send(whole)
	s.eventually("another waits", func(connectionStats) bool { return s.all.crowded() })
	answer <- struct{}{}
	receive(one, true)
	answer <- struct{}{}
	receive(other, false)
}

// Who has sent nothing yet makes room sooner than who was just answered.
func TestWhoMakesRoom(t *testing.T) {
	for name, c := range map[string]struct {
		fresh, kept []time.Duration // ago
		first       string
		late        bool // whether it has to at once
	}{
		"nobody":                {nil, nil, "", false},
		"the oldest new one":    {[]time.Duration{2 * graceNew, 2*graceNew - 1}, nil, "fresh", true},
		"before one just kept":  {[]time.Duration{2 * graceNew}, []time.Duration{2 * graceNew}, "fresh", true},
		"after one kept longer": {[]time.Duration{2 * graceNew}, []time.Duration{2 * graceKept}, "kept", true},
		"the oldest kept one":   {nil, []time.Duration{2 * graceKept, graceKept}, "kept", true},
		"not yet":               {[]time.Duration{0}, []time.Duration{graceKept / 2}, "fresh", false},
		"nor one that was kept": {nil, []time.Duration{graceKept / 2, 0}, "kept", false},
	} {
		all := newConnections(9, zap.NewNop())
		for line, ages := range map[*list.List][]time.Duration{&all.fresh: c.fresh, &all.kept: c.kept} {
			for _, age := range ages {
				one := &conn{all: all}
				all.wait(one, line)
				one.since = time.Now().Add(-age)
			}
		}
		next, rest := all.nextToGo()
		var first string
		switch {
		case next == nil:
		case next.line == &all.fresh && all.fresh.Front().Value == next:
			first = "fresh"
		case next.line == &all.kept && all.kept.Front().Value == next:
			first = "kept"
		}
		if first != c.first || next != nil && (rest <= 0) != c.late {
			t.Errorf("%s: %q, which may stay for %s", name, first, rest)
		}
	}
}

// Of more clients than there may be connections, each of which sends its next request
// as soon as it has the answer to the last, all are answered: nobody's request is lost
// on a connection that has to make room, and nobody waits for ever.
func TestFloodLosesNothing(t *testing.T) {
	const clients, requests = 40, 100
	s := serveLimited(t, 8, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	var kept atomic.Int64
	var all errgroup.Group
	for range clients {
		all.Go(func() error {
			var c net.Conn
			defer func() {
				if c != nil {
					c.Close()
				}
			}()
			for n := range requests {
				if c == nil {
					var err error
					if c, err = net.Dial("tcp", s.address); err != nil {
						return err
					}
					c.SetDeadline(time.Now().Add(time.Minute))
				} else {
					kept.Add(1)
				}
				if _, err := io.WriteString(c, whole); err != nil {
					return fmt.Errorf("request %d: %w", n, err)
				}
				resp, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					return fmt.Errorf("request %d: %w", n, err)
				}
				resp.Body.Close()
				if resp.Close {
					c.Close()
					c = nil
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
	s.eventually("the last is gone", func(now connectionStats) bool { return now.Open == 0 })
	if now := s.all.Stats(); now.Evicted > 0 {
		t.Errorf("%d connections were closed", now.Evicted)
	}
	t.Logf("%d of %d requests on a connection that was kept", kept.Load(), clients*requests)
}

// A server that stops does not wait for room.
func TestStopWhileFull(t *testing.T) {
	goOn := make(chan struct{})
	s := serveLimited(t, 1, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-goOn }))
	t.Cleanup(func() { close(goOn) })
	s.send(whole)
	s.eventually("it is being answered", func(connectionStats) bool {
		s.all.mu.Lock()
		defer s.all.mu.Unlock()
		return s.all.open == 1 && s.all.fresh.Len()+s.all.kept.Len() == 0
	})
	s.send(whole)
	s.eventually("another waits", func(now connectionStats) bool { return now.Full })
} // Cleanup checks that Serve returns

// Headers of thousands of fields take many times their bytes in memory. Clients
// that send such and stop before the end cannot hold much of it.
func TestHeaderFlood(t *testing.T) {
	s := serveLimited(t, 400, http.NotFoundHandler())
	var flood strings.Builder
	flood.WriteString("GET / HTTP/1.1\r\nHost: a\r\n")
	for n := 0; flood.Len() < 60<<10; n++ {
		fmt.Fprintf(&flood, "%x:\n", n)
	}
	before := heapInUse()
	for range 300 {
		s.send(flood.String())
	}
	s.wantStatus(s.send(whole), 404)
	s.eventually("the oldest are closed", func(now connectionStats) bool {
		s.all.mu.Lock()
		defer s.all.mu.Unlock()
		return now.Evicted >= 200 && s.all.unparsed <= headerBudget
	})
	var grown int64
	s.eventually("their memory is free", func(connectionStats) bool {
		grown = heapInUse() - before
		return grown < 64<<20
	})
	t.Logf("300 connections with 60 KiB of header each hold %d MiB", grown>>20)
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// exhausted is a listener of a process that has no descriptor left, at first.
type exhausted struct {
	net.Listener
	times atomic.Int64
}

func (e *exhausted) Accept() (net.Conn, error) {
	if e.times.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return e.Listener.Accept()
}

// Without descriptors accepting is tried again at intervals, it shows in the log
// and in /readyz, and goes on when there are some.
func TestAcceptFails(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &exhausted{Listener: inner}
	l.times.Store(1 << 30)
	core, logs := observer.New(zap.WarnLevel)
	all := newConnections(4, zap.New(core))
	server := newServer(http.NotFoundHandler(), false, DefaultProxyUser, all, zap.NewNop())
	ended := make(chan error)
	go func() { ended <- server.Serve(all.limit(l)) }()
	time.Sleep(500 * time.Millisecond)
	// 5, 10, 20 ... ms between: net/http's own
	if n := 1<<30 - l.times.Load(); n < 2 || n > 10 {
		t.Errorf("%d attempts in half a second", n)
	}
	if state := stateOfConnections(all.Stats()); state.State != stateDegraded {
		t.Errorf("%+v", state)
	}
	if lines := logs.FilterMessage("a connection could not be accepted").All(); len(lines) == 0 ||
		!strings.Contains(fmt.Sprint(lines[0].ContextMap()["hint"]), "LimitNOFILE") {
		t.Errorf("the log has %v", lines)
	}
	l.times.Store(0)
	s := &served{t, all, inner.Addr().String()}
	s.wantStatus(s.send(whole), 404)
	server.Close()
	<-ended
}
