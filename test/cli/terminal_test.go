package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminal is the program "terminal PROGRAM ARG...": it runs a program with a
// terminal for its standard input, output and error, types there what it gets on
// its own standard input, prints what the screen showed and ends with the
// program's status. testscript's own ttyin may lose the last of the screen.
func terminal() {
	status, screen, err := onTerminal(exec.Command(os.Args[1], os.Args[2:]...), os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "terminal:", err)
		os.Exit(125)
	}
	os.Stdout.Write(screen)
	os.Exit(status)
}

func onTerminal(cmd *exec.Cmd, keyboard io.Reader) (status int, screen []byte, err error) {
	keys, err := io.ReadAll(keyboard)
	if err != nil {
		return 0, nil, err
	}
	control, tty, err := openTerminal()
	if err != nil {
		return 0, nil, err
	}
	defer control.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	tty.Close()
	if err != nil {
		return 0, nil, err
	}
	if _, err := control.Write(append(keys, 4)); err != nil { // and Ctrl-D
		return 0, nil, err
	}
	// once the program has ended and all is read, there is EIO, see pty(7)
	screen, err = io.ReadAll(control)
	if err != nil && !errors.Is(err, unix.EIO) {
		return 0, nil, err
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status, err = exit.ExitCode(), nil
	}
	return status, bytes.ReplaceAll(screen, []byte("\r\n"), []byte("\n")), err
}

// openTerminal gives both ends of a new pseudo-terminal.
func openTerminal() (control, tty *os.File, err error) {
	control, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	number, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		control.Close()
		return nil, nil, err
	}
	return control, tty, nil
}
