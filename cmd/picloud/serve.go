package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
	"go.uber.org/zap"

	"picloud/daemon"
)

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "run the daemon",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", EnvVars: []string{"PICLOUD_LISTEN"},
				DefaultText: daemon.DefaultListen + ", or the sockets that systemd passes",
				Usage:       "`ADDRESS` as host:port or unix:/path"},
			&cli.StringFlag{Name: "public-url", EnvVars: []string{"PICLOUD_PUBLIC_URL"},
				Usage: "`URL` by which callers reach the proxy before it, such as https://pi.example.org; deploy shows it"},
			&cli.StringFlag{Name: "proxy-user", EnvVars: []string{"PICLOUD_PROXY_USER"}, Value: daemon.DefaultProxyUser,
				Usage: "`USER` of the proxy that is trusted, over a unix socket, to say who its client is"},
			dataDirFlag(),
			databaseFlag(),
			adminSocketFlag(),
			&cli.StringFlag{Name: "isolation", EnvVars: []string{"PICLOUD_ISOLATION"}, Value: string(daemon.IsolationRequired),
				Usage: "`MODE`, required: cgroup v2 or no start; or degraded: RLIMIT_DATA where there is none"},
			&cli.StringFlag{Name: "spawner", EnvVars: []string{"PICLOUD_SPAWNER"}, Value: string(daemon.SpawnerAuto),
				Usage: "`WAY` to make workers, auto: copied from a zygote once that has proven itself on this machine; exec: each started anew; or zygote: copied, or no start"},
			&cli.IntFlag{Name: "workers", EnvVars: []string{"PICLOUD_WORKERS"},
				Usage: "`NUMBER` of invocations at a time; 0: from CPU count and memory"},
			&cli.IntFlag{Name: "warm", EnvVars: []string{"PICLOUD_WARM"},
				Usage: "`NUMBER` of idle workers kept ready; 0: from CPU count"},
			&cli.IntFlag{Name: "queue", EnvVars: []string{"PICLOUD_QUEUE"}, Value: daemon.DefaultQueue,
				Usage: "`NUMBER` of requests that may wait for a worker"},
			&cli.StringFlag{Name: "log-level", EnvVars: []string{"PICLOUD_LOG_LEVEL"}, Value: "info",
				Usage: "`LEVEL`: debug, info, warn or error"},
		},
		Action: serve,
	}
}

func dataDirFlag() cli.Flag {
	return &cli.StringFlag{Name: "data-dir", EnvVars: []string{"PICLOUD_DATA_DIR"}, Value: defaultDataDir(),
		DefaultText: "./picloud-data; systemd's state directory in a service",
		Usage:       "`DIR` for the embedded database and the admin token"}
}

func databaseFlag() cli.Flag {
	return &cli.StringFlag{Name: "database-url", EnvVars: []string{"DATABASE_URL"},
		Usage: "`URL` of a PostgreSQL database, postgres://…; without it the embedded database serves"}
}

func adminSocketFlag() cli.Flag {
	return &cli.StringFlag{Name: "admin-socket", EnvVars: []string{"PICLOUD_ADMIN_SOCKET"},
		Usage: "`PATH` of the admin socket (default: admin.sock in the runtime directory, else in the data directory)"}
}

// defaultDataDir is systemd's state directory, else one where we stand.
func defaultDataDir() string {
	if dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir
	}
	return "./picloud-data"
}

// adminSocket is the flag's value, else a file in systemd's runtime directory,
// else in the data directory.
func adminSocket(c *cli.Context) string {
	if path := c.String("admin-socket"); path != "" {
		return path
	}
	dir := dataDir(c)
	if runtimeDir, _, _ := strings.Cut(os.Getenv("RUNTIME_DIRECTORY"), ":"); runtimeDir != "" {
		dir = runtimeDir
	}
	return filepath.Join(dir, "admin.sock")
}

func serve(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("serve takes no arguments, only flags; got %q", c.Args().First())
	}
	logger, err := newLogger(c.String("log-level"))
	if err != nil {
		return err
	}
	defer logger.Sync() // stderr may not be a file that can be synced
	if err := slacken(); err != nil {
		logger.Warn("the daemon uses more of the CPU than it has to: its timers cannot be given slack", zap.Error(err))
	}
	if err := ignoreDeaths(); err != nil {
		logger.Warn("the daemon uses more of the CPU than it has to: it is interrupted whenever a worker ends", zap.Error(err))
	}
	token, err := configuredToken()
	if err != nil {
		return err
	}
	worker, err := workerPath()
	if err != nil {
		return err
	}
	envFile := os.Getenv("PICLOUD_ENV_FILE")
	config := daemon.Config{
		Listen:      c.String("listen"),
		PublicURL:   strings.TrimSuffix(c.String("public-url"), "/"),
		ProxyUser:   stringOr(c, "proxy-user", daemon.DefaultProxyUser),
		DataDir:     dataDir(c),
		DatabaseURL: c.String("database-url"),
		AdminSocket: adminSocket(c),
		AdminToken:  token,
		Worker:      worker,
		Isolation:   daemon.Isolation(stringOr(c, "isolation", string(daemon.IsolationRequired))),
		Spawner:     daemon.Spawner(stringOr(c, "spawner", string(daemon.SpawnerAuto))),
		Workers:     c.Int("workers"),
		Warm:        c.Int("warm"),
		Queue:       c.Int("queue"),
		Environ:     os.Environ(),
		EnvFile:     envFile,
		Reload:      hangUps(envFile),
		Logger:      logger,
		StopTimeout: daemon.DefaultStopTimeout,
	}
	if err := config.Validate(); err != nil {
		return usageError{error: err}
	}
	return daemon.Run(c.Context, config)
}

// hangUps gives SIGHUP, which asks for a reload where there is a file to read
// again; elsewhere it ends the daemon, as when its terminal is closed.
func hangUps(envFile string) <-chan os.Signal {
	if envFile == "" {
		return nil
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return signals
}

// stringOr is a flag's value; an empty one, as of a line "NAME=" in an
// environment file, counts as unset.
func stringOr(c *cli.Context, flag, unset string) string {
	if value := c.String(flag); value != "" {
		return value
	}
	return unset
}

func dataDir(c *cli.Context) string { return stringOr(c, "data-dir", defaultDataDir()) }

// newLogger writes JSON lines to stderr, or lines for people on a terminal.
func newLogger(level string) (*zap.Logger, error) {
	parsed, err := zap.ParseAtomicLevel(level)
	if err != nil {
		return nil, usagef("--log-level is %q; it may be debug, info, warn or error", level)
	}
	config := zap.NewProductionConfig()
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		config = zap.NewDevelopmentConfig()
		config.Development = false
	}
	config.Level = parsed
	config.Sampling = nil // every invocation has its line
	config.DisableStacktrace, config.DisableCaller = true, true
	config.OutputPaths, config.ErrorOutputPaths = []string{"stderr"}, []string{"stderr"}
	return config.Build()
}

// configuredToken is the admin token of the environment, of the file it names
// or of systemd's credential "admin-token", in this order; "" if there is none.
func configuredToken() (string, error) {
	if token := os.Getenv("PICLOUD_ADMIN_TOKEN"); token != "" {
		return token, nil
	}
	path := os.Getenv("PICLOUD_ADMIN_TOKEN_FILE")
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); path == "" && dir != "" {
		credential := filepath.Join(dir, "admin-token")
		if _, err := os.Stat(credential); err == nil {
			path = credential
		}
	}
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading the admin token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" {
		return "", fmt.Errorf("the admin token in %s is empty", path)
	}
	return token, nil
}

// workerPath is PICLOUD_WORKER, else picloud-worker beside this program, else
// where the package puts it.
func workerPath() (string, error) {
	if path := os.Getenv("PICLOUD_WORKER"); path != "" {
		return filepath.Abs(path)
	}
	var candidates []string
	if self, err := os.Executable(); err == nil {
		candidates = append(candidates, filepath.Join(filepath.Dir(self), "picloud-worker"))
	}
	candidates = append(candidates, "/usr/lib/picloud/picloud-worker")
	for _, path := range candidates {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("picloud-worker is neither of %s; build it (go build ./cmd/picloud-worker) or name it in PICLOUD_WORKER",
		strings.Join(candidates, ", "))
}
