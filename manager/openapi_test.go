package manager

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"
)

// document is what is looked at of an OpenAPI document.
type document struct {
	Paths map[string]map[string]struct {
		RequestBody *struct {
			Required bool
			Content  map[string]struct{ Schema schema }
		}
		Responses map[string]struct {
			Content map[string]struct{ Schema schema }
			Headers map[string]any
		}
	}
	Components struct{ Schemas map[string]schema }
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	AnyOf      []schema
	Required   []string
	Properties map[string]schema

	AdditionalProperties any
}

func TestOpenAPI(t *testing.T) {
	f := newFixture(t)
	w := httptest.NewRecorder()
	f.mux.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	var doc document
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	find := func(s schema) schema {
		const prefix = "#/components/schemas/"
		if s.Ref == "" {
			return s
		}
		found, ok := doc.Components.Schemas[s.Ref[len(prefix):]]
		if !ok {
			t.Errorf("there is no schema %s", s.Ref)
		}
		return found
	}
	members := []string{"enabled", "memory_limit_mb", "sandbox", "source", "timeout_ms"}
	sandbox := []string{"max_array_size", "max_call_levels", "max_expr_depth", "max_map_size", "max_operations", "max_string_size"}
	ceiling := append(slices.Clone(sandbox), "memory_limit_mb", "timeout_ms")
	slices.Sort(ceiling)
	scripts, script, limits := Prefix+"/scripts", Prefix+"/scripts/{name}", Prefix+"/limits"
	for _, c := range []struct {
		path, method string
		statuses     []string // of what is no error
		body         string   // its content type; "" for none
		members      []string
		required     []string
	}{
		{scripts, "get", []string{"200"}, "", nil, nil},
		{scripts, "post", []string{"201"}, "application/json", []string{"enabled", "memory_limit_mb", "name", "sandbox", "source", "timeout_ms"}, []string{"name", "source"}},
		{script, "get", []string{"200"}, "", nil, nil},
		{script, "put", []string{"200", "201"}, "application/json", members, []string{"source"}},
		{script, "patch", []string{"200"}, "application/merge-patch+json", members, nil},
		{script, "delete", []string{"204"}, "", nil, nil},
		{limits, "get", []string{"200"}, "", nil, nil},
		{limits + "/ceiling", "patch", []string{"200"}, "application/merge-patch+json", ceiling, nil},
		{"/version", "get", []string{"200"}, "", nil, nil},
	} {
		op, ok := doc.Paths[c.path][c.method]
		if !ok {
			t.Errorf("%s %s is not there", c.method, c.path)
			continue
		}
		for _, status := range append(c.statuses, "default") {
			r, ok := op.Responses[status]
			if !ok || (len(r.Content) == 0) != (status == "204") {
				t.Errorf("%s %s: answer %s is %+v", c.method, c.path, status, r)
			}
			for _, content := range r.Content {
				find(content.Schema)
			}
		}
		if len(op.Responses) != len(c.statuses)+1 {
			t.Errorf("%s %s: answers %v", c.method, c.path, op.Responses)
		}
		if c.body == "" {
			if op.RequestBody != nil {
				t.Errorf("%s %s has a body", c.method, c.path)
			}
			continue
		}
		if op.RequestBody == nil || !op.RequestBody.Required || len(op.RequestBody.Content) != 1 {
			t.Errorf("%s %s: the body is %+v", c.method, c.path, op.RequestBody)
			continue
		}
		body := find(op.RequestBody.Content[c.body].Schema)
		if names := sortedNames(body.Properties); !slices.Equal(names, c.members) || body.Type != "object" || body.AdditionalProperties != false {
			t.Errorf("%s %s: members %v of %v", c.method, c.path, names, body.Type)
		}
		if !slices.Equal(slices.Sorted(slices.Values(body.Required)), c.required) {
			t.Errorf("%s %s: required are %v", c.method, c.path, body.Required)
		}
		inner, ok := body.Properties["sandbox"]
		if !ok {
			continue
		}
		if c.method == "patch" {
			if len(inner.AnyOf) != 2 || inner.AnyOf[1].Type != "null" {
				t.Fatalf("%s %s: null does not remove sandbox: %+v", c.method, c.path, inner)
			}
			inner = inner.AnyOf[0]
		}
		if names := sortedNames(find(inner).Properties); !slices.Equal(names, sandbox) {
			t.Errorf("%s %s: sandbox has %v", c.method, c.path, names)
		}
	}
	if created := doc.Paths[script]["put"].Responses["201"]; created.Headers["ETag"] == nil || created.Headers["Location"] == nil {
		t.Errorf("the headers of 201 are %v", created.Headers)
	}
	if e := doc.Components.Schemas["ErrorModel"]; e.Properties["code"].Type != "string" {
		t.Errorf("errors are %+v", e)
	}
}

func sortedNames(properties map[string]schema) (names []string) {
	for name := range properties {
		if name != "$schema" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
