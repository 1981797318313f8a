package load

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// maxOpen bounds the connections of an open load that names no bound. A request that
// finds as many waiting waits itself, and that counts.
const maxOpen = 512

// open sends requests at random times: gaps between them are exponentially
// distributed. What is measured begins when a request is sent, which is late by
// what the kernel needs to wake the sender, or when it had to be sent, if it had
// to wait for a connection. What it gives waits for the answers that have not come yet.
func open(ctx context.Context, s Spec, r *recorder) (answered func()) {
	// Go's timers are a millisecond late, the kernel's are not; they need a thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	random := rand.New(rand.NewPCG(s.Seed, 0))
	p := &idle{socket: s.Socket, free: make(chan *connection, cmp.Or(s.Connections, maxOpen))}
	var answers sync.WaitGroup

	next := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		next = next.Add(time.Duration(random.ExpFloat64() / s.Rate * float64(time.Second)))
		if next.After(r.end) {
			break
		}
		sleep(time.Until(next))
		request := s.request(random, n)
		begin := time.Now()
		c, waited, err := p.take()
		if waited {
			begin = next
		}
		if err == nil {
			err = c.send(request)
		}
		if err != nil {
			r.failed(err)
			p.drop(c)
			continue
		}
		answers.Go(func() {
			err := c.receive(s.Want)
			end := time.Now()
			switch {
			case errors.Is(err, errRefused):
				r.refused(begin, end)
			case err != nil:
				r.failed(err)
				p.drop(c)
				return
			default:
				r.took(begin, end)
			}
			if c.spent {
				p.drop(c)
				return
			}
			p.free <- c
		})
	}
	return func() {
		answers.Wait()
		p.close()
	}
}

func sleep(d time.Duration) {
	if d > 0 {
		left := unix.NsecToTimespec(d.Nanoseconds())
		for unix.Nanosleep(&left, &left) == unix.EINTR {
		}
	}
}

// idle are the connections that wait for a request. One goroutine takes, any gives
// back.
type idle struct {
	socket string
	free   chan *connection // nil: the place of one that was dropped
	open   int              // places taken
}

// take tells whether it had to wait for one.
func (p *idle) take() (c *connection, waited bool, err error) {
	select {
	case c = <-p.free:
	default:
		if p.open == cap(p.free) {
			c, waited = <-p.free, true
		} else {
			p.open++
		}
	}
	if c == nil {
		c, err = dial(p.socket)
	}
	return c, waited, err
}

// drop leaves the place to another, which may be waited for.
func (p *idle) drop(c *connection) {
	c.close()
	p.free <- nil
}

func (p *idle) close() {
	for {
		select {
		case c := <-p.free:
			c.close()
		default:
			return
		}
	}
}
