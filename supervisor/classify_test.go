package supervisor

import (
	"errors"
	"io"
	"testing"

	"picloud"
	"picloud/worker/wire"
)

// What the Go runtime of a worker says when RLIMIT_DATA stops it, as seen.
func TestLastWordsInDegradedMode(t *testing.T) {
	for text, memory := range map[string]bool{
		"fatal error: runtime: out of memory\n\nruntime stack:\n":                                                                            true,
		"fatal error: runtime: cannot allocate memory\n\nruntime stack:\n":                                                                   true,
		"runtime: out of memory: cannot allocate 4194304-byte block (12345 in use)\n":                                                        true,
		"SIGSEGV: segmentation violation\nPC=0x43271d m=0 sigcode=1 addr=0x0\n\ngoroutine 0 gp=0x760800 m=0 mp=0x7615c0 [idle]:\nruntime.(*": true,
		"SIGSEGV: segmentation violation\nPC=0x43271d m=0 sigcode=1 addr=0x0\n\ngoroutine 7 gp=0x760800 [running]:\nmain.main":               false,
		"panic: oh no\n\ngoroutine 1 [running]:\n":                                                                                           false,
		"": false,
	} {
		end := &ending{ready: true, err: errors.Join(wire.ErrProtocol, io.EOF), tail: []byte(text)}
		want := picloud.OutcomeWorkerKilled
		if memory {
			want = picloud.OutcomeLimitExceeded
		}
		if got, _ := classify(end, job(""), ModeRlimit); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
		// with a cgroup only the kernel's word counts
		if got, _ := classify(end, job(""), ModeCgroup); got != picloud.OutcomeWorkerKilled {
			t.Errorf("%q, in a cgroup: %s", text, got)
		}
	}
}
