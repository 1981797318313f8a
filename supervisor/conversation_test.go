package supervisor

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"

	"go.uber.org/zap"

	"picloud/worker/wire"
)

// converse has a supervisor listen to a worker that writes data and closes its
// pipe, with a job or, if log is nil, without.
func converse(t testing.TB, data []byte, log func(*wire.Log)) (result *wire.Result, end ending, ready int, err error) {
	t.Helper()
	if log == nil {
		return converseOn(t, data, nil, nil)
	}
	return converseOn(t, data, job("answer"), log)
}

// converseOn is converse for another job, or nil for none.
func converseOn(t testing.TB, data []byte, asked *wire.Job, log func(*wire.Log)) (result *wire.Result, end ending, ready int, err error) {
	t.Helper()
	answers, write, err := pipe(readEnd)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		write.Write(data) // broken off when the supervisor has heard enough
		write.Close()
	}()
	w := &worker{process: &Process{Process: &os.Process{Pid: os.Getpid()}, Answers: answers}, logger: zap.NewNop()}
	if asked != nil {
		w.job, w.log = asked, log
	}
	result, err = w.converse(&end, func() { ready++ })
	answers.Close()
	<-written
	return result, end, ready, err
}

func logFrame(t testing.TB, message string) []byte {
	t.Helper()
	frame, err := (&wire.Log{Level: wire.Info, Message: message}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// FuzzConversation: whatever a worker sends, an answer is taken only from the one
// sequence that the protocol allows; what follows it is of no account.
func FuzzConversation(f *testing.F) {
	line, answer := logFrame(f, "a line"), okResult("fine")
	for _, frames := range [][][]byte{
		{},
		{wire.Ready()},
		{wire.Ready(), answer},
		{wire.Ready(), line, line, answer},
		{wire.Ready(), answer, answer},
		{wire.Ready(), answer, line},
		{wire.Ready(), wire.Ready(), answer},
		{wire.Ready(), wire.Refused("late")},
		{wire.Refused("no")},
		{line, wire.Ready()},
		{answer},
		{wire.Ready(), answer[:len(answer)-1]},
		{wire.Ready(), {byte(wire.KindResult), 0xff, 0xff, 0xff, 0xff}},
		{wire.Ready(), []byte("fatal error: out of memory\n")},
	} {
		f.Add(bytes.Join(frames, nil), true)
		f.Add(bytes.Join(frames, nil), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, hasJob bool) {
		var heard [][]byte
		budget := wire.LogBudget
		log := func(l *wire.Log) {
			frame, err := l.Encode()
			if err != nil {
				t.Fatalf("a line came through that is none: %+v, %v", l, err)
			}
			heard = append(heard, frame)
			budget -= wire.LogCost(l.Message)
		}
		if !hasJob {
			log = nil
		}
		result, end, ready, err := converse(t, data, log)
		if ready > 1 || end.ready != (ready == 1) || budget < 0 || len(end.tail) > tailSize {
			t.Fatalf("ready %d times, %d of log left, a tail of %d bytes", ready, budget, len(end.tail))
		}
		if err != nil {
			if !errors.Is(err, wire.ErrProtocol) && !errors.Is(err, errRefused) && !errors.Is(err, io.EOF) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if !hasJob {
			t.Fatalf("an answer was taken from a worker without a job: %+v", result)
		}
		frame, err := result.Encode()
		if err != nil {
			t.Fatalf("an answer was taken that is none: %+v, %v", result, err)
		}
		said := bytes.Join(append(append([][]byte{wire.Ready()}, heard...), frame), nil)
		if !bytes.HasPrefix(data, said) {
			t.Fatalf("%q was taken for %q", data, said)
		}
	})
}

// What a worker announces, sends too much of, or sends in crumbs, is not kept:
// the daemon's memory grows with one well-formed frame at most.
func TestConversationTakesLittleMemory(t *testing.T) {
	flood := bytes.Repeat([]byte("x"), 8<<20)
	announced := []byte{byte(wire.KindResult), 0, 0, 0x10, 0}
	for name, c := range map[string]struct {
		data []byte
		most uint64
		ok   bool
	}{
		"a flood before Ready":       {flood, 64 << 10, false},
		"a flood after Ready":        {append(wire.Ready(), flood...), 64 << 10, false},
		"a length and no more":       {append(wire.Ready(), announced...), 64 << 10, false},
		"a length that is too large": {append(append(wire.Ready(), byte(wire.KindResult), 0xff, 0xff, 0xff, 0xff), flood...), 64 << 10, false},
		"log lines without end":      {append(wire.Ready(), bytes.Repeat(logFrame(t, "x"), 1<<20)...), 32 << 20, false},
		"answers without end":        {append(wire.Ready(), bytes.Repeat(okResult("x"), 1<<16)...), 64 << 10, true},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, _, err := converse(t, c.data, func(*wire.Log) {})
		runtime.ReadMemStats(&after)
		if (err == nil) != c.ok {
			t.Errorf("%s: error %v", name, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > c.most {
			t.Errorf("%s: %d bytes were allocated", name, grown)
		}
	}
}

// okResult is the frame of an answer.
func okResult(body string) []byte {
	frame, err := (&wire.Result{
		Status: wire.StatusOK, Operations: 7,
		Response: wire.Response{Status: 200, Body: []byte(body)},
	}).Encode()
	if err != nil {
		panic(err)
	}
	return frame
}

// A compiled form is an answer to a Compile and to nothing else.
func TestStrayForm(t *testing.T) {
	answer, err := (&wire.Result{InvocationID: job("answer").InvocationID, Status: wire.StatusOK, Compiled: []byte("form")}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for purpose, want := range map[wire.Purpose]error{wire.Run: wire.ErrProtocol, wire.Check: wire.ErrProtocol, wire.Compile: nil} {
		asked := job("answer")
		asked.Purpose = purpose
		result, _, _, err := converseOn(t, append(wire.Ready(), answer...), asked, func(*wire.Log) {})
		if !errors.Is(err, want) || want == nil && (result == nil || string(result.Compiled) != "form") {
			t.Errorf("purpose %d: %+v, %v", purpose, result, err)
		}
	}
}
