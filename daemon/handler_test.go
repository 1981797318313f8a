package daemon

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/zap"

	"picloud"
	"picloud/problem"
)

// notedRefusals is what serves scripts, and only ever refuses.
type notedRefusals struct{ n atomic.Int64 }

func (r *notedRefusals) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusOK)
}

func (r *notedRefusals) Refuse(w http.ResponseWriter, _ *http.Request, reason *picloud.Error) {
	r.n.Add(1)
	problem.Write(w, reason)
}

// A complete header that is too large is refused at once, body or not, with a
// problem document, and below /run/ by what gives requests their ids.
func TestTooLargeHeaders(t *testing.T) {
	var fields strings.Builder
	for n := range maxHeaderFields + 1 {
		fmt.Fprintf(&fields, "x-%d: 1\r\n", n)
	}
	run := &notedRefusals{}
	s := serveLimited(t, 4, newHandler(routes{Logger: zap.NewNop(), Health: &health{}, Run: run}))
	for name, header := range map[string]string{
		"fields": fields.String(),
		"a byte": "x: " + strings.Repeat("x", maxHeaderBytes) + "\r\n",
		"double": "x: " + strings.Repeat("x", 2*maxHeaderBytes-100) + "\r\n",
	} {
		for path, refusals := range map[string]int64{"/nowhere": 0, "/run/one": 1} {
			run.n.Store(0)
			c := s.send("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n" + header + "\r\n")
			answer, err := io.ReadAll(c) // to the end of the connection, without its body having come
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || !strings.Contains(string(answer), `"bad_request"`) {
				t.Errorf("%s, %s: %q, %v", name, path, answer, err)
			}
			if n := run.n.Load(); n != refusals {
				t.Errorf("%s, %s: refused %d times as a call", name, path, n)
			}
		}
	}
	fits := "x: " + strings.Repeat("x", maxHeaderBytes-100) + "\r\n"
	s.wantStatus(s.send("GET /run/one HTTP/1.1\r\nHost: a\r\n"+fits+"\r\n"), 200)
}

// "OPTIONS *" asks of no path in particular, and there is nothing.
func TestOptionsOfTheServer(t *testing.T) {
	s := serveLimited(t, 4, newHandler(routes{Logger: zap.NewNop(), Health: &health{}, Run: &notedRefusals{}}))
	answer, err := io.ReadAll(s.send("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 404 ") || !strings.Contains(string(answer), `"not_found"`) {
		t.Errorf("%q, %v", answer, err)
	}
}
