package doctor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"picloud/daemon"
	"picloud/limits"
	"picloud/migrations"
	"picloud/store/postgres"
	"picloud/store/sqlite"
	"picloud/supervisor"
	"picloud/worker/sandbox"
	"picloud/worker/wire"
)

// Live is the machine we are on.
func Live(settings Settings) *System {
	return &System{
		Settings:       settings,
		Files:          os.DirFS("/"),
		UID:            os.Geteuid(),
		PID:            os.Getpid(),
		Writable:       func(path string) bool { return unix.Access(path, unix.W_OK) == nil },
		Seccomp:        supervisor.CheckSeccomp,
		LandlockABI:    sandbox.LandlockABI,
		Memory:         daemon.MachineMemory,
		DefaultWorkers: daemon.DefaultWorkers,
		Hello: func(ctx context.Context, inCgroup bool) (Hello, error) {
			return sayHello(ctx, settings.Worker, inCgroup)
		},
		Migrations: func(ctx context.Context) ([]migrations.Migration, error) {
			if settings.DatabaseURL != "" {
				return postgresMigrations(ctx, settings.DatabaseURL)
			}
			return sqliteMigrations(ctx, daemon.Config{DataDir: settings.DataDir}.DatabasePath())
		},
		Ready: func(ctx context.Context) (int, []byte, error) { return ready(ctx, settings.AdminSocket) },
	}
}

// sayHello does what the daemon does at its start, with one worker, and has it
// run one script.
func sayHello(ctx context.Context, worker string, inCgroup bool) (h Hello, err error) {
	credential := daemon.WorkerCredential()
	spawner, err := supervisor.NewNurserySpawner(worker, credential)
	if errors.Is(err, supervisor.ErrNoNamespaces) {
		h.NoNamespaces = err
		spawner, err = supervisor.NewExecSpawner(worker, credential)
	}
	if err != nil {
		return h, err
	}
	enclosures, err := enclosures(inCgroup, credential)
	if err != nil {
		spawner.Close()
		return h, err
	}
	h.Mode = enclosures.Mode()
	begin := time.Now()
	sup, err := supervisor.Start(ctx, supervisor.Config{
		Spawner: spawner, Enclosures: enclosures, Workers: 1, Warm: 1, Queue: 1, Logger: zap.NewNop(),
	})
	if err != nil {
		return h, err
	}
	h.Start = time.Since(begin)
	begin = time.Now()
	report := sup.Invoke(ctx, supervisor.Invocation{Job: &wire.Job{
		Purpose: wire.Run, InvocationID: "doctor", ScriptName: "hello", Version: 1,
		Source: "return 'hello'", Limits: limits.Defaults(), Request: wire.Request{Method: http.MethodGet, Path: "/"},
	}})
	h.Took = time.Since(begin)
	if report.Err != nil {
		err = report.Err
	}
	return h, errors.Join(err, sup.Close())
}

func enclosures(inCgroup bool, credential *supervisor.Credential) (supervisor.Enclosures, error) {
	if !inCgroup {
		return supervisor.NewRlimitEnclosures(credential)
	}
	budget, err := daemon.MemoryBudget()
	if err != nil {
		return nil, err
	}
	root, err := supervisor.DelegatedCgroup()
	if err != nil {
		return nil, err
	}
	return supervisor.NewCgroupEnclosures(supervisor.CgroupConfig{Root: root, MemoryMax: budget, Workers: 2})
}

func postgresMigrations(ctx context.Context, url string) ([]migrations.Migration, error) {
	db, err := postgres.OpenAsIs(ctx, url)
	if err != nil {
		return nil, err
	}
	list, err := db.Migrations(ctx)
	return list, errors.Join(err, db.Close())
}

// sqliteMigrations opens the file only if that changes nothing: SQLite would
// make one that is not there, and turn one that PiCloud has not written into
// its mode.
func sqliteMigrations(ctx context.Context, path string) ([]migrations.Migration, error) {
	if err := readyToOpen(path); err != nil {
		return nil, err
	}
	db, err := sqlite.OpenAsIs(ctx, path)
	if err != nil {
		return nil, err
	}
	list, err := db.Migrations(ctx)
	return list, errors.Join(err, db.Close())
}

// readyToOpen looks at the database header, see
// https://www.sqlite.org/fileformat.html: its first words, and the write version,
// which is 2 with write-ahead logging. An empty file was never migrated.
func readyToOpen(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var header [20]byte
	n, err := io.ReadFull(f, header[:])
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return fs.ErrNotExist
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case string(header[:16]) != "SQLite format 3\x00" || header[18] != 2:
		return notOurs(path)
	}
	return nil
}

func ready(ctx context.Context, socket string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://admin-socket/readyz", nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, body, err
}
