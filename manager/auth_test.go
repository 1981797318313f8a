package manager

import (
	"context"
	"net/http/httptest"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"picloud"
)

// Over the admin socket, without a token: root and the daemon's own user, and
// nobody else who is in no group of ours.
func TestPeersThatMayAdminister(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if os.Geteuid() == 0 { // root's own user is root: be another
			runtime.LockOSThread() // and not unlocked: the thread ends with its goroutine
			const daemon = 65534
			if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, daemon, daemon, daemon); errno != 0 {
				t.Error(errno)
				return
			}
		}
		own := uint32(os.Geteuid())
		const none = 4_000_000_001 // an id that nobody has
		for uid, want := range map[uint32]picloud.Code{0: "", own: "", none: picloud.CodeForbidden} {
			r := httptest.NewRequest("GET", "/", nil)
			r = r.WithContext(context.WithValue(r.Context(), peerKey{}, peer{cred: &unix.Ucred{Uid: uid, Gid: none}}))
			var got picloud.Code
			if err := (Auth{Token: "secret"}).check(r); err != nil {
				got = picloud.ErrorCode(err)
			}
			if got != want {
				t.Errorf("the daemon's user is %d: user %d gets %q, want %q", own, uid, got, want)
			}
		}
	}()
	<-done
}
