package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// channel is where a trigger of the schema notifies of every write, whoever
// makes it.
const channel = "picloud_changed"

// The wait before another attempt to listen, which doubles with each that
// failed in a row, between these bounds.
const (
	minRelisten = time.Second
	maxRelisten = time.Minute
)

// changes hears of what is written to the database, by this program and by
// others, over a connection of its own, on which it waits without a timer. See
// LISTEN in PostgreSQL's documentation.
//
// When that connection ends, it hears nothing and says so. It does not try again by
// itself: nobody needs it before the next call, and that one finds out whether
// there is a database to listen to.
//
// A connection that breaks without a word, as when a cable is pulled, is found out
// by the kernel's probes (keepAlive), after 25 seconds at most. For so long, and
// only then, a write by another program goes unheard and unnoticed.
type changes struct {
	pool    *pgxpool.Pool
	timeout time.Duration // for an attempt to begin
	stop    context.CancelFunc
	ended   chan struct{} // closed when nobody listens any more; nil if nobody ever did

	number  atomic.Uint64
	hearing atomic.Bool
	retry   chan struct{}

	mu      sync.Mutex
	resting time.Time     // no attempt before it
	rest    time.Duration // after the next failure
}

func newChanges(pool *pgxpool.Pool, timeout time.Duration) *changes {
	c := &changes{pool: pool, timeout: timeout, stop: func() {}, retry: make(chan struct{}, 1)}
	c.number.Store(1)
	return c
}

// keepAlive has the kernel send probes over an idle connection, for which this
// process is not woken up. No firewall on the way then forgets it.
func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}
}

// Revision is part of store.Store.
func (s *Store) Revision() (uint64, bool) {
	hearing := s.changes.hearing.Load() // first: what went unheard before it has moved the number
	return s.changes.number.Load(), hearing
}

// start begins to listen.
func (c *changes) start() {
	ctx, cancel := context.WithCancel(context.Background())
	c.stop, c.ended = cancel, make(chan struct{})
	go func() {
		defer close(c.ended)
		for {
			heard := c.listen(ctx)
			c.hearing.Store(false)
			c.pause(heard)
			select {
			case <-c.retry:
			case <-ctx.Done():
				return
			}
		}
	}()
}

func (c *changes) close() {
	c.stop()
	if c.ended != nil {
		<-c.ended
	}
}

// moved notes that something may have been written.
func (c *changes) moved() { c.number.Add(1) }

// answered notes that the database answers, so that it can be listened to.
func (c *changes) answered() {
	if c.hearing.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.resting) {
		return
	}
	select {
	case c.retry <- struct{}{}:
	default:
	}
}

// pause says when to try again: a server that was listened to may soon be back,
// one that cannot be listened to need not be asked often.
func (c *changes) pause(heard bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if heard {
		c.rest = 0
	}
	c.rest = min(max(2*c.rest, minRelisten), maxRelisten)
	c.resting = time.Now().Add(c.rest)
	select {
	case <-c.retry: // of a call before
	default:
	}
}

// listen hears of changes until its connection or ctx ends, and tells whether it
// came so far.
func (c *changes) listen(ctx context.Context) (heard bool) {
	conn, err := c.begin(ctx)
	if err != nil {
		return false // calls ask the database themselves, and say what they find
	}
	defer conn.Close(context.Background())
	c.moved() // nobody knows what was written before
	c.hearing.Store(true)
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return true
		}
		c.moved()
	}
}

// begin gives a connection that hears of writes. A connection pooler between
// may take LISTEN and then pass nothing on, so one notification has to arrive.
func (c *changes) begin(ctx context.Context) (_ *pgx.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	config := c.pool.Config().ConnConfig
	config.DialFunc = (&net.Dialer{KeepAliveConfig: keepAlive()}).DialContext
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			conn.Close(context.Background())
		}
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return nil, err
	}
	proof := rand.Text()
	if _, err := c.pool.Exec(ctx, "SELECT pg_notify($1, $2)", channel, proof); err != nil {
		return nil, err
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return nil, fmt.Errorf("no notification arrives: %w", err)
		}
		if n.Payload == proof {
			return conn, nil
		}
	}
}
