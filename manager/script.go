package manager

import (
	"context"
	"fmt"
	"time"

	"picloud/limits"
	"picloud/store"
	"picloud/worker/wire"
)

// ScriptBody is what an author writes of a script, whole. It is the body of PUT,
// and what a PATCH must come out as.
type ScriptBody struct {
	Source        string      `json:"source" doc:"Lua 5.1 source, at most 256 KiB"`
	Sandbox       SandboxBody `json:"sandbox,omitempty" doc:"overrides of the interpreter's limits; absent fields keep the platform's defaults"`
	MemoryLimitMB *int64      `json:"memory_limit_mb,omitempty" nullable:"true" doc:"MiB of the whole worker process, held by the kernel; at least 16"`
	TimeoutMS     *int64      `json:"timeout_ms,omitempty" nullable:"true" doc:"wall clock of one invocation; at least 10"`
	Enabled       *bool       `json:"enabled,omitempty" nullable:"true" doc:"default true; a disabled script answers 404"`
}

// namedBody is the body of POST.
type namedBody struct {
	Name string `json:"name" doc:"1 to 63 of a-z, 0-9 and -, with no - at either end"`
	ScriptBody
}

// SandboxBody is limits.Sandbox with what the API's schema says of it.
type SandboxBody struct {
	MaxOperations *int64 `json:"max_operations,omitempty" nullable:"true" doc:"VM instructions, library work charged in proportion"`
	MaxStringSize *int64 `json:"max_string_size,omitempty" nullable:"true" doc:"bytes in one string"`
	MaxArraySize  *int64 `json:"max_array_size,omitempty" nullable:"true" doc:"elements in a table's sequence part"`
	MaxMapSize    *int64 `json:"max_map_size,omitempty" nullable:"true" doc:"other keys in one table"`
	MaxCallLevels *int64 `json:"max_call_levels,omitempty" nullable:"true" doc:"nested calls"`
	MaxExprDepth  *int64 `json:"max_expr_depth,omitempty" nullable:"true" doc:"nesting of expressions and blocks in the source"`
}

// scriptView is a script as the API shows it.
type scriptView struct {
	Name            string         `json:"name"`
	Source          *string        `json:"source,omitempty" doc:"left out of lists"`
	Version         int64          `json:"version" doc:"rises by one with each write; also the ETag"`
	Enabled         bool           `json:"enabled"`
	Sandbox         limits.Sandbox `json:"sandbox"`
	MemoryLimitMB   *int64         `json:"memory_limit_mb" doc:"null: the platform's default"`
	TimeoutMS       *int64         `json:"timeout_ms" doc:"null: the platform's default"`
	EffectiveLimits limits.Limits  `json:"effective_limits" doc:"what an invocation runs under now"`
	CreatedAt       time.Time      `json:"created_at"`
	UpdatedAt       time.Time      `json:"updated_at"`
}

func view(s store.Script, c limits.Ceiling) scriptView {
	return scriptView{
		Name:            s.Name,
		Source:          &s.Source,
		Version:         s.Version,
		Enabled:         s.Enabled,
		Sandbox:         s.Overrides.Sandbox,
		MemoryLimitMB:   s.Overrides.MemoryLimitMB,
		TimeoutMS:       s.Overrides.TimeoutMS,
		EffectiveLimits: effective(s.Overrides, c),
		CreatedAt:       s.CreatedAt,
		UpdatedAt:       s.UpdatedAt,
	}
}

func effective(o limits.Overrides, c limits.Ceiling) limits.Limits {
	return limits.Merge(c.Cap(limits.Defaults()), o)
}

func (b ScriptBody) draft(name string) store.Draft {
	return store.Draft{
		Name:    name,
		Source:  b.Source,
		Enabled: b.Enabled == nil || *b.Enabled,
		Overrides: limits.Overrides{
			Sandbox:       limits.Sandbox(b.Sandbox),
			MemoryLimitMB: b.MemoryLimitMB,
			TimeoutMS:     b.TimeoutMS,
		},
	}
}

// body is the inverse of draft, for a patch to be applied to.
func body(s store.Script) ScriptBody {
	return ScriptBody{
		Source:        s.Source,
		Sandbox:       SandboxBody(s.Overrides.Sandbox),
		MemoryLimitMB: s.Overrides.MemoryLimitMB,
		TimeoutMS:     s.Overrides.TimeoutMS,
		Enabled:       &s.Enabled,
	}
}

// validate checks a draft in full, from the cheap to the dear, but for overrides
// that are as they were, and gives it its form.
func (m *Manager) validate(ctx context.Context, d *store.Draft, were limits.Overrides) (limits.Ceiling, error) {
	if !store.ValidName(d.Name) {
		return limits.Ceiling{}, invalidField("name",
			"must be 1 to 63 of a-z, 0-9 and -, with no - at either end", nil)
	}
	if len(d.Source) > wire.MaxSource {
		return limits.Ceiling{}, invalidField("source",
			fmt.Sprintf("has %d bytes; allowed are %d", len(d.Source), wire.MaxSource), nil)
	}
	c, err := m.ceiling(ctx)
	if err != nil {
		return limits.Ceiling{}, err
	}
	if err := c.Validate(d.Overrides.Without(were)); err != nil {
		return limits.Ceiling{}, err
	}
	d.Form, err = m.config.Checker.Check(ctx, d.Name, d.Source, effective(d.Overrides, c))
	return c, err
}
