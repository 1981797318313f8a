package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"picloud"
	"picloud/limits"
	"picloud/store"
)

func deployCommand() *cli.Command {
	return &cli.Command{
		Name:      "deploy",
		Usage:     "create a script from a file, or replace its source",
		ArgsUsage: "FILE",
		Description: "The name is the file's, without its ending, unless --name gives another.\n" +
			"Limits that are not given stay as they are. Prints the URL.",
		Flags: append(clientFlags(),
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
	body := map[string]any{"source": string(source)}
	if err := addLimits(body, c.StringSlice("limit")); err != nil {
		return err
	}
	client, err := newClient(c)
	if err != nil {
		return err
	}
	path := "/scripts/" + name
	err = client.admin(c.Context, http.MethodPatch, path, body, nil)
	if picloud.ErrorCode(err) == picloud.CodeScriptNotFound {
		err = client.admin(c.Context, http.MethodPut, path, body, nil)
	}
	if e, ok := errors.AsType[*picloud.Error](err); ok && e.Code == picloud.CodeInvalidScript {
		if line, _ := e.Details["line"].(int); line > 0 {
			e.Message = fmt.Sprintf("%s:%d: %s", file, line, e.Message)
		}
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, client.publicURL(name))
	return nil
}

// addLimits puts FIELD=VALUE assignments where they belong in a script's JSON.
func addLimits(body map[string]any, assignments []string) error {
	sandbox := map[string]any{}
	for _, a := range assignments {
		field, text, ok := strings.Cut(a, "=")
		spec, known := limits.Lookup(limits.Field(field))
		value, err := strconv.ParseInt(text, 10, 64)
		if !ok || !known || err != nil {
			return usagef("--limit %q is not FIELD=VALUE with a limit's name and a whole number", a)
		}
		if spec.EnforcedBy == limits.ByInterpreter {
			sandbox[field] = value
		} else {
			body[field] = value
		}
	}
	if len(sandbox) > 0 {
		body["sandbox"] = sandbox
	}
	return nil
}
