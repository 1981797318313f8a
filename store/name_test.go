package store

import (
	"regexp"
	"strings"
	"testing"
)

func TestValidName(t *testing.T) {
	promised := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	for _, name := range []string{
		"", "a", "0", "-", "a-", "-a", "a-b", "a--b", "A", "a_b", "a.b", "a/b", "ä", "a\n", "a\x00", " a",
		strings.Repeat("a", 63), strings.Repeat("a", 64), "a" + strings.Repeat("-", 61) + "b",
	} {
		if got, want := ValidName(name), promised.MatchString(name); got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	}
}
