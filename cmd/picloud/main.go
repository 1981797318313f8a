// Command picloud is the PiCloud daemon and its command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
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
	app := newApp()
	app.Writer, app.ErrWriter = stdout, stderr
	return tell(stderr, app.RunContext(ctx, flagsFirst(app.Commands, args)))
}

// newApp is the tree of all commands.
func newApp() *cli.App {
	app := &cli.App{
		Name:                      "picloud",
		Usage:                     "serverless Lua on your own board, every call in its own locked process",
		Version:                   picloud.Product,
		HideVersion:               true, // picloud version says more
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,                         // a comma belongs to the value: 1,000,000
		ExitErrHandler:            func(*cli.Context, error) {}, // told by tell, once
		Commands: []*cli.Command{
			serveCommand(),
			deployCommand(),
			invokeCommand(),
			scriptsCommand(),
			limitsCommand(),
			migrateCommand(),
			doctorCommand(),
			versionCommand(),
			completionCommand(),
			completeCommand(),
			manCommand(),
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return noSuchCommand(c)
			}
			return cli.ShowAppHelp(c)
		},
	}
	app.OnUsageError = flagError
	settle(app.Commands)
	return app
}

// settle gives every command what the library asks for one by one.
func settle(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError, c.HideHelpCommand = flagError, true
		settle(c.Subcommands)
	}
}

// commandPath is a command as it is written behind picloud: "scripts list".
func commandPath(c *cli.Context) string {
	var names []string
	for _, ctx := range c.Lineage() {
		if ctx.Command != nil && ctx.Command.Name != "" && ctx.Command.Name != c.App.Name {
			names = append([]string{ctx.Command.Name}, names...)
		}
	}
	return strings.Join(names, " ")
}

// flagError is what the flag parser says, with the flag that may have been meant.
func flagError(c *cli.Context, err error, _ bool) error {
	unknown, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: ")
	if !ok {
		return usageError{error: err}
	}
	given := strings.TrimLeft(unknown, "-")
	var names []string
	for _, f := range c.Command.Flags {
		names = append(names, f.Names()...)
	}
	hint := "picloud COMMAND --help lists a command's flags"
	if meant := nearest(given, names); meant != "" {
		hint = "did you mean " + dashed(meant) + "?"
	} else if len(c.Command.Subcommands) > 0 {
		hint = "flags go behind the whole command, as in picloud scripts list --output json"
	}
	return usageHint(hint, "%s has no flag %s", strings.TrimSpace("picloud "+commandPath(c)), dashed(given))
}

// dashed is a flag as it is written.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// chooseSubcommand is the action of a command that is nothing without a
// subcommand.
func chooseSubcommand(c *cli.Context) error {
	if c.Args().Present() {
		return noSuchCommand(c)
	}
	return usagef("%s wants one of: %s", commandPath(c), strings.Join(commandNames(c.Command.Subcommands), ", "))
}

func noSuchCommand(c *cli.Context) error {
	given := c.Args().First()
	return usageHint(didYouMean(given, commandNames(c.Command.Subcommands), ""),
		"there is no command %q", strings.TrimSpace(commandPath(c)+" "+given))
}

func commandNames(commands []*cli.Command) []string {
	var names []string
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}

// usageError is an error in how picloud was called.
type usageError struct {
	error
	hint string // "" for the general one
}

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageHint("", format, args...) }

func usageHint(hint, format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...), hint}
}

// inSource is an error of a script with the place in its source.
type inSource struct {
	reason *picloud.Error
	source string
}

func (e inSource) Error() string { return e.reason.Error() }
func (e inSource) Unwrap() error { return e.reason }

// tell prints an error, if there is one, and gives the exit status. Errors tell
// what scripts say, so nothing of them may steer a terminal.
func tell(stderr io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	p := paletteFor(stderr)
	print := func(s style, label, text string) {
		if text != "" {
			fmt.Fprintf(stderr, "%s %s\n", p.paint(s, label), harmless(text))
		}
	}
	if u, ok := errors.AsType[usageError](err); ok {
		if u.hint == "" {
			u.hint = "picloud --help lists the commands, picloud COMMAND --help their flags"
		}
		print(red, "error:", u.Error())
		print(cyan, "hint:", u.hint)
		return exitUsage
	}
	e, ok := errors.AsType[*picloud.Error](err)
	if !ok {
		print(red, "error:", err.Error())
		return exitRefused
	}
	print(red, "error:", e.Message)
	if s, ok := errors.AsType[inSource](err); ok {
		detail, _ := e.Details["detail"].(string)
		io.WriteString(stderr, excerpt(s.source, lineOf(e), detail, p))
	}
	if e.Cause != nil {
		print(faint, "cause:", e.Cause.Error())
	}
	print(cyan, "hint:", e.Hint)
	return exitRefused
}
