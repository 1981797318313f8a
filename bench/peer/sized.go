package peer

import (
	"fmt"
	"strings"
)

// SizedScript is a script of some size that says what Source says.
type SizedScript struct {
	Name   string
	KiB    int
	Makes  bool // all of its functions, each time; else it is made of modules that the call does not need
	Source string
}

// Sized gives scripts that differ in how much source they have, and in what they do
// with it.
func Sized() []SizedScript {
	return []SizedScript{
		{Name: "modules-1", KiB: 1, Source: padded(1, modules)},
		{Name: "modules-256", KiB: 256, Source: padded(256, modules)},
		{Name: "functions-256", KiB: 256, Makes: true, Source: padded(256, functions)},
	}
}

// Path is where the InProcess peer has one of them.
func (s SizedScript) Path() string { return "/" + s.Name }

const aFunction = "do local function f(a, b) if a > b then return a - b end return { a, b, a .. \" and \" .. b } end end\n"

// functions has as many as there is room for.
func functions(room int) string { return strings.Repeat(aFunction, room/len(aFunction)) }

// modules has as many as there is room for, each a function with the module's
// functions in it, which is called when the module is wanted, as tools do that make one
// file of many.
func modules(room int) string {
	const begin, end, each = "do local function module()\n", "end end\n", 8 << 10
	var b strings.Builder
	for {
		inside := functions(min(each, room-b.Len()-len(begin)-len(end)))
		if inside == "" {
			return b.String()
		}
		fmt.Fprint(&b, begin, inside, end)
	}
}

// padded is a script that begins with what there is to it besides Source.
func padded(kib int, make func(room int) string) string {
	room := kib<<10 - len(Source) - len("--\n")
	filler := make(room)
	return filler + "--" + strings.Repeat("-", room-len(filler)) + "\n" + Source
}
