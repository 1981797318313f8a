package limits

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"picloud"
)

// Sandbox is the sparse set of interpreter limits a script overrides. A nil
// field keeps the platform default. It is stored as JSON in the scripts table.
type Sandbox struct {
	MaxOperations *int64 `json:"max_operations,omitempty"`
	MaxStringSize *int64 `json:"max_string_size,omitempty"`
	MaxArraySize  *int64 `json:"max_array_size,omitempty"`
	MaxMapSize    *int64 `json:"max_map_size,omitempty"`
	MaxCallLevels *int64 `json:"max_call_levels,omitempty"`
	MaxExprDepth  *int64 `json:"max_expr_depth,omitempty"`
}

// Overrides is everything a script may override: the sandbox object and the
// two limits that stand beside it.
type Overrides struct {
	Sandbox       Sandbox
	MemoryLimitMB *int64
	TimeoutMS     *int64
}

// Get gives the override of f, nil where there is none.
func (o Overrides) Get(f Field) *int64 {
	if p := o.at(f); p != nil {
		return *p
	}
	return nil
}

// Without gives the overrides of o that other does not have, or has otherwise.
func (o Overrides) Without(other Overrides) Overrides {
	for _, s := range Fields() {
		if a, b := o.Get(s.Field), other.Get(s.Field); a != nil && b != nil && *a == *b {
			*o.at(s.Field) = nil
		}
	}
	return o
}

func (o *Overrides) at(f Field) **int64 {
	switch f {
	case MaxOperations:
		return &o.Sandbox.MaxOperations
	case MaxStringSize:
		return &o.Sandbox.MaxStringSize
	case MaxArraySize:
		return &o.Sandbox.MaxArraySize
	case MaxMapSize:
		return &o.Sandbox.MaxMapSize
	case MaxCallLevels:
		return &o.Sandbox.MaxCallLevels
	case MaxExprDepth:
		return &o.Sandbox.MaxExprDepth
	case MemoryLimitMB:
		return &o.MemoryLimitMB
	case TimeoutMS:
		return &o.TimeoutMS
	}
	return nil
}

// ParseSandbox reads a sandbox object strictly: one JSON object, known fields
// only, spelled exactly, each once, each a whole number or null (which is the same
// as absent). Bounds are not looked at; that is Ceiling.Validate's work. Errors
// have the code invalid_field and name the field.
func ParseSandbox(data []byte) (Sandbox, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return Sandbox{}, invalidField("sandbox", "must be an object", err)
	}
	var o Overrides
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return Sandbox{}, invalidField("sandbox", "is not valid JSON", err)
		}
		name := key.(string) // a decoder gives nothing else for a key
		spec, known := Lookup(Field(name))
		if !known || spec.EnforcedBy != ByInterpreter {
			return Sandbox{}, invalidField("sandbox."+name, "there is no such limit", nil)
		}
		if seen[name] {
			return Sandbox{}, invalidField(name, "is there twice", nil)
		}
		seen[name] = true
		if err := dec.Decode(o.at(spec.Field)); err != nil {
			return Sandbox{}, invalidField(name, "must be a whole number", err)
		}
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return Sandbox{}, invalidField("sandbox", "is not valid JSON", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Sandbox{}, invalidField("sandbox", "something follows the JSON object", err)
	}
	return o.Sandbox, nil
}

func invalidField(field, detail string, cause error) *picloud.Error {
	return &picloud.Error{
		Code:    picloud.CodeInvalidField,
		Message: fmt.Sprintf("%s: %s", field, detail),
		Details: map[string]any{"field": field, "detail": detail},
		Cause:   cause,
	}
}
