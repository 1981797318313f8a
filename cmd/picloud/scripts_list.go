package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"picloud/limits"
)

func scriptsListCommand() *cli.Command {
	return &cli.Command{
		Name:   "list",
		Usage:  "list all scripts by name, with the limits they override",
		Flags:  showFlags(),
		Action: scriptsList,
	}
}

func scriptsList(c *cli.Context) error {
	if c.Args().Present() {
		return usageHint("picloud scripts show NAME shows one script", "scripts list takes no arguments; got %q", c.Args().First())
	}
	client, err := newClient(c)
	if err != nil {
		return err
	}
	scripts, err := client.scripts(c.Context)
	if err != nil {
		return err
	}
	if asJSON(c) {
		return printJSON(c, map[string]any{"scripts": scripts})
	}
	if len(scripts) == 0 {
		fmt.Fprintln(c.App.ErrWriter, "there are no scripts yet; picloud deploy FILE creates one")
		return nil
	}
	p := paletteFor(c.App.Writer)
	t := newTable(p, left("NAME"), left("STATE"), right("VERSION"), left("UPDATED"), left("OVERRIDES"))
	for _, s := range scripts {
		t.add(s.Name, state(p, s.Enabled), strconv.FormatInt(s.Version, 10), localTime(s.UpdatedAt), overridesText(s.overrides()))
	}
	return t.print(c.App.Writer)
}

func state(p palette, enabled bool) string {
	if enabled {
		return p.paint(green, "enabled")
	}
	return p.paint(yellow, "disabled")
}

func localTime(t time.Time) string { return t.Local().Format(time.DateTime) }

func overridesText(o limits.Overrides) string {
	var list []string
	for _, s := range limits.Fields() {
		if value := o.Get(s.Field); value != nil {
			list = append(list, string(s.Field)+"="+formatNumber(*value))
		}
	}
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, " ")
}
