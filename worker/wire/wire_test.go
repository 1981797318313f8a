package wire

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"picloud/limits"
)

func sampleJob() *Job {
	return &Job{
		Purpose: Run, InvocationID: "ID", ScriptName: "hello", Version: 3,
		Source: "return 1", Compiled: []byte("\x1bcode"), Limits: limits.Defaults(),
		Request: Request{
			Method: "POST", Path: "/a/b", Body: []byte("\x00body"),
			Query:   []Pair{{"q", "1"}},
			Headers: []Pair{{"accept", "*/*"}, {"host", "x"}},
		},
	}
}

func sampleResult() *Result {
	return &Result{
		InvocationID: "id", Status: StatusOK, Operations: 12,
		Response: Response{Status: 201, Headers: []Pair{{"x", "y"}}, Body: []byte("hi")},
		Compiled: []byte("\x1bcode"),
	}
}

func TestRoundTrip(t *testing.T) {
	frame, err := sampleJob().Encode()
	if err != nil {
		t.Fatal(err)
	}
	kind, payload, err := Read(bytes.NewReader(frame))
	if err != nil || kind != KindJob {
		t.Fatal(kind, err)
	}
	if job, err := DecodeJob(payload); err != nil || !reflect.DeepEqual(job, sampleJob()) {
		t.Errorf("%+v, %v", job, err)
	}
	for _, want := range []*Result{
		sampleResult(),
		{Status: StatusScriptError, Message: "oh", Line: 7, Operations: 1},
		{Status: StatusLimitExceeded, Limit: limits.MaxExprDepth},
		{Status: StatusLimitExceeded, Limit: ResponseSize},
		{Status: StatusInvalidScript, Message: "no", Line: 1},
	} {
		frame, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		_, payload, err := Read(bytes.NewReader(frame))
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeResult(payload)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Response.Body) == 0 {
			got.Response.Body = want.Response.Body
		}
		if len(got.Compiled) == 0 {
			got.Compiled = want.Compiled
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v came back as %+v", want, got)
		}
	}
	line := &Log{Level: Warn, Message: "x", Cut: true}
	frame, err = line.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeLog(frame[headerSize:]); err != nil || *got != *line {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBounds(t *testing.T) {
	many := func(n int) []Pair { return make([]Pair, n) }
	for name, c := range map[string]struct {
		change func(*Job)
		ok     bool
	}{
		"source at its bound":   {func(j *Job) { j.Source = strings.Repeat("x", MaxSource) }, true},
		"source over it":        {func(j *Job) { j.Source = strings.Repeat("x", MaxSource+1) }, false},
		"compiled at its bound": {func(j *Job) { j.Compiled = make([]byte, MaxCompiled) }, true},
		"compiled over it":      {func(j *Job) { j.Compiled = make([]byte, MaxCompiled+1) }, false},
		"body at its bound":     {func(j *Job) { j.Request.Body = make([]byte, MaxBody) }, true},
		"body over it":          {func(j *Job) { j.Request.Body = make([]byte, MaxBody+1) }, false},
		"headers at the bound":  {func(j *Job) { j.Request.Headers = many(MaxPairs) }, true},
		"headers over it":       {func(j *Job) { j.Request.Headers = many(MaxPairs + 1) }, false},
		"query text at bound":   {func(j *Job) { j.Request.Query = []Pair{{strings.Repeat("x", MaxPairText), ""}} }, true},
		"query text over it":    {func(j *Job) { j.Request.Query = []Pair{{strings.Repeat("x", MaxPairText), "y"}} }, false},
		"id over its bound":     {func(j *Job) { j.InvocationID = strings.Repeat("x", MaxName+1) }, false},
		"name over its bound":   {func(j *Job) { j.ScriptName = strings.Repeat("x", MaxName+1) }, false},
		"path over its bound":   {func(j *Job) { j.Request.Path = strings.Repeat("/", MaxPath+1) }, false},
		"method over its bound": {func(j *Job) { j.Request.Method = strings.Repeat("x", MaxMethod+1) }, false},
		"no such purpose":       {func(j *Job) { j.Purpose = 9 }, false},
		"everything at its bound": {func(j *Job) {
			j.Source, j.Request.Body = strings.Repeat("x", MaxSource), make([]byte, MaxBody)
			j.Compiled = make([]byte, MaxCompiled)
			j.Request.Headers = append(many(MaxPairs-1), Pair{strings.Repeat("x", MaxPairText), ""})
			j.Request.Query = j.Request.Headers
			j.Request.Path = strings.Repeat("/", MaxPath)
		}, true},
	} {
		job := sampleJob()
		c.change(job)
		frame, err := job.Encode()
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if got, err := DecodeJob(frame[headerSize:]); err != nil || !reflect.DeepEqual(got, job) {
			t.Errorf("%s: what is encoded is not decoded: %v", name, err)
		}
		if parts, err := job.Parts(); err != nil || !bytes.Equal(bytes.Join(parts, nil), frame) || len(parts[0]) != cap(parts[0]) {
			t.Errorf("%s: in parts it is another frame: %v", name, err)
		}
		if len(frame) != cap(frame) {
			t.Errorf("%s: the frame has %d bytes, room for %d", name, len(frame), cap(frame))
		}
	}
	long := &Result{Status: StatusScriptError, Message: strings.Repeat("x", 2*MaxMessage)}
	frame, err := long.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeResult(frame[headerSize:]); err != nil || len(got.Message) != MaxMessage {
		t.Errorf("a long message: %v", err)
	}
	if _, err := (&Log{Level: Info, Message: strings.Repeat("x", LogBudget+1)}).Encode(); !errors.Is(err, ErrProtocol) {
		t.Errorf("a log line over the budget: %v", err)
	}
	if frame := Refused(strings.Repeat("x", 2*MaxMessage)); len(frame) != headerSize+MaxMessage {
		t.Errorf("a long reason makes a frame of %d bytes", len(frame))
	}
}

// Every cut and every single changed byte of a frame is an error or another
// well-formed value: never a panic, never more than was there.
func TestDamagedFrames(t *testing.T) {
	frame, err := sampleResult().Encode()
	if err != nil {
		t.Fatal(err)
	}
	for n := range frame {
		for _, read := range []func(io.Reader) (Kind, []byte, error){Read, ReadTrusting} {
			if _, _, err := read(bytes.NewReader(frame[:n])); n == 0 && err != io.EOF || n > 0 && !errors.Is(err, ErrProtocol) {
				t.Errorf("cut at %d: %v", n, err)
			}
		}
	}
	payload := frame[headerSize:]
	if kind, same, err := ReadTrusting(bytes.NewReader(frame)); kind != KindResult || !bytes.Equal(same, payload) || err != nil {
		t.Errorf("whole: %q, %v", kind, err)
	}
	for n := range payload {
		if _, err := DecodeResult(payload[:n]); !errors.Is(err, ErrProtocol) {
			t.Errorf("payload cut at %d: %v", n, err)
		}
	}
	if _, err := DecodeResult(append(bytes.Clone(payload), 0)); !errors.Is(err, ErrProtocol) {
		t.Errorf("a byte too many: %v", err)
	}
	for i := range frame {
		for bit := range 8 {
			damaged := bytes.Clone(frame)
			damaged[i] ^= 1 << bit
			if kind, payload, err := Read(bytes.NewReader(damaged)); err == nil && kind == KindResult {
				DecodeResult(payload) // must only not panic
			}
		}
	}
}

// A header's word about the length moves no memory.
func TestNoAllocationByAnnouncement(t *testing.T) {
	header := []byte{byte(KindResult), 0, 0, 0x0f, 0}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 100 {
		if _, _, err := Read(io.MultiReader(bytes.NewReader(header), strings.NewReader("abc"))); !errors.Is(err, ErrProtocol) {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("100 frames that announce 983,040 bytes and bring 3 took %d bytes", grown)
	}
}

func FuzzRead(f *testing.F) {
	job, _ := sampleJob().Encode()
	result, _ := sampleResult().Encode()
	line, _ := (&Log{Level: Info, Message: "hello"}).Encode()
	for _, seed := range [][]byte{job, result, line, Ready(), Refused("why"), {}, {'A', 0xff, 0xff, 0xff, 0xff}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, payload, err := Read(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, ErrProtocol) && err != io.EOF {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		// what decodes encodes to the very same bytes
		var again []byte
		switch kind {
		case KindJob:
			if v, err := DecodeJob(payload); err == nil {
				again, _ = v.Encode()
			}
		case KindResult:
			if v, err := DecodeResult(payload); err == nil {
				again, _ = v.Encode()
			}
		case KindLog:
			if v, err := DecodeLog(payload); err == nil {
				again, _ = v.Encode()
			}
		}
		if again != nil && !bytes.Equal(again, data[:headerSize+len(payload)]) {
			t.Fatalf("%q decodes to what encodes as %q", data, again)
		}
	})
}
