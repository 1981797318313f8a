package postgres

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"picloud/store"
)

// hear waits until s has word of others' writes.
func hear(t *testing.T, s *Store) (revision uint64) {
	t.Helper()
	waitUntil(t, "others' writes are heard of", func() bool {
		n, ok := s.Revision()
		if !ok {
			s.Ping(t.Context()) // a call that finds the database
		}
		revision = n
		return ok
	})
	return revision
}

// hush ends the connections of other programs to the database, at which s
// listens.
func hush(t *testing.T, s *Store) {
	t.Helper()
	exec(t, s, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
	waitUntil(t, "nothing is heard", func() bool { _, ok := s.Revision(); return !ok })
}

// An administrator's own statements, and an older daemon's, are writes too.
func TestWritesFromOutsideAreHeard(t *testing.T) {
	url := cluster.NewDatabase(t)
	s := mustOpen(t, url)
	mustCreate(t, s, "a")
	admin, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	hear(t, s)
	for _, statement := range []string{
		"UPDATE scripts SET enabled = false",
		"INSERT INTO ceiling (field, value) VALUES ('timeout_ms', 5)",
		"TRUNCATE ceiling",
		"SET session_replication_role = replica; DELETE FROM scripts",
	} {
		time.Sleep(50 * time.Millisecond) // for word of what was before; without it the test is only weaker
		before := hear(t, s)
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
		waitUntil(t, statement+" is heard", func() bool { n, ok := s.Revision(); return ok && n != before })
	}
}

// While the connection that hears is down there is no revision, and after it
// another: what was written in between may have gone unheard.
func TestRevisionAfterDeafness(t *testing.T) {
	url := cluster.NewDatabase(t)
	s, other := mustOpen(t, url), mustOpen(t, url)
	mustCreate(t, s, "a")
	before := hear(t, s)
	hush(t, s)
	if err := other.DeleteScript(t.Context(), "a", store.AnyVersion); err != nil {
		t.Fatal(err)
	}
	if after := hear(t, s); after == before {
		t.Errorf("the revision is %d again", after)
	}
}

// Nobody tries to listen while nobody asks for anything.
func TestDeafnessIsLeftToCalls(t *testing.T) {
	s := mustOpen(t, cluster.NewDatabase(t))
	hear(t, s)
	hush(t, s)
	time.Sleep(2 * minRelisten)
	if _, ok := s.Revision(); ok {
		t.Error("it has listened again, unasked")
	}
	hear(t, s)
}

// A pooler that takes LISTEN and passes no notification on is found out, and then
// every call asks the database.
func TestNotificationsThatNeverArrive(t *testing.T) {
	dropped := make(chan struct{}, 16)
	s := mustOpen(t, throughPooler(t, cluster.NewDatabase(t), dropped))
	mustCreate(t, s, "a")
	<-dropped
	for range 3 {
		time.Sleep(50 * time.Millisecond)
		if _, ok := s.Revision(); ok {
			t.Fatal("there is a revision")
		}
		if _, err := s.Script(t.Context(), "a"); err != nil {
			t.Error(err)
		}
	}
}

// throughPooler gives the URL of a proxy before a database, which passes
// everything on but notifications, of which it tells.
func throughPooler(t *testing.T, url string, dropped chan<- struct{}) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "pooler") // short: it is a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", filepath.Join(config.Host, ".s.PGSQL.5432"))
			if err != nil {
				client.Close()
				return
			}
			go pass(client, server)
			go passWithoutNotifications(server, client, dropped)
		}
	}()
	return "postgres://" + config.User + "@/" + config.Database + "?host=" + dir + "&port=5432&sslmode=disable"
}

func pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 8<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func passWithoutNotifications(from, to net.Conn, dropped chan<- struct{}) {
	defer from.Close()
	defer to.Close()
	server := pgproto3.NewFrontend(from, from)
	for {
		message, err := server.Receive()
		if err != nil {
			return
		}
		if _, ok := message.(*pgproto3.NotificationResponse); ok {
			dropped <- struct{}{}
			continue
		}
		encoded, err := message.Encode(nil)
		if err != nil {
			return
		}
		if _, err := to.Write(encoded); err != nil {
			return
		}
	}
}
