package supervisor

import "testing"

func TestKernelOfTheseTestsServes(t *testing.T) {
	if err := CheckKernel(); err != nil {
		t.Fatal(err)
	}
}
