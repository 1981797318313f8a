package supervisor

import (
	"strings"
	"testing"

	"picloud"
)

func TestKernelOfTheseTestsServes(t *testing.T) {
	if err := CheckKernel(); err != nil {
		t.Fatal(err)
	}
}

// A kernel that does not know what a filter is to do: this one, asked for what
// there is not.
func TestCheckSeccomp(t *testing.T) {
	const noAction = 0x12340000
	err := checkSeccomp(noAction)
	if e := picloud.AsError(err); err == nil || e.Code != picloud.CodeCannotStart ||
		!strings.Contains(e.Message, "seccomp") || !strings.Contains(e.Hint, "CONFIG_SECCOMP_FILTER") {
		t.Errorf("%v", err)
	}
}
