package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	for _, colours := range []palette{false, true} {
		table := newTable(colours, left("NAME"), right("N"), left("STATE"))
		table.add("ünï", "1", table.paint(green, "on"))
		table.add("longer", "1,000", "")
		var b strings.Builder
		if err := table.print(&b); err != nil {
			t.Fatal(err)
		}
		plain := sgr.ReplaceAllString(b.String(), "")
		if want := "NAME        N  STATE\nünï         1  on\nlonger  1,000\n"; plain != want {
			t.Errorf("got\n%s\nwant\n%s", plain, want)
		}
		if has := plain != b.String(); has != bool(colours) {
			t.Errorf("colours: %v, asked for %v", has, colours)
		}
	}
}
