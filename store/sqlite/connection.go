package sqlite

import (
	"database/sql"
	"database/sql/driver"
	"net/url"
	"strconv"
	"time"

	"modernc.org/sqlite"
)

// busyTimeout is how long a write waits for the write lock of another program
// before it fails. Each holds it for the milliseconds its disk takes, but
// SQLite has no queue: of many that write without a pause, one may have to try
// for seconds.
const busyTimeout = 30 * time.Second

// lookupTimeout is the same for the look-up of a script, which does not end with its
// context.
const lookupTimeout = 2 * time.Second

func openWriter(path string) (*sql.DB, error) {
	// Each transaction takes the write lock at once: one that began as a
	// reader could not get it once another has written.
	return open(path, 1, url.Values{"_txlock": {"immediate"}})
}

func openReaders(path string) (*sql.DB, error) {
	return open(path, readConns, url.Values{"_query_only": {"1"}})
}

// openLookups gives what opens the connections that read single scripts. They wait
// for other programs only where one has died and another clears up after it.
func openLookups(path string) (driver.Connector, error) {
	return connector(path, url.Values{
		"_query_only": {"1"}, "_busy_timeout": {strconv.FormatInt(lookupTimeout.Milliseconds(), 10)}, "_error_rc": {"1"}, "mode": {"rw"},
	})
}

// openWatch gives what opens the connection that looks for changes. It never
// waits for another program: who wants to know whether something has changed can
// ask for the thing itself.
func openWatch(path string) (driver.Connector, error) {
	return connector(path, url.Values{"_query_only": {"1"}, "_busy_timeout": {"0"}, "mode": {"rw"}})
}

// open gives a pool of connections that all have the same settings, because
// the driver applies those to each connection it opens. It connects to nothing
// yet.
func open(path string, conns int, settings url.Values) (*sql.DB, error) {
	for name, value := range map[string]string{
		// The driver sets it before all others. Without it, the change to
		// write-ahead logging fails while another program has the file open.
		"_busy_timeout": strconv.FormatInt(busyTimeout.Milliseconds(), 10),
		"_journal_mode": "WAL",
		// FULL waits for the disk at each commit. NORMAL would lose the last
		// writes in a power cut, which is how small boards are switched off,
		// and writes are too rare here for its speed to matter.
		"_synchronous":  "FULL",
		"_foreign_keys": "1",
		"_dqs":          "0", // a misspelt column in double quotes is an error, not a text
		"_error_rc":     "1", // no left-over text of another error in an error
		"mode":          "rw",
	} {
		settings.Set(name, value)
	}
	c, err := connector(path, settings)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// connector escapes every character of the path, as can be done in a URI: of a
// plain name, the driver would take what follows a question mark for settings.
func connector(path string, settings url.Values) (driver.Connector, error) {
	uri := url.URL{Scheme: "file", Path: path, RawQuery: settings.Encode()}
	return sqlite.NewConnector(uri.String())
}
