package daemon

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// lingerTime is how long connections that clients keep for a next request are
// still read from when the daemon stops and systemd holds its sockets. Whoever
// gives up idle connections sooner, as our Caddyfile does, loses no request.
const lingerTime = 2 * time.Second

// drainer is what stopping needs of the supervisor: no more invocations, and the
// end of those that run, by themselves or not.
type drainer interface {
	Drain(context.Context) error
	Close() error
}

// servers serve the listeners.
type servers struct {
	config        Config
	listeners     []listener
	handler       http.Handler
	supervisor    drainer
	public, admin *connections

	stopping atomic.Bool // no connection is used for another request
}

// serve answers until ctx ends, and stops; then everything it started has ended.
func (s *servers) serve(ctx context.Context, read *ceiling) (err error) {
	var all []*http.Server
	var serving errgroup.Group
	var beside sync.WaitGroup
	failed := make(chan error, len(s.listeners))
	logger := s.config.Logger
	besideCtx, endBeside := context.WithCancel(context.Background())
	for _, l := range s.listeners {
		connections := s.public
		if l.admin {
			connections = s.admin
			beside.Go(func() { watchdog(besideCtx, l.Addr(), logger) })
		}
		last := func() bool { return s.stopping.Load() || connections.crowded() }
		server := newServer(answers(s.handler, last), l.admin, s.config.ProxyUser, connections, logger)
		all = append(all, server)
		serving.Go(func() error {
			err := server.Serve(connections.limit(l))
			if !errors.Is(err, http.ErrServerClosed) && !(s.stopping.Load() && errors.Is(err, net.ErrClosed)) {
				failed <- err
				return err
			}
			return nil
		})
		logger.Info("listening", zap.Stringer("address", l.Addr()), zap.String("network", l.Addr().Network()),
			zap.Bool("admin_socket", l.admin), zap.Bool("by_systemd", l.passed))
	}
	beside.Go(func() { reloads(s.config, read, besideCtx.Done()) })
	logger.Info("ready")
	notify(logger, sdnotify.SdNotifyReady)

	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	notify(logger, sdnotify.SdNotifyStopping)
	logger.Info("stopping")
	s.stop(all)
	endBeside()
	beside.Wait()
	serving.Wait()
	logger.Info("stopped")
	return err
}

// stop ends the service, for at most StopTimeout and what closing takes.
//
// Where systemd holds the socket, no call is lost: nothing more is accepted, so
// that new connections wait for the next daemon, and all that were accepted are
// answered. Where the socket is our own, calls that come while others still run
// get 503.
func (s *servers) stop(all []*http.Server) {
	logger := s.config.Logger
	drainCtx, cancel := context.WithTimeout(context.Background(), s.config.StopTimeout)
	defer cancel()
	var handedOver sync.WaitGroup
	s.stopping.Store(true)
	for i, l := range s.listeners {
		if l.passed {
			l.Close() // ours of the descriptors; systemd has its own
			handedOver.Go(func() {
				s.linger(drainCtx)
				all[i].Shutdown(drainCtx) // an error is told by Drain below
			})
		}
	}
	handedOver.Wait()
	if err := s.supervisor.Drain(drainCtx); err != nil {
		logger.Warn("invocations still run and are ended", zap.Duration("after", s.config.StopTimeout))
		// their answers still go out, by the servers below
		if err := s.supervisor.Close(); err != nil {
			logger.Error("the workers' cgroups could not all be removed", zap.Error(err))
		}
	}
	closeCtx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, server := range all {
		if err := server.Shutdown(closeCtx); err != nil {
			server.Close()
		}
	}
}

// linger waits until clients have given up their connections, for lingerTime at
// most.
func (s *servers) linger(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lingerTime)
	defer cancel()
	for s.public.Stats().Open+s.admin.Stats().Open > 0 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// answers has header fields spelled as they are documented, and tells clients whose
// answer is to be the last on its connection that it is.
func answers(next http.Handler, last func() bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&outgoing{w, last}, r)
	})
}

type outgoing struct {
	http.ResponseWriter
	last func() bool
}

// Unwrap is for http.ResponseController.
func (a *outgoing) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *outgoing) WriteHeader(status int) {
	if a.last() {
		a.Header().Set("Connection", "close")
	}
	spell(a.Header())
	a.ResponseWriter.WriteHeader(status)
}

func (a *outgoing) Write(p []byte) (int, error) {
	if a.last() {
		a.Header().Set("Connection", "close") // too late, and harmless, if the header has gone out
	}
	spell(a.Header())
	return a.ResponseWriter.Write(p)
}

func notify(logger *zap.Logger, state string) {
	if _, err := sdnotify.SdNotify(false, state); err != nil {
		logger.Warn("systemd could not be notified", zap.String("state", state), zap.Error(err))
	}
}
