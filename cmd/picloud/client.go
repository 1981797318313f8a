package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"picloud"
	"picloud/manager"
)

// client talks to a daemon: to its admin API over the admin socket, or over HTTP
// with a token; and to its scripts.
type client struct {
	http  *http.Client
	base  string // scheme and host, no slash at the end
	token string
	where string // for error messages

	// where scripts answer: --server, or what the daemon has told
	public       string // scheme and host
	publicSocket string // path of a unix socket, if there is no URL
}

// clientFlags say which daemon to talk to.
func clientFlags() []cli.Flag {
	return []cli.Flag{
		dataDirFlag(),
		adminSocketFlag(),
		&cli.StringFlag{Name: "server", EnvVars: []string{"PICLOUD_SERVER"},
			Usage: "`URL` of a daemon to reach over HTTP instead of the admin socket"},
		&cli.StringFlag{Name: "token", EnvVars: []string{"PICLOUD_TOKEN"},
			Usage: "admin `TOKEN`, needed with --server; in the environment nobody else sees it"},
	}
}

// showFlags are those of a command that asks a daemon and shows something, and
// more.
func showFlags(more ...cli.Flag) []cli.Flag {
	return append(append(clientFlags(), outputFlag()), more...)
}

func newClient(c *cli.Context) (*client, error) {
	if server := c.String("server"); server != "" {
		u, err := url.Parse(server)
		if err == nil && u.User != nil {
			return nil, usageHint("give the token with --token or in PICLOUD_TOKEN", "--server has a user name in it; the admin API knows tokens only")
		}
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return nil, usageHint("it must be like https://host or http://host:port", "--server is no URL of a daemon")
		}
		base := strings.TrimSuffix(server, "/")
		return &client{
			http: httpClient(tcpTransport()), base: base,
			token: c.String("token"), where: server, public: base,
		}, nil
	}
	path := clientSocket(c)
	return &client{http: httpClient(socketTransport(path)), base: "http://admin-socket", where: "the admin socket " + path}, nil
}

// httpClient follows no redirection: an admin call would become another one, and
// a script's redirection is its answer.
func httpClient(transport *http.Transport) *http.Client {
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// connectTimeout bounds how long a host that does not answer is waited for. An
// answer may take as long as a script may run.
const connectTimeout = 10 * time.Second

// Neither transport asks for compression: headers are shown as they were sent.
func tcpTransport() *http.Transport {
	return &http.Transport{
		Proxy:              http.ProxyFromEnvironment,
		DialContext:        (&net.Dialer{Timeout: connectTimeout}).DialContext,
		DisableCompression: true,
	}
}

func socketTransport(path string) *http.Transport {
	return &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}
}

// packageSocket is where the service that the package installs has its admin
// socket.
const packageSocket = "/run/picloud/admin.sock"

// clientSocket is the admin socket of the daemon that was meant: the one that is
// named; else that of the data directory; else, if there is none, the installed
// service's.
func clientSocket(c *cli.Context) string {
	path := adminSocket(c)
	if c.IsSet("admin-socket") || c.IsSet("data-dir") {
		return path
	}
	return firstThatExists(path, packageSocket)
}

// firstThatExists is the first of some paths if none is there.
func firstThatExists(paths ...string) string {
	for _, path := range paths {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) { // one that may not be seen is there
			return path
		}
	}
	return paths[0]
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
	if c.public == "" && c.publicSocket == "" {
		c.public, c.publicSocket = resp.Header.Get(manager.PublicURLHeader), resp.Header.Get(manager.PublicSocketHeader)
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return c.unreachable(err)
	}
	if resp.StatusCode >= 300 {
		return c.refused(resp, data)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return &picloud.Error{Code: picloud.CodeBadRequest, Message: "what answers at " + c.where + " is not PiCloud's admin API", Cause: err}
	}
	return nil
}

// refused is the error that an admin call was answered with.
func (c *client) refused(resp *http.Response, data []byte) error {
	e := fromProblem(data)
	if e == nil {
		e = &picloud.Error{
			Code:    picloud.CodeBadRequest,
			Message: fmt.Sprintf("%s answered %s, which is not PiCloud's", c.where, resp.Status),
			Hint:    "see that --server is the daemon's own URL, and that a proxy before it lets the admin API through",
		}
		if location := resp.Header.Get("Location"); location != "" {
			e.Hint = "it sends to " + harmless(location) + "; give --server the URL that serves"
		}
	}
	if e.Code == picloud.CodeUnauthorized {
		e.Hint = "give the daemon's token in PICLOUD_TOKEN; unless it was set, it is in the file admin-token of the data directory"
	}
	return e
}

func (c *client) unreachable(cause error) error {
	if u, ok := errors.AsType[*url.Error](cause); ok {
		cause = u.Err
	}
	if errors.Is(cause, context.Canceled) {
		return &picloud.Error{Code: picloud.CodeBadRequest, Message: "interrupted before there was an answer"}
	}
	e := &picloud.Error{
		Code:    picloud.CodeStoreUnavailable,
		Message: "the daemon cannot be reached at " + c.where,
		Hint:    "see that picloud serve runs with the same --data-dir or --admin-socket, or give --server and --token",
		Cause:   cause,
	}
	if errors.Is(cause, fs.ErrPermission) {
		e.Hint = "be root or the daemon's user, or join the group: sudo usermod -aG " + manager.AdminGroup + " USER"
	}
	return e
}

// fromProblem reads an RFC 9457 body of PiCloud's back, nil if it is none.
func fromProblem(data []byte) *picloud.Error {
	var members map[string]any
	if json.Unmarshal(data, &members) != nil {
		return nil
	}
	text := func(member string) string { s, _ := members[member].(string); return s }
	if text("code") == "" {
		return nil
	}
	e := &picloud.Error{Code: picloud.Code(text("code")), Message: text("detail"), Hint: text("hint"), Details: members}
	if field := text("field"); e.Code == picloud.CodeInvalidField && field != "" {
		e.Message = field + ": " + e.Message // its detail leaves the field to the member of that name
	}
	return e
}

// lineOf is the line of the script that an error is about, 0 if there is none.
func lineOf(e *picloud.Error) int {
	line, _ := e.Details["line"].(float64)
	return int(line)
}

// publicURL is where a script answers; only the path, if the daemon listens at
// a socket and somebody else gives it its address.
func (c *client) publicURL(name string) string { return c.public + "/run/" + name }

// scriptPath is a script's path in the admin API.
func scriptPath(name string) string { return "/scripts/" + url.PathEscape(name) }
