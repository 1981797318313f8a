package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/urfave/cli/v2"

	"picloud/limits"
)

func limitsCeilingCommand() *cli.Command {
	return &cli.Command{
		Name:  "ceiling",
		Usage: "show or set the highest values that scripts may ask for",
		Description: "A ceiling is built in, replaced by what set has stored in the database, replaced by what the\n" +
			"daemon's environment has (" + limits.EnvPrefix + "MAX_OPERATIONS and so on).",
		Flags:  showFlags(),
		Action: ceilingShow,
		Subcommands: []*cli.Command{{
			Name:      "set",
			Usage:     "set the ceiling of limits, in the database",
			ArgsUsage: "FIELD=VALUE...",
			Description: "Scripts that override more already keep what they have. A ceiling below a default holds\n" +
				"for scripts that override nothing.",
			Flags: showFlags(),
			Action: func(c *cli.Context) error {
				if !c.Args().Present() {
					return usageHint("such as picloud limits ceiling set max_operations=20,000,000", "limits ceiling set wants FIELD=VALUE")
				}
				assignments, err := parseAssignments(c.Args().Slice())
				if err != nil {
					return err
				}
				return changeCeiling(c, valuesOf(assignments))
			},
		}, {
			Name:      "unset",
			Usage:     "go back to the built-in ceiling of limits",
			ArgsUsage: "FIELD...",
			Flags:     showFlags(),
			Action: func(c *cli.Context) error {
				if !c.Args().Present() {
					return usageHint("picloud limits ceiling shows what is set", "limits ceiling unset wants a FIELD")
				}
				specs, err := parseFields(c.Args().Slice())
				if err != nil {
					return err
				}
				values := map[limits.Field]*int64{}
				for _, s := range specs {
					values[s.Field] = nil
				}
				return changeCeiling(c, values)
			},
		}},
	}
}

func ceilingShow(c *cli.Context) error {
	if c.Args().Present() {
		return noSuchCommand(c)
	}
	client, err := newClient(c)
	if err != nil {
		return err
	}
	platform, err := client.limits(c.Context)
	if err != nil {
		return err
	}
	if asJSON(c) {
		return printJSON(c, map[string]any{"ceiling": platform.Ceiling})
	}
	p := paletteFor(c.App.Writer)
	t := newTable(p, left("LIMIT"), right("CEILING"), left("SOURCE"), right("BUILT-IN"), left("UNIT"))
	for _, spec := range limits.Fields() {
		b := platform.bound(spec.Field)
		t.add(string(spec.Field), p.paint(bold, formatNumber(b.Value)), source(p, b.Source), formatNumber(spec.Ceiling), spec.Unit)
	}
	return t.print(c.App.Writer)
}

// changeCeiling sets values of the ceiling, removes those that are nil, and tells
// what was in force and what is.
func changeCeiling(c *cli.Context, values map[limits.Field]*int64) error {
	client, err := newClient(c)
	if err != nil {
		return err
	}
	was, err := client.limits(c.Context)
	if err != nil {
		return err
	}
	var is platformLimits
	if err := client.admin(c.Context, http.MethodPatch, "/limits/ceiling", values, &is); err != nil {
		return err
	}
	changes := []limitChange{}
	for _, spec := range limits.Fields() {
		if _, given := values[spec.Field]; given {
			b := is.bound(spec.Field)
			changes = append(changes, limitChange{Field: spec.Field, Was: was.bound(spec.Field).Value, Is: b.Value, Source: b.Source})
		}
	}
	if asJSON(c) {
		return printJSON(c, map[string]any{"changes": changes})
	}
	p := paletteFor(c.App.Writer)
	for _, change := range changes {
		fmt.Fprintf(c.App.Writer, "%s: %s → %s (%s)\n",
			change.Field, formatNumber(change.Was), p.paint(bold, formatNumber(change.Is)), change.Source)
		if change.Source == limits.FromEnvironment {
			fmt.Fprintf(c.App.ErrWriter, "%s %s%s in the daemon's environment goes before the database\n",
				paletteFor(c.App.ErrWriter).paint(yellow, "note:"), limits.EnvPrefix, strings.ToUpper(string(change.Field)))
		}
	}
	return nil
}
