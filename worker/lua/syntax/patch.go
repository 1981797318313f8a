package syntax

import glua "github.com/yuin/gopher-lua"

// patchGotos corrects the compiled gotos. gopher-lua puts an instruction before
// each that detaches captured variables, but mostly of the whole function:
// closures and the function itself then see different variables from there on.
func (c *checker) patchGotos(p *glua.FunctionProto) {
	const maskA = 0xff << 18
	if len(c.targets) == 0 {
		return
	}
	for pc, line := range p.DbgSourcePositions {
		if line < markedLine {
			continue
		}
		t := c.targets[line-markedLine]
		p.DbgSourcePositions[pc] = t.line
		if p.Code[pc]>>26 == uint32(glua.OP_CLOSE) {
			p.Code[pc] = p.Code[pc]&^maskA | uint32(t.active)<<18
		}
	}
	for _, child := range p.FunctionPrototypes {
		c.patchGotos(child)
	}
}

// patchLists corrects the compiled table constructors. Items without a key are
// stored in lists of perList. gopher-lua stores a full list again behind every
// field with a key that follows it, from registers that the field has
// overwritten, and puts the values of a call or of ... that follows it in its
// place instead of behind it.
func patchLists(p *glua.FunctionProto) {
	const perList = 50
	full := map[uint32]uint32{} // the last full list of the constructor in a register
	for pc, inst := range p.Code {
		register, list, items := inst>>18&0xff, inst>>9&0x1ff, inst&0x1ff
		switch int(inst >> 26) {
		case glua.OP_NEWTABLE:
			delete(full, register)
		case glua.OP_SETLIST:
			switch {
			case list != full[register]:
				if items == perList {
					full[register] = list
				}
			case items == perList:
				p.Code[pc] = uint32(glua.OP_NOP) << 26
			case items == 0:
				p.Code[pc] += 1 << 9
			}
		}
	}
	for _, child := range p.FunctionPrototypes {
		patchLists(child)
	}
}
