package wire

import (
	"encoding/binary"

	"picloud/limits"
)

// Purpose says what a worker shall do with a job's source.
type Purpose byte

const (
	Run     Purpose = 1 // run it and answer
	Check   Purpose = 2 // parse and compile it only; the request is empty
	Prove   Purpose = 3 // use the Go runtime and no source: does this process work at all
	Compile Purpose = 4 // as Check, and answer with the compiled form
)

// Job is all a worker gets to know.
type Job struct {
	Purpose      Purpose
	InvocationID string
	ScriptName   string
	Version      int64 // the script's version
	Source       string
	Compiled     []byte        // what a Compile of the source has given, in the source's stead
	Limits       limits.Limits // merged: every field set
	Request      Request
}

// Request is the HTTP request as the script sees it.
type Request struct {
	Method  string
	Path    string // below the script's root, beginning with "/"
	Query   []Pair // sorted by name, one value a name
	Headers []Pair // names in lower case, sorted, one value a name
	Body    []byte
}

// Pair is a query parameter or a header field.
type Pair struct{ Name, Value string }

// Encode gives the job's whole frame, in one allocation. It fails with
// ErrProtocol if something in it is over its bound.
func (j *Job) Encode() ([]byte, error) {
	b, err := j.encode(len(j.Compiled))
	if err != nil {
		return nil, err
	}
	return append(b, j.Compiled...), nil
}

// Parts gives the same as two parts, of which the second is Compiled itself: the larger
// part of some jobs, and the same in all of a script.
func (j *Job) Parts() ([][]byte, error) {
	b, err := j.encode(0)
	if err != nil {
		return nil, err
	}
	return [][]byte{b, j.Compiled}, nil
}

// encode gives the frame without Compiled, which ends it, and with room for more.
func (j *Job) encode(room int) ([]byte, error) {
	if err := j.check(); err != nil {
		return nil, err
	}
	b := frame(j.size() + room)
	b = append(b, byte(j.Purpose))
	b = appendString(b, j.InvocationID)
	b = appendString(b, j.ScriptName)
	b = appendInt(b, j.Version)
	b = appendString(b, j.Source)
	for _, f := range limits.Names() {
		b = appendInt(b, j.Limits.Get(f))
	}
	b = appendString(b, j.Request.Method)
	b = appendString(b, j.Request.Path)
	b = appendPairs(b, j.Request.Query)
	b = appendPairs(b, j.Request.Headers)
	b = appendString(b, j.Request.Body)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(j.Compiled)))
	return seal(KindJob, b, len(j.Compiled))
}

// check holds the job against the bounds that DecodeJob holds it against.
func (j *Job) check() error {
	if j.Purpose < Run || j.Purpose > Compile {
		return protocolError("%d is no purpose", j.Purpose)
	}
	for _, text := range []struct{ size, limit int }{
		{len(j.InvocationID), MaxName},
		{len(j.ScriptName), MaxName},
		{len(j.Source), MaxSource},
		{len(j.Compiled), MaxCompiled},
		{len(j.Request.Method), MaxMethod},
		{len(j.Request.Path), MaxPath},
		{len(j.Request.Body), MaxBody},
	} {
		if text.size > text.limit {
			return protocolError("%d bytes where %d are allowed", text.size, text.limit)
		}
	}
	if err := checkPairs(j.Request.Query); err != nil {
		return err
	}
	return checkPairs(j.Request.Headers)
}

// size is that of the payload without Compiled.
func (j *Job) size() int {
	return 1 + 8 + 8*len(limits.Names()) +
		prefixSize + len(j.InvocationID) + prefixSize + len(j.ScriptName) + prefixSize + len(j.Source) +
		prefixSize + len(j.Request.Method) + prefixSize + len(j.Request.Path) +
		pairsSize(j.Request.Query) + pairsSize(j.Request.Headers) + prefixSize + len(j.Request.Body) +
		prefixSize
}

// DecodeJob reads a Job frame's payload.
func DecodeJob(payload []byte) (*Job, error) {
	d := decoder{rest: payload}
	j := &Job{Purpose: Purpose(d.byte())}
	j.InvocationID = d.string(MaxName)
	j.ScriptName = d.string(MaxName)
	j.Version = d.int()
	j.Source = d.string(MaxSource)
	for _, f := range limits.Names() {
		j.Limits.Set(f, d.int())
	}
	j.Request.Method = d.string(MaxMethod)
	j.Request.Path = d.string(MaxPath)
	j.Request.Query = d.pairs()
	j.Request.Headers = d.pairs()
	j.Request.Body = d.bytes(MaxBody)
	j.Compiled = d.bytes(MaxCompiled)
	if j.Purpose < Run || j.Purpose > Compile {
		d.fail("%d is no purpose", j.Purpose)
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return j, nil
}
