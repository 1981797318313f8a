package manager

import (
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// describe adds to the OpenAPI document what cannot be seen in the handlers' types:
// the bodies, which they read themselves, the two statuses of PUT, and errors.
func describe(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas
	scripts, script, ceiling := doc.Paths[Prefix+"/scripts"], doc.Paths[Prefix+"/scripts/{name}"], doc.Paths[Prefix+"/limits/ceiling"]
	const whole, merge = "application/json", "application/merge-patch+json"
	for _, body := range []struct {
		of          *huma.Operation
		contentType string
		schema      *huma.Schema
	}{
		{scripts.Post, whole, refTo[namedBody](schemas)},
		{script.Put, whole, refTo[ScriptBody](schemas)},
		{script.Patch, merge, patchSchema(schemas)},
		{ceiling.Patch, merge, refTo[ceilingBody](schemas)},
	} {
		body.of.RequestBody = &huma.RequestBody{
			Required: true,
			Content:  map[string]*huma.MediaType{body.contentType: {Schema: body.schema}},
		}
	}
	created := *script.Put.Responses["200"]
	created.Description = http.StatusText(http.StatusCreated)
	script.Put.Responses["201"] = &created
	describeErrors(schemas)
}

// patchSchema is that of a merge patch of ScriptBody: nothing is required, and
// null removes what may be absent.
func patchSchema(schemas huma.Registry) *huma.Schema {
	whole := schemaOf[ScriptBody](schemas)
	patch := *whole
	patch.Description = "null removes an override"
	patch.Required = nil
	patch.Properties = maps.Clone(whole.Properties)
	for name, member := range patch.Properties {
		if member.Ref != "" && !slices.Contains(whole.Required, name) {
			patch.Properties[name] = &huma.Schema{AnyOf: []*huma.Schema{member, {Type: "null"}}}
		}
	}
	return &patch
}

// describeErrors says what errors look like here.
func describeErrors(schemas huma.Registry) {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	described := schemas.Map()["ErrorModel"]
	if described == nil {
		return
	}
	*described = huma.Schema{
		Type:                 huma.TypeObject,
		Description:          "RFC 9457 problem document; each code has further members of its own",
		AdditionalProperties: true,
		Required:             []string{"code", "title", "status", "detail"},
		Properties: map[string]*huma.Schema{
			"code":   text("what went wrong, for programs"),
			"title":  text("the status in words"),
			"status": {Type: huma.TypeInteger, Description: "the HTTP status"},
			"detail": text("what went wrong, for people"),
			"hint":   text("the one thing to do about it"),
		},
	}
}
