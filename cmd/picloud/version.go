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
		Action: func(c *cli.Context) error {
			fmt.Fprintf(c.App.Writer, "picloud %s (API %d, SDK %d, %s %s/%s)\n",
				picloud.Product, picloud.API, picloud.SDK, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}
