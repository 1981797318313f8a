package postgres

import (
	"context"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"picloud"
	"picloud/migrations"
	"picloud/store"
	"picloud/test/pgtest"
)

func TestOpenedAtOnceMigratesOnce(t *testing.T) {
	url := cluster.NewDatabase(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := Open(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var noted int64
	err := mustOpen(t, url).pool.QueryRow(t.Context(), "SELECT count(*) FROM goose_db_version WHERE version_id > 0").Scan(&noted)
	if err != nil || noted != migrations.Postgres().Latest() {
		t.Errorf("%d migrations are noted, %v; want %d", noted, err, migrations.Postgres().Latest())
	}
}

func TestNewerDatabaseIsRefusedAndLeftAlone(t *testing.T) {
	url := cluster.NewDatabase(t)
	s := mustOpen(t, url)
	mustCreate(t, s, "a")
	exec(t, s, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)")
	_, err := Open(t.Context(), url)
	wantUnavailable(t, err)
	if e := picloud.AsError(err); !strings.Contains(e.Message, "schema 99") || !strings.Contains(e.Hint, "newer picloud") {
		t.Errorf("message %q, hint %q", e.Message, e.Hint)
	}
	if _, err := s.Script(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	as, err := OpenAsIs(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer as.Close()
	if version, err := as.SchemaVersion(t.Context()); err != nil || version != 99 {
		t.Errorf("schema %d, %v; want 99", version, err)
	}
}

func TestOpenAsIsDoesNotMigrate(t *testing.T) {
	url := cluster.NewDatabase(t)
	s, err := OpenAsIs(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Migrations(t.Context())
	if err != nil || int64(len(list)) != migrations.Postgres().Latest() {
		t.Fatalf("migrations %v, %v", list, err)
	}
	for _, m := range list {
		if !m.AppliedAt.IsZero() {
			t.Errorf("migration %d was applied", m.Version)
		}
	}
	mustOpen(t, url)
	if list, err = s.Migrations(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if age := time.Since(m.AppliedAt); age < -time.Minute || age > time.Hour {
			t.Errorf("migration %d was applied at %v, which is not now", m.Version, m.AppliedAt)
		}
	}
}

const secret = "s3cr3t"

// wantNoSecret looks for parts of the password in all that can be shown or
// logged of err.
func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	wantUnavailable(t, err)
	e := picloud.AsError(err)
	texts := []string{err.Error(), e.Message, e.Hint}
	for cause := error(e); cause != nil; cause = errors.Unwrap(cause) {
		texts = append(texts, cause.Error())
	}
	for _, text := range texts {
		if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
			t.Errorf("the password is in %q", text)
		}
	}
	if e.Hint == "" {
		t.Error("there is no hint")
	}
}

func TestPasswordIsInNoError(t *testing.T) {
	socket := "host=" + url.QueryEscape(t.TempDir())
	for name, address := range map[string]string{
		"not a database URL":         "mysql://user:" + secret + "@localhost/db",
		"keywords":                   "host=localhost password=" + secret + " port=x",
		"no scheme":                  "user:" + secret + "@localhost/db",
		"broken escape":              "postgres://user:" + secret + "%zz@localhost/db",
		"port is no number":          "postgres://user:" + secret + "@localhost:port/db",
		"broken IPv6 address":        "postgres://user:" + secret + "@[::1/db",
		"unknown sslmode":            "postgres://user:" + secret + "@localhost/db?sslmode=" + secret,
		"bad pool setting":           "postgres://user:" + secret + "@localhost/db?pool_max_conns=" + secret,
		"@ in the password":          "postgres://user:pass@" + secret + "@localhost/db",
		"/ in the password":          "postgres://user:1/" + secret + "@localhost/db",
		"number, / in the password":  "postgres://user:5432/" + secret + "@localhost/db?" + socket,
		"? in the password":          "postgres://user:1?" + secret + "@localhost/db?" + socket,
		"# in the password":          "postgres://user:1#" + secret + "@localhost/db?" + socket,
		": in the password":          "postgres://user:1:" + secret + "@localhost/db?" + socket,
		"no @ at all":                "postgres://user:" + secret + "/db",
		"a NUL":                      "postgres://user:" + secret + "\x00@localhost/db",
		"password as a setting":      "postgres://user@localhost/db?password=" + secret + "&" + socket,
		"misspelt password setting":  clusterURL(t, "nobody-has-this-database", url.Values{"passwort": {secret}}),
		"no server":                  "postgres://user:" + secret + "@localhost/db?" + socket,
		"no such database":           clusterURL(t, "nobody-has-this-database", url.Values{"password": {secret}}),
		"no TLS, which is asked for": "postgres://user:" + secret + "@localhost/db?sslmode=require&" + socket,
		"no certificate file":        "postgres://user:" + secret + "@localhost/db?sslmode=verify-full&sslrootcert=/nowhere",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), address)
			if s != nil {
				t.Error("there is a store")
			}
			wantNoSecret(t, err)
		})
	}
}

// clusterURL is the URL of a database of the cluster, with other settings.
func clusterURL(t *testing.T, database string, settings url.Values) string {
	t.Helper()
	u, err := url.Parse(cluster.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	query := u.Query()
	for name, values := range settings {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func TestURLForms(t *testing.T) {
	for _, address := range []string{
		"postgres://user:p%40ss%2Fword%3A@db.example:6543/picloud?sslmode=disable",
		"postgresql://user:p%40ss%2Fword%3A@db.example:6543/picloud?sslmode=disable",
		"postgres://user@db.example:6543/picloud?password=p%40ss%2Fword%3A&sslmode=disable",
	} {
		config, err := parseURL(address, time.Second)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		c := config.ConnConfig
		if c.User != "user" || c.Password != "p@ss/word:" || c.Host != "db.example" || c.Port != 6543 || c.Database != "picloud" {
			t.Errorf("%s is read as user %q, password %q, host %q, port %d, database %q",
				address, c.User, c.Password, c.Host, c.Port, c.Database)
		}
	}
}

func TestURLSettings(t *testing.T) {
	for query, want := range map[string]struct {
		connect     time.Duration
		application string
	}{
		"":                       {5 * time.Second, "picloud"},
		"connect_timeout=3":      {3 * time.Second, "picloud"},
		"connect_timeout=60":     {5 * time.Second, "picloud"},
		"application_name=board": {5 * time.Second, "board"},
		"timezone=Asia/Kabul":    {5 * time.Second, "picloud"},
	} {
		config, err := parseURL("postgres://user@db.example/picloud?"+query, 5*time.Second)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		c := config.ConnConfig
		if c.ConnectTimeout != want.connect || c.RuntimeParams["application_name"] != want.application ||
			c.RuntimeParams["timezone"] != "UTC" {
			t.Errorf("%s gives connect timeout %v and %v", query, c.ConnectTimeout, c.RuntimeParams)
		}
	}
}

// valve is a server that passes what it gets on to PostgreSQL and back, until
// it is shut: then everything stays open and nothing moves.
type valve struct {
	url  string
	shut func()
	end  func() // breaks all connections and makes none any more
}

func newValve(t *testing.T, database string) valve {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	behind := filepath.Join(query.Get("host"), ".s.PGSQL.5432")
	dir := t.TempDir()
	query.Set("host", dir)
	u.RawQuery = query.Encode()
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	isShut := make(chan struct{})
	ended := make(chan struct{})
	var wg sync.WaitGroup
	pass := func(to, from net.Conn) {
		buffer := make([]byte, 64<<10)
		for {
			n, err := from.Read(buffer)
			select {
			case <-isShut:
				<-ended
				return
			default:
			}
			if err != nil {
				to.Close() // so that the other direction ends too
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
	wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", behind)
			if err != nil {
				client.Close()
				continue
			}
			wg.Go(func() { pass(server, client); server.Close() })
			wg.Go(func() { pass(client, server); client.Close() })
		}
	})
	v := valve{
		url:  u.String(),
		shut: sync.OnceFunc(func() { close(isShut) }),
		end: sync.OnceFunc(func() {
			close(ended)
			listener.Close()
			wg.Wait()
		}),
	}
	t.Cleanup(v.end)
	return v
}

func TestNothingHangsWhenTheServerFallsSilent(t *testing.T) {
	v := newValve(t, cluster.NewDatabase(t))
	s, err := openWithin(t, v.url, 5*time.Second, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	mustCreate(t, s, "a")
	s.callTimeout = 300 * time.Millisecond
	v.shut()
	// The first calls use the connection that is there, later ones make one.
	for range 3 {
		for name, f := range map[string]func() error{
			"Script": func() error { _, err := s.Script(context.Background(), "a"); return err },
			"Put": func() error {
				_, _, err := s.PutScript(context.Background(), store.Draft{Name: "a"}, 1)
				return err
			},
			"SchemaVersion": func() error { _, err := s.SchemaVersion(context.Background()); return err },
			"Ping":          func() error { return s.Ping(context.Background()) },
		} {
			err := f()
			if picloud.ErrorCode(err) != picloud.CodeStoreUnavailable {
				t.Errorf("%s: error is %v", name, err)
			}
		}
	}
	_, err = openWithin(t, v.url, 100*time.Millisecond, 300*time.Millisecond)
	wantUnavailable(t, err)
	v.end() // else Close waits for the driver, which tells a silent server for 15 s what to cancel
}

// openWithin is Open with other time limits.
func openWithin(t *testing.T, url string, connectTimeout, callTimeout time.Duration) (*Store, error) {
	t.Helper()
	s, err := connect(t.Context(), url, connectTimeout, callTimeout)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { s.Close() })
	return s, s.migrate(t.Context())
}

func TestServerGoesAway(t *testing.T) {
	own := pgtest.Start(t)
	s := mustOpen(t, own.NewDatabase(t))
	mustCreate(t, s, "a")
	if err := own.Stop(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, err := s.Script(t.Context(), "a")
		wantUnavailable(t, err)
		wantUnavailable(t, s.Ping(t.Context()))
	}
}

func TestRecoversFromEndedConnections(t *testing.T) {
	url := cluster.NewDatabase(t)
	s, admin := mustOpen(t, url), mustOpen(t, url)
	mustCreate(t, s, "a")
	exec(t, admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	// Each connection the pool still believes in may cost one call.
	waitUntil(t, "the store works again", func() bool {
		_, err := s.Script(t.Context(), "a")
		if err != nil {
			wantUnavailable(t, err)
		}
		return err == nil
	})
}

func TestOpenStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Open(ctx, cluster.NewDatabase(t))
	wantUnavailable(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v does not say %v", err, context.Canceled)
	}
}
