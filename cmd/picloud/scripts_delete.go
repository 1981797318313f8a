package main

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"

	"github.com/urfave/cli/v2"

	"picloud"
)

func scriptsDeleteCommand() *cli.Command {
	return &cli.Command{
		Name:        "delete",
		Usage:       "delete a script, its source and its limits",
		ArgsUsage:   "NAME",
		Description: "Asks first on a terminal. There is no way back; picloud scripts disable NAME has one.",
		Flags:       showFlags(&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do not ask"}),
		Action:      scriptsDelete,
	}
}

func scriptsDelete(c *cli.Context) error {
	name, _, err := nameArgument(c, 1)
	if err != nil {
		return err
	}
	client, err := newClient(c)
	if err != nil {
		return err
	}
	if isTerminal(c.App.Reader) && !c.Bool("yes") {
		s, err := client.script(c.Context, name)
		if err != nil {
			return err
		}
		if !confirmed(c, fmt.Sprintf("Delete %s (version %d, %s bytes of source)?", name, s.Version, formatNumber(int64(len(s.Source))))) {
			return &picloud.Error{Code: picloud.CodeBadRequest, Message: name + " was not deleted", Hint: "answer y, or give --yes"}
		}
	}
	if err := client.admin(c.Context, http.MethodDelete, scriptPath(name), nil, nil); err != nil {
		return client.explainMissing(c.Context, name, err)
	}
	if asJSON(c) {
		return printJSON(c, map[string]any{"name": name, "deleted": true})
	}
	fmt.Fprintf(c.App.Writer, "%s: deleted\n", name)
	return nil
}

// confirmed asks a question on the terminal; all but y and yes is no.
func confirmed(c *cli.Context, question string) bool {
	fmt.Fprintf(c.App.ErrWriter, "%s [y/N] ", question)
	line, err := bufio.NewReader(c.App.Reader).ReadString('\n')
	if err != nil { // the end of input is a no, too, and leaves the cursor where it was
		fmt.Fprintln(c.App.ErrWriter)
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}
