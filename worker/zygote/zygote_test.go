package zygote

import (
	"reflect"
	"testing"

	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
	"picloud/worker/sandbox"
)

// What the daemon says of the workers' user is what the zygote understands, and
// root is none it would make workers for.
func TestArguments(t *testing.T) {
	for _, user := range []*sandbox.User{nil, {UID: 65534, GID: 65534}, {UID: 1<<32 - 2, GID: 1}} {
		if got, err := parseArguments(Arguments("/worker", user)); err != nil || !reflect.DeepEqual(got, user) {
			t.Errorf("%+v: %+v, %v", user, got, err)
		}
	}
	for _, args := range [][]string{{Name}, {Name, "/worker", "1"}, {Name, "/worker", "0", "1"}, {Name, "/worker", "1", "0"},
		{Name, "/worker", "-1", "1"}, {Name, "/worker", "1", "4294967296"}, {Name, "/worker", "1", "1", "1"}} {
		if user, err := parseArguments(args); err == nil {
			t.Errorf("%q: %+v", args, user)
		}
	}
}

// The two first words come in any order; anything else says why there is no
// zygote.
func TestFirstWords(t *testing.T) {
	for name, c := range map[string]struct {
		messages []string
		complete bool
		pid      int
	}{
		"in order":         {[]string{"born 12", "ready"}, true, 12},
		"the other way":    {[]string{"ready", "born 12"}, true, 12},
		"not ready":        {[]string{"born 12"}, false, 12},
		"nobody":           {[]string{"born 0", "ready"}, false, 0},
		"no pid":           {[]string{"born x", "ready"}, false, 0},
		"another reason":   {[]string{"born 12", "seccomp: EPERM"}, false, 12},
		"an end":           {[]string{"born 12", ""}, false, 12},
		"a negative child": {[]string{"born -4"}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(ends[0])
			for _, m := range c.messages {
				if _, err := unix.Write(ends[1], []byte(m)); err != nil {
					t.Fatal(err)
				}
			}
			unix.Close(ends[1])
			var w Words
			var failed error
			for range c.messages {
				if failed = w.Hear(ends[0]); failed != nil {
					break
				}
			}
			if w.Complete() != c.complete || w.PID != c.pid || c.complete && failed != nil {
				t.Errorf("%+v, %v", w, failed)
			}
			if !c.complete && failed == nil {
				if failed = w.Hear(ends[0]); failed != nursery.ErrGone {
					t.Errorf("at the end of the socket: %v", failed)
				}
			}
		})
	}
}

// Descriptors that the runtime has opened for itself would be all workers' in
// common: a request that finds some is not served.
func TestRequestsDescriptorsAreInOrder(t *testing.T) {
	const first = sandbox.FirstRequestFD
	for _, c := range []struct {
		request nursery.Request
		want    bool
	}{
		{nursery.Request{Jobs: first, Answers: first + 1, Cgroup: -1}, true},
		{nursery.Request{Jobs: first, Answers: first + 1, Cgroup: first + 2}, true},
		{nursery.Request{Jobs: first + 2, Answers: first + 3, Cgroup: -1}, false},
		{nursery.Request{Jobs: first, Answers: first + 1, Cgroup: first + 4}, false},
	} {
		if got := inOrder(&c.request); got != c.want {
			t.Errorf("%+v: %t", c.request, got)
		}
	}
}
