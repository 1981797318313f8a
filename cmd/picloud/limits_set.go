package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"picloud/limits"
)

func limitsSetCommand() *cli.Command {
	return &cli.Command{
		Name:      "set",
		Usage:     "override limits of a script, up to the ceiling",
		ArgsUsage: "NAME FIELD=VALUE...",
		Description: "A VALUE may be written 1000000, 1_000_000 or 1,000,000. All are set, or none.\n" +
			"The next call runs under them.",
		Flags: showFlags(),
		Action: func(c *cli.Context) error {
			name, rest, err := nameArgument(c, 0)
			if err != nil {
				return err
			}
			if len(rest) == 0 {
				return usageHint("such as picloud limits set "+name+" max_operations=500", "limits set wants FIELD=VALUE after the name")
			}
			assignments, err := parseAssignments(rest)
			if err != nil {
				return err
			}
			return changeLimits(c, name, valuesOf(assignments))
		},
	}
}

func limitsUnsetCommand() *cli.Command {
	return &cli.Command{
		Name:      "unset",
		Usage:     "let limits of a script be the platform's again",
		ArgsUsage: "NAME FIELD...",
		Flags:     showFlags(),
		Action: func(c *cli.Context) error {
			name, rest, err := nameArgument(c, 0)
			if err != nil {
				return err
			}
			if len(rest) == 0 {
				return usageHint("picloud limits show "+name+" tells what it overrides", "limits unset wants a FIELD after the name")
			}
			specs, err := parseFields(rest)
			if err != nil {
				return err
			}
			values := map[limits.Field]*int64{}
			for _, s := range specs {
				values[s.Field] = nil
			}
			return changeLimits(c, name, values)
		},
	}
}

// limitChange is one limit before and after, as --output json shows it.
type limitChange struct {
	Field limits.Field `json:"field"`
	Was   int64        `json:"was"`
	Is    int64        `json:"is"`
	// of a script's limit: whether it is an override now. Of a ceiling: where it
	// comes from now.
	Overridden *bool         `json:"overridden,omitempty"`
	Source     limits.Source `json:"source,omitempty"`
}

// changeLimits sets overrides, removes those whose value is nil, and tells what
// was in force and what is.
func changeLimits(c *cli.Context, name string, values map[limits.Field]*int64) error {
	client, err := newClient(c)
	if err != nil {
		return err
	}
	was, err := client.script(c.Context, name)
	if err != nil {
		return err
	}
	is, err := client.patch(c.Context, name, patchOf(values))
	if err != nil {
		return err
	}
	changes := []limitChange{}
	for _, spec := range limits.Fields() {
		if _, given := values[spec.Field]; given {
			changes = append(changes, limitChange{Field: spec.Field, Was: was.EffectiveLimits.Get(spec.Field),
				Is: is.EffectiveLimits.Get(spec.Field), Overridden: new(is.overrides().Get(spec.Field) != nil)})
		}
	}
	if asJSON(c) {
		return printJSON(c, map[string]any{"name": name, "version": is.Version, "changes": changes})
	}
	p := paletteFor(c.App.Writer)
	for _, change := range changes {
		remark := ""
		if !*change.Overridden {
			remark = " (default)"
		}
		fmt.Fprintf(c.App.Writer, "%s: %s → %s%s\n", change.Field, formatNumber(change.Was), p.paint(bold, formatNumber(change.Is)), remark)
	}
	return nil
}
