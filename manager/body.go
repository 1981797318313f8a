package manager

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"picloud"
)

// maxRequestBytes bounds an admin call's body: a whole source, every byte of it
// escaped, and room for the rest.
const maxRequestBytes = 2 << 20

// bodyTimeout is how long a client may take to send its body, as for /run/.
const bodyTimeout = 30 * time.Second

// BodyInput is a part of operations' inputs; it has to be exported to be found.
// The body is not read by huma, which answers a slow one with a status of its own
// and keeps of a member that is there twice the last.
type BodyInput struct {
	request *http.Request
	writer  http.ResponseWriter
}

// Resolve is huma's hook to get at a request.
func (b *BodyInput) Resolve(ctx huma.Context) []error {
	b.request, b.writer = humago.Unwrap(ctx)
	return nil
}

// read gives the body, once.
func (b *BodyInput) read() ([]byte, error) {
	// a connection without deadlines, as in tests, is not an error
	control := http.NewResponseController(b.writer)
	control.SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(b.writer, b.request.Body, maxRequestBytes))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &picloud.Error{
			Code:    picloud.CodeRequestTooLarge,
			Message: fmt.Sprintf("the body may have at most %d bytes", maxRequestBytes),
			Details: map[string]any{"limit_bytes": maxRequestBytes},
		}
	}
	if err != nil {
		return nil, &picloud.Error{Code: picloud.CodeBadRequest, Message: "the body could not be read to its end", Cause: err}
	}
	control.SetReadDeadline(time.Time{})
	return body, nil
}
