package manager

import (
	"context"
	"encoding/json"
	"net/http"

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

func (m *Manager) registerScripts() {
	huma.Register(m.api, operation("create-script", http.MethodPost, "/scripts", "Create a script", http.StatusCreated), m.create)
	huma.Register(m.api, operation("put-script", http.MethodPut, "/scripts/{name}", "Create or replace a script, whole", http.StatusOK), m.put)
	huma.Register(m.api, operation("patch-script", http.MethodPatch, "/scripts/{name}", "Change parts of a script (JSON merge patch, RFC 7396)", http.StatusOK), m.patch)
	huma.Register(m.api, operation("get-script", http.MethodGet, "/scripts/{name}", "Show a script", http.StatusOK), m.get)
	huma.Register(m.api, operation("list-scripts", http.MethodGet, "/scripts", "List scripts by name", http.StatusOK), m.list)
	huma.Register(m.api, operation("delete-script", http.MethodDelete, "/scripts/{name}", "Delete a script", http.StatusNoContent), m.delete)
}

func (m *Manager) create(ctx context.Context, in *struct{ BodyInput }) (*scriptOutput, error) {
	given, err := read[namedBody](ctx, m, &in.BodyInput)
	if err != nil {
		return nil, m.refuse(err)
	}
	draft := given.draft(given.Name)
	ceiling, err := m.validate(ctx, &draft, limits.Overrides{})
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
	BodyInput
}) (*scriptOutput, error) {
	condition, err := in.condition()
	if err != nil {
		return nil, m.refuse(err)
	}
	given, err := read[ScriptBody](ctx, m, &in.BodyInput)
	if err != nil {
		return nil, m.refuse(err)
	}
	draft := given.draft(in.Name)
	ceiling, err := m.validate(ctx, &draft, limits.Overrides{})
	if err != nil {
		return nil, m.refuse(err)
	}
	var s store.Script
	var created bool
	err = m.conditional(ctx, in.Name, condition, func(version int64) (err error) {
		s, created, err = m.config.Store.PutScript(ctx, draft, version)
		return err
	})
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
	BodyInput
}) (*scriptOutput, error) {
	condition, err := in.condition()
	if err != nil {
		return nil, m.refuse(err)
	}
	data, err := in.read()
	if err != nil {
		return nil, m.refuse(err)
	}
	r := m.scriptReader(ctx)
	patch, err := r.read(data, schemaOf[ScriptBody](r.registry))
	if err != nil {
		return nil, m.refuse(err)
	}
	for try := 1; ; try++ {
		current, err := m.config.Store.Script(ctx, in.Name)
		if err := condition.check(in.Name, current, err); err != nil {
			return nil, m.refuse(err)
		}
		patched, err := apply(r, patch, body(current))
		if err != nil {
			return nil, m.refuse(err)
		}
		// a ceiling that has been lowered since is no reason to refuse another change
		draft := patched.draft(in.Name)
		ceiling, err := m.validate(ctx, &draft, current.Overrides)
		if err != nil {
			return nil, m.refuse(err)
		}
		s, _, err := m.config.Store.PutScript(ctx, draft, current.Version)
		switch {
		case err == nil:
			return written(s, ceiling, false), nil
		case picloud.ErrorCode(err) != picloud.CodeVersionConflict || try == patchTries:
			return nil, m.refuse(err)
		}
	}
}

// apply merges a patch into a script and holds the result to the schema of PUT.
func apply(r reader, patch map[string]any, current ScriptBody) (ScriptBody, error) {
	encoded, err := json.Marshal(current)
	if err != nil {
		return ScriptBody{}, err
	}
	document, err := r.read(encoded, schemaOf[ScriptBody](r.registry))
	if err != nil {
		return ScriptBody{}, err
	}
	return decode[ScriptBody](r, mergePatch(document, patch).(map[string]any)) // an object patched with one is one
}

// read gives a request's whole body as a T.
func read[T any](ctx context.Context, m *Manager, in *BodyInput) (T, error) {
	var none T
	data, err := in.read()
	if err != nil {
		return none, err
	}
	r := m.scriptReader(ctx)
	object, err := r.read(data, schemaOf[T](r.registry))
	if err != nil {
		return none, err
	}
	return decode[T](r, object)
}

// scriptReader reads what is written of scripts. A number that is too large for an
// int64 is above or below what a limit may be, like any other.
func (m *Manager) scriptReader(ctx context.Context) reader {
	return reader{m.api.OpenAPI().Components.Schemas, func(f limits.Field, number json.Number) error {
		ceiling, err := m.ceiling(ctx)
		if err != nil {
			return err
		}
		return ceiling.Refuse(f, number)
	}}
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
	condition, err := in.condition()
	if err != nil {
		return nil, m.refuse(err)
	}
	err = m.conditional(ctx, in.Name, condition, func(version int64) error {
		return m.config.Store.DeleteScript(ctx, in.Name, version)
	})
	if err != nil {
		return nil, m.refuse(err)
	}
	return nil, nil
}
