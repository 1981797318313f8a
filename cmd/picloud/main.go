// Command picloud is the PiCloud daemon and its command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"picloud"
)

// Exit statuses.
const (
	exitDone    = 0
	exitRefused = 1 // the server refused, the daemon could not start, the script failed
	exitUsage   = 2 // wrong usage
)

func main() {
	// the first signal asks to stop; after it, the next one has its usual effect
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args, os.Stdout, os.Stderr))
}

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	app := &cli.App{
		Name:            "picloud",
		Usage:           "serverless Lua on your own board, every call in its own locked process",
		Version:         picloud.Product,
		HideVersion:     true, // picloud version says more
		Suggest:         true,
		Writer:          stdout,
		ErrWriter:       stderr,
		HideHelpCommand: true,
		ExitErrHandler:  func(*cli.Context, error) {}, // told below, once
		OnUsageError:    func(_ *cli.Context, err error, _ bool) error { return usageError{err} },
		Commands: []*cli.Command{
			serveCommand(),
			deployCommand(),
			migrateCommand(),
			versionCommand(),
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usageError{fmt.Errorf("there is no command %q", c.Args().First())}
			}
			return cli.ShowAppHelp(c)
		},
	}
	for _, c := range app.Commands {
		c.OnUsageError = app.OnUsageError
	}
	return tell(stderr, app.RunContext(ctx, flagsFirst(app.Commands, args)))
}

// usageError is an error in how picloud was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// tell prints an error, if there is one, and gives the exit status.
func tell(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	if u, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(stderr, "error: %v\nhint: picloud --help lists the commands, picloud COMMAND --help their flags\n", u.error)
		return exitUsage
	}
	if e, ok := errors.AsType[*picloud.Error](err); ok {
		fmt.Fprintf(stderr, "error: %s\n", e.Message)
		if e.Cause != nil {
			fmt.Fprintf(stderr, "cause: %v\n", e.Cause)
		}
		if e.Hint != "" {
			fmt.Fprintf(stderr, "hint: %s\n", e.Hint)
		}
		return exitRefused
	}
	fmt.Fprintf(stderr, "error: %v\n", err)
	return exitRefused
}
