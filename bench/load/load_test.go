package load

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serve gives the socket of a server that ends with the test.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(l)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return socket
}

// run makes one load.
func run(ctx context.Context, s Spec) (result Result, err error) {
	err = Run(ctx, func(r Result) error { result = r; return nil }, s)
	return result, err
}

func TestRun(t *testing.T) {
	for name, spec := range map[string]Spec{
		"closed": {Clients: 4},
		"open":   {Rate: 500},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			served, paths := 0, map[string]int{}
			spec.Socket = serve(t, func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(2 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				served++
				paths[r.URL.Path]++
				io.WriteString(w, "well")
			})
			spec.Path, spec.Paths, spec.Want = "/s%02d?name=x", 5, "well"
			spec.WarmUp, spec.Duration, spec.Seed = 50*time.Millisecond, 300*time.Millisecond, 1
			r, err := run(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			if r.Errors != 0 || r.Total != served || r.Requests == 0 || r.Requests >= r.Total {
				t.Errorf("%+v; the server counts %d", r, served)
			}
			if r.P50 < 2000 || r.P99 < r.P50 || r.PerSecond <= 0 || r.PerSecond > 4/0.002+1 {
				t.Errorf("%+v", r)
			}
			if len(paths) != 5 || paths["/s04"] == 0 {
				t.Errorf("paths %v", paths)
			}
		})
	}
}

// In turn, no path is asked for again before all others have been.
func TestPathsInTurn(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	socket := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked[r.URL.Path]++
		io.WriteString(w, "well")
	})
	spec := Spec{Socket: socket, Path: "/%d", Paths: 10_000, InTurn: true, Want: "well", Rate: 500, Duration: 200 * time.Millisecond}
	for range 2 {
		r, err := run(t.Context(), spec)
		if err != nil || r.Total < 10 {
			t.Fatalf("%+v, %v", r, err)
		}
		spec.First += r.Total
	}
	if len(asked) != spec.First {
		t.Errorf("%d requests for %d paths", spec.First, len(asked))
	}
	spec.Paths = 10
	seen := map[int]bool{}
	for n := range 10 {
		seen[spec.turn(n)] = true
	}
	if len(seen) != 10 {
		t.Errorf("10 turns have %d of 10 paths", len(seen))
	}
	for _, wrong := range []Spec{{Clients: 1, Paths: 10}, {Rate: 1}, {Rate: 1, Paths: 2 * apart}} {
		wrong.InTurn, wrong.Duration = true, time.Millisecond
		if _, err := run(t.Context(), wrong); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

// A server may say with an answer that it is the last on its connection.
func TestLastAnswers(t *testing.T) {
	for name, spec := range map[string]Spec{
		"closed": {Clients: 4},
		"open":   {Rate: 500, Connections: 4},
	} {
		t.Run(name, func(t *testing.T) {
			var served atomic.Int64
			spec.Socket = serve(t, func(w http.ResponseWriter, r *http.Request) {
				if served.Add(1)%3 == 0 {
					w.Header().Set("Connection", "close")
				}
				io.WriteString(w, "well")
			})
			spec.Path, spec.Want, spec.Duration = "/", "well", 200*time.Millisecond
			if r, err := run(t.Context(), spec); err != nil || r.Errors != 0 || int64(r.Total) != served.Load() || r.Total < 10 {
				t.Errorf("%+v, %v; the server counts %d", r, err, served.Load())
			}
		})
	}
}

// An answer that takes longer than the whole load is measured all the same.
func TestSlowAnswersAreMeasured(t *testing.T) {
	socket := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(60 * time.Millisecond)
		io.WriteString(w, "well")
	})
	r, err := run(t.Context(), Spec{Socket: socket, Path: "/", Want: "well", Clients: 2, WarmUp: 5 * time.Millisecond, Duration: 5 * time.Millisecond})
	if err != nil || r.Requests != 2 || r.Total != 4 || r.P50 < 60_000 || r.PerSecond <= 0 || r.PerSecond > 2/0.06 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A refusal is no error, and is measured apart from what is answered.
func TestRefusals(t *testing.T) {
	var mu sync.Mutex
	n := 0
	socket := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		n++
		refuse := n%3 == 0
		mu.Unlock()
		if refuse {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return
		}
		time.Sleep(10 * time.Millisecond)
		io.WriteString(w, "well")
	})
	for _, spec := range []Spec{{Clients: 1}, {Rate: 300}} {
		spec.Socket, spec.Path, spec.Want, spec.Duration = socket, "/", "well", 200*time.Millisecond
		r, err := run(t.Context(), spec)
		if err != nil || r.Errors != 0 || r.Refused < r.Total/3-1 || r.Refused > r.Total/3+1 || r.Requests+r.Refused != r.Total {
			t.Errorf("%+v, %v", r, err)
		}
		if r.RefusedP50 <= 0 || r.RefusedP50 >= r.P50 || r.P50 < 10_000 || r.RefusedP99 < r.RefusedP50 || r.RefusedPerSecond <= 0 || r.RefusedPerSecond >= r.PerSecond {
			t.Errorf("%+v", r)
		}
	}
}

// A load in which all is refused is measured. One in which only the warm-up was
// refused has no measurement of a refusal, and none at all if nothing else came.
func TestOnlyRefusals(t *testing.T) {
	for _, c := range []struct {
		name          string
		first, others int
		measured      bool
	}{{"all", 503, 503, true}, {"the first", 503, 200, true}, {"the first, and wrong answers", 503, 500, false}} {
		var mu sync.Mutex
		n := 0
		socket := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			n++
			status := c.others
			if n == 1 {
				status = c.first
			}
			mu.Unlock()
			if status == 503 {
				time.Sleep(time.Millisecond)
			}
			w.WriteHeader(status)
			io.WriteString(w, "well")
		})
		for _, spec := range []Spec{{Clients: 1}, {Rate: 300}} {
			mu.Lock()
			n = 0
			mu.Unlock()
			spec.Socket, spec.Path, spec.Want, spec.WarmUp, spec.Duration = socket, "/", "well", 100*time.Millisecond, 100*time.Millisecond
			r, err := run(t.Context(), spec)
			if c.measured != (err == nil) {
				t.Errorf("%s: %+v, %v", c.name, r, err)
			}
			switch c.name {
			case "all":
				if r.Refused != r.Total || r.Requests != 0 || r.P50 != 0 || r.P99 != 0 || r.PerSecond != 0 || r.RefusedP50 < 1000 || r.RefusedPerSecond <= 0 {
					t.Errorf("%s: %+v", c.name, r)
				}
			case "the first":
				if r.Refused != 1 || r.Requests == 0 || r.RefusedP50 != 0 || r.RefusedP99 != 0 || r.RefusedPerSecond != 0 {
					t.Errorf("%s: %+v", c.name, r)
				}
			}
		}
	}
}

// A load begins when the one before has sent its last request, whose answer may
// be to come.
func TestOneLoadAfterTheOther(t *testing.T) {
	release := make(chan struct{})
	var once sync.Once
	socket := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/second" {
			once.Do(func() { close(release) })
			time.Sleep(20 * time.Millisecond)
		}
		<-release
		io.WriteString(w, r.URL.Path)
	})
	spec := func(path string) Spec {
		return Spec{Socket: socket, Path: path, Want: path, Rate: 300, Duration: 100 * time.Millisecond}
	}
	var results []Result
	each := func(r Result) error {
		results = append(results, r)
		return nil
	}
	if err := Run(t.Context(), each, spec("/first"), spec("/second")); err != nil {
		t.Fatal(err)
	}
	if len(results) != 2 || results[0].Errors+results[1].Errors > 0 || results[1].P50 < 20_000 {
		t.Errorf("%+v", results)
	}

	enough := errors.New("that is enough")
	if err := Run(t.Context(), func(Result) error { return enough }, spec("/first"), spec("/second")); !errors.Is(err, enough) {
		t.Error(err)
	}
	results = nil
	if err := Run(t.Context(), each, spec("/first"), Spec{}); err == nil || !strings.Contains(err.Error(), "either") || len(results) != 1 {
		t.Errorf("%v, %+v", err, results)
	}
}

// What waits for a connection gets one when one fails, and never too many.
func TestConnectionsAreBounded(t *testing.T) {
	var mu sync.Mutex
	at, most := 0, 0
	socket := serve(t, func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		at++
		most = max(most, at)
		mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		mu.Lock()
		at--
		mu.Unlock()
		panic(http.ErrAbortHandler)
	})
	_, err := run(t.Context(), Spec{Socket: socket, Path: "/", Want: "well", Rate: 500, Connections: 2, Duration: 200 * time.Millisecond})
	mu.Lock()
	defer mu.Unlock()
	if err == nil || !strings.Contains(err.Error(), "EOF") || most != 2 {
		t.Errorf("%d at a time, %v", most, err)
	}
}

func TestOnce(t *testing.T) {
	socket := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "well") })
	if err := Once(Spec{Socket: socket, Path: "/", Want: "well"}); err != nil {
		t.Error(err)
	}
	if err := Once(Spec{Socket: socket, Path: "/", Want: "ill"}); err == nil {
		t.Error("a wrong answer is right")
	}
	if err := Once(Spec{Socket: "/nowhere"}); err == nil {
		t.Error("nobody answers, and that is right")
	}
}

// An open load does not wait for answers.
func TestOpenDoesNotWait(t *testing.T) {
	release := make(chan struct{})
	var once sync.Once
	n := 0
	var mu sync.Mutex
	socket := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		n++
		if n == 10 {
			once.Do(func() { close(release) })
		}
		mu.Unlock()
		<-release
		io.WriteString(w, "well")
	})
	r, err := run(t.Context(), Spec{Socket: socket, Path: "/", Want: "well", Rate: 200, Duration: 500 * time.Millisecond})
	if err != nil || r.Errors > 0 || r.Total < 10 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestWrongAnswersAreErrors(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"another body":   func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ill") },
		"another status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); io.WriteString(w, "well") },
		"no length":      func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); io.WriteString(w, "well") },
		"a torn answer":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"only now and then": func() http.HandlerFunc {
			var mu sync.Mutex
			n := 0
			return func(w http.ResponseWriter, _ *http.Request) {
				mu.Lock()
				n++
				bad := n%2 == 0
				mu.Unlock()
				if bad {
					http.Error(w, "no", 500)
				} else {
					io.WriteString(w, "well")
				}
			}
		}(),
	} {
		socket := serve(t, h)
		for _, spec := range []Spec{{Clients: 2}, {Rate: 300}} {
			spec.Socket, spec.Path, spec.Want, spec.Duration = socket, "/", "well", 100*time.Millisecond
			r, err := run(t.Context(), spec)
			if now := strings.HasPrefix(name, "only"); now != (err == nil) || now != (r.Errors > 0 && r.Error != "") {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		}
	}
}

func TestRunFails(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	good := Spec{Socket: "/nowhere", Path: "/", Clients: 1, Duration: 20 * time.Millisecond}
	both, none := good, good
	both.Rate, none.Clients = 1, 0
	for _, c := range []struct {
		ctx  context.Context
		spec Spec
		want string
	}{{t.Context(), good, "no such file"}, {ended, good, "canceled"}, {t.Context(), both, "either"}, {t.Context(), none, "either"}} {
		if _, err := run(c.ctx, c.spec); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.spec, err)
		}
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	for _, c := range []struct {
		values  []float64
		p, want float64
	}{{hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100}, {hundred, 0, 1}, {hundred[:3], 50, 2}, {hundred[:1], 99, 1}, {hundred[:10], 99, 10}} {
		if got := Percentile(c.values, c.p); got != c.want {
			t.Errorf("%g%% of %d values: %g, want %g", c.p, len(c.values), got, c.want)
		}
	}
}
