package wire

import "picloud/limits"

// Purpose says what a worker shall do with a job's source.
type Purpose byte

const (
	Run   Purpose = 1 // run it and answer
	Check Purpose = 2 // parse and compile it only; the request is empty
)

// Job is all a worker gets to know.
type Job struct {
	Purpose      Purpose
	InvocationID string
	ScriptName   string
	Version      int64 // the script's version
	Source       string
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

// Encode gives the job's whole frame. It fails with ErrProtocol if something in
// it is over its bound.
func (j *Job) Encode() ([]byte, error) {
	b := frame(len(j.Source) + len(j.Request.Body) + 4096)
	b = append(b, byte(j.Purpose))
	b = appendString(b, j.InvocationID)
	b = appendString(b, j.ScriptName)
	b = appendInt(b, j.Version)
	b = appendString(b, j.Source)
	for _, spec := range limits.Fields() {
		b = appendInt(b, j.Limits.Get(spec.Field))
	}
	b = appendString(b, j.Request.Method)
	b = appendString(b, j.Request.Path)
	b = appendPairs(b, j.Request.Query)
	b = appendPairs(b, j.Request.Headers)
	b = appendString(b, string(j.Request.Body))
	if _, err := DecodeJob(b[headerSize:]); err != nil {
		return nil, err
	}
	return seal(KindJob, b)
}

// DecodeJob reads a Job frame's payload.
func DecodeJob(payload []byte) (*Job, error) {
	d := decoder{rest: payload}
	j := &Job{Purpose: Purpose(d.byte())}
	j.InvocationID = d.string(MaxName)
	j.ScriptName = d.string(MaxName)
	j.Version = d.int()
	j.Source = d.string(MaxSource)
	for _, spec := range limits.Fields() {
		j.Limits.Set(spec.Field, d.int())
	}
	j.Request.Method = d.string(MaxMethod)
	j.Request.Path = d.string(MaxPath)
	j.Request.Query = d.pairs()
	j.Request.Headers = d.pairs()
	j.Request.Body = d.bytes(MaxBody)
	if j.Purpose != Run && j.Purpose != Check {
		d.fail("%d is no purpose", j.Purpose)
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return j, nil
}
