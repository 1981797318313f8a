package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"picloud/bench/peer"
	"picloud/bench/report"
)

// patience bounds each wait for a server; nothing is measured with it.
const patience = 30 * time.Second

// server is a process that listens on a unix socket, with its descendants.
type server struct {
	cmd    *exec.Cmd
	socket string
	log    string // a file
	exited chan struct{}
}

// start starts a server. Whoever has it stops it.
func start(cmd *exec.Cmd, socket, log string) (*server, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, socket: socket, log: log, exited: make(chan struct{})}
	go func() {
		defer close(s.exited)
		cmd.Wait() // how it ended is in its log
	}()
	return s, nil
}

// listening waits until somebody listens.
func (s *server) listening(ctx context.Context) error {
	return s.wait(ctx, "it listens", func() bool {
		c, err := net.Dial("unix", s.socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// wait asks again and again, until what it is waited for is true, or the server
// has ended.
func (s *server) wait(ctx context.Context, what string, is func() bool) error {
	for deadline := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		select {
		case <-s.exited:
			return fmt.Errorf("it ended: %s", s.lastWords())
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it took too long until %s: %s", what, s.lastWords())
		}
	}
	return nil
}

// lastWords is the end of the server's log.
func (s *server) lastWords() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	const enough = 600
	return strings.TrimSpace(string(text[max(0, len(text)-enough):]))
}

// stop ends the server and waits for it. It may have ended.
func (s *server) stop() {
	s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.cmd.Process.Kill()
		<-s.exited
	}
}

// side is a server that takes part, and what was measured of it.
type side struct {
	report.Side
	*server
	path string
}

// startPeers starts all peers that can be had, and says why others cannot.
func startPeers(ctx context.Context, dir string, absent map[string]string) (sides []*side, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for _, kind := range peer.Kinds() {
		named := describe(kind)
		own := filepath.Join(dir, string(kind))
		if err := os.Mkdir(own, 0o755); err != nil {
			return sides, err
		}
		socket := filepath.Join(own, "s")
		s, err := start(exec.Command(self, "peer", string(kind), socket), socket, filepath.Join(own, "log"))
		if err != nil {
			return sides, err
		}
		if err := s.listening(ctx); err != nil {
			s.stop()
			absent[named.Name] = err.Error()
			continue
		}
		sides = append(sides, &side{Side: named, server: s, path: "/?name=bench"})
	}
	return sides, ctx.Err()
}

func describe(kind peer.Kind) report.Side {
	switch kind {
	case peer.InProcess:
		return report.Side{Name: report.InProcess, What: "PiCloud's own interpreter, limits enforced, run inside the server's process, a fresh interpreter for each call. " +
			"Unsafe: a script that breaks the interpreter has the server. The upper bound."}
	case peer.Reused:
		return report.Side{Name: report.Reused, What: "one worker process for each CPU that does one job after the other over a pipe, a fresh interpreter for each. " +
			"Unsafe: a script that breaks the interpreter has all later calls."}
	case peer.Floor:
		return report.Side{Name: report.Floor, What: "starts for each request a static program of a dozen bytes that ends at once, and waits for it. " +
			"Runs no script: the least that a process for each call costs by fork and exec."}
	case peer.CGI:
		return report.Side{Name: report.CGI, What: "Debian's `lua5.1` as a CGI program, a process for each call; no isolation, no limits."}
	case peer.Bubblewrap:
		return report.Side{Name: report.Bubblewrap, What: "the same in `bubblewrap`, with all its namespaces and a root of `/usr` alone; no limits, no seccomp filter, no Landlock."}
	}
	return report.Side{Name: string(kind)}
}
