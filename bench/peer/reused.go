package peer

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"

	"picloud/worker/lua"
	"picloud/worker/wire"
)

// WorkerRole is the argument with which the benchmark's own program is a worker
// that is used again and again; its main function calls Worker then.
const WorkerRole = "worker"

// Worker does jobs from in, one after the other in the same process, and writes
// their results to out, until in ends: what PiCloud's worker never does. Nothing
// locks it. The next job's interpreter is built when an answer is sent.
func Worker(in io.Reader, out io.Writer) error {
	runtime.GOMAXPROCS(1) // as in PiCloud's worker
	for {
		interpreter, err := lua.New()
		if err != nil {
			return err
		}
		kind, payload, err := wire.Read(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil || kind != wire.KindJob {
			return fmt.Errorf("kind %q, %w", kind, err)
		}
		job, err := wire.DecodeJob(payload)
		if err != nil {
			return err
		}
		answer, err := interpreter.Do(job, func(*wire.Log) {}).Encode()
		if err != nil {
			return err
		}
		if _, err := out.Write(answer); err != nil {
			return err
		}
	}
}

// reused has one persistent worker for each processor.
type reused struct {
	form []byte // Source's
	free chan *persistent
}

type persistent struct {
	cmd  *exec.Cmd
	jobs io.WriteCloser
	out  io.Reader
}

func newReused() (*reused, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	form, err := compile()
	if err != nil {
		return nil, err
	}
	h := &reused{form, make(chan *persistent, runtime.NumCPU())}
	for range cap(h.free) {
		p, err := start(exec.Command(self, WorkerRole))
		if err != nil {
			return nil, errors.Join(err, h.Close())
		}
		h.free <- p
	}
	return h, nil
}

func start(cmd *exec.Cmd) (*persistent, error) {
	cmd.Stderr = os.Stderr
	jobs, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &persistent{cmd, jobs, out}, cmd.Start()
}

func (h *reused) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := <-h.free
	body, err := p.do(job(r, h.form))
	h.free <- p // a broken one fails again, which is what a benchmark has to notice
	respond(w, body, err)
}

func (p *persistent) do(j *wire.Job) ([]byte, error) {
	frame, err := j.Encode()
	if err != nil {
		return nil, err
	}
	if _, err := p.jobs.Write(frame); err != nil {
		return nil, err
	}
	kind, payload, err := wire.Read(p.out)
	if err != nil || kind != wire.KindResult {
		return nil, fmt.Errorf("kind %q, %w", kind, err)
	}
	result, err := wire.DecodeResult(payload)
	if err != nil {
		return nil, err
	}
	return outcome(result)
}

// Close ends the workers that are free, which is all of them once no request is
// answered any more.
func (h *reused) Close() (err error) {
	for {
		select {
		case p := <-h.free:
			err = errors.Join(err, p.jobs.Close(), p.cmd.Wait())
		default:
			return err
		}
	}
}
