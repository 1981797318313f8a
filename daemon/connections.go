package daemon

import (
	"container/list"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// headerBudget bounds, in bytes, what has been received of request headers that
// are not complete. A parsed byte may take sixteen of memory, if the fields are
// many and short.
const headerBudget = 2 << 20

// How long a connection may be without a complete request header before it has to make
// room. Who connects has something to ask at once; who was answered needs the time
// that an answer and a request take to travel.
const (
	graceNew  = 50 * time.Millisecond
	graceKept = 200 * time.Millisecond
)

// acceptTrouble is how long a failure to accept shows in /readyz.
const acceptTrouble = 30 * time.Second

// connections bounds what strangers can make the daemon hold open.
//
// There are never more than max connections. When one more comes, one is closed that
// has gone without a complete request header for longer than a grace: a client that
// keeps its connection idle, or sends its header a byte at a time, takes a place from
// one that has something to ask for no longer than that, and no request is lost that
// is on its way and comes within it. While there is none to close the new one waits,
// and each answer tells its client that the connection is good for no other, see
// crowded. All headers that are under way share headerBudget; those that have gone
// longest are closed at once.
type connections struct {
	max    int
	logger *zap.Logger

	mu       sync.Mutex
	changed  *sync.Cond // something that accept waits for may have happened
	open     int
	fresh    list.List // of *conn before their first complete request header, oldest first
	kept     list.List // of *conn between an answer and the next one
	unparsed int       // bytes received by those in both
	stats    connectionStats

	atDoor atomic.Int32 // accepted, and waiting for room
}

// connectionStats is a moment's view of connections.
type connectionStats struct {
	Open, Max int
	Full      bool      // all are being answered, and more want to come
	Evicted   uint64    // closed in favour of others
	FailedAt  time.Time // when accepting last failed
}

func newConnections(max int, logger *zap.Logger) *connections {
	c := &connections{max: max, logger: logger}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Stats may be called at any time.
func (c *connections) Stats() connectionStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Open, s.Max = c.open, c.max
	return s
}

// crowded tells whether connections wait for others to make room.
func (c *connections) crowded() bool { return c.atDoor.Load() > 0 }

// limit gives a listener whose connections count here. The server's ConnState
// has to be c.state.
func (c *connections) limit(l net.Listener) net.Listener { return &limited{Listener: l, all: c} }

type limited struct {
	net.Listener
	all    *connections
	closed bool // guarded by all.mu
}

func (l *limited) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		if !errors.Is(err, net.ErrClosed) {
			l.all.failed(err)
		}
		return nil, err
	}
	return l.all.admit(l, accepted)
}

func (l *limited) Close() error {
	l.all.mu.Lock()
	l.closed = true
	l.all.changed.Broadcast()
	l.all.mu.Unlock()
	return l.Listener.Close()
}

func (c *connections) failed(err error) {
	c.mu.Lock()
	c.stats.FailedAt = time.Now()
	c.mu.Unlock()
	hint := "the cause says why"
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		hint = "raise the number of open files (LimitNOFILE= of the service, fs.file-max of the machine)"
	}
	c.logger.Warn("a connection could not be accepted", zap.Error(err), zap.String("hint", hint))
}

// admit takes an accepted connection in, when there is room.
func (c *connections) admit(l *limited, accepted net.Conn) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open >= c.max {
		c.atDoor.Add(1)
		defer c.atDoor.Add(-1)
	}
	for c.open >= c.max {
		var soon *time.Timer // when the oldest has to make room
		if next, rest := c.nextToGo(); next != nil {
			if rest <= 0 {
				c.evict(next)
				continue
			}
			soon = time.AfterFunc(rest, c.lookAgain)
		} else if !c.stats.Full {
			c.stats.Full = true
			c.logger.Warn("all connections are in use; new ones wait", zap.Int("max", c.max))
		}
		if !l.closed {
			c.changed.Wait()
		}
		if soon != nil {
			soon.Stop()
		}
		if l.closed {
			accepted.Close()
			return nil, net.ErrClosed
		}
	}
	c.stats.Full = false
	c.open++
	admitted := &conn{Conn: accepted, all: c}
	c.wait(admitted, &c.fresh)
	return admitted, nil
}

// nextToGo gives who has to make room first, nil if nobody waits for a request, and
// how long it still need not; c.mu is held.
func (c *connections) nextToGo() (next *conn, rest time.Duration) {
	for _, line := range []struct {
		of    *list.List
		grace time.Duration
	}{{&c.fresh, graceNew}, {&c.kept, graceKept}} {
		if oldest := line.of.Front(); oldest != nil {
			its := time.Until(oldest.Value.(*conn).since.Add(line.grace))
			if next == nil || its < rest {
				next, rest = oldest.Value.(*conn), its
			}
		}
	}
	return next, rest
}

func (c *connections) lookAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed.Broadcast()
}

// state is an http.Server's ConnState: it tells connections that have a complete
// request header from those that do not.
func (c *connections) state(nc net.Conn, state http.ConnState) {
	admitted, ok := nc.(*conn)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case state == http.StateActive:
		c.leaveWaiting(admitted)
	case state == http.StateIdle && !admitted.gone:
		c.wait(admitted, &c.kept)
		c.changed.Broadcast()
	}
}

// evict closes a connection that waits; c.mu is held.
func (c *connections) evict(oldest *conn) {
	c.stats.Evicted++
	c.forget(oldest)
	oldest.Conn.Close()
}

// forget takes a connection out, once; c.mu is held.
func (c *connections) forget(gone *conn) {
	if gone.gone {
		return
	}
	gone.gone = true
	c.leaveWaiting(gone)
	c.open--
	c.changed.Broadcast()
}

// wait puts a connection among those that wait; c.mu is held.
func (c *connections) wait(joined *conn, line *list.List) {
	joined.line, joined.place, joined.since = line, line.PushBack(joined), time.Now()
}

// leaveWaiting takes a connection out of those that wait; c.mu is held.
func (c *connections) leaveWaiting(left *conn) {
	if left.place != nil {
		left.line.Remove(left.place)
		c.unparsed -= left.unparsed
		left.place, left.unparsed = nil, 0
	}
}

// received counts bytes of a header.
func (c *connections) received(by *conn, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if by.place == nil {
		return // a body's
	}
	by.unparsed += n
	c.unparsed += n
	for c.unparsed > headerBudget {
		c.evict(c.longestUnparsed())
	}
}

// longestUnparsed gives who has gone longest of those that have sent a part of a header;
// there is one, and c.mu is held.
func (c *connections) longestUnparsed() (longest *conn) {
	for _, line := range []*list.List{&c.fresh, &c.kept} {
		for e := line.Front(); e != nil; e = e.Next() {
			if one := e.Value.(*conn); one.unparsed > 0 {
				if longest == nil || one.since.Before(longest.since) {
					longest = one
				}
				break
			}
		}
	}
	return longest
}

// conn is a connection that counts.
type conn struct {
	net.Conn
	all *connections

	// guarded by all.mu
	line     *list.List    // that it waits in
	place    *list.Element // in line; nil while a request is being answered
	since    time.Time     // when it came there
	unparsed int
	gone     bool
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.all.received(c, n)
	}
	return n, err
}

func (c *conn) Close() error {
	c.all.mu.Lock()
	c.all.forget(c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}
