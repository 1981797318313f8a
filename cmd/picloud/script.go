package main

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/urfave/cli/v2"

	"picloud"
	"picloud/limits"
	"picloud/store"
)

// script is a script as the admin API shows it.
type script struct {
	Name            string         `json:"name"`
	URL             string         `json:"url"` // ours: the API leaves it to whoever knows the public address
	Source          string         `json:"source,omitempty"`
	Version         int64          `json:"version"`
	Enabled         bool           `json:"enabled"`
	Sandbox         limits.Sandbox `json:"sandbox"`
	MemoryLimitMB   *int64         `json:"memory_limit_mb"`
	TimeoutMS       *int64         `json:"timeout_ms"`
	EffectiveLimits limits.Limits  `json:"effective_limits"`
	CreatedAt       time.Time      `json:"created_at"`
	UpdatedAt       time.Time      `json:"updated_at"`
}

func (s script) overrides() limits.Overrides {
	return limits.Overrides{Sandbox: s.Sandbox, MemoryLimitMB: s.MemoryLimitMB, TimeoutMS: s.TimeoutMS}
}

// nameArgument is a command's first argument, NAME, and what follows it.
func nameArgument(c *cli.Context, most int) (name string, rest []string, err error) {
	if !c.Args().Present() {
		return "", nil, usageHint("picloud scripts list shows the names", "%s wants the NAME of a script", commandPath(c))
	}
	if most > 0 && c.NArg() > most {
		return "", nil, usagef("%s takes one NAME; got %d arguments", commandPath(c), c.NArg())
	}
	name = c.Args().First()
	if !store.ValidName(name) {
		return "", nil, usageHint("names are 1 to 63 of a-z, 0-9 and -", "%q cannot be a script's name", name)
	}
	return name, c.Args().Tail(), nil
}

// script gets one script.
func (c *client) script(ctx context.Context, name string) (script, error) {
	var s script
	if err := c.admin(ctx, http.MethodGet, scriptPath(name), nil, &s); err != nil {
		return script{}, c.explainMissing(ctx, name, err)
	}
	s.URL = c.publicURL(s.Name)
	return s, nil
}

// scripts gets all scripts, page by page, without their sources.
func (c *client) scripts(ctx context.Context) ([]script, error) {
	all := []script{}
	for cursor := ""; ; {
		var page struct {
			Scripts    []script `json:"scripts"`
			NextCursor string   `json:"next_cursor"`
		}
		if err := c.admin(ctx, http.MethodGet, "/scripts?limit=1000&cursor="+url.QueryEscape(cursor), nil, &page); err != nil {
			return nil, err
		}
		for _, s := range page.Scripts {
			s.URL = c.publicURL(s.Name)
			all = append(all, s)
		}
		if cursor = page.NextCursor; cursor == "" {
			return all, nil
		}
	}
}

// patch changes parts of a script.
func (c *client) patch(ctx context.Context, name string, body any) (script, error) {
	var s script
	if err := c.admin(ctx, http.MethodPatch, scriptPath(name), body, &s); err != nil {
		return script{}, c.explainMissing(ctx, name, err)
	}
	s.URL = c.publicURL(s.Name)
	return s, nil
}

// explainMissing adds to script_not_found the name that may have been meant.
// Any other error stays as it is.
func (c *client) explainMissing(ctx context.Context, name string, err error) error {
	if picloud.ErrorCode(err) != picloud.CodeScriptNotFound {
		return err
	}
	var names []string
	if scripts, err := c.scripts(ctx); err == nil {
		for _, s := range scripts {
			names = append(names, s.Name)
		}
	}
	return &picloud.Error{
		Code:    picloud.CodeScriptNotFound,
		Message: "there is no script " + name,
		Hint:    didYouMean(name, names, "picloud scripts list shows the names"),
	}
}
