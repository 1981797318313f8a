package bytecode

// registers is a set of them.
type registers [addressable / 64]uint64

func (s *registers) has(r int) bool { return s[r/64]>>(r%64)&1 != 0 }
func (s *registers) add(r int)      { s[r/64] |= 1 << (r % 64) }
func (s *registers) remove(r int)   { s[r/64] &^= 1 << (r % 64) }

// removeFrom removes r and all above.
func (s *registers) removeFrom(r int) {
	if r >= addressable {
		return
	}
	s[r/64] &= 1<<(r%64) - 1
	for i := r/64 + 1; i < len(s); i++ {
		s[i] = 0
	}
}

// anyFrom reports whether r or one above is in the set.
func (s *registers) anyFrom(r int) bool {
	if r >= addressable {
		return false
	}
	rest := s[r/64] >> (r % 64)
	for i := r/64 + 1; i < len(s); i++ {
		rest |= s[i]
	}
	return rest != 0
}

// hasRange reports whether all registers from from up to but not including to
// are in the set.
func (s *registers) hasRange(from, to int) bool {
	for r := from; r < to; r++ {
		if r >= addressable || !s.has(r) {
			return false
		}
	}
	return true
}

// frame is what is known of a running function's registers.
type frame struct {
	valued   registers // have a value; the VM does not take an empty one for nil
	texts    registers // have a string
	tables   registers // have a table
	captured registers // are open upvalues: any function may set them at any time
}

// set writes a register with a value of any type.
func (f *frame) set(r int) {
	f.valued.add(r)
	f.texts.remove(r)
	f.tables.remove(r)
}

func (f *frame) setText(r int) {
	f.set(r)
	if !f.captured.has(r) {
		f.texts.add(r)
	}
}

func (f *frame) setTable(r int) {
	f.set(r)
	if !f.captured.has(r) {
		f.tables.add(r)
	}
}

// move copies a register.
func (f *frame) move(to, from int) {
	switch {
	case !f.valued.has(from):
		f.set(to)
		f.valued.remove(to)
	case f.texts.has(from):
		f.setText(to)
	case f.tables.has(from):
		f.setTable(to)
	default:
		f.set(to)
	}
}

// capture makes a register an upvalue.
func (f *frame) capture(r int) {
	f.captured.add(r)
	f.texts.remove(r)
	f.tables.remove(r)
}

// truncate empties r and all registers above.
func (f *frame) truncate(r int) {
	f.valued.removeFrom(r)
	f.texts.removeFrom(r)
	f.tables.removeFrom(r)
}

// parts gives the sets, in the order in which label keeps them.
func (f *frame) parts() [4]*registers {
	return [...]*registers{&f.valued, &f.texts, &f.tables, &f.captured}
}
