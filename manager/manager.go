// Package manager is the control plane: the admin API over HTTP, by which
// scripts are written and the ceiling of their limits is set.
//
// It promises that nothing is stored that has not been validated: the name,
// every limit against the ceiling in force, and the source, which is compiled in
// a worker and never in this process. A refused write changes nothing and says
// which field, what was asked for and what is allowed. A body is read alike by every
// call: known members, each once, and numbers as they are written. Every error is a
// problem document.
//
// A version is the ETag of one life of a script: one that is deleted and made anew
// begins at 1 again, and an ETag of before may name it. Who deletes scripts that
// others write to has to tell them.
//
// It never runs a script. It fails, with store_unavailable, while the database is
// away, and with overloaded while no worker is free to compile.
package manager

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"go.uber.org/zap"

	"picloud"
	"picloud/limits"
	"picloud/store"
)

// Checker compiles a script's source under the limits it will run with, and gives the
// form to be stored with it. A source that does not compile gives invalid_script.
type Checker interface {
	Check(ctx context.Context, name, source string, l limits.Limits) (store.Form, error)
}

// Config is what a Manager needs.
type Config struct {
	Store      store.Store
	Checker    Checker
	EnvCeiling func() map[limits.Field]int64 // of limits.CeilingFromEnv, as of now
	Auth       Auth
	Public     Public
	Logger     *zap.Logger
}

// Manager serves the admin API, /version and /openapi.json.
type Manager struct {
	config Config
	api    huma.API
}

// Public is where scripts answer: one of the two, both, or neither.
type Public struct {
	URL    string // scheme and host as callers know it, such as http://127.0.0.1:8080
	Socket string // path of a unix socket, for programs on this machine
}

// PublicURLHeader and PublicSocketHeader tell an administrator's program where
// scripts answer.
const (
	PublicURLHeader    = "PiCloud-Public-URL"
	PublicSocketHeader = "PiCloud-Public-Socket"
)

// Prefix begins the path of every admin call.
const Prefix = "/api/v1/admin"

// Register adds the manager's paths to mux.
func Register(mux *http.ServeMux, c Config) {
	m := &Manager{config: c}
	config := huma.DefaultConfig("PiCloud", picloud.Product)
	config.OpenAPIPath = "/openapi"
	config.DocsPath, config.SchemasPath = "", ""
	config.CreateHooks = nil // no "$schema" members in answers
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "not needed over the admin socket"},
	}
	config.Transformers = []huma.Transformer{m.renderErrors}
	m.api = humago.New(mux, config)
	m.api.UseMiddleware(m.authenticate)

	m.registerScripts()
	m.registerLimits()
	m.registerVersion()
	describe(m.api.OpenAPI())
}

// ceiling is the one in force now.
func (m *Manager) ceiling(ctx context.Context) (limits.Ceiling, error) {
	stored, err := m.config.Store.Ceiling(ctx)
	if err != nil {
		return limits.Ceiling{}, err
	}
	return limits.NewCeiling(stored, m.config.EnvCeiling()), nil
}

type versionOutput struct {
	Body struct {
		Product string `json:"product" doc:"version of PiCloud"`
		Schema  int64  `json:"schema" doc:"number of the database's newest migration"`
		SDK     int    `json:"sdk" doc:"version of what scripts see"`
		API     int    `json:"api" doc:"version of the admin API"`
	}
}

func (m *Manager) registerVersion() {
	huma.Register(m.api, huma.Operation{
		OperationID: "version", Method: http.MethodGet, Path: "/version", Summary: "Versions of everything",
	}, func(ctx context.Context, _ *struct{}) (*versionOutput, error) {
		schema, err := m.config.Store.SchemaVersion(ctx)
		if err != nil {
			return nil, m.refuse(err)
		}
		out := &versionOutput{}
		out.Body.Product, out.Body.Schema = picloud.Product, schema
		out.Body.SDK, out.Body.API = picloud.SDK, picloud.API
		return out, nil
	})
}

// operation fills in what all admin operations share.
func operation(id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{
		OperationID:   id,
		Method:        method,
		Path:          Prefix + path,
		Summary:       summary,
		DefaultStatus: status,
		Security:      []map[string][]string{{"token": {}}},
	}
}
