package sandbox

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Where the scope of signals also stops those between threads, which the Go
// runtime needs to lock all of them, it is left out.
func TestSignalScopeNeedsItsErratum(t *testing.T) {
	for _, c := range []struct {
		abi, errata int
		want        uint64
	}{
		{5, 0, 0},
		{6, 0, unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET},
		{6, 1, unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET},
		{6, threadSignals, unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL},
		{7, 7, unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL},
	} {
		if got := ruleset(c.abi, c.errata).Scoped; got != c.want {
			t.Errorf("ABI %d, errata %d: scoped %#x, want %#x", c.abi, c.errata, got, c.want)
		}
	}
	t.Logf("this kernel: ABI %d, errata %#x", LandlockABI(), landlockErrata())
}
