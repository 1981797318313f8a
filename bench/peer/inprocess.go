package peer

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"picloud/limits"
	"picloud/worker/lua"
	"picloud/worker/wire"
)

// inProcess runs scripts on the server's own goroutines. An interpreter does one
// job, so some are kept ready, and the next one is built when an answer is sent.
type inProcess struct {
	forms map[string][]byte // Source's at /, the others at their paths
	ready chan *lua.Interpreter
}

// readyInterpreters are more than the requests that are answered at a time while
// nothing waits.
const readyInterpreters = 4

func newInProcess() (*inProcess, error) {
	form, err := compile()
	if err != nil {
		return nil, err
	}
	h := &inProcess{map[string][]byte{"/": form}, make(chan *lua.Interpreter, readyInterpreters)}
	for _, s := range Sized() {
		if h.forms[s.Path()], err = Compile(name, s.Source, limits.Defaults()); err != nil {
			return nil, err
		}
	}
	for range readyInterpreters {
		if err := h.refill(); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (h *inProcess) refill() error {
	interpreter, err := lua.New()
	if err != nil {
		return err
	}
	select {
	case h.ready <- interpreter:
	default:
	}
	return nil
}

func (h *inProcess) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var interpreter *lua.Interpreter
	select {
	case interpreter = <-h.ready:
	default:
		var err error
		if interpreter, err = lua.New(); err != nil {
			respond(w, nil, err)
			return
		}
	}
	body, err := outcome(interpreter.Do(job(r, h.forms[r.URL.Path]), func(*wire.Log) {}))
	respond(w, body, err)
	http.NewResponseController(w).Flush()
	h.refill() // if it fails, the next request says so
}

func (h *inProcess) Close() error { return nil }

// compile gives Source's compiled form, which PiCloud has of a script that is called
// again and again.
func compile() ([]byte, error) { return Compile(name, Source, limits.Defaults()) }

// Compile gives a script's compiled form as a worker does.
func Compile(name, source string, l limits.Limits) ([]byte, error) {
	interpreter, err := lua.New()
	if err != nil {
		return nil, err
	}
	result := interpreter.Do(&wire.Job{Purpose: wire.Compile, ScriptName: name, Source: source, Limits: l}, nil)
	if _, err := outcome(result); err != nil {
		return nil, err
	}
	return result.Compiled, nil
}

// job is the request as PiCloud gives it to a script of this form.
func job(r *http.Request, form []byte) *wire.Job {
	j := &wire.Job{
		Purpose: wire.Run, InvocationID: rand.Text(), ScriptName: name, Version: 1,
		Compiled: form, Limits: limits.Defaults(),
		Request: wire.Request{Method: r.Method, Path: "/"},
	}
	query, _ := url.ParseQuery(r.URL.RawQuery) // ours to send, and well-formed
	for name, values := range query {
		j.Request.Query = append(j.Request.Query, wire.Pair{Name: name, Value: values[0]})
	}
	for name, values := range r.Header {
		j.Request.Headers = append(j.Request.Headers, wire.Pair{Name: strings.ToLower(name), Value: values[0]})
	}
	j.Request.Headers = append(j.Request.Headers, wire.Pair{Name: "host", Value: r.Host})
	for _, list := range [][]wire.Pair{j.Request.Query, j.Request.Headers} {
		slices.SortFunc(list, func(a, b wire.Pair) int { return strings.Compare(a.Name, b.Name) })
	}
	return j
}

func outcome(r *wire.Result) ([]byte, error) {
	if r.Status != wire.StatusOK {
		return nil, fmt.Errorf("status %d, limit %q: %s", r.Status, r.Limit, r.Message)
	}
	return r.Response.Body, nil
}
