package main

import (
	"strings"
	"testing"
)

func TestFlagsFirst(t *testing.T) {
	commands := newApp().Commands
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
		"picloud scripts show n -o json":               "picloud scripts show -o json n",
		"picloud scripts delete n --yes m":             "picloud scripts delete --yes n m",
		"picloud limits ceiling set a=1 -o json b=2":   "picloud limits ceiling set -o json a=1 b=2",
		"picloud limits ceiling -o json":               "picloud limits ceiling -o json",
		"picloud complete -- limits --output j":        "picloud complete -- limits --output j",
	} {
		if got := strings.Join(flagsFirst(commands, strings.Fields(given)), " "); got != want {
			t.Errorf("%s\ngives %s\nwant  %s", given, got, want)
		}
	}
}
