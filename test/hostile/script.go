// Package hostile runs scripts that attack their limits and their sandbox
// through real workers: the worker program, started and locked as the daemon
// starts and locks it, one process a script.
//
// Each file in the folder scripts is one attack. To add one, drop a file in: its
// first lines are a header of Lua comments that says what must come of it.
//
//	-- outcome: limit_exceeded max_operations 1000
//	-- limits: max_operations=1000 max_call_levels=10
//	-- why: pcall in a loop cannot swallow the limit
//
// The header ends with the first line that does not begin with "--". Its keys:
//
//	outcome  required, one of
//	           ok STATUS [BODY]          the response, its body exactly
//	           script_error LINE TEXT    TEXT is a part of the message
//	           invalid_script LINE TEXT  the same; at upload as well
//	           limit_exceeded FIELD N    N is what the field is set to
//	           timeout N                 N is timeout_ms
//	why      required, what is attacked, for the reader
//	limits   FIELD=N ..., where they are not the platform's; the suite's
//	         timeout_ms is so long that it ends nothing but a hang
//	cost     the bound on the script's cost, see below; 20 if not given
//	repeat   N "TEXT": the first of these lines is what @1 stands for in the
//	         script, the second @2 and so on. TEXT is quoted as in Go, and %d in
//	         it is the number of the repetition, from 1.
//
// Anything else in a header is an error. The part of the name before the first
// "-" is the class that the suite counts the script in.
//
// A script's cost is its CPU time as a multiple of what a plain counting loop of
// as many operations takes, both in a real worker and measured in the same run.
// What the bound protects against is work that is not charged: there the factor is
// hundreds and grows with the input. So that a busy machine does not fail it, the
// bound is generous, time spent waiting is not counted, starting a worker may take
// a hundred times what it takes at best, and a script that is over the bound has
// two more tries, of which the cheapest counts. Compiling is not charged as
// operations: a byte of source is taken for some.
package hostile

import (
	"fmt"
	"strconv"
	"strings"

	"picloud"
	"picloud/limits"
	"picloud/worker/wire"
)

// defaultCost is the bound for scripts that give none.
const defaultCost = 20

// longTimeout is the timeout_ms of scripts that give none. Under software
// emulation a million operations take many seconds.
const longTimeout = 300_000

// defaults are the limits of a script that sets none.
func defaults() limits.Limits {
	l := limits.Defaults()
	l.TimeoutMS = longTimeout
	return l
}

// script is one file of the folder.
type script struct {
	name   string
	source string
	limits limits.Limits
	cost   float64
	want   expectation
}

// class is the part of the name that scripts are counted by.
func (s *script) class() string {
	class, _, _ := strings.Cut(s.name, "-")
	return class
}

// expectation is an outcome line.
type expectation struct {
	code   picloud.Code // "" for ok
	status int          // of an ok
	line   int          // of a script_error or an invalid_script
	text   string       // the body of an ok, else a part of the message
	limit  limits.Field // of a limit_exceeded
	value  int64        // of the limit
}

// parse reads a file of the folder.
func parse(name, text string) (*script, error) {
	s := &script{name: strings.TrimSuffix(name, ".lua"), source: text, limits: defaults(), cost: defaultCost}
	seen := map[string]string{}
	repeats := 0
	n := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "--") {
			break
		}
		n++
		pair, _ := strings.CutPrefix(line, "-- ")
		key, value, _ := strings.Cut(pair, ": ")
		if value = strings.TrimSpace(value); value == "" || pair == line {
			return nil, fmt.Errorf("%s:%d: a header line reads \"-- key: value\"; an empty line ends the header", name, n)
		}
		if _, twice := seen[key]; twice && key != "repeat" {
			return nil, fmt.Errorf("%s:%d: %s stands there twice", name, n, key)
		}
		seen[key] = value
		var err error
		switch key {
		case "outcome", "why": // the outcome is read when the limits are known
		case "limits":
			err = s.setLimits(value)
		case "cost":
			if s.cost, err = strconv.ParseFloat(value, 64); err == nil && !(s.cost > 0) {
				err = fmt.Errorf("%v is no bound", s.cost)
			}
		case "repeat":
			repeats++
			err = s.repeat("@"+strconv.Itoa(repeats), value)
		default:
			err = fmt.Errorf("there is no key %q", key)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	for _, key := range []string{"outcome", "why"} {
		if seen[key] == "" {
			return nil, fmt.Errorf("%s: the header has no %s", name, key)
		}
	}
	if !strings.Contains(s.name, "-") {
		return nil, fmt.Errorf("%s: the name has no class: CLASS-NAME.lua", name)
	}
	if len(s.source) > wire.MaxSource {
		return nil, fmt.Errorf("%s: %d bytes of source are more than a script may have", name, len(s.source))
	}
	var err error
	if s.want, err = s.expectation(seen["outcome"]); err != nil {
		return nil, fmt.Errorf("%s: outcome: %w", name, err)
	}
	return s, nil
}

func (s *script) setLimits(list string) error {
	for _, setting := range strings.Fields(list) {
		field, number, _ := strings.Cut(setting, "=")
		spec, ok := limits.Lookup(limits.Field(field))
		if !ok {
			return fmt.Errorf("there is no limit %q", field)
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < spec.Minimum || n > spec.Maximum {
			return fmt.Errorf("%s is no value for %s", number, field)
		}
		s.limits.Set(spec.Field, n)
	}
	return nil
}

// repeat fills a placeholder. The header itself is not searched: it has none.
func (s *script) repeat(placeholder, value string) error {
	count, quoted, _ := strings.Cut(value, " ")
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > wire.MaxSource {
		return fmt.Errorf("%q is no number of repetitions", count)
	}
	text, err := strconv.Unquote(quoted)
	if err != nil || text == "" {
		return fmt.Errorf("%s is no quoted text", quoted)
	}
	if !strings.Contains(s.source, placeholder) {
		return fmt.Errorf("the script has no %s", placeholder)
	}
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(text, "%d", strconv.Itoa(i+1)))
		if b.Len() > wire.MaxSource {
			return fmt.Errorf("%s is longer than a script may be", placeholder)
		}
	}
	s.source = strings.ReplaceAll(s.source, placeholder, b.String())
	return nil
}

func (s *script) expectation(line string) (e expectation, err error) {
	word, rest, _ := strings.Cut(line, " ")
	first, rest, _ := strings.Cut(rest, " ")
	if e.code = picloud.Code(word); word == string(picloud.OutcomeOK) {
		e.code = ""
	}
	switch {
	case e.code == "":
		e.status, err = strconv.Atoi(first)
		e.text = rest
	case e.code == picloud.CodeScriptError, e.code == picloud.CodeInvalidScript:
		e.line, err = strconv.Atoi(first)
		if e.text = rest; rest == "" {
			err = fmt.Errorf("no part of the message is given")
		}
	case e.code == picloud.CodeLimitExceeded:
		e.limit = limits.Field(first)
		e.value, err = strconv.ParseInt(rest, 10, 64)
		setting := s.limits.Get(e.limit)
		if e.limit == wire.ResponseSize {
			setting = wire.MaxBody
		}
		if err == nil && e.value != setting {
			err = fmt.Errorf("%s is set to %d", e.limit, setting)
		}
	case e.code == picloud.CodeTimeout && rest == "":
		e.value, err = strconv.ParseInt(first, 10, 64)
		if err == nil && e.value != s.limits.TimeoutMS {
			err = fmt.Errorf("timeout_ms is set to %d", s.limits.TimeoutMS)
		}
	default:
		err = fmt.Errorf("%q is none", line)
	}
	return e, err
}
