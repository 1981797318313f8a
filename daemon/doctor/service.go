package doctor

import (
	"context"
	"io/fs"
	"strings"
)

// EnvironmentFile is where the installed service has its settings.
const EnvironmentFile = "/etc/picloud/picloud.env"

// unitFolders are systemd's, the first that has a unit counts; see
// systemd.unit(5).
func unitFolders() []string {
	return []string{"etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"}
}

// ServiceUnit is the text of the installed picloud.service, "" if there is none.
// Drop-ins are not looked at.
func ServiceUnit(files fs.FS) string { return unit(files, "picloud.service") }

func unit(files fs.FS, name string) string {
	for _, folder := range unitFolders() {
		if text, err := fs.ReadFile(files, folder+"/"+name); err == nil {
			return string(text)
		}
	}
	return ""
}

// ServiceEnvironment reads the settings of the installed service, by variable. A
// file that is not there has none.
func ServiceEnvironment(files fs.FS) (map[string]string, error) {
	env := map[string]string{}
	path := strings.TrimPrefix(EnvironmentFile, "/")
	if _, err := fs.Stat(files, path); err != nil {
		if hidden(err) {
			return nil, err
		}
		return env, nil
	}
	data, err := fs.ReadFile(files, path)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		name, value, found := strings.Cut(line, "=")
		if !found || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		value = strings.TrimSpace(value)
		if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
			value = value[1 : n-1]
		}
		env[strings.TrimSpace(name)] = value
	}
	return env, nil
}

func settings(_ context.Context, s *System) Result {
	if s.Unreadable != "" {
		return warning(asRoot, "%s cannot be read, so it is not known what the service is set to", s.Unreadable)
	}
	where := "the embedded database in " + s.DataDir
	if s.DatabaseURL != "" {
		where = "PostgreSQL, data directory " + s.DataDir
	}
	return ok("%s: %s, isolation %s", s.From, where, s.Isolation)
}
