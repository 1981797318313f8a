package supervisor

import (
	"context"
	"testing"

	"picloud"
	"picloud/limits"
)

func TestCheck(t *testing.T) {
	s := start(t, "obeys", nil)
	l := limits.Defaults()
	l.MemoryLimitMB, l.TimeoutMS = stubMemoryMB, limits.Minimum().TimeoutMS
	// "sleep" takes longer than the script may, and not longer than a check may
	if _, err := s.Check(context.Background(), "a", "sleep", l); err != nil {
		t.Errorf("a check under a short timeout_ms: %v", err)
	}
	for source, want := range map[string]string{
		"form":               "form of a: form",
		"no room for a form": "", // it compiles all the same
	} {
		if form, err := s.Check(context.Background(), "a", source, l); err != nil || string(form) != want {
			t.Errorf("%s: %q, %v", source, form, err)
		}
	}
	for source, code := range map[string]picloud.Code{
		"limit": picloud.CodeInvalidScript, // the script's fault
		"kill":  picloud.CodeWorkerKilled,  // not shown to be
	} {
		_, err := s.Check(context.Background(), "a", source, l)
		if e := picloud.AsError(err); err == nil || e.Code != code {
			t.Errorf("%s: %v, want %s", source, err, code)
		}
	}
}
