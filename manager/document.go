package manager

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"picloud"
	"picloud/limits"
)

// reader reads JSON objects as strictly for a patch as for a whole script.
type reader struct {
	registry huma.Registry

	// beyond gives the error for a number too large for an int64, above or below
	// 0, where a limit is expected.
	beyond func(f limits.Field, number json.Number) error
}

// read reads one JSON object and nothing after it. Its members, and those of
// objects in it, are ones that the schema knows, spelled exactly, each there once.
// Where the schema has an integer, a number is an int64, written without fraction
// and exponent; elsewhere it is a json.Number, which no schema takes. All other
// that the schema says is not looked at; that is validate's work.
func (r reader) read(data []byte, schema *huma.Schema) (map[string]any, error) {
	if !utf8.Valid(data) { // it would be stored as something else
		return nil, &picloud.Error{Code: picloud.CodeBadRequest, Message: "the body is not UTF-8"}
	}
	var value json.RawMessage
	if err := json.Unmarshal(data, &value); err != nil {
		return nil, &picloud.Error{Code: picloud.CodeBadRequest, Message: "the body is not JSON: " + err.Error(), Cause: err}
	}
	if value = bytes.TrimSpace(value); value[0] != '{' {
		return nil, invalidField("body", "must be a JSON object", nil)
	}
	return r.object(value, schema, "")
}

// object reads an object that is known to be valid JSON. path names it, with a
// dot at the end, or is empty.
func (r reader) object(data []byte, schema *huma.Schema, path string) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil { // the opening brace
		return nil, err
	}
	object := map[string]any{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := key.(string) // a decoder gives nothing else for a key
		field := path + name
		if _, twice := object[name]; twice {
			return nil, invalidField(field, "is there twice", nil)
		}
		member, known := schema.Properties[name]
		if !known {
			return nil, invalidField(field, validation.MsgUnexpectedProperty, nil)
		}
		if member.Ref != "" {
			member = r.registry.SchemaFromRef(member.Ref)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		if object[name], err = r.value(value, member, field); err != nil {
			return nil, err
		}
	}
	return object, nil
}

func (r reader) value(data []byte, schema *huma.Schema, field string) (any, error) {
	first := data[0]
	switch {
	case first == '{' && schema.Type == huma.TypeObject:
		return r.object(data, schema, field+".")
	case schema.Type == huma.TypeInteger && (first == '-' || '0' <= first && first <= '9'):
		return r.integer(string(data), field)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var value any
	err := dec.Decode(&value)
	return value, err
}

func (r reader) integer(text, field string) (any, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return nil, r.beyond(limits.Field(limitName(field)), json.Number(text))
	case err != nil:
		return nil, invalidField(limitName(field), "must be a whole number, written without fraction or exponent", err)
	}
	return n, nil
}

// validate holds an object that was read to all that the schema says.
func (r reader) validate(object map[string]any, schema *huma.Schema) error {
	var result huma.ValidateResult
	huma.Validate(r.registry, schema, huma.NewPathBuffer([]byte("body"), len("body")), huma.ModeWriteToServer, object, &result)
	if len(result.Errors) == 0 {
		return nil
	}
	if detail, ok := result.Errors[0].(*huma.ErrorDetail); ok {
		return fromDetail(detail)
	}
	return result.Errors[0]
}

// decode validates an object that was read and gives it as a T, whose schema it is.
func decode[T any](r reader, object map[string]any) (T, error) {
	var value T
	if err := r.validate(object, schemaOf[T](r.registry)); err != nil {
		return value, err
	}
	encoded, err := json.Marshal(object)
	if err != nil {
		return value, err
	}
	err = json.Unmarshal(encoded, &value)
	return value, err
}

// schemaOf gives the schema of T, which the OpenAPI document has under its name.
func schemaOf[T any](registry huma.Registry) *huma.Schema {
	return registry.SchemaFromRef(refTo[T](registry).Ref)
}

func refTo[T any](registry huma.Registry) *huma.Schema {
	return registry.Schema(reflect.TypeFor[T](), true, "")
}
