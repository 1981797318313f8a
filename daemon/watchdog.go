package daemon

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/zap"
)

// watchdog tells systemd twice in each WatchdogSec= that the daemon works, after
// it has seen that it does: GET /healthz was answered over the admin socket, as
// any administrator would ask it, and that asks the supervisor. It does not ask
// over the public listeners, which strangers may keep busy, nor for the database,
// which a restart would not bring back.
func watchdog(ctx context.Context, admin net.Addr, logger *zap.Logger) {
	period, err := sdnotify.SdWatchdogEnabled(false)
	if err != nil || period <= 0 {
		if err != nil {
			logger.Warn("the watchdog's variables cannot be understood; it is not fed", zap.Error(err))
		}
		return
	}
	client := &http.Client{Timeout: period / 2, Transport: &http.Transport{
		DisableKeepAlives: true, // a connection is part of what is asked for
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, admin.Network(), admin.String())
		},
	}}
	ticker := time.NewTicker(period / 2)
	defer ticker.Stop()
	for {
		if err := healthy(ctx, client); err == nil {
			notify(logger, sdnotify.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			logger.Error("the daemon does not answer itself; systemd's watchdog is not fed", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func healthy(ctx context.Context, client *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://admin-socket/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("/healthz answered %s", resp.Status)
	}
	return nil
}
