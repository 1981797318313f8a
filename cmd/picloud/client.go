package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"picloud"
	"picloud/manager"
)

// client talks to a daemon's admin API: over the admin socket, or over HTTP
// with a token.
type client struct {
	http  *http.Client
	base  string // scheme and host, no slash at the end
	token string
	where string // for error messages
	// public is where scripts answer: --server, or what the daemon has told
	public string
}

// clientFlags say which daemon to talk to.
func clientFlags() []cli.Flag {
	return []cli.Flag{
		dataDirFlag(),
		adminSocketFlag(),
		&cli.StringFlag{Name: "server", EnvVars: []string{"PICLOUD_SERVER"},
			Usage: "`URL` of a daemon to reach over HTTP instead of the admin socket"},
		&cli.StringFlag{Name: "token", EnvVars: []string{"PICLOUD_TOKEN"},
			Usage: "admin `TOKEN`, needed with --server"},
	}
}

func newClient(c *cli.Context) (*client, error) {
	if server := c.String("server"); server != "" {
		u, err := url.Parse(server)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return nil, usagef("--server is %q; it must be like https://host or http://host:port", server)
		}
		return &client{
			http: http.DefaultClient, base: strings.TrimSuffix(server, "/"),
			token: c.String("token"), where: server, public: strings.TrimSuffix(server, "/"),
		}, nil
	}
	path := adminSocket(c)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &client{
		http: &http.Client{Transport: &http.Transport{DialContext: dial}},
		base: "http://admin-socket", where: "the admin socket " + path,
	}, nil
}

// admin makes a call of the admin API. in and out may be nil. An error the
// server answers with is a *picloud.Error.
func (c *client) admin(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if in != nil {
		if err := encoder.Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+manager.Prefix+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	if c.public == "" {
		c.public = resp.Header.Get(manager.PublicURLHeader)
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return c.unreachable(err)
	}
	if resp.StatusCode >= 300 {
		return fromProblem(resp.StatusCode, data)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}

func (c *client) unreachable(cause error) error {
	if u, ok := errors.AsType[*url.Error](cause); ok {
		cause = u.Err
	}
	return &picloud.Error{
		Code:    picloud.CodeStoreUnavailable,
		Message: "the daemon cannot be reached at " + c.where,
		Hint:    "see that picloud serve runs with the same --data-dir or --admin-socket, or give --server and --token",
		Cause:   cause,
	}
}

// fromProblem reads an RFC 9457 body back.
func fromProblem(status int, data []byte) error {
	var p struct {
		Code   picloud.Code `json:"code"`
		Detail string       `json:"detail"`
		Hint   string       `json:"hint"`
		Line   int          `json:"line"`
	}
	if err := json.Unmarshal(data, &p); err != nil || p.Code == "" {
		return fmt.Errorf("the server answered %d %s", status, http.StatusText(status))
	}
	return &picloud.Error{Code: p.Code, Message: p.Detail, Hint: p.Hint, Details: map[string]any{"line": p.Line}}
}

// publicURL is where a script answers; only the path, if the daemon listens at
// a socket and somebody else gives it its address.
func (c *client) publicURL(name string) string { return c.public + "/run/" + name }
