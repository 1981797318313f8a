package postgres

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"picloud"
)

// In a service without a network, the error says how to do without one, and how to
// get one.
func TestNoNetwork(t *testing.T) {
	cause := fmt.Errorf("failed to connect: %w", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", syscall.EAFNOSUPPORT)})
	e := picloud.AsError(unopened(context.Background(), cause))
	for _, want := range []string{"host=/run/postgresql", "/usr/share/picloud/network.conf"} {
		if !strings.Contains(e.Hint, want) {
			t.Errorf("%q is not in the hint: %s", want, e.Hint)
		}
	}
	if e := picloud.AsError(unopened(context.Background(), syscall.ECONNREFUSED)); strings.Contains(e.Hint, "network.conf") {
		t.Errorf("a server that is not there gets the hint %q", e.Hint)
	}
}
