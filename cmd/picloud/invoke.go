package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
	"golang.org/x/net/http/httpguts"

	"picloud"
)

func invokeCommand() *cli.Command {
	return &cli.Command{
		Name:      "invoke",
		Usage:     "call a script as anybody would, and print what it answers",
		ArgsUsage: "NAME",
		Description: "Prints the body; with --include or --output json status and headers, too. The method is GET, or POST\n" +
			"where there is data. Data that is JSON goes as application/json, other text as text/plain, unless a\n" +
			"header says otherwise. The exit status is 1 if the answer's status is 400 or more.",
		Flags: showFlags(
			&cli.StringFlag{Name: "request", Aliases: []string{"X"}, Usage: "HTTP `METHOD`"},
			&cli.StringFlag{Name: "data", Aliases: []string{"d"}, Usage: "`BODY` to send: the text itself, @FILE, or @- for standard input"},
			&cli.StringSliceFlag{Name: "header", Aliases: []string{"H"}, Usage: "`'NAME: VALUE'` to send; may be given again"},
			&cli.StringFlag{Name: "path", Usage: "`PATH` below the script's root, such as /items?page=2"},
			&cli.BoolFlag{Name: "include", Aliases: []string{"i"}, Usage: "print status and headers before the body"},
		),
		Action: invoke,
	}
}

func invoke(c *cli.Context) error {
	name, _, err := nameArgument(c, 1)
	if err != nil {
		return err
	}
	path, err := pathBelow(c.String("path"))
	if err != nil {
		return err
	}
	header, err := parseHeaders(c.StringSlice("header"))
	if err != nil {
		return err
	}
	body, err := readData(c)
	if err != nil {
		return err
	}
	method, err := chooseMethod(c)
	if err != nil {
		return err
	}
	if c.IsSet("data") && header.Get("Content-Type") == "" {
		header.Set("Content-Type", contentType(body))
	}
	client, err := newClient(c)
	if err != nil {
		return err
	}
	known, err := client.findPublic(c, name)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(c.Context, method, client.publicURL(name)+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "picloud/"+picloud.Product)
	}
	req.Header = header
	if host := header.Get("Host"); host != "" {
		req.Host = host
		header.Del("Host")
	}
	a, err := client.call(req)
	if err != nil {
		return err
	}
	return a.tell(c, name, known)
}

// findPublic finds out where scripts answer. Over the admin socket the daemon
// tells it, and what is known of the script; with --server it is there.
func (c *client) findPublic(ctx *cli.Context, name string) (*script, error) {
	if c.public != "" {
		return nil, nil
	}
	s, err := c.script(ctx.Context, name)
	if err != nil {
		return nil, err
	}
	if !s.Enabled {
		return nil, &picloud.Error{Code: picloud.CodeScriptNotFound, Message: name + " is disabled and answers nobody", Hint: "picloud scripts enable " + name}
	}
	if c.public == "" && c.publicSocket == "" {
		return nil, &picloud.Error{Code: picloud.CodeBadRequest, Message: "the daemon does not tell where its scripts answer", Hint: "give the URL with --server"}
	}
	if c.publicSocket == "" {
		c.http, c.where = httpClient(tcpTransport()), c.public
		return &s, nil
	}
	// straight to the daemon: the way from outside is a proxy's affair, and so is
	// whether its certificate is known here
	host := "localhost"
	if public, err := url.Parse(c.public); err == nil && public.Host != "" {
		host = public.Host
	}
	c.http = httpClient(socketTransport(c.publicSocket))
	c.public, c.where = "http://"+host, "its public socket "+c.publicSocket
	return &s, nil
}

// chooseMethod is --request, else what goes with the data.
func chooseMethod(c *cli.Context) (string, error) {
	method := c.String("request")
	switch {
	case method == "" && c.IsSet("data"):
		return http.MethodPost, nil
	case method == "":
		return http.MethodGet, nil
	case !httpguts.ValidHeaderFieldName(method): // a token, see RFC 9110, section 9.1
		return "", usageHint("such as GET, POST or PUT", "--request %q is not an HTTP method", method)
	}
	return method, nil
}

// pathBelow is --path as it follows the script's name in the URL.
func pathBelow(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	if path[0] != '/' && path[0] != '?' {
		path = "/" + path
	}
	u, err := url.Parse("http://host/run/name" + path)
	if err != nil || u.Fragment != "" {
		return "", usageHint("write it as in a URL: a space is %20, # is %23", "--path %q is not a path", path)
	}
	return path, nil
}

func parseHeaders(lines []string) (http.Header, error) {
	header := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		// the value may be a secret: it is not told
		if !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) {
			return nil, usageHint("such as -H 'Accept: text/plain'", "a --header is not 'NAME: VALUE'")
		}
		header.Add(name, value)
	}
	return header, nil
}

// readData reads what --data names.
func readData(c *cli.Context) ([]byte, error) {
	data := c.String("data")
	file, ok := strings.CutPrefix(data, "@")
	if !ok {
		return []byte(data), nil
	}
	if file == "-" {
		return io.ReadAll(c.App.Reader)
	}
	body, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageHint("@ stands before a file's name; a text that begins with @ comes in a file", "--data: there is no file %s", file)
	}
	return body, err
}

func contentType(body []byte) string {
	switch {
	case json.Valid(body):
		return "application/json"
	case utf8.Valid(body):
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}
