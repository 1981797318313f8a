package daemon

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"picloud"
	"picloud/manager"
	"picloud/orchestrator"
	"picloud/problem"
)

// routes is what the daemon serves.
type routes struct {
	Run      runner
	Manager  manager.Config
	Health   *health
	Registry *prometheus.Registry
	Logger   *zap.Logger
}

// runner serves what is below orchestrator.Prefix.
type runner interface {
	http.Handler
	Refuse(w http.ResponseWriter, r *http.Request, reason *picloud.Error)
}

// newHandler answers everything, on every listener.
func newHandler(r routes) http.Handler {
	mux := http.NewServeMux()
	manager.Register(mux, r.Manager)
	mux.HandleFunc("GET /healthz", r.Health.alive)
	mux.HandleFunc("GET /readyz", r.Health.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(r.Registry, promhttp.HandlerOpts{}))

	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer answerPanic(w, req, r.Logger)
		// not through the mux, which would redirect paths that are a script's affair
		toRun := strings.HasPrefix(req.URL.Path, orchestrator.Prefix)
		if reason := judgeHeader(req); reason != nil {
			leaveBody(w)
			if toRun {
				r.Run.Refuse(w, req, reason)
			} else {
				problem.Write(w, reason)
			}
			return
		}
		if toRun {
			r.Run.ServeHTTP(w, req)
			return
		}
		if _, pattern := mux.Handler(req); pattern == "" {
			notFound(mux, w, req)
			return
		}
		mux.ServeHTTP(w, req)
	})
}

// maxHeaderFields bounds the fields of a request's header, which take far more
// memory than bytes on the wire; maxHeaderBytes bounds those, the first line's
// included. A server reads a header of twice as many, so that what is too large is
// mostly answered here, and not by net/http, whose answer is plain text.
const (
	maxHeaderFields = 256
	maxHeaderBytes  = 64 << 10
)

// judgeHeader finds a header that is too large.
func judgeHeader(r *http.Request) *picloud.Error {
	if len(r.Header) > maxHeaderFields {
		return &picloud.Error{
			Code:    picloud.CodeBadRequest,
			Message: fmt.Sprintf("a request may have %d header fields", maxHeaderFields),
		}
	}
	size := len(r.Method) + len(r.RequestURI) + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	if size > maxHeaderBytes {
		return &picloud.Error{
			Code:    picloud.CodeBadRequest,
			Message: fmt.Sprintf("a request's first line and header may have %d bytes", maxHeaderBytes),
		}
	}
	return nil
}

// leaveBody has a request answered without waiting for its body, as the last on
// its connection: as long as the request is there, so is its header.
func leaveBody(w http.ResponseWriter) {
	// a connection without deadlines, as in tests, is not an error
	http.NewResponseController(w).SetReadDeadline(time.Now())
	w.Header().Set("Connection", "close")
}

// answerPanic makes a bug in a handler an answer, and a line in the log, for
// this one request.
func answerPanic(w http.ResponseWriter, r *http.Request, logger *zap.Logger) {
	switch p := recover(); p {
	case nil:
	case http.ErrAbortHandler:
		panic(p)
	default:
		logger.Error("a handler panicked", zap.String("path", r.URL.Path), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
		problem.Write(w, picloud.AsError(http.ErrAbortHandler))
	}
}

// notFound answers what the mux has no handler for. Whether it is the path or
// the method that is wrong is the mux's to say.
func notFound(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	verdict := verdict{header: http.Header{}}
	mux.ServeHTTP(&verdict, r)
	switch {
	case verdict.status == http.StatusMethodNotAllowed:
		w.Header().Set("Allow", verdict.header.Get("Allow"))
		problem.Write(w, &picloud.Error{
			Code:    picloud.CodeMethodNotAllowed,
			Message: "allowed here: " + verdict.header.Get("Allow"),
		})
	case verdict.header.Get("Location") != "": // a path to be cleaned
		w.Header().Set("Location", verdict.header.Get("Location"))
		w.WriteHeader(verdict.status)
	default:
		problem.Write(w, &picloud.Error{
			Code:    picloud.CodeNotFound,
			Message: "there is nothing at this path",
			Hint:    "scripts are below " + orchestrator.Prefix + "; /openapi.json lists the rest",
		})
	}
}

// verdict keeps the status and headers of an answer and drops the body.
type verdict struct {
	header http.Header
	status int
}

func (v *verdict) Header() http.Header         { return v.header }
func (v *verdict) Write(p []byte) (int, error) { return len(p), nil }
func (v *verdict) WriteHeader(status int)      { v.status = status }
