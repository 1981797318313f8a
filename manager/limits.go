package manager

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"picloud/limits"
)

type limitsOutput struct {
	Body struct {
		Defaults limits.Limits  `json:"defaults" doc:"of a script that overrides nothing; none is above the ceiling"`
		Minimum  limits.Limits  `json:"minimum" doc:"no override and no ceiling may be lower"`
		Ceiling  []limits.Bound `json:"ceiling" doc:"the highest value an override may have, and where it comes from: built-in, database or environment"`
	}
}

// ceilingBody sets fields of the ceiling; null goes back to the built-in value.
type ceilingBody struct {
	SandboxBody
	MemoryLimitMB *int64 `json:"memory_limit_mb,omitempty" nullable:"true"`
	TimeoutMS     *int64 `json:"timeout_ms,omitempty" nullable:"true"`
}

func (m *Manager) registerLimits() {
	huma.Register(m.api, operation("get-limits", http.MethodGet, "/limits", "Show defaults, minimum and ceiling", http.StatusOK),
		func(ctx context.Context, _ *struct{}) (*limitsOutput, error) { return m.showLimits(ctx) })
	huma.Register(m.api, operation("patch-ceiling", http.MethodPatch, "/limits/ceiling", "Set fields of the ceiling; null removes", http.StatusOK), m.patchCeiling)
}

func (m *Manager) showLimits(ctx context.Context) (*limitsOutput, error) {
	ceiling, err := m.ceiling(ctx)
	if err != nil {
		return nil, m.refuse(err)
	}
	out := &limitsOutput{}
	out.Body.Defaults = ceiling.Cap(limits.Defaults())
	out.Body.Minimum = limits.Minimum()
	out.Body.Ceiling = ceiling.Bounds()
	return out, nil
}

func (m *Manager) patchCeiling(ctx context.Context, in *struct{ BodyInput }) (*limitsOutput, error) {
	data, err := in.read()
	if err != nil {
		return nil, m.refuse(err)
	}
	r := reader{m.api.OpenAPI().Components.Schemas, limits.RefuseCeiling}
	schema := schemaOf[ceilingBody](r.registry)
	given, err := r.read(data, schema)
	if err == nil {
		err = r.validate(given, schema)
	}
	if err != nil {
		return nil, m.refuse(err)
	}
	changes := map[limits.Field]*int64{}
	for name, value := range given {
		f := limits.Field(name)
		n, ok := value.(int64)
		if !ok { // null
			changes[f] = nil
			continue
		}
		if err := limits.ValidateCeiling(f, n); err != nil {
			return nil, m.refuse(err)
		}
		changes[f] = &n
	}
	if err := m.config.Store.PatchCeiling(ctx, changes); err != nil {
		return nil, m.refuse(err)
	}
	return m.showLimits(ctx)
}
