package main

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"picloud"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version of this program",
		Flags: []cli.Flag{outputFlag()},
		Action: func(c *cli.Context) error {
			platform := runtime.GOOS + "/" + runtime.GOARCH
			if asJSON(c) {
				return printJSON(c, map[string]any{
					"product": picloud.Product, "api": picloud.API, "sdk": picloud.SDK, "go": runtime.Version(), "platform": platform,
				})
			}
			fmt.Fprintf(c.App.Writer, "picloud %s (API %d, SDK %d, %s %s)\n",
				picloud.Product, picloud.API, picloud.SDK, runtime.Version(), platform)
			return nil
		},
	}
}
