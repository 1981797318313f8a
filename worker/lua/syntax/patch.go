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
