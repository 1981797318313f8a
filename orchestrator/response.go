package orchestrator

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"picloud"
	"picloud/worker/wire"
)

// checkResponse finds what no honest worker sends: the interpreter refuses all
// this in the script already.
func checkResponse(r wire.Response) *picloud.Error {
	if r.Status < 200 {
		return brokenAnswer(fmt.Errorf("status %d", r.Status))
	}
	for _, h := range r.Headers {
		if !httpguts.ValidHeaderFieldName(h.Name) || !httpguts.ValidHeaderFieldValue(h.Value) {
			return brokenAnswer(fmt.Errorf("header field %.100q", h))
		}
	}
	return nil
}

func brokenAnswer(cause error) *picloud.Error {
	return &picloud.Error{
		Code:    picloud.CodeWorkerKilled,
		Message: "the script's process ended without a valid answer",
		Cause:   cause,
	}
}

// ours tells whether a header field is the server's to set and not a script's:
// those of the connection (RFC 9110, section 7.6.1), of the message's framing,
// and PiCloud's own.
func ours(name string) bool {
	switch name = http.CanonicalHeaderKey(name); name {
	case "Connection", "Content-Length", "Date", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return strings.HasPrefix(name, "Picloud-")
}

// writeResponse sends a script's response. Content-Type is always set, so that
// nobody guesses at one.
func (o *Orchestrator) writeResponse(w http.ResponseWriter, r *http.Request, response wire.Response) {
	// a connection without deadlines, as in tests, is not an error
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(o.sendTimeout))
	h := w.Header()
	for _, field := range response.Headers {
		if !ours(field.Name) {
			h.Add(field.Name, field.Value)
		}
	}
	switch response.Status {
	case http.StatusResetContent:
		h.Set("Content-Length", "0") // RFC 9110, section 15.3.6; else it would be chunked
		fallthrough
	case http.StatusNoContent, http.StatusNotModified:
		h.Del("Content-Type")
		w.WriteHeader(response.Status)
		return
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/octet-stream")
	}
	h.Set("Content-Length", strconv.Itoa(len(response.Body)))
	w.WriteHeader(response.Status)
	if r.Method != http.MethodHead {
		w.Write(response.Body) // an error here is the client's, and there is nobody left to tell
	}
}
