package limits

// Field names a limit, as it stands in JSON, in the CLI, in error bodies and,
// in upper case, in the environment.
type Field string

const (
	MaxOperations Field = "max_operations"
	MaxStringSize Field = "max_string_size"
	MaxArraySize  Field = "max_array_size"
	MaxMapSize    Field = "max_map_size"
	MaxCallLevels Field = "max_call_levels"
	MaxExprDepth  Field = "max_expr_depth"
	MemoryLimitMB Field = "memory_limit_mb"
	TimeoutMS     Field = "timeout_ms"
)

// Enforcer says who holds a limit.
type Enforcer string

const (
	ByInterpreter Enforcer = "interpreter"
	ByKernel      Enforcer = "kernel"
	BySupervisor  Enforcer = "supervisor"
)

// Spec is what there is to know of one limit. All values are in the unit the
// field's name or Unit gives.
type Spec struct {
	Field      Field
	Default    int64    // for a script that says nothing
	Minimum    int64    // no override and no ceiling may be lower
	Ceiling    int64    // built-in: what an override may ask for at most
	Maximum    int64    // no ceiling, from wherever, may be higher
	EnforcedBy Enforcer // who ends a script that passes it
	Unit       string
}

// Fields gives every limit's Spec, in the order users see them. The slice is
// the caller's.
func Fields() []Spec {
	return []Spec{
		{MaxOperations, 1_000_000, 1, 10_000_000, 1_000_000_000_000, ByInterpreter, "operations"},
		{MaxStringSize, 262_144, 1, 1_048_576, 67_108_864, ByInterpreter, "bytes"},
		{MaxArraySize, 10_000, 1, 100_000, 50_000_000, ByInterpreter, "elements"},
		{MaxMapSize, 10_000, 1, 100_000, 50_000_000, ByInterpreter, "keys"},
		{MaxCallLevels, 64, 1, 128, 1_000, ByInterpreter, "levels"},
		{MaxExprDepth, 64, 1, 128, 1_000, ByInterpreter, "levels"},
		{MemoryLimitMB, 64, 16, 256, 1_048_576, ByKernel, "MiB"},
		{TimeoutMS, 5_000, 10, 60_000, 3_600_000, BySupervisor, "ms"},
	}
}

// Names gives every limit's name in the order of Fields. It allocates nothing.
func Names() [8]Field {
	return [...]Field{
		MaxOperations, MaxStringSize, MaxArraySize, MaxMapSize,
		MaxCallLevels, MaxExprDepth, MemoryLimitMB, TimeoutMS,
	}
}

// Lookup finds the Spec of f; ok is false for a name that is no limit.
func Lookup(f Field) (spec Spec, ok bool) {
	for _, s := range Fields() {
		if s.Field == f {
			return s, true
		}
	}
	return Spec{}, false
}
