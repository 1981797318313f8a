package orchestrator

import (
	"io"

	"golang.org/x/sync/semaphore"

	"picloud"
)

// freeBody is what each request may have of body bytes without asking: the
// number of connections bounds it. So small calls are served, whatever others do
// with large bodies.
const freeBody = 16 << 10

// bodies bounds the memory that request and response bodies take while they are
// received, wait and are sent. Bytes count when they are there, not when they are
// announced: a client has to send what it takes away from others.
type bodies struct{ free *semaphore.Weighted }

// newBodies allows bytes in all, besides each request's freeBody.
func newBodies(bytes int64) bodies { return bodies{semaphore.NewWeighted(bytes)} }

// hold begins a request, which releases what it has when it is over.
func (b bodies) hold() *held { return &held{all: b.free, allowance: freeBody} }

// held is what one request has of bodies. It is for one goroutine.
type held struct {
	all       *semaphore.Weighted
	allowance int64
	bytes     int64
}

// grow takes n bytes more, or nothing if there are not so many.
func (h *held) grow(n int) error {
	free := min(int64(n), h.allowance)
	more := int64(n) - free
	if !h.all.TryAcquire(more) {
		return &picloud.Error{
			Code:    picloud.CodeOverloaded,
			Message: "too many large requests and answers are on their way",
			Hint:    "try again in a moment",
		}
	}
	h.allowance -= free
	h.bytes += more
	return nil
}

func (h *held) release() {
	h.all.Release(h.bytes)
	h.bytes = 0
}

// counted counts what is read through it.
type counted struct {
	io.Reader
	held *held
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if full := c.held.grow(n); full != nil {
		return 0, full
	}
	return n, err
}
