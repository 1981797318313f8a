package main

import "github.com/urfave/cli/v2"

func scriptsCommand() *cli.Command {
	return &cli.Command{
		Name:  "scripts",
		Usage: "list, show and change the scripts that are there",
		Subcommands: []*cli.Command{
			scriptsListCommand(),
			scriptsShowCommand(),
			scriptsSourceCommand(),
			scriptsEnableCommand(),
			scriptsDisableCommand(),
			scriptsDeleteCommand(),
		},
		Action: chooseSubcommand,
	}
}
