package main

import (
	"context"
	"net/http"

	"github.com/urfave/cli/v2"

	"picloud/limits"
)

func limitsCommand() *cli.Command {
	return &cli.Command{
		Name:  "limits",
		Usage: "show and set the limits scripts run under",
		Subcommands: []*cli.Command{
			limitsShowCommand(),
			limitsSetCommand(),
			limitsUnsetCommand(),
			limitsCeilingCommand(),
		},
		Action: chooseSubcommand,
	}
}

// platformLimits is what the admin API says of limits, whatever the script.
type platformLimits struct {
	Defaults limits.Limits  `json:"defaults"`
	Minimum  limits.Limits  `json:"minimum"`
	Ceiling  []limits.Bound `json:"ceiling"`
}

func (c *client) limits(ctx context.Context) (platformLimits, error) {
	var l platformLimits
	err := c.admin(ctx, http.MethodGet, "/limits", nil, &l)
	return l, err
}

// bound is the ceiling of a field.
func (l platformLimits) bound(f limits.Field) limits.Bound {
	for _, b := range l.Ceiling {
		if b.Field == f {
			return b
		}
	}
	return limits.Bound{Field: f}
}
