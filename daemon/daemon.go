package daemon

import (
	"context"
	"errors"
	"net/http"
	"os"
	"time"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"picloud"
	"picloud/limits"
	"picloud/manager"
	"picloud/orchestrator"
	"picloud/store"
	"picloud/store/cached"
	"picloud/store/postgres"
	"picloud/store/sqlite"
	"picloud/supervisor"
)

// Run starts a daemon and serves until ctx ends; then it stops gracefully and
// returns nil. An error means that it could not start, or that serving broke.
func Run(ctx context.Context, c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if err := os.MkdirAll(c.DataDir, 0o750); err != nil {
		return &picloud.Error{
			Code:    picloud.CodeCannotStart,
			Message: "the data directory " + c.DataDir + " cannot be made",
			Hint:    "make it, owned by the daemon's user, or choose another with --data-dir",
			Cause:   err,
		}
	}
	token, err := adminToken(c)
	if err != nil {
		return err
	}
	opened, err := openStore(ctx, c)
	if err != nil {
		return err
	}
	db := cached.New(opened, c.Logger)
	defer func() {
		if err := db.Close(); err != nil {
			c.Logger.Error("closing the database failed", zap.Error(err))
		}
	}()
	envCeiling, warnings := limits.CeilingFromEnv(c.Environ)
	for _, w := range warnings {
		c.Logger.Warn("a ceiling in the environment is not used", zap.String("reason", w))
	}
	sup, err := startSupervisor(ctx, c)
	if err != nil {
		return err
	}
	defer func() {
		if err := sup.Close(); err != nil {
			c.Logger.Error("the workers' cgroups could not all be removed", zap.Error(err))
		}
	}()

	stats := sup.Stats()
	most, err := maxConnections(stats.Workers, stats.Warm, c.Queue)
	if err != nil {
		return err
	}
	public, admin := newConnections(most, c.Logger), newConnections(adminConnections, c.Logger)
	memory, err := MachineMemory()
	if err != nil {
		return err
	}
	boundHeap(memory)
	registry := prometheus.NewRegistry()
	metrics, err := registerMetrics(registry, sup, public)
	if err != nil {
		return err
	}
	listeners, err := listen(c)
	if err != nil {
		return err
	}
	handler := newHandler(routes{
		Run: orchestrator.New(orchestrator.Config{
			Scripts: db.Calls(), Executor: sup, EnvCeiling: envCeiling, BodyBytes: bodyBytes(memory), Metrics: metrics, Logger: c.Logger,
		}),
		Manager: manager.Config{
			Store: db, Checker: sup, EnvCeiling: envCeiling, Auth: manager.Auth{Token: token}, Public: publicAddress(listeners), Logger: c.Logger,
		},
		Health:   &health{store: db, supervisor: sup, connections: public},
		Registry: registry,
		Logger:   c.Logger,
	})
	return serve(ctx, c, listeners, handler, sup, public, admin)
}

func openStore(ctx context.Context, c Config) (store.Store, error) {
	if c.DatabaseURL != "" {
		return postgres.Open(ctx, c.DatabaseURL)
	}
	return sqlite.Open(ctx, c.DatabasePath())
}

// serve listens, answers until ctx ends, and stops: new invocations get 503
// while those that run finish, then the listeners close.
func serve(ctx context.Context, c Config, listeners []listener, handler http.Handler, sup *supervisor.Supervisor, public, admin *connections) (err error) {
	var servers []*http.Server
	var serving errgroup.Group
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		connections := public
		if l.admin {
			connections = admin
		}
		server := newServer(handler, l.admin, connections, c.Logger)
		servers = append(servers, server)
		serving.Go(func() error {
			err := server.Serve(connections.limit(l))
			if !errors.Is(err, http.ErrServerClosed) {
				failed <- err
				return err
			}
			return nil
		})
		c.Logger.Info("listening", zap.Stringer("address", l.Addr()), zap.String("network", l.Addr().Network()), zap.Bool("admin_socket", l.admin))
	}
	c.Logger.Info("ready")
	notify(c.Logger, sdnotify.SdNotifyReady)

	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	notify(c.Logger, sdnotify.SdNotifyStopping)
	c.Logger.Info("stopping")
	drainCtx, cancel := context.WithTimeout(context.Background(), c.StopTimeout)
	defer cancel()
	if err := sup.Drain(drainCtx); err != nil {
		c.Logger.Warn("invocations still run and are ended", zap.Duration("after", c.StopTimeout))
		// their answers still go out, by the servers below
		if err := sup.Close(); err != nil {
			c.Logger.Error("the workers' cgroups could not all be removed", zap.Error(err))
		}
	}
	closeCtx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, s := range servers {
		if err := s.Shutdown(closeCtx); err != nil {
			s.Close()
		}
	}
	serving.Wait()
	c.Logger.Info("stopped")
	return err
}

func notify(logger *zap.Logger, state string) {
	if _, err := sdnotify.SdNotify(false, state); err != nil {
		logger.Warn("systemd could not be notified", zap.String("state", state), zap.Error(err))
	}
}
