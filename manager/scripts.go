package manager

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"picloud"
	"picloud/limits"
	"picloud/store"
)

type scriptOutput struct {
	Status   int
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     scriptView
}

// NameInput is a part of operations' inputs; it has to be exported for its
// fields to be found.
type NameInput struct {
	Name string `path:"name" doc:"the script's name"`
}

// ConditionInput is a part of operations' inputs, like NameInput.
type ConditionInput struct {
	IfMatch string `header:"If-Match" doc:"the ETag the write is meant for; 412 if the script has another by now"`
}

func (m *Manager) registerScripts() {
	patch := operation("patch-script", http.MethodPatch, "/scripts/{name}", "Change parts of a script (JSON merge patch, RFC 7396)", http.StatusOK)
	patch.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/merge-patch+json": {Schema: &huma.Schema{Type: huma.TypeObject, Description: "members of ScriptBody; null removes"}},
	}}
	huma.Register(m.api, operation("create-script", http.MethodPost, "/scripts", "Create a script", http.StatusCreated), m.create)
	huma.Register(m.api, operation("put-script", http.MethodPut, "/scripts/{name}", "Create or replace a script, whole", http.StatusOK), m.put)
	huma.Register(m.api, patch, m.patch)
	huma.Register(m.api, operation("get-script", http.MethodGet, "/scripts/{name}", "Show a script", http.StatusOK), m.get)
	huma.Register(m.api, operation("list-scripts", http.MethodGet, "/scripts", "List scripts by name", http.StatusOK), m.list)
	huma.Register(m.api, operation("delete-script", http.MethodDelete, "/scripts/{name}", "Delete a script", http.StatusNoContent), m.delete)
}

func (m *Manager) create(ctx context.Context, in *struct {
	Body    namedBody
	RawBody []byte
}) (*scriptOutput, error) {
	draft := in.Body.draft(in.Body.Name)
	ceiling, err := m.validate(ctx, draft, in.RawBody, limits.Overrides{})
	if err != nil {
		return nil, m.refuse(err)
	}
	s, err := m.config.Store.CreateScript(ctx, draft)
	if err != nil {
		return nil, m.refuse(err)
	}
	return written(s, ceiling, true), nil
}

func (m *Manager) put(ctx context.Context, in *struct {
	NameInput
	ConditionInput
	Body    ScriptBody
	RawBody []byte
}) (*scriptOutput, error) {
	version, err := m.condition(ctx, in.Name, in.IfMatch)
	if err != nil {
		return nil, m.refuse(err)
	}
	return m.replace(ctx, in.Body.draft(in.Name), version, in.RawBody, limits.Overrides{})
}

// replace stores a draft. Overrides that are as they were are not validated again:
// a ceiling that has been lowered since is no reason to refuse another change.
func (m *Manager) replace(ctx context.Context, d store.Draft, version int64, raw []byte, were limits.Overrides) (*scriptOutput, error) {
	ceiling, err := m.validate(ctx, d, raw, were)
	if err != nil {
		return nil, m.refuse(err)
	}
	s, created, err := m.config.Store.PutScript(ctx, d, version)
	if err != nil {
		return nil, m.refuse(err)
	}
	return written(s, ceiling, created), nil
}

func written(s store.Script, c limits.Ceiling, created bool) *scriptOutput {
	out := &scriptOutput{Status: http.StatusOK, ETag: etag(s.Version), Body: view(s, c)}
	if created {
		out.Status, out.Location = http.StatusCreated, Prefix+"/scripts/"+s.Name
	}
	return out
}

// patchTries is how often a patch is applied anew when another write came in
// between.
const patchTries = 5

func (m *Manager) patch(ctx context.Context, in *struct {
	NameInput
	ConditionInput
	RawBody []byte `contentType:"application/merge-patch+json"`
}) (*scriptOutput, error) {
	patch, err := decodeObject(in.RawBody)
	if err != nil {
		return nil, m.refuse(err)
	}
	condition, err := m.condition(ctx, in.Name, in.IfMatch)
	if err != nil {
		return nil, m.refuse(err)
	}
	for try := 1; ; try++ {
		current, err := m.config.Store.Script(ctx, in.Name)
		if err != nil {
			return nil, m.refuse(err)
		}
		if condition != store.AnyVersion && condition != current.Version {
			return nil, m.refuse(store.Conflict(in.Name, condition))
		}
		patched, err := m.apply(patch, body(current))
		if err != nil {
			return nil, m.refuse(err)
		}
		out, err := m.replace(ctx, patched.draft(in.Name), current.Version, in.RawBody, current.Overrides)
		lostRace := picloud.ErrorCode(err) == picloud.CodeVersionConflict
		if lostRace && condition == store.AnyVersion && try < patchTries {
			continue
		}
		return out, err
	}
}

// apply merges a patch into a script and holds the result to the schema of PUT.
func (m *Manager) apply(patch map[string]any, current ScriptBody) (ScriptBody, error) {
	encoded, err := json.Marshal(current)
	if err != nil {
		return ScriptBody{}, err
	}
	document, err := decodeObject(encoded)
	if err != nil {
		return ScriptBody{}, err
	}
	merged := mergePatch(document, patch)
	registry := m.api.OpenAPI().Components.Schemas
	schema := registry.Schema(reflect.TypeFor[ScriptBody](), true, "")
	if field := unknownMember(registry, schema, patch, ""); field != "" {
		return ScriptBody{}, invalidField(field, "unexpected property", nil)
	}
	var result huma.ValidateResult
	huma.Validate(registry, schema, huma.NewPathBuffer([]byte("body"), len("body")), huma.ModeWriteToServer, merged, &result)
	if len(result.Errors) > 0 {
		detail, ok := result.Errors[0].(*huma.ErrorDetail)
		if !ok {
			return ScriptBody{}, result.Errors[0]
		}
		return ScriptBody{}, fromDetail(detail)
	}
	encoded, err = json.Marshal(merged)
	if err != nil {
		return ScriptBody{}, err
	}
	var patched ScriptBody
	if err := json.Unmarshal(encoded, &patched); err != nil {
		return ScriptBody{}, fromDetail(&huma.ErrorDetail{Message: err.Error()})
	}
	return patched, nil
}

// unknownMember names a member of a patch that the schema does not know. The
// merged document does not show it if it is null: a misspelt removal.
func unknownMember(registry huma.Registry, schema *huma.Schema, patch map[string]any, path string) string {
	if schema.Ref != "" {
		schema = registry.SchemaFromRef(schema.Ref)
	}
	for name, value := range patch {
		member, ok := schema.Properties[name]
		if !ok {
			return path + name
		}
		if object, ok := value.(map[string]any); ok {
			if field := unknownMember(registry, member, object, path+name+"."); field != "" {
				return field
			}
		}
	}
	return ""
}

// decodeObject reads one JSON object.
func decodeObject(data []byte) (map[string]any, error) {
	var object map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&object); err != nil || object == nil || dec.More() {
		return nil, &picloud.Error{Code: picloud.CodeBadRequest, Message: "the body is not one JSON object", Cause: err}
	}
	return object, nil
}

func (m *Manager) get(ctx context.Context, in *NameInput) (*scriptOutput, error) {
	ceiling, err := m.ceiling(ctx)
	if err != nil {
		return nil, m.refuse(err)
	}
	s, err := m.config.Store.Script(ctx, in.Name)
	if err != nil {
		return nil, m.refuse(err)
	}
	return written(s, ceiling, false), nil
}

type listOutput struct {
	Body struct {
		Scripts    []scriptView `json:"scripts"`
		NextCursor string       `json:"next_cursor,omitempty" doc:"give it as cursor for the next page; absent on the last"`
	}
}

func (m *Manager) list(ctx context.Context, in *struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"scripts on one page"`
	Cursor string `query:"cursor" doc:"next_cursor of the page before"`
}) (*listOutput, error) {
	if in.Cursor != "" && !store.ValidName(in.Cursor) {
		return nil, m.refuse(invalidField("cursor", "is no next_cursor of an earlier page", nil))
	}
	ceiling, err := m.ceiling(ctx)
	if err != nil {
		return nil, m.refuse(err)
	}
	scripts, err := m.config.Store.Scripts(ctx, in.Cursor, in.Limit+1)
	if err != nil {
		return nil, m.refuse(err)
	}
	out := &listOutput{}
	out.Body.Scripts = []scriptView{}
	for i, s := range scripts {
		if i == in.Limit {
			out.Body.NextCursor = scripts[i-1].Name
			break
		}
		listed := view(s, ceiling)
		listed.Source = nil
		out.Body.Scripts = append(out.Body.Scripts, listed)
	}
	return out, nil
}

func (m *Manager) delete(ctx context.Context, in *struct {
	NameInput
	ConditionInput
}) (*struct{}, error) {
	version, err := m.condition(ctx, in.Name, in.IfMatch)
	if err != nil {
		return nil, m.refuse(err)
	}
	if err := m.config.Store.DeleteScript(ctx, in.Name, version); err != nil {
		return nil, m.refuse(err)
	}
	return nil, nil
}
