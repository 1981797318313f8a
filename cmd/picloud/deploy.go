package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"picloud"
	"picloud/store"
)

func deployCommand() *cli.Command {
	return &cli.Command{
		Name:      "deploy",
		Usage:     "create a script from a file, or replace its source",
		ArgsUsage: "FILE",
		Description: "The name is the file's, without its ending, unless --name gives another.\n" +
			"Limits that are not given stay as they are. Prints the URL.",
		Flags: showFlags(
			&cli.StringFlag{Name: "name", Usage: "`NAME` of the script"},
			&cli.StringSliceFlag{Name: "limit", Usage: "override a limit, as `FIELD=VALUE`; may be given again"},
		),
		Action: deploy,
	}
}

func deploy(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("deploy takes one FILE; got %d arguments", c.NArg())
	}
	file := c.Args().First()
	source, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return usagef("there is no file %s", file)
	}
	if err != nil {
		return err
	}
	if !utf8.Valid(source) {
		return usagef("%s is not UTF-8", file)
	}
	name := c.String("name")
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	if !store.ValidName(name) {
		return usagef("%q cannot be a script's name: 1 to 63 of a-z, 0-9 and -; give one with --name", name)
	}
	limits, err := parseAssignments(c.StringSlice("limit"))
	if u, ok := errors.AsType[usageError](err); ok {
		return usageHint(u.hint, "--limit: %w", u.error)
	}
	client, err := newClient(c)
	if err != nil {
		return err
	}
	body := patchOf(valuesOf(limits))
	body["source"] = string(source)
	deployed, err := client.deploy(c.Context, name, body)
	if e, ok := errors.AsType[*picloud.Error](err); ok && e.Code == picloud.CodeInvalidScript {
		if line := lineOf(e); line > 0 {
			detail, _ := e.Details["detail"].(string)
			e.Message = fmt.Sprintf("%s:%d: %s", file, line, detail)
		}
		return inSource{e, string(source)}
	}
	if err != nil {
		return err
	}
	if asJSON(c) {
		return printJSON(c, deployed)
	}
	fmt.Fprintln(c.App.Writer, deployed.URL)
	return nil
}

// deploy changes what body has of a script; one that is not there it creates.
func (c *client) deploy(ctx context.Context, name string, body map[string]any) (script, error) {
	var s script
	err := c.admin(ctx, http.MethodPatch, scriptPath(name), body, &s)
	if picloud.ErrorCode(err) == picloud.CodeScriptNotFound {
		err = c.admin(ctx, http.MethodPut, scriptPath(name), body, &s)
	}
	s.URL = c.publicURL(name)
	return s, err
}
