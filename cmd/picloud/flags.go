package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves a command's flags before its other arguments: the library
// stops looking for flags at the first argument, and people write
// "picloud deploy FILE --name N". What follows "--" stays where it is.
func flagsFirst(commands []*cli.Command, args []string) []string {
	if len(args) < 2 {
		return args
	}
	for _, command := range commands {
		if command.Name != args[1] {
			continue
		}
		if len(args) > 2 {
			for _, sub := range command.Subcommands {
				if sub.Name == args[2] {
					return append(args[:2:2], flagsFirst(command.Subcommands, args[1:])[1:]...)
				}
			}
		}
		flags, rest := splitFlags(command, args[2:])
		return append(append(args[:2:2], flags...), rest...)
	}
	return args
}

func splitFlags(command *cli.Command, args []string) (flags, rest []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return flags, append(rest, args[i:]...)
		}
		if len(arg) < 2 || arg[0] != '-' {
			rest = append(rest, arg)
			continue
		}
		flags = append(flags, arg)
		if takesValue(command, strings.TrimLeft(arg, "-")) && i+1 < len(args) {
			i++
			flags = append(flags, args[i])
		}
	}
	return flags, rest
}

// takesValue tells whether a flag, written without "=", is followed by its
// value.
func takesValue(command *cli.Command, name string) bool {
	for _, f := range command.Flags {
		documented, ok := f.(cli.DocGenerationFlag)
		if !ok {
			continue
		}
		for _, n := range f.Names() {
			if n == name {
				return documented.TakesValue()
			}
		}
	}
	return false
}
