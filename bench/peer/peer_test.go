package peer

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The reused peer's workers are this test's own program.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == WorkerRole {
		if err := Worker(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// Every peer gives the same answer, again and again, and stops.
func TestAnswers(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir, err := os.MkdirTemp("", "picloud-peer-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			socket := filepath.Join(dir, "s")
			ctx, stop := context.WithCancel(t.Context())
			served := make(chan error, 1)
			go func() { served <- Serve(ctx, kind, socket) }()
			client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", socket)
			}}}
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
				// the file is there a moment before anybody listens
				if c, err := net.Dial("unix", socket); err == nil || time.Now().After(deadline) {
					if err == nil {
						c.Close()
					}
					break
				}
			}
			for range 7 {
				answer, err := client.Get("http://peer/?name=bench")
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || answer.StatusCode != 200 || string(body) != Answer || answer.ContentLength != int64(len(Answer)) {
					t.Errorf("%d %q, %d bytes, %v", answer.StatusCode, body, answer.ContentLength, err)
				}
			}
			stop()
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestServeFails(t *testing.T) {
	if err := Serve(t.Context(), "other", "/nowhere/s"); err == nil || !strings.Contains(err.Error(), "no such peer") {
		t.Error(err)
	}
	if err := Serve(t.Context(), InProcess, "/nowhere/s"); err == nil {
		t.Error("it listens nowhere")
	}
	t.Setenv("PATH", t.TempDir())
	for _, kind := range []Kind{CGI, Bubblewrap} {
		if err := Serve(t.Context(), kind, filepath.Join(t.TempDir(), "s")); err == nil || !strings.Contains(err.Error(), "bench/deps") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// An answer that is none is told, not measured.
func TestWorkerRefusesWhatIsNoJob(t *testing.T) {
	if err := Worker(strings.NewReader("nonsense"), io.Discard); err == nil {
		t.Error("nonsense is a job")
	}
	if err := Worker(strings.NewReader(""), io.Discard); err != nil {
		t.Errorf("no job at all: %v", err)
	}
}
