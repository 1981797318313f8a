package main

import (
	"github.com/urfave/cli/v2"

	"picloud/limits"
)

func limitsShowCommand() *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "show all limits: the platform's, or those of a script",
		ArgsUsage: "[NAME]",
		Description: "Without NAME: default, minimum and ceiling of every limit. With NAME: the default, what the\n" +
			"script overrides, the ceiling, and what a call runs under now. SOURCE is where the ceiling\n" +
			"comes from (built-in, database, environment), ENFORCED BY who ends a call that passes it.",
		Flags:  showFlags(),
		Action: limitsShow,
	}
}

// limitLine is one limit as --output json shows it. Values are in Unit.
type limitLine struct {
	Field         limits.Field    `json:"field"`
	Default       int64           `json:"default"`
	Minimum       int64           `json:"minimum"`
	Ceiling       int64           `json:"ceiling"`
	CeilingSource limits.Source   `json:"ceiling_source"`
	Unit          string          `json:"unit"`
	EnforcedBy    limits.Enforcer `json:"enforced_by"`
}

// scriptLimitLine is one limit of a script.
type scriptLimitLine struct {
	limitLine
	Override  *int64 `json:"override"` // null: the default holds
	Effective int64  `json:"effective"`
}

func limitsShow(c *cli.Context) error {
	client, err := newClient(c)
	if err != nil {
		return err
	}
	if !c.Args().Present() {
		platform, err := client.limits(c.Context)
		if err != nil {
			return err
		}
		return showPlatformLimits(c, platform.lines())
	}
	name, _, err := nameArgument(c, 1)
	if err != nil {
		return err
	}
	s, err := client.script(c.Context, name)
	if err != nil {
		return err
	}
	platform, err := client.limits(c.Context)
	if err != nil {
		return err
	}
	return showScriptLimits(c, s, platform.lines())
}

func (l platformLimits) lines() []limitLine {
	var lines []limitLine
	for _, spec := range limits.Fields() {
		ceiling := l.bound(spec.Field)
		lines = append(lines, limitLine{
			spec.Field, l.Defaults.Get(spec.Field), l.Minimum.Get(spec.Field), ceiling.Value, ceiling.Source, spec.Unit, spec.EnforcedBy,
		})
	}
	return lines
}

func showPlatformLimits(c *cli.Context, lines []limitLine) error {
	if asJSON(c) {
		return printJSON(c, map[string]any{"limits": lines})
	}
	p := paletteFor(c.App.Writer)
	t := newTable(p, left("LIMIT"), right("DEFAULT"), right("MINIMUM"), right("CEILING"), left("SOURCE"), left("UNIT"), left("ENFORCED BY"))
	for _, l := range lines {
		t.add(string(l.Field), formatNumber(l.Default), formatNumber(l.Minimum), formatNumber(l.Ceiling),
			source(p, l.CeilingSource), l.Unit, string(l.EnforcedBy))
	}
	return t.print(c.App.Writer)
}

func showScriptLimits(c *cli.Context, s script, lines []limitLine) error {
	var list []scriptLimitLine
	for _, l := range lines {
		list = append(list, scriptLimitLine{l, s.overrides().Get(l.Field), s.EffectiveLimits.Get(l.Field)})
	}
	if asJSON(c) {
		return printJSON(c, map[string]any{"name": s.Name, "limits": list})
	}
	p := paletteFor(c.App.Writer)
	t := newTable(p, left("LIMIT"), right("DEFAULT"), right("OVERRIDE"), right("CEILING"), left("SOURCE"),
		right("EFFECTIVE"), left("UNIT"), left("ENFORCED BY"))
	for _, l := range list {
		override := p.paint(faint, "-")
		if l.Override != nil {
			override = p.paint(yellow, formatNumber(*l.Override))
		}
		t.add(string(l.Field), formatNumber(l.Default), override, formatNumber(l.Ceiling), source(p, l.CeilingSource),
			p.paint(bold, formatNumber(l.Effective)), l.Unit, string(l.EnforcedBy))
	}
	return t.print(c.App.Writer)
}

// source says where a ceiling comes from; one that somebody set stands out.
func source(p palette, s limits.Source) string {
	if s == limits.FromBuiltIn {
		return string(s)
	}
	return p.paint(yellow, string(s))
}
