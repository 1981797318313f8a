package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"picloud"
)

// answer is what a script's URL answered, read to its end.
type answer struct {
	*http.Response
	body []byte
}

func (c *client) call(req *http.Request) (answer, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, c.unreachable(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, c.unreachable(err)
	}
	return answer{resp, body}, nil
}

// tell prints an answer. One that is an error is an error of the command; known
// is the script, if the daemon has told.
func (a answer) tell(c *cli.Context, name string, known *script) error {
	var reason *picloud.Error
	ours := false
	if a.StatusCode >= http.StatusBadRequest {
		if reason, ours = a.failure(); !ours {
			reason = &picloud.Error{Message: fmt.Sprintf("%s answered %s", name, a.Status)}
		}
	}
	var err error
	switch {
	case asJSON(c):
		err = a.printJSON(c)
	case c.Bool("include"):
		err = printText(c.App.Writer, a.head()+string(a.body))
	case !ours: // what PiCloud says in the script's place is told below
		err = printText(c.App.Writer, string(a.body))
	}
	if err != nil || reason == nil {
		return err
	}
	return explainFailure(name, reason, known)
}

// failure is the error that PiCloud answered with in the script's place. A script
// may answer with problem documents of its own.
func (a answer) failure() (e *picloud.Error, ok bool) {
	if a.Header.Get("Content-Type") != "application/problem+json" {
		return nil, false
	}
	if e = fromProblem(a.body); e == nil || e.Message == "" {
		return nil, false
	}
	switch e.Code {
	case picloud.CodeBadRequest, picloud.CodeNotFound, picloud.CodeScriptNotFound, picloud.CodeRequestTooLarge,
		picloud.CodeScriptError, picloud.CodeWorkerKilled, picloud.CodeLimitExceeded, picloud.CodeTimeout,
		picloud.CodeOverloaded, picloud.CodeStoreUnavailable, picloud.CodeShuttingDown, picloud.CodeInternal:
		return e, true
	}
	return nil, false
}

// explainFailure adds to the error of an invocation what to do about it.
func explainFailure(name string, e *picloud.Error, known *script) error {
	if e.Hint == "" {
		e.Hint = failureHint(name, e)
	}
	if known != nil && e.Code == picloud.CodeScriptError {
		return inSource{e, known.Source}
	}
	return e
}

func failureHint(name string, e *picloud.Error) string {
	raise := func(limit string) string {
		return fmt.Sprintf("picloud limits show %s tells what it may have; picloud limits set %s %s=VALUE gives it more", name, name, limit)
	}
	switch e.Code {
	case picloud.CodeLimitExceeded:
		limit, _ := e.Details["limit"].(string)
		if _, err := findLimit(limit); err != nil { // response_size is the same for all
			return "return less, or in parts"
		}
		return raise(limit)
	case picloud.CodeTimeout:
		return raise("timeout_ms")
	case picloud.CodeOverloaded, picloud.CodeShuttingDown:
		return "try again in a moment"
	case picloud.CodeScriptNotFound:
		return "picloud scripts list shows the names, and which are disabled"
	}
	return ""
}

func (a answer) head() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", a.Proto, a.Status)
	for _, name := range headerNames(a.Header) {
		for _, value := range a.Header[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	return b.String() + "\n"
}

func headerNames(h http.Header) []string {
	var names []string
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// printJSON prints status, headers and body: the body as text, or as
// body_base64 if it is none.
func (a answer) printJSON(c *cli.Context) error {
	document := map[string]any{"status": a.StatusCode, "headers": a.Header}
	if utf8.Valid(a.body) {
		document["body"] = string(a.body)
	} else {
		document["body_base64"] = a.body
	}
	return printJSON(c, document)
}
