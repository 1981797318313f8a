package daemon

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"picloud"
	"picloud/manager"
	"picloud/orchestrator"
	"picloud/orchestrator/compiled"
	"picloud/store"
	"picloud/store/cached"
	"picloud/store/postgres"
	"picloud/store/sqlite"
)

// Run starts a daemon and serves until ctx ends; then it stops gracefully and
// returns nil. An error means that it could not start, or that serving broke.
func Run(ctx context.Context, c Config) error {
	err := run(ctx, c)
	if err != nil {
		// between two attempts systemctl status shows this, and not the log
		reason := strings.ReplaceAll(err.Error(), "\n", " ")
		if e, ok := errors.AsType[*picloud.Error](err); ok {
			reason = e.Message + "; " + e.Hint
		}
		notify(c.Logger, "STATUS="+reason)
	}
	return err
}

func run(ctx context.Context, c Config) error {
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
	ceiling := newCeiling(c)
	sup, err := startSupervisor(ctx, c)
	if err != nil {
		return err
	}
	defer func() {
		if err := sup.Close(); err != nil {
			c.Logger.Error("the workers' cgroups could not all be removed", zap.Error(err))
		}
	}()

	scripts := compiled.New(sup, c.Logger)
	defer scripts.Close()

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
	metrics, err := registerMetrics(registry, sup, scripts, public)
	if err != nil {
		return err
	}
	listeners, err := listen(c)
	if err != nil {
		return err
	}
	handler := newHandler(routes{
		Run: orchestrator.New(orchestrator.Config{
			Scripts: db.Calls(), Executor: scripts, EnvCeiling: ceiling.Values, BodyBytes: bodyBytes(memory), Metrics: metrics, Logger: c.Logger,
		}),
		Manager: manager.Config{
			Store: db, Checker: scripts, EnvCeiling: ceiling.Values, Auth: manager.Auth{Token: token}, Public: publicAddress(c.PublicURL, listeners), Logger: c.Logger,
		},
		Health:   &health{store: db, supervisor: sup, connections: public},
		Registry: registry,
		Logger:   c.Logger,
	})
	servers := &servers{
		config: c, listeners: listeners, handler: clientAddress(handler), supervisor: sup, public: public, admin: admin,
	}
	return servers.serve(ctx, ceiling)
}

func openStore(ctx context.Context, c Config) (store.Store, error) {
	if c.DatabaseURL != "" {
		return postgres.Open(ctx, c.DatabaseURL)
	}
	return sqlite.Open(ctx, c.DatabasePath())
}
