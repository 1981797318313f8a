package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

func scriptsEnableCommand() *cli.Command {
	return &cli.Command{
		Name:      "enable",
		Usage:     "let a disabled script answer again",
		ArgsUsage: "NAME",
		Flags:     showFlags(),
		Action:    func(c *cli.Context) error { return setEnabled(c, true) },
	}
}

func scriptsDisableCommand() *cli.Command {
	return &cli.Command{
		Name:        "disable",
		Usage:       "keep a script, and answer 404 in its place",
		ArgsUsage:   "NAME",
		Description: "Calls that run already end as they would.",
		Flags:       showFlags(),
		Action:      func(c *cli.Context) error { return setEnabled(c, false) },
	}
}

func setEnabled(c *cli.Context, enabled bool) error {
	name, _, err := nameArgument(c, 1)
	if err != nil {
		return err
	}
	client, err := newClient(c)
	if err != nil {
		return err
	}
	was, err := client.script(c.Context, name)
	if err != nil {
		return err
	}
	is := was
	if was.Enabled != enabled { // a write that changes nothing would still raise the version
		if is, err = client.patch(c.Context, name, map[string]any{"enabled": enabled}); err != nil {
			return err
		}
	}
	if asJSON(c) {
		return printJSON(c, map[string]any{"name": name, "was": was.Enabled, "enabled": is.Enabled, "version": is.Version})
	}
	p := paletteFor(c.App.Writer)
	fmt.Fprintf(c.App.Writer, "%s: %s → %s\n", name, state(p, was.Enabled), state(p, is.Enabled))
	return nil
}
