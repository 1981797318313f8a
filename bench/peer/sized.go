package peer

import (
	"fmt"
	"strings"
)

// Sizes are those of scripts that differ in nothing else, in KiB of source.
func Sizes() []int { return []int{1, 256} }

// Sized is a script of a size, made of functions as scripts are, that does what
// Source does.
func Sized(kib int) string {
	const function = "do local function f(a, b) if a > b then return a - b end return { a, b, a .. \" and \" .. b } end end\n"
	room := kib<<10 - len(Source) - len("--\n")
	filler := strings.Repeat(function, room/len(function))
	return filler + "--" + strings.Repeat("-", room-len(filler)) + "\n" + Source
}

// SizedPath is where the InProcess peer has the script of a size.
func SizedPath(kib int) string { return fmt.Sprintf("/source-%d", kib) }
