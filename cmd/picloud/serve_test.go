package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The admin token is the environment's, else the file's that it names, else
// systemd's credential.
func TestConfiguredToken(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file, blank := write("file", " of the file\n"), write("blank", " \n")
	write("admin-token", "of the credential\n")
	none := t.TempDir() // where systemd has credentials, and none of ours

	for name, c := range map[string]struct{ token, file, credentials, want, err string }{
		"nothing":                    {"", "", "", "", ""},
		"itself, before the others":  {"itself", file, dir, "itself", ""},
		"the file, before systemd's": {"", file, dir, "of the file", ""},
		"systemd's":                  {"", "", dir, "of the credential", ""},
		"systemd has another's":      {"", "", none, "", ""},
		"itself, and no such file":   {"itself", dir + "/absent", "", "itself", ""},
		"no such file":               {"", dir + "/absent", dir, "", "reading the admin token"},
		"a file with nothing in it":  {"", blank, dir, "", "is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PICLOUD_ADMIN_TOKEN", c.token)
			t.Setenv("PICLOUD_ADMIN_TOKEN_FILE", c.file)
			t.Setenv("CREDENTIALS_DIRECTORY", c.credentials)
			got, err := configuredToken()
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, %v; want %q, %s", got, err, c.want, c.err)
			}
		})
	}
}
