package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v2"

	"picloud"
)

func manCommand() *cli.Command {
	return &cli.Command{
		Name:   "man",
		Usage:  "print the manual page, picloud(1), as man reads it",
		Hidden: true,
		Action: func(c *cli.Context) error {
			_, err := c.App.Writer.Write(md2man.Render([]byte(manual(c.App))))
			return err
		},
	}
}

// manual is the manual page in Markdown: what the tree of commands says, and what
// holds for all of them. It is the same on every machine and every day.
func manual(app *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%% picloud 1 \"\" \"PiCloud %s\" \"PiCloud\"\n", picloud.Product)
	fmt.Fprintf(&b, "# NAME\n\npicloud - %s\n", app.Usage)
	b.WriteString("\n# SYNOPSIS\n\n**picloud** *COMMAND* [*ARGUMENT*...] [*FLAG*...]\n")
	b.WriteString(`
# DESCRIPTION

A script is a file of Lua 5.1; **picloud deploy** makes it answer at a URL. Every call runs in a process of its own,
within limits that the interpreter, the kernel and the supervisor hold. **picloud serve** is the daemon; **deploy**,
**invoke**, **scripts** and **limits** talk to it, over its admin socket or, with **--server** and **--token**, over HTTP.
**picloud doctor** tells what is wrong where it does not start.

Without **--server**, **--admin-socket** and **--data-dir** the daemon is the one whose data is in the folder picloud-data,
or else the installed service.

# COMMANDS
`)
	commandManual(&b, "picloud", app.Commands)
	b.WriteString(`
# COMMON FLAGS

All commands that talk to a daemon take these; others those of them that their **--help** shows.

`)
	for _, f := range showFlags() {
		flagManual(&b, f)
	}
	b.WriteString(`# EXIT STATUS

**0**
: It is done.

**1**
: The daemon refused or could not be reached, or the script failed.

**2**
: The command was not written correctly.

An error is told on standard error, in a line that begins with **error:**, and mostly one that begins with **hint:** and says
what to do.

# ENVIRONMENT

`)
	for _, e := range environment(app.Commands) {
		fmt.Fprintf(&b, "**%s**\n: %s\n\n", e[0], e[1])
	}
	b.WriteString(`# FILES

**/etc/picloud/picloud.env**
: Environment of the installed service.

**/run/picloud/admin.sock**
: Admin socket of the installed service, for root and members of the group picloud.

**/var/lib/picloud**
: Data of the installed service.

# EXAMPLES

    picloud deploy hello.lua --limit max_operations=500
    picloud invoke hello -d '{"name":"you"}'
    picloud limits show hello
    picloud limits set hello max_operations=1,000,000 memory_limit_mb=32
    picloud scripts list --output json
`)
	return b.String()
}

// commandManual describes commands and their own flags; those that most have are
// told once for all.
func commandManual(b *strings.Builder, path string, commands []*cli.Command) {
	for _, c := range commands {
		if c.Hidden {
			continue
		}
		name := path + " " + c.Name
		fmt.Fprintf(b, "\n### %s", name)
		if c.ArgsUsage != "" {
			fmt.Fprintf(b, " %s", c.ArgsUsage)
		}
		fmt.Fprintf(b, "\n\n%s%s.\n\n", strings.ToUpper(c.Usage[:1]), c.Usage[1:])
		if c.Description != "" {
			fmt.Fprintf(b, "%s\n\n", c.Description)
		}
		for _, f := range c.Flags {
			if !slices.ContainsFunc(showFlags(), func(common cli.Flag) bool { return common.Names()[0] == f.Names()[0] }) {
				flagManual(b, f)
			}
		}
		commandManual(b, name, c.Subcommands)
	}
}

func flagManual(b *strings.Builder, f cli.Flag) {
	documented, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return
	}
	var names []string
	for _, n := range f.Names() {
		names = append(names, "**"+dashed(n)+"**")
	}
	placeholder, usage := placeholderOf(documented)
	if placeholder != "" {
		placeholder = " *" + placeholder + "*"
	}
	fmt.Fprintf(b, "%s%s\n: %s", strings.Join(names, ", "), placeholder, usage)
	if value := strings.Trim(documented.GetDefaultText(), `"`); documented.TakesValue() && value != "" && value != "0" {
		fmt.Fprintf(b, " (default: %s)", value)
	}
	b.WriteString(".\n\n")
}

// placeholderOf is the name of a flag's value, which its usage has in backquotes,
// and the usage without them.
func placeholderOf(f cli.DocGenerationFlag) (placeholder, usage string) {
	usage = f.GetUsage()
	if _, rest, ok := strings.Cut(usage, "`"); ok {
		placeholder, _, _ = strings.Cut(rest, "`")
	} else if f.TakesValue() {
		placeholder = "VALUE"
	}
	return placeholder, strings.ReplaceAll(usage, "`", "")
}

// environment lists the variables that stand for flags, and those that stand for
// none, by name.
func environment(commands []*cli.Command) [][2]string {
	list := [][2]string{
		{"NO_COLOR", "Set to anything: no colours. They are only on a terminal anyway."},
		{"PICLOUD_ADMIN_TOKEN", "The daemon's admin token; **PICLOUD_ADMIN_TOKEN_FILE** names a file that has it."},
		{"PICLOUD_CEILING_MAX_OPERATIONS", "Ceiling of a limit, for **picloud serve**; so for every limit, its name in upper case."},
		{"PICLOUD_WORKER", "The program workers are made from, for **picloud serve**."},
	}
	seen := map[string]bool{}
	var walk func([]*cli.Command)
	walk = func(commands []*cli.Command) {
		for _, c := range commands {
			for _, f := range c.Flags {
				documented, ok := f.(cli.DocGenerationFlag)
				if !ok {
					continue
				}
				for _, name := range documented.GetEnvVars() {
					if !seen[name] {
						seen[name] = true
						list = append(list, [2]string{name, "The same as **" + dashed(f.Names()[0]) + "**."})
					}
				}
			}
			walk(c.Subcommands)
		}
	}
	walk(commands)
	slices.SortFunc(list, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return list
}
