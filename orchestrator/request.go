package orchestrator

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"picloud"
	"picloud/worker/wire"
)

// readRequest turns an HTTP request into what the script sees. Lists are
// sorted, so that a script's operations do not depend on chance.
func (o *Orchestrator) readRequest(w http.ResponseWriter, r *http.Request, path string, maxBody int64, held *held) (wire.Request, error) {
	if n := strings.Count(r.URL.RawQuery, "&"); n >= wire.MaxPairs { // parsed, they take far more memory
		return wire.Request{}, badRequest(fmt.Sprintf("there are %d query parameters; allowed are %d", n+1, wire.MaxPairs), nil)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return wire.Request{}, badRequest("the query string is malformed", err)
	}
	request := wire.Request{
		Method:  r.Method,
		Path:    path,
		Query:   flatten(query, func(_ string, values []string) string { return values[0] }),
		Headers: headers(r),
	}
	if err := cmp.Or(checkPairs("query parameters", request.Query), checkPairs("header fields", request.Headers)); err != nil {
		return wire.Request{}, err
	}
	if len(path) > wire.MaxPath || len(r.Method) > wire.MaxMethod {
		return wire.Request{}, badRequest(fmt.Sprintf("the path may have %d bytes, the method %d", wire.MaxPath, wire.MaxMethod), nil)
	}
	request.Body, err = o.readBody(w, r, maxBody, held)
	return request, err
}

func checkPairs(what string, pairs []wire.Pair) error {
	size := 0
	for _, p := range pairs {
		size += len(p.Name) + len(p.Value)
	}
	if len(pairs) > wire.MaxPairs || size > wire.MaxPairText {
		return badRequest(fmt.Sprintf("there are %d %s of %d bytes; allowed are %d of %d bytes",
			len(pairs), what, size, wire.MaxPairs, wire.MaxPairText), nil)
	}
	return nil
}

func (o *Orchestrator) readBody(w http.ResponseWriter, r *http.Request, limit int64, held *held) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	if r.Body == http.NoBody {
		return nil, nil
	}
	// a connection without deadlines, as in tests, is not an error
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(o.bodyTimeout))
	body, err := io.ReadAll(counted{http.MaxBytesReader(w, r.Body, limit), held})
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge(limit)
	}
	if e, ok := errors.AsType[*picloud.Error](err); ok {
		return nil, e
	}
	if err != nil {
		return nil, badRequest("the body could not be read to its end", err)
	}
	http.NewResponseController(w).SetReadDeadline(time.Time{})
	return body, nil
}

// headers gives all header fields, the host's included, with one value a name:
// several are joined as RFC 9110, section 5.3, says, and cookies as RFC 6265.
func headers(r *http.Request) []wire.Pair {
	pairs := flatten(r.Header, func(name string, values []string) string {
		if name == "Cookie" {
			return strings.Join(values, "; ")
		}
		return strings.Join(values, ", ")
	})
	for i := range pairs {
		pairs[i].Name = strings.ToLower(pairs[i].Name)
	}
	return sorted(append(pairs, wire.Pair{Name: "host", Value: r.Host}))
}

func flatten(from map[string][]string, join func(name string, values []string) string) []wire.Pair {
	pairs := make([]wire.Pair, 0, len(from))
	for name, values := range from {
		if len(values) > 0 {
			pairs = append(pairs, wire.Pair{Name: name, Value: join(name, values)})
		}
	}
	return sorted(pairs)
}

func sorted(pairs []wire.Pair) []wire.Pair {
	slices.SortFunc(pairs, func(a, b wire.Pair) int { return cmp.Compare(a.Name, b.Name) })
	return pairs
}

func badRequest(message string, cause error) *picloud.Error {
	return &picloud.Error{Code: picloud.CodeBadRequest, Message: message, Cause: cause}
}

func tooLarge(limit int64) *picloud.Error {
	return &picloud.Error{
		Code:    picloud.CodeRequestTooLarge,
		Message: fmt.Sprintf("the body may have at most %d bytes", limit),
		Details: map[string]any{"limit_bytes": limit},
	}
}
