// Package doctor examines whether PiCloud can serve on this machine, and how
// well: it looks at what the daemon's start needs, and at a daemon that runs.
//
// It promises one finding for each check, in the order of Checks, each with one
// line of what was found and, unless all is well, the one thing to do about it;
// that it needs neither a daemon nor root, and says so where it is not allowed to
// look; and that it changes nothing: no migration, no setting, no file, process or
// cgroup that stays. It fails in findings only, never as a whole.
//
// A check sees the machine through a System, so that it can be shown any machine.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"picloud"
)

// Status is how well it stands with what a check looks at.
type Status string

const (
	// OK needs nothing done.
	OK Status = "ok"
	// Warning is what PiCloud serves in spite of, or what could not be seen.
	Warning Status = "warning"
	// Failure is what PiCloud does not start with, or does not serve.
	Failure Status = "failure"
)

// Result is what a check found.
type Result struct {
	Status Status `json:"status"`
	Detail string `json:"detail"`         // one line
	Hint   string `json:"hint,omitempty"` // the one thing to do, one line; never empty unless Status is OK
}

func ok(format string, args ...any) Result { return Result{OK, fmt.Sprintf(format, args...), ""} }

func warning(hint, format string, args ...any) Result {
	return Result{Warning, fmt.Sprintf(format, args...), hint}
}

func failure(hint, format string, args ...any) Result {
	return Result{Failure, fmt.Sprintf(format, args...), hint}
}

// failed makes a failure of an error, in its own words, with what lies beneath.
func failed(err error) Result {
	e := picloud.AsError(err)
	if e.Code == picloud.CodeInternal {
		return failure("report it, with the output of picloud doctor --output json", "%s", oneLine(err.Error()))
	}
	r := failure(e.Hint, "%s", e.Message)
	if e.Cause != nil {
		r.Detail += ": " + oneLine(e.Cause.Error())
	}
	if r.Hint == "" {
		r.Hint = "see what the log of picloud serve says of it"
	}
	return r
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Check is one thing that is looked at.
type Check struct {
	Name string
	run  func(context.Context, *System) Result
}

// Run looks at one system.
func (c Check) Run(ctx context.Context, s *System) Result { return c.run(ctx, s) }

// Checks are all there are: first what the kernel has, then what PiCloud makes of
// it, then what stands around it.
func Checks() []Check {
	checks := []Check{
		{"settings", settings},
		{"kernel", kernel},
		{"seccomp", seccomp},
		{"landlock", landlock},
		{"cgroup v2", cgroupMount},
	}
	checks = append(checks, controllerChecks()...)
	return append(checks,
		Check{"user namespaces", userNamespaces},
		Check{"memory", memory},
		Check{"swap", swap},
		Check{"worker", worker},
		Check{"hello", hello},
		Check{"database", database},
		Check{"admin socket", adminSocket},
		Check{"daemon", daemonReady},
		Check{"caddy", caddy},
	)
}

// Finding is a check's name and what it found.
type Finding struct {
	Check string `json:"check"`
	Result
}

// Report is what all checks found.
type Report struct {
	Status   Status    `json:"status"` // the worst of all
	Findings []Finding `json:"checks"`
}

// Examine runs all checks, one after the other. It takes as long as a database
// that does not answer, or a worker that does not start: half a minute or so
// each.
func Examine(ctx context.Context, s *System) Report {
	report := Report{Status: OK}
	for _, check := range Checks() {
		f := Finding{check.Name, check.Run(ctx, s)}
		report.Findings = append(report.Findings, f)
		if f.Status == Failure || f.Status == Warning && report.Status == OK {
			report.Status = f.Status
		}
	}
	return report
}

// Count is how many findings have this status.
func (r Report) Count(status Status) int {
	n := 0
	for _, f := range r.Findings {
		if f.Status == status {
			n++
		}
	}
	return n
}

// hidden tells whether err only says that we are not allowed to look.
func hidden(err error) bool { return errors.Is(err, fs.ErrPermission) }
