package limits

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"picloud"
)

const rounds = 20_000

// randomOverrides sets each field or not: to a bound, next to one, or to anything.
func randomOverrides(r *rand.Rand) Overrides {
	var o Overrides
	for _, s := range Fields() {
		choices := []int64{s.Minimum, s.Minimum - 1, s.Default, s.Ceiling, s.Ceiling + 1,
			1 + r.Int64N(s.Ceiling), r.Int64(), -r.Int64(), 0, math.MaxInt64, math.MinInt64}
		if r.IntN(3) > 0 {
			*o.at(s.Field) = new(choices[r.IntN(len(choices))])
		}
	}
	return o
}

func randomLimits(r *rand.Rand) Limits {
	var l Limits
	for _, s := range Fields() {
		l.Set(s.Field, r.Int64())
	}
	return l
}

func TestMergeReplacesFieldByField(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		base, o := randomLimits(r), randomOverrides(r)
		merged := Merge(base, o)
		for _, s := range Fields() {
			want := base.Get(s.Field)
			if p := o.Get(s.Field); p != nil {
				want = *p
			}
			if got := merged.Get(s.Field); got != want {
				t.Fatalf("%s: base %d, override %v: merged to %d", s.Field, base.Get(s.Field), o.Get(s.Field), got)
			}
		}
		if again := Merge(merged, o); again != merged {
			t.Fatal("merging the same overrides twice changes something")
		}
	}
	if base := randomLimits(r); Merge(base, Overrides{}) != base {
		t.Error("no overrides change something")
	}
}

func TestValidate(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	accepted := 0
	for range rounds {
		o := randomOverrides(r)
		database := map[Field]int64{}
		for _, s := range Fields() {
			if r.IntN(2) == 0 {
				database[s.Field] = s.Minimum + r.Int64N(s.Maximum-s.Minimum+1)
			}
		}
		c := NewCeiling(database, nil)
		// the first field out of bounds, found the plain way
		var bad *Spec
		for _, s := range Fields() {
			if p := o.Get(s.Field); p != nil && (*p < s.Minimum || *p > c.Get(s.Field)) {
				bad = &s
				break
			}
		}
		err := c.Validate(o)
		if bad == nil {
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			accepted++
			// what is accepted is within the ceiling once merged
			merged := Merge(c.Cap(Defaults()), o)
			for _, s := range Fields() {
				if v := merged.Get(s.Field); v < s.Minimum || v > c.Get(s.Field) {
					t.Fatalf("%s is %d after validation; ceiling %d", s.Field, v, c.Get(s.Field))
				}
			}
			continue
		}
		e := picloud.AsError(err)
		requested := *o.Get(bad.Field)
		switch {
		case err == nil:
			t.Fatalf("%s = %d was accepted", bad.Field, requested)
		case e.Details["field"] != string(bad.Field):
			t.Fatalf("%s = %d: the error names %v", bad.Field, requested, e.Details["field"])
		case requested < bad.Minimum && e.Code != picloud.CodeInvalidField:
			t.Fatalf("%s = %d: code %s", bad.Field, requested, e.Code)
		case requested >= bad.Minimum && (e.Code != picloud.CodeLimitExceedsCeiling ||
			e.Details["requested"] != requested || e.Details["ceiling"] != c.Get(bad.Field)):
			t.Fatalf("%s = %d: %s %v", bad.Field, requested, e.Code, e.Details)
		}
	}
	if accepted < 100 {
		t.Errorf("only %d of %d were valid: the test says little", accepted, rounds)
	}
}

// The figures users are promised.
func TestNames(t *testing.T) {
	fields := Fields()
	if len(fields) != len(Names()) {
		t.Fatalf("%d names, %d fields", len(Names()), len(fields))
	}
	for i, name := range Names() {
		if name != fields[i].Field {
			t.Errorf("name %d is %s, field %s", i, name, fields[i].Field)
		}
	}
}

func TestFields(t *testing.T) {
	for _, want := range []struct {
		f                   Field
		value, ceiling, min int64
		by                  Enforcer
	}{
		{f: MaxOperations, value: 1_000_000, ceiling: 10_000_000, min: 1, by: ByInterpreter},
		{f: MaxStringSize, value: 262_144, ceiling: 1_048_576, min: 1, by: ByInterpreter},
		{f: MaxArraySize, value: 10_000, ceiling: 100_000, min: 1, by: ByInterpreter},
		{f: MaxMapSize, value: 10_000, ceiling: 100_000, min: 1, by: ByInterpreter},
		{f: MaxCallLevels, value: 64, ceiling: 128, min: 1, by: ByInterpreter},
		{f: MaxExprDepth, value: 64, ceiling: 128, min: 1, by: ByInterpreter},
		{f: MemoryLimitMB, value: 64, ceiling: 256, min: 16, by: ByKernel},
		{f: TimeoutMS, value: 5_000, ceiling: 60_000, min: 10, by: BySupervisor},
	} {
		s, ok := Lookup(want.f)
		if !ok || s.Default != want.value || s.Ceiling != want.ceiling || s.Minimum != want.min || s.EnforcedBy != want.by {
			t.Errorf("%s: %+v", want.f, s)
		}
		if Defaults().Get(want.f) != want.value || Minimum().Get(want.f) != want.min {
			t.Errorf("%s: default %d, minimum %d", want.f, Defaults().Get(want.f), Minimum().Get(want.f))
		}
		if s.Minimum > s.Default || s.Default > s.Ceiling || s.Ceiling > s.Maximum {
			t.Errorf("%s: out of order: %+v", want.f, s)
		}
	}
	if n := len(Fields()); n != 8 {
		t.Errorf("%d fields", n)
	}
	if _, ok := Lookup("max_operatons"); ok {
		t.Error("a misspelt name was found")
	}
}

func TestCeilingSources(t *testing.T) {
	c := NewCeiling(
		map[Field]int64{MaxOperations: 5, MaxMapSize: 6},
		map[Field]int64{MaxOperations: 7, TimeoutMS: 20})
	want := map[Field]Bound{
		MaxOperations: {MaxOperations, 7, FromEnvironment},
		MaxMapSize:    {MaxMapSize, 6, FromDatabase},
		TimeoutMS:     {TimeoutMS, 20, FromEnvironment},
		MaxArraySize:  {MaxArraySize, 100_000, FromBuiltIn},
	}
	for f, b := range want {
		if got := c.Bounds()[slices.IndexFunc(c.Bounds(), func(b Bound) bool { return b.Field == f })]; got != b {
			t.Errorf("%s: %+v, want %+v", f, got, b)
		}
	}
	// a ceiling below a default holds for scripts that override nothing
	if l := c.Cap(Defaults()); l.MaxOperations != 7 || l.TimeoutMS != 20 || l.MaxArraySize != 10_000 {
		t.Errorf("capped to %+v", l)
	}
}

func TestCeilingFromEnv(t *testing.T) {
	got, warnings := CeilingFromEnv([]string{
		"HOME=/root",
		"PICLOUD_CEILING_MAX_OPERATIONS=2000000",
		"PICLOUD_CEILING_MEMORY_LIMIT_MB=512",
		"PICLOUD_CEILING_TIMEOUT_MS=9",        // below the minimum
		"PICLOUD_CEILING_MAX_MAP_SIZE=many",   // no number
		"PICLOUD_CEILING_MAX_ARRAY_SIZE=1e6",  // no whole number
		"PICLOUD_CEILING_MAX_CALL_LEVELS=-1",  // below the minimum
		"PICLOUD_CEILING_MAX_EXPR_DEPTH=9999", // above what can be enforced
		"PICLOUD_CEILING_MAX_OPERATONS=5",     // no such limit
		"PICLOUD_CEILING_max_string_size=5",   // not the name's spelling
		"PICLOUD_CEILING_MAX_STRING_SIZE=",    // unset
	})
	if len(got) != 2 || got[MaxOperations] != 2_000_000 || got[MemoryLimitMB] != 512 {
		t.Errorf("ceiling %v", got)
	}
	if len(warnings) != 7 {
		t.Errorf("%d warnings: %q", len(warnings), warnings)
	}
	for _, w := range warnings {
		if !strings.HasPrefix(w, EnvPrefix) || !strings.Contains(w, " is skipped: ") {
			t.Errorf("warning %q does not say what is skipped", w)
		}
	}
}

func TestParseSandbox(t *testing.T) {
	for text, field := range map[string]string{
		``:                        "sandbox",
		`null`:                    "sandbox",
		`[]`:                      "sandbox",
		`5`:                       "sandbox",
		`{`:                       "sandbox",
		`{} {}`:                   "sandbox",
		`{"max_operatons":1}`:     "sandbox.max_operatons",
		`{"MAX_OPERATIONS":1}`:    "sandbox.MAX_OPERATIONS",
		`{"memory_limit_mb":32}`:  "sandbox.memory_limit_mb",
		`{"max_operations":"1"}`:  "max_operations",
		`{"max_operations":1.5}`:  "max_operations",
		`{"max_operations":1e30}`: "max_operations",
		`{"max_operations":1,"max_operations":2}`: "max_operations",
	} {
		_, err := ParseSandbox([]byte(text))
		if e := picloud.AsError(err); err == nil || e.Code != picloud.CodeInvalidField || e.Details["field"] != field {
			t.Errorf("%s: %v; want invalid_field naming %s", text, err, field)
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		want := randomOverrides(r).Sandbox
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseSandbox(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, s := range Fields() {
			a, b := (Overrides{Sandbox: want}).Get(s.Field), (Overrides{Sandbox: got}).Get(s.Field)
			if (a == nil) != (b == nil) || a != nil && *a != *b {
				t.Fatalf("%s came back with another %s", text, s.Field)
			}
		}
	}
	if s, err := ParseSandbox([]byte(` {"max_operations": null} `)); err != nil || s != (Sandbox{}) {
		t.Errorf("null: %+v, %v", s, err)
	}
}

// Numbers that no int64 can hold are out of bounds like any other.
func TestNumbersBeyondAll(t *testing.T) {
	ceiling := NewCeiling(nil, nil)
	large := json.Number("1" + strings.Repeat("0", 100))
	for _, c := range []struct {
		err  error
		code picloud.Code
		says string
	}{
		{ceiling.Refuse(MaxOperations, "9223372036854775808"), picloud.CodeLimitExceedsCeiling, "max_operations: 9223372036854775808 is above the ceiling; allowed is 1 to 10000000 operations"},
		{ceiling.Refuse(MaxOperations, "-9223372036854775809"), picloud.CodeInvalidField, "max_operations: is -9223372036854775809; allowed is 1 to 10000000 operations"},
		{ceiling.Refuse(TimeoutMS, large), picloud.CodeLimitExceedsCeiling, "timeout_ms: 1" + strings.Repeat("0", 39) + "… (101 digits) is above the ceiling; allowed is 10 to 60000 ms"},
		{RefuseCeiling(TimeoutMS, "9223372036854775808"), picloud.CodeInvalidField, "timeout_ms: is 9223372036854775808; a ceiling may be 10 to 3600000 ms"},
	} {
		if e := picloud.AsError(c.err); e.Code != c.code || e.Message != c.says || e.Details["field"] == nil {
			t.Errorf("%v", e)
		}
	}
	if e := picloud.AsError(ceiling.Refuse(TimeoutMS, large)); e.Details["requested"] != large || e.Details["ceiling"] != int64(60_000) {
		t.Errorf("%v", e.Details)
	}
}
