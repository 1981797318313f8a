package wire

import (
	"slices"

	"picloud/limits"
)

// Status is how a worker says that its job ended. It is a claim: whoever reads
// it decides what to believe.
type Status byte

const (
	StatusOK            Status = 1 // Response is set; for a Check: it compiles; for a Compile: Compiled is set
	StatusScriptError   Status = 2 // Message and Line
	StatusLimitExceeded Status = 3 // Limit
	StatusInvalidScript Status = 4 // Message and Line; the source does not compile
)

// ResponseSize is the one limit that is no field of package limits: a response
// body over MaxBody.
const ResponseSize limits.Field = "response_size"

// Result is a worker's answer.
type Result struct {
	InvocationID string // the job's: what was said before there was a job is no answer to it

	Status     Status
	Operations int64 // used so far
	Response   Response
	Compiled   []byte // empty if it is more than MaxCompiled
	Message    string // Lua's own message, without a trace; cut at MaxMessage
	Line       int    // of the source, 0 if unknown
	Limit      limits.Field
}

// Response is the HTTP response a script asks for. The worker is not trusted:
// whoever sends it on checks the header fields.
type Response struct {
	Status  int // 100 to 599
	Headers []Pair
	Body    []byte
}

// limitNames are the limits a worker can report, in the order of their numbers
// on the wire, which begin at 1. Memory and time are not for a worker to say.
func limitNames() []limits.Field {
	return []limits.Field{
		limits.MaxOperations, limits.MaxStringSize, limits.MaxArraySize,
		limits.MaxMapSize, limits.MaxCallLevels, limits.MaxExprDepth, ResponseSize,
	}
}

// resultNumbers is how many bytes a result's numbers take: status, operations,
// the response's status, line, limit.
const resultNumbers = 1 + 8 + 8 + 8 + 1

// Encode gives the result's whole frame; Message is cut to its bound. It fails
// with ErrProtocol if anything else is over its bound.
func (r *Result) Encode() ([]byte, error) {
	message := r.Message[:min(len(r.Message), MaxMessage)]
	b := frame(resultNumbers + prefixSize + len(r.InvocationID) + pairsSize(r.Response.Headers) + prefixSize + len(r.Response.Body) + prefixSize + len(message) + prefixSize + len(r.Compiled))
	b = appendString(b, r.InvocationID)
	b = append(b, byte(r.Status))
	b = appendInt(b, r.Operations)
	b = appendInt(b, int64(r.Response.Status))
	b = appendPairs(b, r.Response.Headers)
	b = appendString(b, r.Response.Body)
	b = appendString(b, message)
	b = appendInt(b, int64(r.Line))
	b = append(b, byte(slices.Index(limitNames(), r.Limit)+1))
	b = appendString(b, r.Compiled)
	if _, err := DecodeResult(b[headerSize:]); err != nil {
		return nil, err
	}
	return seal(KindResult, b, 0)
}

// DecodeResult reads a Result frame's payload.
func DecodeResult(payload []byte) (*Result, error) {
	d := decoder{rest: payload}
	r := &Result{InvocationID: d.string(MaxName)}
	r.Status = Status(d.byte())
	r.Operations = d.int()
	status := d.int()
	r.Response.Headers = d.pairs()
	r.Response.Body = d.bytes(MaxBody)
	r.Message = d.string(MaxMessage)
	line := d.int()
	limit := int(d.byte())
	r.Compiled = d.bytes(MaxCompiled)

	switch r.Status {
	case StatusOK, StatusScriptError, StatusInvalidScript:
		if limit != 0 {
			d.fail("a limit is named with status %d", r.Status)
		}
	case StatusLimitExceeded:
		names := limitNames()
		if limit < 1 || limit > len(names) {
			d.fail("%d is no limit", limit)
			break
		}
		r.Limit = names[limit-1]
	default:
		d.fail("%d is no status", r.Status)
	}
	if r.Operations < 0 {
		d.fail("%d operations", r.Operations)
	}
	if status != 0 && (status < 100 || status > 599) {
		d.fail("%d is no HTTP status", status)
	}
	if line < 0 || line > MaxSource {
		d.fail("line %d", line)
	}
	r.Response.Status, r.Line = int(status), int(line)
	if err := d.end(); err != nil {
		return nil, err
	}
	return r, nil
}
