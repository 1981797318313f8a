package main

import (
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"
)

func scriptsShowCommand() *cli.Command {
	return &cli.Command{
		Name:        "show",
		Usage:       "show what is known of a script",
		ArgsUsage:   "NAME",
		Description: "picloud scripts source NAME prints its source, picloud limits show NAME its limits.",
		Flags:       showFlags(),
		Action:      scriptsShow,
	}
}

func scriptsShow(c *cli.Context) error {
	s, err := namedScript(c)
	if err != nil {
		return err
	}
	if asJSON(c) {
		return printJSON(c, s)
	}
	p := paletteFor(c.App.Writer)
	for _, line := range [][2]string{
		{"name", s.Name},
		{"url", s.URL},
		{"state", state(p, s.Enabled)},
		{"version", strconv.FormatInt(s.Version, 10)},
		{"created", localTime(s.CreatedAt)},
		{"updated", localTime(s.UpdatedAt)},
		{"source", formatNumber(int64(len(s.Source))) + " bytes"},
		{"overrides", overridesText(s.overrides())},
	} {
		fmt.Fprintf(c.App.Writer, "%s  %s\n", p.paint(bold, fmt.Sprintf("%-9s", line[0])), line[1])
	}
	return nil
}

// namedScript gets the script that a command's only argument names.
func namedScript(c *cli.Context) (script, error) {
	name, _, err := nameArgument(c, 1)
	if err != nil {
		return script{}, err
	}
	client, err := newClient(c)
	if err != nil {
		return script{}, err
	}
	return client.script(c.Context, name)
}
