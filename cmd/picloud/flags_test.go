package main

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestFlagsFirst(t *testing.T) {
	commands := []*cli.Command{deployCommand(), migrateCommand(), versionCommand()}
	for given, want := range map[string]string{
		"picloud":                                      "picloud",
		"picloud deploy f.lua --name n":                "picloud deploy --name n f.lua",
		"picloud deploy f.lua --name=n x":              "picloud deploy --name=n f.lua x",
		"picloud deploy --limit a=1 f.lua --limit b=2": "picloud deploy --limit a=1 --limit b=2 f.lua",
		"picloud deploy -- --name":                     "picloud deploy -- --name",
		"picloud deploy - --name n":                    "picloud deploy --name n -",
		"picloud migrate status --data-dir d":          "picloud migrate status --data-dir d",
		"picloud migrate --data-dir d":                 "picloud migrate --data-dir d",
		"picloud unknown f --name n":                   "picloud unknown f --name n",
		"picloud deploy f.lua --name":                  "picloud deploy --name f.lua",
	} {
		if got := strings.Join(flagsFirst(commands, strings.Fields(given)), " "); got != want {
			t.Errorf("%s\ngives %s\nwant  %s", given, got, want)
		}
	}
}
