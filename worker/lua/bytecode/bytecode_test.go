package bytecode

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua/vmview"
)

// differs says where two functions differ, "" if nowhere.
func differs(a, b *glua.FunctionProto) string {
	x, y := *vmview.FunctionOf(a), *vmview.FunctionOf(b)
	if !reflect.DeepEqual(x.StringConstants(), y.StringConstants()) {
		return "string constants"
	}
	if len(x.Constants) != len(y.Constants) {
		return "constants"
	}
	for i := range x.Constants {
		c, d := x.Constants[i], y.Constants[i]
		if n, ok := c.(glua.LNumber); ok {
			m, ok := d.(glua.LNumber)
			if !ok || math.Float64bits(float64(n)) != math.Float64bits(float64(m)) {
				return fmt.Sprint("number constant ", i)
			}
		} else if c != d {
			return fmt.Sprint("constant ", i)
		}
	}
	if len(x.FunctionPrototypes) != len(y.FunctionPrototypes) {
		return "functions"
	}
	for i := range x.FunctionPrototypes {
		if d := differs(x.FunctionPrototypes[i], y.FunctionPrototypes[i]); d != "" {
			return fmt.Sprintf("function %d: %s", i, d)
		}
	}
	x.Constants, y.Constants = nil, nil
	x.FunctionPrototypes, y.FunctionPrototypes = nil, nil
	if !reflect.DeepEqual(x, y) {
		return fmt.Sprintf("%+v\n%+v", x, y)
	}
	return ""
}

func TestEveryProgramComesBack(t *testing.T) {
	for name, p := range compiled(t) {
		b, err := Encode(p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		back, err := decodeAll(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := differs(p, back); d != "" {
			t.Errorf("%s: it differs: %s", name, d)
		}
	}
}

func TestNestingBound(t *testing.T) {
	spec, _ := limits.Lookup(limits.MaxExprDepth)
	if spec.Maximum != maxNesting {
		t.Errorf("%d functions may nest, but max_expr_depth goes up to %d", maxNesting, spec.Maximum)
	}
}

var (
	negativeZero = math.Copysign(0, -1)
	infinity     = math.Inf(1)
	nan          = math.NaN()
	otherNaN     = math.Float64frombits(0xfff8000000000123)
)

// setTexts does for changed constants what the compiler does at its end.
func setTexts(p *glua.FunctionProto) {
	var texts []string
	for _, c := range p.Constants {
		s, _ := c.(glua.LString)
		texts = append(texts, string(s))
	}
	vmview.FunctionOf(p).SetStringConstants(texts)
}

// decodeAll gives a script of which every function is complete.
func decodeAll(b []byte) (*glua.FunctionProto, error) {
	main, _, err := Decode(b)
	if err == nil {
		err = completeAll(main)
	}
	if err != nil {
		return nil, err
	}
	return main, nil
}

func completeAll(p *glua.FunctionProto) error {
	if err := Complete(p); err != nil {
		return err
	}
	for _, child := range p.FunctionPrototypes {
		if err := completeAll(child); err != nil {
			return err
		}
	}
	return nil
}
