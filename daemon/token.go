package daemon

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"picloud"
)

// TokenFile is the name of the admin token's file in the data directory.
const TokenFile = "admin-token"

// DatabasePath is where the embedded database is.
func (c Config) DatabasePath() string { return filepath.Join(c.DataDir, "picloud.db") }

// adminToken is the configured one, or the data directory's, made at the first
// start.
func adminToken(c Config) (string, error) {
	if c.AdminToken != "" {
		return c.AdminToken, nil
	}
	path := filepath.Join(c.DataDir, TokenFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = makeToken(path)
	}
	token := string(bytes.TrimSpace(data))
	if err == nil && token == "" {
		err = errors.New("the file is empty")
	}
	if err != nil {
		return "", &picloud.Error{
			Code:    picloud.CodeCannotStart,
			Message: "the admin token cannot be read from or made in " + path,
			Hint:    "see that the file belongs to the daemon's user; remove it to have a new one made",
			Cause:   err,
		}
	}
	return token, nil
}

// makeToken writes a new token. Another daemon that starts at the same moment
// may win; its token is then everybody's.
func makeToken(path string) ([]byte, error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), TokenFile+".*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(rand.Text() + "\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}
