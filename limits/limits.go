// Package limits knows the eight limits an invocation runs under: their
// platform defaults, the sparse overrides a script may carry, the ceiling an
// administrator sets for those, how they merge and when an override is valid.
//
// It is pure: no I/O, no clock, no database, no state. Everything it returns is
// a value of the caller's. It fails only in validation and parsing, always
// with a *picloud.Error that names the field and the allowed range.
//
// Validation happens when a script is written. Whoever runs a script merges
// and trusts what is stored.
package limits

// Limits is one complete set, ready to be enforced.
type Limits struct {
	MaxOperations int64 `json:"max_operations"`
	MaxStringSize int64 `json:"max_string_size"`
	MaxArraySize  int64 `json:"max_array_size"`
	MaxMapSize    int64 `json:"max_map_size"`
	MaxCallLevels int64 `json:"max_call_levels"`
	MaxExprDepth  int64 `json:"max_expr_depth"`
	MemoryLimitMB int64 `json:"memory_limit_mb"`
	TimeoutMS     int64 `json:"timeout_ms"`
}

// Defaults is what a script gets that overrides nothing.
func Defaults() Limits {
	var l Limits
	for _, s := range Fields() {
		*l.at(s.Field) = s.Default
	}
	return l
}

// Minimum is what no override and no ceiling may be lower than.
func Minimum() Limits {
	var l Limits
	for _, s := range Fields() {
		*l.at(s.Field) = s.Minimum
	}
	return l
}

// Get gives the value of f, 0 for a name that is no limit.
func (l Limits) Get(f Field) int64 {
	if p := l.at(f); p != nil {
		return *p
	}
	return 0
}

// Set sets the value of f; a name that is no limit is ignored.
func (l *Limits) Set(f Field, value int64) {
	if p := l.at(f); p != nil {
		*p = value
	}
}

func (l *Limits) at(f Field) *int64 {
	switch f {
	case MaxOperations:
		return &l.MaxOperations
	case MaxStringSize:
		return &l.MaxStringSize
	case MaxArraySize:
		return &l.MaxArraySize
	case MaxMapSize:
		return &l.MaxMapSize
	case MaxCallLevels:
		return &l.MaxCallLevels
	case MaxExprDepth:
		return &l.MaxExprDepth
	case MemoryLimitMB:
		return &l.MemoryLimitMB
	case TimeoutMS:
		return &l.TimeoutMS
	}
	return nil
}

// Merge replaces in base, field by field, what o sets. It is called for every
// invocation.
func Merge(base Limits, o Overrides) Limits {
	for _, f := range Names() {
		if p := *o.at(f); p != nil {
			*base.at(f) = *p
		}
	}
	return base
}
