package supervisor

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// thread runs functions, one at a time, on an OS thread that lives as long as it
// does. The kernel sends children that were made there their parent-death signal
// when the thread ends, see PR_SET_PDEATHSIG in prctl(2), and keeps users by
// thread.
type thread struct {
	id      int // of the kernel's
	work    chan func()
	closing sync.Once
	ended   chan struct{}
}

func newThread() *thread {
	t := &thread{work: make(chan func()), ended: make(chan struct{})}
	go t.run()
	t.do(func() { t.id = unix.Gettid() })
	return t
}

func (t *thread) run() {
	defer close(t.ended)
	runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
	for f := range t.work {
		f()
	}
}

// do has f run there and waits for it. It is not called after end.
func (t *thread) do(f func()) {
	done := make(chan struct{})
	t.work <- func() {
		f()
		close(done)
	}
	<-done
}

// end may be called again.
func (t *thread) end() {
	t.closing.Do(func() { close(t.work) })
	<-t.ended
}

// children lists the processes that were made there and are not yet reaped; none
// where the kernel does not say (CONFIG_PROC_CHILDREN).
func (t *thread) children() []int {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", t.id))
	var pids []int
	for _, field := range strings.Fields(string(list)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
