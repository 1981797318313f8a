// Package wire is the language supervisor and worker speak over the pipe.
//
// The supervisor sends one Job frame. The worker sends one Ready frame (or one
// Refused frame, when it cannot lock itself), then, once it has its job, any
// number of Log frames within LogBudget and one Result frame, which names the job it
// answers, and closes. What follows a result is not read.
//
// A frame is one byte of kind, four bytes of payload length (little-endian) and
// the payload. Every kind has a hard bound on its length. The package promises
// to the side that reads: no allocation of more than 8 KiB goes by an announced
// length, every count and every string is bounded, every byte of a payload is
// accounted for, and whatever breaks a rule gives ErrProtocol, never a panic. It
// holds no state and starts nothing.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Hard bounds, in bytes unless said otherwise.
const (
	MaxSource   = 256 << 10 // a script's source
	MaxCompiled = 1 << 20   // its compiled form; most are smaller than the source
	MaxBody     = 1 << 20   // a request's or a response's body
	MaxPairs    = 256       // query parameters, or header fields, in one list
	MaxPairText = 64 << 10  // the names and values of one list together
	MaxPath     = 16 << 10  // path below the script's root
	MaxMethod   = 64
	MaxName     = 128     // a script's name, an invocation's id
	MaxMessage  = 8 << 10 // an error's message, a reason for refusing

	// LogBudget bounds an invocation's log output; LogCost says what counts.
	LogBudget = 64 << 10
)

// CompiledFormat names what compiled forms are made of, and changes with it: with the
// format of the bytes, with gopher-lua, and with the code that the compiler gives for
// a source. Forms are kept as long as it is the same.
const CompiledFormat = "picloud bytecode 2, gopher-lua v1.1.2"

// ErrProtocol is the error of everything that is not a well-formed frame in its
// place. The text around it says what was wrong, for the log.
var ErrProtocol = errors.New("broken protocol")

func protocolError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))
}

// Kind is the first byte of a frame.
type Kind byte

const (
	KindJob     Kind = 'J' // supervisor → worker, see Job
	KindReady   Kind = 'R' // worker → supervisor: locked, waiting; no payload
	KindRefused Kind = 'F' // worker → supervisor: could not lock itself; the reason as text
	KindLog     Kind = 'L' // worker → supervisor, see Log
	KindResult  Kind = 'A' // worker → supervisor, see Result
)

// maxPayload bounds a frame's payload by kind; ok is false for no kind at all.
func (k Kind) maxPayload() (n int, ok bool) {
	const fixed = 1 << 10 // numbers and length prefixes
	const pairs = MaxPairText + 8*MaxPairs
	switch k {
	case KindJob:
		return fixed + MaxSource + MaxCompiled + MaxBody + 2*pairs + MaxPath + MaxMethod + 2*MaxName, true
	case KindReady:
		return 0, true
	case KindRefused:
		return MaxMessage, true
	case KindLog:
		return fixed + LogBudget, true
	case KindResult:
		return fixed + MaxBody + MaxCompiled + pairs + MaxMessage, true
	}
	return 0, false
}

const headerSize = 5

// frame gives a buffer that begins with room for a header, to append a payload
// to and then seal.
func frame(sizeHint int) []byte { return make([]byte, headerSize, headerSize+sizeHint) }

// seal writes the header of a frame of which b is all but so many bytes that follow it.
func seal(k Kind, b []byte, rest int) ([]byte, error) {
	n := len(b) - headerSize + rest
	if limit, ok := k.maxPayload(); !ok || n > limit {
		return nil, protocolError("a %q frame of %d bytes is over its bound of %d", k, n, limit)
	}
	b[0] = byte(k)
	binary.LittleEndian.PutUint32(b[1:], uint32(n))
	return b, nil
}

// Read reads one frame. At a clean end before its first byte the error is
// io.EOF; an end within the frame, an unknown kind or a payload over the kind's
// bound is ErrProtocol; any other error is the reader's own. Memory grows with
// what arrives, not with what the header announces, but for the first 8 KiB.
func Read(r io.Reader) (Kind, []byte, error) { return read(r, readPayload) }

// ReadTrusting is Read from a sender that is believed, as a worker believes its
// supervisor: memory for all that the header announces is there at once.
func ReadTrusting(r io.Reader) (Kind, []byte, error) {
	return read(r, func(r io.Reader, n int) ([]byte, error) {
		payload := make([]byte, n)
		n, err := io.ReadFull(r, payload)
		return payload[:n], err
	})
}

func read(r io.Reader, readPayload func(io.Reader, int) ([]byte, error)) (Kind, []byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, nil, protocolError("the stream ends within a frame's header")
		}
		return 0, nil, err
	}
	k := Kind(header[0])
	limit, ok := k.maxPayload()
	if !ok {
		return 0, nil, protocolError("no frame begins with the bytes %x", header)
	}
	n := int64(binary.LittleEndian.Uint32(header[1:]))
	if n > int64(limit) {
		return 0, nil, protocolError("a %q frame announces %d bytes; its bound is %d", k, n, limit)
	}
	payload, err := readPayload(r, int(n))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, nil, protocolError("the stream ends within a %q frame", k)
	}
	return k, payload, err
}

// unasked is how many bytes may be allocated before they have arrived.
const unasked = 8 << 10

// readPayload reads n bytes. What is allocated is at most unasked, or twice what
// has arrived.
func readPayload(r io.Reader, n int) ([]byte, error) {
	payload := make([]byte, 0, min(n, unasked))
	for len(payload) < n {
		if len(payload) == cap(payload) {
			larger := make([]byte, len(payload), min(n, 2*len(payload)))
			copy(larger, payload)
			payload = larger
		}
		had := len(payload)
		payload = payload[:cap(payload)]
		got, err := io.ReadFull(r, payload[had:])
		if err != nil {
			return payload[:had+got], err
		}
	}
	return payload, nil
}

// Ready is the whole frame a worker sends when it is locked and waits.
func Ready() []byte { return []byte{byte(KindReady), 0, 0, 0, 0} }

// Refused is the whole frame a worker sends when it could not lock itself. The
// reason is cut at MaxMessage.
func Refused(reason string) []byte {
	reason = reason[:min(len(reason), MaxMessage)]
	b, err := seal(KindRefused, append(frame(len(reason)), reason...), 0)
	if err != nil {
		panic(err) // unreachable: the reason was just cut to its bound
	}
	return b
}
