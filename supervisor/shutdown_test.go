package supervisor

import "testing"

// A stop whose time is up closes the supervisor before its answers go out, and
// the end of the daemon closes it again.
func TestCloseTwice(t *testing.T) {
	s := start(t, "obeys", nil) // closes it again
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
