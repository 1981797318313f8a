// Package peer has what PiCloud is compared with: HTTP servers on a unix socket
// that give the same answer to the same request, each in its own way.
//
//	inprocess  PiCloud's interpreter, limits enforced, inside the server's own process
//	reused     the same interpreter in processes that do one job after the other
//	cgi        lua5.1 as a CGI program, a process for each request
//	bubblewrap the same in bubblewrap's namespaces
//	floor      a process for each request that does nothing but end
//
// None of them is safe to give strangers' scripts to; bubblewrap comes nearest,
// without limits, seccomp or Landlock. They look nothing up, log nothing, count
// nothing and check nothing, which is in their favour. They fail by answering 500,
// which no benchmark accepts.
package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// Source is the script of all sides that have PiCloud's interpreter.
const Source = `return { hello = ctx.request.query.name or "world" }`

// name is that script's.
const name = "hello"

// Answer is what it returns, and every peer, for the query name=bench.
const Answer = `{"hello":"bench"}`

// Kind is a peer's name.
type Kind string

// The peers.
const (
	InProcess  Kind = "inprocess"
	Reused     Kind = "reused"
	CGI        Kind = "cgi"
	Bubblewrap Kind = "bubblewrap"
	Floor      Kind = "floor"
)

// Kinds are all peers, from the fastest to the slowest.
func Kinds() []Kind { return []Kind{InProcess, Reused, Floor, CGI, Bubblewrap} }

// handler answers until it is closed.
type handler interface {
	http.Handler
	Close() error
}

// Serve is a peer that listens on a unix socket until ctx ends. The folder of the
// socket is its own.
func Serve(ctx context.Context, kind Kind, socket string) error {
	h, err := newHandler(kind, filepath.Dir(socket))
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return errors.Join(err, h.Close())
	}
	server := &http.Server{Handler: h}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(err, h.Close())
	}
	return h.Close()
}

func newHandler(kind Kind, dir string) (handler, error) {
	switch kind {
	case InProcess:
		return newInProcess()
	case Reused:
		return newReused()
	case CGI:
		return newCGI(dir)
	case Bubblewrap:
		return newBubblewrap(dir)
	case Floor:
		return newFloor(dir)
	}
	return nil, errors.New("there is no such peer")
}

// respond sends a JSON body, or says what went wrong.
func respond(w http.ResponseWriter, body []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // an error here is the client's
}

// put makes a file that everybody may read.
func put(path, text string, mode os.FileMode) (string, error) {
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		return "", err
	}
	return path, nil
}
