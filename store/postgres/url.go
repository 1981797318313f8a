package postgres

import (
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"picloud"
)

// parseURL reads a database URL. Nothing of the URL is in the error, not even
// in its cause: pgx promises to hide the password only in a URL that is well
// formed.
func parseURL(url string, connectTimeout time.Duration) (*pgxpool.Config, error) {
	rest, ok := strings.CutPrefix(url, "postgres://")
	if !ok {
		rest, ok = strings.CutPrefix(url, "postgresql://")
	}
	if !ok {
		return nil, badURL("it does not begin with postgres://")
	}
	// A URL whose password has an unescaped @ or / in it can still be read,
	// with the end of the password taken for a host or a database, and those
	// stand in pgx's errors.
	user, after, found := strings.Cut(rest, "@")
	if found && (strings.Contains(user, "/") || strings.Contains(after, "@")) {
		return nil, badURL("an @ or a / in it is not escaped")
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, badURL("a part of it is not valid")
	}
	c := config.ConnConfig
	if c.ConnectTimeout <= 0 || c.ConnectTimeout > connectTimeout {
		c.ConnectTimeout = connectTimeout
	}
	// Looking after idle connections would wake up a daemon that has nothing to do,
	// and one that has ended or is too old is found when it is used.
	if !strings.Contains(url, "pool_health_check_period=") {
		config.HealthCheckPeriod = 24 * time.Hour
	}
	c.RuntimeParams["timezone"] = "UTC"
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "picloud"
	}
	return config, nil
}

func badURL(why string) error {
	return &picloud.Error{
		Code:    picloud.CodeStoreUnavailable,
		Message: "the database URL cannot be read: " + why,
		Hint: "write it as postgres://USER:PASSWORD@HOST:5432/DATABASE, with every character of the password " +
			"that is no letter or digit as % and two hexadecimal digits (@ is %40, / is %2F)",
		Cause: errors.New("not shown, because it might hold the password"),
	}
}
