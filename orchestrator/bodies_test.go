package orchestrator

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"picloud"
	"picloud/store"
	"picloud/supervisor"
	"picloud/worker/wire"
)

// heldUp is an executor that keeps its callers until they may go on.
type heldUp struct {
	begun, goOn chan struct{}
	response    []byte
}

func (h heldUp) Invoke(context.Context, supervisor.Invocation, store.Form) *supervisor.Report {
	if h.begun != nil {
		select {
		case h.begun <- struct{}{}:
			<-h.goOn
		case <-time.After(10 * time.Second): // a call that should not have come so far
		}
	}
	r := ok(wire.Response{Status: 200, Body: h.response})
	return &r
}

func bounded(t *testing.T, bytes int64, e Executor) *Orchestrator {
	t.Helper()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	one := scripts{script: store.Script{Name: "one", Source: "return 1", Version: 3, Enabled: true}}
	return New(Config{Scripts: one, Executor: e, EnvCeiling: noCeiling, BodyBytes: bytes, Metrics: metrics, Logger: zap.NewNop()})
}

func post(o *Orchestrator, body io.Reader) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	o.ServeHTTP(w, httptest.NewRequest("POST", "/run/one", body))
	return w
}

// What is there counts while it is there; small bodies are always taken.
func TestRequestBodiesAreBounded(t *testing.T) {
	e := heldUp{begun: make(chan struct{}), goOn: make(chan struct{})}
	o := bounded(t, 400<<10, e)
	large, small := strings.Repeat("x", 200<<10), strings.Repeat("x", freeBody)
	answers := make(chan *httptest.ResponseRecorder)
	send := func(body string) {
		go func() { answers <- post(o, strings.NewReader(body)) }()
		<-e.begun
	}
	send(large)
	send(large)
	if w := post(o, strings.NewReader(large)); w.Code != 503 || code(t, w) != "overloaded" || w.Header().Get("Retry-After") == "" {
		t.Errorf("a body too many: %d %s", w.Code, w.Body)
	}
	send(small) // is taken all the same
	for range 3 {
		e.goOn <- struct{}{}
		if w := <-answers; w.Code != 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	send(large) // there is room again
	e.goOn <- struct{}{}
	if w := <-answers; w.Code != 200 {
		t.Errorf("afterwards: %d %s", w.Code, w.Body)
	}
	if !o.bodies.free.TryAcquire(400 << 10) {
		t.Error("something is still held")
	}
}

// An announced length takes nothing from others.
func TestAnnouncedBodiesTakeNothing(t *testing.T) {
	o := bounded(t, 200<<10, heldUp{})
	stalled, writer := io.Pipe()
	defer writer.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := httptest.NewRequest("POST", "/run/one", stalled)
		r.ContentLength = 200 << 10
		o.ServeHTTP(httptest.NewRecorder(), r)
	}()
	writer.Write([]byte("x")) // now it is being read
	if w := post(o, strings.NewReader(strings.Repeat("x", 200<<10))); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	writer.CloseWithError(io.ErrUnexpectedEOF)
	<-done
	if !o.bodies.free.TryAcquire(200 << 10) {
		t.Error("what the broken request had is still held")
	}
}

// slow is a client that takes its answer when it likes.
type slow struct {
	*httptest.ResponseRecorder
	writing, goOn chan struct{}
}

func (s slow) Write(p []byte) (int, error) {
	s.writing <- struct{}{}
	<-s.goOn
	return s.ResponseRecorder.Write(p)
}

// Answers that are not received yet count too: their workers are free again, so
// nothing else bounds them.
func TestAnswersAreBounded(t *testing.T) {
	e := heldUp{response: make([]byte, 300<<10)}
	o := bounded(t, 400<<10, e)
	client := slow{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.ServeHTTP(client, httptest.NewRequest("GET", "/run/one", nil))
	}()
	<-client.writing
	if w := post(o, http.NoBody); w.Code != 503 || code(t, w) != string(picloud.CodeOverloaded) {
		t.Errorf("an answer too many: %d", w.Code)
	}
	client.goOn <- struct{}{}
	<-done
	if w := post(o, http.NoBody); w.Code != 200 {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// Thousands of query parameters are refused before they are parsed: a broken one
// among them is not found.
func TestManyQueryParameters(t *testing.T) {
	w := httptest.NewRecorder()
	bounded(t, 0, heldUp{}).ServeHTTP(w, httptest.NewRequest("GET", "/run/one?"+strings.Repeat("%zz&", wire.MaxPairs), nil))
	if w.Code != 400 || code(t, w) != "bad_request" || !strings.Contains(w.Body.String(), "257 query parameters") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A client that stops in the middle of its body, or of its answer, is given up;
// nothing is held for it any more.
func TestClientsThatStop(t *testing.T) {
	large := 8 << 20 // more than a connection's buffers
	o := bounded(t, int64(large), heldUp{response: make([]byte, large)})
	o.bodyTimeout, o.sendTimeout = 50*time.Millisecond, 50*time.Millisecond
	ended := make(chan struct{}, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.ServeHTTP(w, r)
		ended <- struct{}{}
	}))
	defer server.Close()
	for name, request := range map[string]string{
		"in its body":   "POST /run/one HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 50_000),
		"in its answer": "GET /run/one HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Fatalf("a client that stops %s is waited for", name)
		}
		if !o.bodies.free.TryAcquire(int64(large)) {
			t.Errorf("%s: something is still held", name)
		}
		o.bodies.free.Release(int64(large))
	}
}
