package limits

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

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
// only, each a whole number or null (which is the same as absent). Bounds are
// not looked at; that is Ceiling.Validate's work. Errors have the code
// invalid_field and name the field.
func ParseSandbox(data []byte) (Sandbox, error) {
	var s Sandbox
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return Sandbox{}, sandboxError(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Sandbox{}, invalidField("sandbox", "something follows the JSON object", nil)
	}
	return s, nil
}

func sandboxError(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if t.Field == "" {
			return invalidField("sandbox", "must be an object", err)
		}
		return invalidField(t.Field, "must be a whole number", err)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return invalidField("sandbox."+strings.Trim(name, `"`), "there is no such limit", err)
	}
	return invalidField("sandbox", "is not valid JSON", err)
}

func invalidField(field, detail string, cause error) *picloud.Error {
	return &picloud.Error{
		Code:    picloud.CodeInvalidField,
		Message: fmt.Sprintf("%s: %s", field, detail),
		Details: map[string]any{"field": field, "detail": detail},
		Cause:   cause,
	}
}
