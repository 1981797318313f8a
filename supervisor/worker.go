package supervisor

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"picloud/worker/wire"
)

// These bound the time from a worker's birth to its Ready, by how it was made.
const (
	startTimeout = 20 * time.Second // exec'ed
	copyTimeout  = 5 * time.Second  // copied
)

// worker is one process from birth to removal. One goroutine, live, reads from
// it, ends it and reaps it; the invocation that has it writes its job.
type worker struct {
	process   *Process
	enclosure Enclosure
	logger    *zap.Logger
	done      chan struct{} // closed when end is set
	end       ending        // how it ended; read after done
	idleSince time.Time     // set by the pool
	status    int           // its /proc/PID/status where the enclosure knows of no peak, else -1

	mu      sync.Mutex
	job     *wire.Job // nil until it is handed over
	log     func(*wire.Log)
	closed  bool // no job can be handed over any more
	aborted bool // the caller does not want the answer any more
	gone    bool // the process is reaped
	release func()
}

// ending is all there is to know of a worker's end.
type ending struct {
	result   *wire.Result     // the one complete answer, nil if there was none
	err      error            // why there was none: timeout, end of file, broken protocol
	ready    bool             // it had said Ready
	timedOut bool             // our own timer ended it
	aborted  bool             // abort ended it
	state    *os.ProcessState // nil if it is known how it ended before it has: by its answer
	cpu      time.Duration
	evidence Evidence
	lost     error // the evidence could not be read
	tail     []byte

	systemCall string // the one that a filter killed it for, "" if not known
}

// errRefused is a worker's own word that it could not lock itself.
var errRefused = errors.New("the worker could not lock itself")

// newWorker spawns a process in a fresh enclosure, an eager one if the Spawner makes
// such. The caller runs live.
func newWorker(s Spawner, e Enclosures, eager bool, logger *zap.Logger) (*worker, error) {
	enclosure, err := e.New()
	if err != nil {
		return nil, fmt.Errorf("making a worker's cgroup: %w", err)
	}
	process, err := s.Spawn(enclosure.CgroupFD(), eager)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting a worker: %w", err), enclosure.Remove())
	}
	return &worker{
		process:   process,
		enclosure: enclosure,
		logger:    logger.With(zap.Int("worker_pid", process.Pid)),
		done:      make(chan struct{}),
		status:    -1,
	}, nil
}

// live is the worker's whole life after birth. onReady is called once it is
// ready for a job; it is not called for a worker that never is. When live
// returns, nothing of the worker is left.
//
// Who waits for a worker that has answered does not wait for its process to end:
// what it has used is read while it is still there, and the rest is cleared away
// while the answer is on its way.
func (w *worker) live(onReady func()) {
	var end ending
	end.result, end.err = w.converse(&end, func() {
		if w.enclosure.Peak() == 0 {
			w.status = openStatus(w.process.Pid)
		}
		onReady()
	})
	w.mu.Lock()
	w.closed = true
	end.timedOut = errors.Is(end.err, os.ErrDeadlineExceeded) && !w.aborted
	end.aborted = w.aborted && end.result == nil
	w.mu.Unlock()
	answered := end.result != nil && w.measure(&end)
	if answered {
		w.end = end
		close(w.done)
		runtime.Gosched() // the answer goes first
	}

	if err := errors.Join(w.enclosure.Kill(), w.kill()); err != nil {
		w.logger.Error("killing a worker failed", zap.Error(err))
	}
	state, err := w.process.Wait()
	if err != nil {
		w.logger.Error("waiting for a worker failed", zap.Error(err))
	}
	if !answered {
		end.state = state
		if state != nil {
			end.cpu = state.UserTime() + state.SystemTime()
		}
		end.evidence, end.lost = w.enclosure.Evidence()
	}
	w.process.closePipes()
	if w.status >= 0 {
		unix.Close(w.status)
	}
	if !answered {
		w.end = end
		close(w.done)
	}
	w.leave()
	if err := w.enclosure.Remove(); err != nil {
		w.logger.Error("removing a worker's cgroup failed", zap.Error(err))
	}
}

// measure reads what a process has used that is about to end. It is false if
// that cannot be known before it is reaped.
func (w *worker) measure(end *ending) bool {
	cpu, err := cpuTime(w.process.Pid)
	if err != nil {
		return false
	}
	peak := w.enclosure.Peak()
	if peak == 0 {
		peak = residentPeak(w.status)
	}
	end.cpu, end.evidence.PeakBytes = cpu, peak
	return peak > 0
}

// whenGone has f called when the process is reaped, at once if it is.
func (w *worker) whenGone(f func()) {
	w.mu.Lock()
	w.release = f
	gone := w.gone
	w.mu.Unlock()
	if gone {
		f()
	}
}

func (w *worker) leave() {
	w.mu.Lock()
	w.gone = true
	f := w.release
	w.mu.Unlock()
	if f != nil {
		f()
	}
}

// kill is safe after the process has ended: os.Process holds a pidfd, not a
// number that another process may have by now.
func (w *worker) kill() error {
	if err := w.process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// converse reads what a worker sends: Ready, then log lines and one result.
// Whatever else it sends is an error, and what follows is not read.
func (w *worker) converse(end *ending, onReady func()) (*wire.Result, error) {
	w.setReadDeadline(time.Now().Add(w.process.startTimeout()))
	stream := bufio.NewReaderSize(w.process.Answers, readAhead)
	kind, payload, err := w.read(stream, end)
	switch {
	case err != nil:
		return nil, fmt.Errorf("before it was ready: %w", err)
	case kind == wire.KindRefused:
		return nil, fmt.Errorf("%w: %s", errRefused, printable(payload))
	case kind != wire.KindReady:
		return nil, fmt.Errorf("%w: a %q frame before Ready", wire.ErrProtocol, kind)
	}
	w.setReadDeadline(time.Time{})
	end.ready = true
	onReady()

	budget := wire.LogBudget
	for {
		kind, payload, err := w.read(stream, end)
		if err != nil {
			return nil, err
		}
		job, log := w.handedOver()
		if job == nil {
			return nil, fmt.Errorf("%w: a %q frame before the job", wire.ErrProtocol, kind)
		}
		switch kind {
		case wire.KindLog:
			line, err := wire.DecodeLog(payload)
			if err != nil {
				return nil, err
			}
			if budget -= wire.LogCost(line.Message); budget < 0 {
				return nil, fmt.Errorf("%w: more than %d bytes of log", wire.ErrProtocol, wire.LogBudget)
			}
			if log != nil {
				log(line)
			}
		case wire.KindResult:
			result, err := wire.DecodeResult(payload)
			if err != nil {
				return nil, err
			}
			if result.InvocationID != job.InvocationID {
				return nil, fmt.Errorf("%w: an answer to another job, %.30q", wire.ErrProtocol, result.InvocationID)
			}
			if len(result.Compiled) > 0 && job.Purpose != wire.Compile {
				return nil, fmt.Errorf("%w: %d bytes of compiled form that nobody wanted", wire.ErrProtocol, len(result.Compiled))
			}
			return result, nil
		default:
			return nil, fmt.Errorf("%w: a %q frame during a job", wire.ErrProtocol, kind)
		}
	}
}

// read reads one frame. What breaks the protocol is kept, a little of it, for
// the log: it may be the Go runtime's last words.
func (w *worker) read(stream *bufio.Reader, end *ending) (wire.Kind, []byte, error) {
	seen := &recorder{Reader: stream}
	kind, payload, err := wire.Read(seen)
	if errors.Is(err, wire.ErrProtocol) {
		rest := make([]byte, tailSize-len(seen.head))
		w.setReadDeadline(time.Now().Add(lastWords))
		n, _ := io.ReadFull(stream, rest)
		end.tail = append(seen.head, rest[:n]...)
	}
	return kind, payload, err
}

const (
	// tailSize is how much of a broken stream is kept, in bytes.
	tailSize = 512

	// lastWords bounds the wait for it. The Go runtime writes its reason for
	// ending piece by piece, and without cgroup v2 nothing else tells that memory
	// ran out.
	lastWords = 2 * time.Second

	// readAhead is how many bytes are read at a time, so that a small answer is
	// read at once. Every idle worker has so many.
	readAhead = 512
)

// recorder keeps the first bytes that are read through it.
type recorder struct {
	io.Reader
	head []byte
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if room := tailSize - len(r.head); room > 0 {
		r.head = append(r.head, p[:min(n, room)]...)
	}
	return n, err
}

func (w *worker) handedOver() (*wire.Job, func(*wire.Log)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.job, w.log
}

// errGone is the error of handing a job to a worker that cannot take it; no
// part of the script has run.
var errGone = errors.New("the worker ended before it had its job")

// hand gives the worker its job, of which frame is the encoding in parts, and starts its
// wall clock. After errGone another worker may have the job; after another error
// the worker is being ended.
func (w *worker) hand(job *wire.Job, frame [][]byte, log func(*wire.Log)) error {
	if err := w.limit(job.Limits.MemoryLimitMB); err != nil {
		if w.abort(); w.hasEnded() {
			return errGone // and its process and its cgroup with it
		}
		return fmt.Errorf("setting memory_limit_mb: %w", err)
	}
	deadline := time.Now().Add(time.Duration(job.Limits.TimeoutMS) * time.Millisecond)
	w.mu.Lock()
	if w.closed || w.aborted { // a new deadline would undo the abort
		w.mu.Unlock()
		return errGone
	}
	w.job, w.log = job, log
	w.process.Answers.SetReadDeadline(deadline)
	w.process.Jobs.SetWriteDeadline(deadline)
	w.mu.Unlock()

	err := send(w.process.Jobs, frame...)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		// it begins only when it has the whole job
		w.abort()
		return errGone
	}
	return nil // a write that timed out is the reader's timeout too
}

// abort ends the worker, whatever it is doing. It does not wait.
func (w *worker) abort() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.aborted = true
	w.process.Answers.SetReadDeadline(longAgo())
}

// hasEnded tells whether the worker's end had begun. Nothing of it is taken away
// before.
func (w *worker) hasEnded() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// setReadDeadline is for the goroutine that reads: it never undoes an abort.
func (w *worker) setReadDeadline(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.aborted {
		t = longAgo()
	}
	w.process.Answers.SetReadDeadline(t)
}

func longAgo() time.Time { return time.Unix(1, 0) }

// printable cuts a worker's text for the log.
func printable(text []byte) string {
	return fmt.Sprintf("%.200q", text)
}

// limit sets the worker's memory, unless its end has begun: its enclosure is given
// back then, and the descriptors of that may be somebody else's.
func (w *worker) limit(mb int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errGone
	}
	return w.enclosure.Limit(w.process.Pid, mb)
}
