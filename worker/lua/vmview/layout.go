package vmview

import (
	"fmt"
	"reflect"

	glua "github.com/yuin/gopher-lua"
)

// Verify compares every mirror with the structure it mirrors: the same fields
// in the same order, each with the same name, offset and type. It looks whether
// the table of instructions is there, too. The error names the first difference.
func Verify() error {
	state := reflect.TypeFor[glua.LState]()
	pairs := []struct{ real, mirror reflect.Type }{
		{state, reflect.TypeFor[State]()},
		{reflect.TypeFor[glua.LTable](), reflect.TypeFor[Table]()},
		{reflect.TypeFor[glua.Upvalue](), reflect.TypeFor[upvalue]()},
		{reflect.TypeFor[glua.FunctionProto](), reflect.TypeFor[Function]()},
		{pointee(state, "currentFrame"), reflect.TypeFor[Frame]()},
		{pointee(state, "reg"), reflect.TypeFor[Registers]()},
	}
	for _, p := range pairs {
		if err := same(p.real, p.mirror); err != nil {
			return fmt.Errorf("gopher-lua is not the version this was written for: %w", err)
		}
	}
	if err := complete(instructions[:]); err != nil {
		return fmt.Errorf("gopher-lua is not the version this was written for: %w", err)
	}
	return nil
}

// pointee gives the type a private pointer field points to, nil without such a
// field.
func pointee(t reflect.Type, field string) reflect.Type {
	f, ok := t.FieldByName(field)
	if !ok || f.Type.Kind() != reflect.Pointer {
		return nil
	}
	return f.Type.Elem()
}

func same(real, mirror reflect.Type) error {
	if real == nil || real.Kind() != reflect.Struct {
		return fmt.Errorf("what %s mirrors is gone", mirror.Name())
	}
	if real.NumField() != mirror.NumField() || real.Size() != mirror.Size() {
		return fmt.Errorf("%s has %d fields and %d bytes, not %d and %d",
			real, real.NumField(), real.Size(), mirror.NumField(), mirror.Size())
	}
	for i := range mirror.NumField() {
		r, m := real.Field(i), mirror.Field(i)
		// A field of a private type cannot be mirrored with the type itself:
		// its tag gives the type's name, and the size must agree.
		wantType, hidden := m.Tag.Lookup("vm")
		typeOK := r.Type == m.Type
		if hidden {
			typeOK = r.Type.String() == wantType && r.Type.Size() == m.Type.Size()
		} else {
			wantType = m.Type.String()
		}
		if r.Name != m.Name || r.Offset != m.Offset || !typeOK {
			return fmt.Errorf("%s: field %d is %s %s at %d, not %s %s at %d",
				real, i, r.Name, r.Type, r.Offset, m.Name, wantType, m.Offset)
		}
	}
	return nil
}
