package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"picloud/limits"
)

// grouped is a number with its thousands set apart, all in one way.
var grouped = regexp.MustCompile(`^-?[0-9]{1,3}((,[0-9]{3})+|(_[0-9]{3})+)$`)

// parseNumber reads a whole number, written 1000000, 1_000_000 or 1,000,000.
func parseNumber(text string) (int64, error) {
	if grouped.MatchString(text) {
		text = strings.NewReplacer(",", "", "_", "").Replace(text)
	}
	return strconv.ParseInt(text, 10, 64)
}

// formatNumber writes a number as people read it: 1,000,000.
func formatNumber(n int64) string {
	digits := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(digits) - 3; i > start; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// assignment is one FIELD=VALUE of a command line.
type assignment struct {
	spec  limits.Spec
	value int64
}

// parseAssignments reads FIELD=VALUE arguments; a field may be there once.
// Whether a value is within its bounds, the daemon says: it knows the ceiling.
func parseAssignments(args []string) ([]assignment, error) {
	var list []assignment
	seen := map[limits.Field]bool{}
	for _, arg := range args {
		field, text, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, usageHint("such as "+assignmentExample(arg), "%q is not FIELD=VALUE", arg)
		}
		spec, err := findLimit(field)
		if err != nil {
			return nil, err
		}
		if seen[spec.Field] {
			return nil, usageHint("give it once", "%s is there twice", spec.Field)
		}
		seen[spec.Field] = true
		value, err := parseNumber(text)
		if errors.Is(err, strconv.ErrRange) {
			return nil, usageHint(meaning(spec), "%s: %s is more than any limit may be (%s)", spec.Field, text, formatNumber(spec.Maximum))
		}
		if err != nil {
			return nil, usageHint(meaning(spec), "%s: %q is not a whole number", spec.Field, text)
		}
		list = append(list, assignment{spec, value})
	}
	return list, nil
}

// parseFields reads FIELD arguments.
func parseFields(args []string) ([]limits.Spec, error) {
	var list []limits.Spec
	for _, arg := range args {
		if field, _, ok := strings.Cut(arg, "="); ok {
			return nil, usageHint("unset takes the name alone: "+field, "%q is not a limit's name", arg)
		}
		spec, err := findLimit(arg)
		if err != nil {
			return nil, err
		}
		list = append(list, spec)
	}
	return list, nil
}

func findLimit(name string) (limits.Spec, error) {
	if spec, ok := limits.Lookup(limits.Field(name)); ok {
		return spec, nil
	}
	return limits.Spec{}, usageHint(
		didYouMean(name, limitNames(), "the limits are "+strings.Join(limitNames(), ", ")),
		"there is no limit %q", name)
}

func limitNames() []string {
	var names []string
	for _, s := range limits.Fields() {
		names = append(names, string(s.Field))
	}
	return names
}

// meaning says of a limit what values it has.
func meaning(s limits.Spec) string {
	return fmt.Sprintf("%s is a number of %s, from %s up to the ceiling (see picloud limits show), such as %s",
		s.Field, s.Unit, formatNumber(s.Minimum), assignmentExample(string(s.Field)))
}

func assignmentExample(name string) string {
	spec, ok := limits.Lookup(limits.Field(name))
	if !ok {
		spec = limits.Fields()[0]
	}
	return fmt.Sprintf("%s=%d", spec.Field, spec.Default)
}

// patchOf puts limits where they belong in a script's JSON: those the
// interpreter enforces into its sandbox object, the others beside it. A nil
// value removes an override.
func patchOf(values map[limits.Field]*int64) map[string]any {
	body, sandbox := map[string]any{}, map[string]any{}
	for field, value := range values {
		var member any
		if value != nil {
			member = *value
		}
		if spec, _ := limits.Lookup(field); spec.EnforcedBy == limits.ByInterpreter {
			sandbox[string(field)] = member
		} else {
			body[string(field)] = member
		}
	}
	if len(sandbox) > 0 {
		body["sandbox"] = sandbox
	}
	return body
}

func valuesOf(assignments []assignment) map[limits.Field]*int64 {
	values := map[limits.Field]*int64{}
	for _, a := range assignments {
		values[a.spec.Field] = &a.value
	}
	return values
}
