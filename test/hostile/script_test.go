package hostile

import (
	"strings"
	"testing"

	"picloud"
)

func TestHeader(t *testing.T) {
	s, err := parse("class-name.lua", `-- outcome: limit_exceeded max_operations 500
-- limits: max_operations=500 timeout_ms=1000
-- cost: 3.5
-- repeat: 3 "x%d=1 "
-- repeat: 2 "\")\""
-- why: an example

-- not a header: any more
@1@2 return 1`)
	if err != nil {
		t.Fatal(err)
	}
	if s.name != "class-name" || s.class() != "class" || s.cost != 3.5 {
		t.Errorf("%+v", s)
	}
	if s.limits.MaxOperations != 500 || s.limits.TimeoutMS != 1000 || s.limits.MaxCallLevels != 64 {
		t.Errorf("limits %+v", s.limits)
	}
	if want := `x1=1 x2=1 x3=1 ")"")" return 1`; !strings.HasSuffix(s.source, "\n"+want) || strings.Count(s.source, "\n") != 8 {
		t.Errorf("source:\n%s", s.source)
	}
	if want := (expectation{code: picloud.CodeLimitExceeded, limit: "max_operations", value: 500}); s.want != want {
		t.Errorf("expectation %+v, want %+v", s.want, want)
	}
}

func TestOutcomeLines(t *testing.T) {
	for line, want := range map[string]expectation{
		"ok 204":                                {status: 204},
		"ok 200 two words":                      {status: 200, text: "two words"},
		"script_error 7 attempt to call":        {code: picloud.CodeScriptError, line: 7, text: "attempt to call"},
		"invalid_script 1 a chain":              {code: picloud.CodeInvalidScript, line: 1, text: "a chain"},
		"limit_exceeded response_size 1048576":  {code: picloud.CodeLimitExceeded, limit: "response_size", value: 1 << 20},
		"limit_exceeded max_string_size 262144": {code: picloud.CodeLimitExceeded, limit: "max_string_size", value: 262144},
		"limit_exceeded memory_limit_mb 64":     {code: picloud.CodeLimitExceeded, limit: "memory_limit_mb", value: 64},
		"timeout 300000":                        {code: picloud.CodeTimeout, value: 300_000},
	} {
		s, err := parse("a-b.lua", "-- outcome: "+line+"\n-- why: it is so\n")
		if err != nil || s.want != want {
			t.Errorf("%s: %+v, %v", line, s, err)
		}
	}
}

func TestHeadersThatAreNone(t *testing.T) {
	const good = "-- outcome: ok 204\n-- why: it is so\n"
	for _, c := range []struct{ name, text, want string }{
		{"a-b.lua", "", "no outcome"},
		{"a-b.lua", "return 1", "no outcome"},
		{"a-b.lua", "\n" + good, "no outcome"},
		{"a-b.lua", "-- outcome: ok 204\n", "no why"},
		{"a-b.lua", "-- why: it is so\n", "no outcome"},
		{"a-b.lua", "-- outcome:\n", "a-b.lua:1: a header line reads"},
		{"a-b.lua", good + "-- a remark\n", "a-b.lua:3: a header line reads"},
		{"a-b.lua", good + "--cost: 3\n", "a-b.lua:3: a header line reads"},
		{"a-b.lua", good + "-- colour: red\n", `no key "colour"`},
		{"a-b.lua", good + "-- why: again\n", "why stands there twice"},
		{"a-b.lua", good + "-- cost: much\n", "a-b.lua:3:"},
		{"a-b.lua", good + "-- cost: 0\n", "no bound"},
		{"a-b.lua", good + "-- cost: NaN\n", "no bound"},
		{"a-b.lua", good + "-- limits: max_operation=1\n", `no limit "max_operation"`},
		{"a-b.lua", good + "-- limits: max_operations\n", "no value"},
		{"a-b.lua", good + "-- limits: max_operations=0\n", "no value"},
		{"a-b.lua", good + "-- limits: timeout_ms=1\n", "no value"},
		{"a-b.lua", good + "-- repeat: many \"x\"\n@1", "no number of repetitions"},
		{"a-b.lua", good + "-- repeat: 3 x\n@1", "no quoted text"},
		{"a-b.lua", good + "-- repeat: 3 \"x\"\n", "the script has no @1"},
		{"a-b.lua", good + "-- repeat: 262144 \"xx\"\n@1", "longer than a script may be"},
		{"a-b.lua", good + "-- repeat: 262144 \"x\"\n@1", "more than a script may have"},
		{"ab.lua", good, "no class"},
		{"a-b.lua", "-- why: x\n-- outcome: fine\n", `"fine" is none`},
		{"a-b.lua", "-- why: x\n-- outcome: overloaded\n", "is none"},
		{"a-b.lua", "-- why: x\n-- outcome: ok\n", "outcome: "},
		{"a-b.lua", "-- why: x\n-- outcome: script_error 3\n", "no part of the message"},
		{"a-b.lua", "-- why: x\n-- outcome: script_error oops\n", "outcome: "},
		{"a-b.lua", "-- why: x\n-- outcome: limit_exceeded max_operations\n", "outcome: "},
		{"a-b.lua", "-- why: x\n-- outcome: limit_exceeded max_operations 5\n", "max_operations is set to 1000000"},
		{"a-b.lua", "-- why: x\n-- outcome: limit_exceeded max_nothing 5\n", "max_nothing is set to 0"},
		{"a-b.lua", "-- why: x\n-- outcome: timeout 5\n", "timeout_ms is set to 300000"},
	} {
		if s, err := parse(c.name, c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %+v, %v; want %q", c.text, s, err, c.want)
		}
	}
}
