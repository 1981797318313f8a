package main

import "github.com/urfave/cli/v2"

func scriptsSourceCommand() *cli.Command {
	return &cli.Command{
		Name:        "source",
		Usage:       "print a script's source",
		ArgsUsage:   "NAME",
		Description: "To a file or pipe it comes byte by byte as it was deployed.",
		Flags:       showFlags(),
		Action: func(c *cli.Context) error {
			s, err := namedScript(c)
			if err != nil {
				return err
			}
			if asJSON(c) {
				return printJSON(c, map[string]any{"name": s.Name, "version": s.Version, "source": s.Source})
			}
			return printText(c.App.Writer, s.Source)
		},
	}
}
