package docs

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Place is where blocks are run.
type Place struct {
	Shell   []string // the command that starts bash
	Dir     string   // where files are put, and where the shell is, or goes by itself
	Env     []string // nil: ours
	Owner   int      // user and group of files; 0: ours
	Patient time.Duration
	// Address is where the daemon listens that the pages have at PageAddress; ""
	// for just there.
	Address string
}

// PageAddress is where the pages' daemon of `make run` listens.
const PageAddress = "127.0.0.1:8080"

// Run runs one block and gives everything that was not as the page says.
func (p Place) Run(ctx context.Context, page string, b Block) (faults []error) {
	if b.File != "" {
		path := filepath.Join(p.Dir, b.File)
		err := os.WriteFile(path, []byte(b.Text), 0o644)
		if err == nil && p.Owner != 0 {
			err = os.Chown(path, p.Owner, p.Owner)
		}
		if err != nil {
			faults = append(faults, err)
		}
		return faults
	}
	s, err := p.open(ctx)
	if err != nil {
		return []error{err}
	}
	for _, c := range b.Commands {
		status, output, err := s.run(p.there(c.Text))
		where := fmt.Sprintf("%s:%d: $ %s", page, c.Line, c.Text)
		output = p.back(output)
		switch {
		case err != nil:
			return append(faults, fmt.Errorf("%s\n%s%w", where, output, err), s.close())
		case (status != 0) != c.Fails():
			faults = append(faults, fmt.Errorf("%s\n%sends with status %d", where, output, status))
		case c.Output != nil && !c.Pattern().MatchString(output):
			faults = append(faults, fmt.Errorf("%s\nprints\n%sand the page has\n%s", where, output, strings.Join(c.Output, "\n")))
		}
	}
	if err := s.close(); err != nil {
		faults = append(faults, fmt.Errorf("%s:%d: the block's shell: %w", page, b.Line, err))
	}
	return faults
}

func (p Place) there(command string) string {
	if p.Address == "" {
		return command
	}
	return strings.ReplaceAll(command, PageAddress, p.Address)
}

func (p Place) back(output string) string {
	if p.Address == "" {
		return output
	}
	return strings.ReplaceAll(output, p.Address, PageAddress)
}

// shell is a bash that is told one command after the other.
type shell struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc
	stdin  io.WriteCloser
	stdout *bufio.Reader
}

func (p Place) open(ctx context.Context) (*shell, error) {
	ctx, cancel := context.WithTimeout(ctx, p.Patient)
	cmd := exec.CommandContext(ctx, p.Shell[0], p.Shell[1:]...)
	cmd.Dir, cmd.Env = p.Dir, p.Env
	// a group of its own, so that nothing it started is left when time is up
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	return &shell{cmd, cancel, stdin, bufio.NewReader(stdout)}, nil
}

// marker follows what a command prints: ASCII's record separators around its
// exit status.
var marker = regexp.MustCompile("\x1e([0-9]+)\x1e\n$")

func (s *shell) run(command string) (status int, output string, err error) {
	quoted := "'" + strings.ReplaceAll(command, "'", `'\''`) + "'"
	if _, err := fmt.Fprintf(s.stdin, "eval %s </dev/null; printf '\\036%%d\\036\\n' $?\n", quoted); err != nil {
		return 0, "", err
	}
	var all strings.Builder
	for {
		line, err := s.stdout.ReadString('\n')
		all.WriteString(line)
		if found := marker.FindStringSubmatch(line); found != nil {
			output := strings.ReplaceAll(marker.ReplaceAllString(all.String(), ""), "\r\n", "\n") // HTTP's line ends
			if output != "" && !strings.HasSuffix(output, "\n") {
				output += "\n"
			}
			status, err := strconv.Atoi(found[1])
			return status, output, err
		}
		if err != nil {
			return 0, all.String(), fmt.Errorf("the shell ended, or time was up: %w", err)
		}
	}
}

func (s *shell) close() error {
	defer s.cancel()
	s.stdin.Close()
	return s.cmd.Wait()
}

// quietCurl has curl print no progress, as on a terminal, for the person whose
// home is dir.
func quietCurl(dir string) error {
	return os.WriteFile(filepath.Join(dir, ".curlrc"), []byte("no-progress-meter\n"), 0o644)
}
