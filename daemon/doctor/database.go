package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"picloud"
)

const asRoot = "run it as root: sudo picloud doctor"

func database(ctx context.Context, s *System) Result {
	const migrate = "start the daemon, which does it, or: picloud migrate"
	list, err := s.Migrations(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return warning(migrate, "there is none yet in %s; the daemon makes it at its first start", s.DataDir)
	case err != nil && hidden(err) && s.DatabaseURL == "":
		return warning(asRoot, "we may not look at the one in %s", s.DataDir)
	case err != nil:
		return failed(err)
	}
	var lacks, unknown []string
	latest := int64(0)
	for _, m := range list {
		switch {
		case m.Name == "":
			unknown = append(unknown, fmt.Sprint(m.Version))
		case m.AppliedAt.IsZero():
			lacks = append(lacks, fmt.Sprintf("%04d %s", m.Version, m.Name))
		default:
			latest = max(latest, m.Version)
		}
	}
	switch {
	case len(unknown) > 0:
		return failure("install the newer picloud, or restore the backup made before the upgrade",
			"it has a schema that this picloud does not know: %s", strings.Join(unknown, ", "))
	case len(lacks) > 0:
		return warning(migrate, "it answers, and lacks migrations: %s", strings.Join(lacks, ", "))
	}
	return ok("it answers, and is at schema %d, the newest", latest)
}

// notOurs is the error of a file in the database's place that is none.
func notOurs(path string) error {
	return &picloud.Error{
		Code:    picloud.CodeStoreUnavailable,
		Message: path + " is no database of PiCloud",
		Hint:    "move it away, or choose another place with --data-dir",
	}
}
