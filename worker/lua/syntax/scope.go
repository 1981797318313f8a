package syntax

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// function is what the checker knows of a function whose body it is in.
type function struct {
	parent    *function
	line      int
	active    int            // local variables in scope: registers in use
	constants map[string]int // by kind and value, to their place in the compiler's list
	jumps     int
	gotos     int
	block     *block
}

// block is a scope within a function.
type block struct {
	parent  *block
	active  int // local variables in scope at its beginning
	gotos   int // gotos of the function at its beginning
	labels  map[string]label
	pending []jump // gotos whose label has not been seen
}

type label struct {
	line   int
	active int // local variables in scope
}

// jump is a goto statement on its way to its label.
type jump struct {
	name   string
	line   int
	active int
	target *target
}

// target is what a compiled goto needs that gopher-lua gets wrong: how many
// local variables are still in scope where it leads. Captured variables above
// are to be detached, and those below are not.
type target struct {
	line   int
	active int
}

// declare brings n local variables into scope.
func (c *checker) declare(n int) {
	c.fn.active += n
	c.visible += n
}

// enter begins a block, leave ends it.
func (c *checker) enter() {
	c.fn.block = &block{parent: c.fn.block, active: c.fn.active, gotos: c.fn.gotos}
	c.visible++ // the compiler looks through every block
}

func (c *checker) leave() {
	b := c.fn.block
	c.visible -= c.fn.active - b.active + 1
	c.fn.active = b.active
	c.fn.block = b.parent
	c.spend(10 * (c.fn.gotos - b.gotos))
	if b.parent == nil {
		for _, j := range b.pending {
			c.refuse(j.line, fmt.Sprintf("no visible label '%s' for this goto", j.name))
		}
		return
	}
	for _, j := range b.pending {
		j.active = min(j.active, b.active)
		if l, ok := b.parent.labels[j.name]; ok {
			j.target.active = l.active
		} else {
			b.parent.pending = append(b.parent.pending, j)
		}
	}
}

// label handles ::name::. Where nothing but labels follows in its block, the
// block's variables count as out of scope.
func (c *checker) label(s *ast.LabelStmt, last bool) {
	b := c.fn.block
	if old, ok := b.labels[s.Name]; ok {
		c.refuse(s.Line(), fmt.Sprintf("label '%s' is already defined on line %d", s.Name, old.line))
	}
	l := label{line: s.Line(), active: c.fn.active}
	if last {
		l.active = b.active
	}
	if b.labels == nil {
		b.labels = map[string]label{}
	}
	b.labels[s.Name] = l
	waiting := b.pending[:0]
	for _, j := range b.pending {
		if j.name != s.Name {
			waiting = append(waiting, j)
			continue
		}
		if j.active < l.active {
			c.refuse(j.line, fmt.Sprintf("this goto jumps to label '%s' on line %d, into the scope of a local variable", s.Name, l.line))
		}
		j.target.active = l.active
	}
	b.pending = waiting
	c.jumps(1)
	c.spend(10 * (c.fn.gotos - b.gotos)) // a search in a map each
}

// markedLine is the first of the line numbers that mark compiled gotos.
const markedLine = 1 << 30

// registerGoto registers a goto and gives its statement a line of its own, by which
// patchGotos finds the compiled instructions again.
func (c *checker) registerGoto(s *ast.GotoStmt) {
	t := &target{line: s.Line()}
	s.SetLastLine(s.Line())
	s.SetLine(markedLine + len(c.targets))
	c.targets = append(c.targets, t)
	c.fn.gotos++
	if l, ok := c.fn.block.labels[s.Label]; ok {
		t.active = l.active
		return
	}
	c.fn.block.pending = append(c.fn.block.pending, jump{s.Label, t.line, c.fn.active, t})
}

// constant counts the compiler's search for a constant in its list.
func (c *checker) constant(kind, value string) {
	key := kind + value
	i, ok := c.fn.constants[key]
	if !ok {
		i = len(c.fn.constants)
		c.fn.constants[key] = i
	}
	c.spend(8 * i) // a comparison of two interfaces each
}

// name counts the compiler's search for a variable, which may be a global one.
func (c *checker) name(n string) {
	c.spend(c.visible)
	c.constant("s", n)
}

func (c *checker) jumps(n int) {
	if c.fn.jumps += n; c.fn.jumps > maxJumps {
		c.refuse(c.fn.line, fmt.Sprintf("the function that begins here branches more than %d times", maxJumps))
	}
}

func (c *checker) spend(work int) {
	if c.work += work; c.work > maxWork {
		c.refuse(c.fn.line, "the function that begins here has too many different names, constants, labels or gotos")
	}
}
