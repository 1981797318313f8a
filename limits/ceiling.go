package limits

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"picloud"
)

// Source says where a ceiling's value comes from.
type Source string

const (
	FromBuiltIn     Source = "built-in"
	FromDatabase    Source = "database"
	FromEnvironment Source = "environment"
)

// Bound is one line of a ceiling.
type Bound struct {
	Field  Field  `json:"field"`
	Value  int64  `json:"value"`
	Source Source `json:"source"`
}

// Ceiling is the highest value an override may ask for, limit by limit.
type Ceiling struct {
	bounds []Bound // in the order of Fields
}

// NewCeiling resolves the ceiling: built-in values, replaced by those of the
// database, replaced by those of the environment. Either map may be nil.
func NewCeiling(database, environment map[Field]int64) Ceiling {
	var c Ceiling
	for _, s := range Fields() {
		b := Bound{s.Field, s.Ceiling, FromBuiltIn}
		if v, ok := database[s.Field]; ok {
			b.Value, b.Source = v, FromDatabase
		}
		if v, ok := environment[s.Field]; ok {
			b.Value, b.Source = v, FromEnvironment
		}
		c.bounds = append(c.bounds, b)
	}
	return c
}

// Bounds lists the ceiling in the order of Fields. The slice is the caller's.
func (c Ceiling) Bounds() []Bound { return append([]Bound(nil), c.bounds...) }

// Get gives the ceiling of f, 0 for a name that is no limit.
func (c Ceiling) Get(f Field) int64 {
	for _, b := range c.bounds {
		if b.Field == f {
			return b.Value
		}
	}
	return 0
}

// Cap lowers every limit of l that lies above the ceiling to it. It is for the
// platform defaults: a ceiling below a default holds for scripts that override
// nothing.
func (c Ceiling) Cap(l Limits) Limits {
	for _, b := range c.bounds {
		if p := l.at(b.Field); *p > b.Value {
			*p = b.Value
		}
	}
	return l
}

// Validate checks overrides when a script is written. The first field in the
// order of Fields that is out of bounds gives the error: invalid_field below
// the minimum, limit_exceeds_ceiling above the ceiling.
func (c Ceiling) Validate(o Overrides) error {
	for _, s := range Fields() {
		p := o.Get(s.Field)
		if p == nil {
			continue
		}
		if *p < s.Minimum {
			return c.tooLow(s, *p)
		}
		if *p > c.Get(s.Field) {
			return c.tooHigh(s, *p)
		}
	}
	return nil
}

// Refuse gives Validate's error for a number that no int64 can hold, as it was
// written.
func (c Ceiling) Refuse(f Field, number json.Number) error {
	s, _ := Lookup(f)
	if strings.HasPrefix(number.String(), "-") {
		return c.tooLow(s, number)
	}
	return c.tooHigh(s, number)
}

// tooLow and tooHigh take an int64 or a json.Number.
func (c Ceiling) tooLow(s Spec, requested any) error {
	return invalidField(string(s.Field), fmt.Sprintf("is %s; allowed is %d to %d %s", shown(requested), s.Minimum, c.Get(s.Field), s.Unit), nil)
}

func (c Ceiling) tooHigh(s Spec, requested any) error {
	ceiling := c.Get(s.Field)
	return &picloud.Error{
		Code:    picloud.CodeLimitExceedsCeiling,
		Message: fmt.Sprintf("%s: %s is above the ceiling; allowed is %d to %d %s", s.Field, shown(requested), s.Minimum, ceiling, s.Unit),
		Hint:    fmt.Sprintf("ask for at most %d, or have an administrator raise the ceiling", ceiling),
		Details: map[string]any{"field": string(s.Field), "requested": requested, "ceiling": ceiling},
	}
}

// shown is a number for people, who read no thousand digits.
func shown(number any) string {
	const most = 40
	text := fmt.Sprint(number)
	if len(text) > most {
		return fmt.Sprintf("%s… (%d digits)", text[:most], len(strings.TrimPrefix(text, "-")))
	}
	return text
}

// ValidateCeiling checks one value of a ceiling itself, wherever it is set.
// The error has the code invalid_field.
func ValidateCeiling(f Field, value int64) error {
	s, ok := Lookup(f)
	if !ok {
		return invalidField(string(f), "there is no such limit", nil)
	}
	if value < s.Minimum || value > s.Maximum {
		return outside(s, value)
	}
	return nil
}

// RefuseCeiling gives ValidateCeiling's error for a number that no int64 can hold,
// as it was written.
func RefuseCeiling(f Field, number json.Number) error {
	s, _ := Lookup(f)
	return outside(s, number)
}

func outside(s Spec, value any) error {
	return invalidField(string(s.Field), fmt.Sprintf("is %s; a ceiling may be %d to %d %s", shown(value), s.Minimum, s.Maximum, s.Unit), nil)
}

// EnvPrefix begins the name of every environment variable that sets a ceiling;
// the field's name in upper case follows.
const EnvPrefix = "PICLOUD_CEILING_"

// CeilingFromEnv picks the ceiling out of environ ("NAME=value" strings, as
// os.Environ gives them). A variable with the prefix that names no limit, or
// whose value is not a whole number within the field's bounds, is skipped and
// gives a warning; it never stops a start. An empty value counts as unset.
func CeilingFromEnv(environ []string) (ceiling map[Field]int64, warnings []string) {
	ceiling = map[Field]int64{}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		suffix, ok := strings.CutPrefix(name, EnvPrefix)
		if !ok || value == "" {
			continue
		}
		f := Field(strings.ToLower(suffix))
		if _, known := Lookup(f); !known || suffix != strings.ToUpper(suffix) {
			warnings = append(warnings, fmt.Sprintf("%s is skipped: there is no such limit", name))
			continue
		}
		v, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("%s is skipped: %q is not a whole number", name, value))
			continue
		}
		if err := ValidateCeiling(f, v); err != nil {
			warnings = append(warnings, fmt.Sprintf("%s is skipped: %s", name, picloud.AsError(err).Message))
			continue
		}
		ceiling[f] = v
	}
	return ceiling, warnings
}
