package daemon

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/zap"

	"picloud/limits"
)

// ceiling is what the environment says about the ceiling of limits: the
// process's own environment, and over it the variables of the environment file,
// which are read again at a reload. A value that is no longer in the file is no
// longer in force, although it is still in the process's environment, where
// systemd put it.
type ceiling struct {
	file    string   // "" if there is none
	environ []string // the process's, without what the file had said when it started
	logger  *zap.Logger
	current atomic.Pointer[map[limits.Field]int64]
}

func newCeiling(c Config) *ceiling {
	read := &ceiling{file: c.EnvFile, logger: c.Logger}
	lines, err := read.lines()
	if err != nil {
		lines = nil
		c.Logger.Warn("the environment file cannot be read: a reload will change nothing", zap.Error(err), zap.String("file", c.EnvFile))
	}
	for _, variable := range c.Environ {
		if !slices.Contains(lines, variable) {
			read.environ = append(read.environ, variable)
		}
	}
	read.take(append(slices.Clone(read.environ), lines...))
	return read
}

// Values is the ceiling as of now; it is not to be changed.
func (c *ceiling) Values() map[limits.Field]int64 { return *c.current.Load() }

// reload reads the file again. If it cannot, all stays as it was.
func (c *ceiling) reload() {
	lines, err := c.lines()
	if err != nil {
		c.logger.Error("the environment file cannot be read; the ceiling stays as it was", zap.Error(err), zap.String("file", c.file))
		return
	}
	c.take(append(slices.Clone(c.environ), lines...))
	c.logger.Info("the ceiling was read again", zap.String("file", c.file), zap.Any("environment", c.Values()))
}

func (c *ceiling) take(environ []string) {
	values, warnings := limits.CeilingFromEnv(environ)
	for _, w := range warnings {
		c.logger.Warn("a ceiling in the environment is not used", zap.String("reason", w))
	}
	c.current.Store(&values)
}

// lines gives the file's variables that set the ceiling as "NAME=value". Of
// the format in systemd.exec(5), EnvironmentFile=, it reads what a whole number
// needs: comments, blanks around the value, quotes. A file that is not there
// says nothing.
func (c *ceiling) lines() (variables []string, err error) {
	if c.file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for line := range strings.Lines(string(data)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if !strings.HasPrefix(name, limits.EnvPrefix) {
			continue
		}
		value = strings.TrimSpace(value)
		if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
		variables = append(variables, strings.TrimSpace(name)+"="+value)
	}
	return variables, err
}

// reloads does what SIGHUP asks for, until stop is closed; systemd is told, as
// sd_notify(3) wants it.
func reloads(c Config, read *ceiling, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-c.Reload:
			notify(c.Logger, sdnotify.SdNotifyReloading+"\n"+sdnotify.SdNotifyMonotonicUsec())
			read.reload()
			notify(c.Logger, sdnotify.SdNotifyReady)
		}
	}
}
