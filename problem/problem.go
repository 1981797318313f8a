// Package problem renders a picloud.Error as an RFC 9457 problem document. It
// is the only place that knows which HTTP status a code has.
//
// It promises that nothing of an error's Cause is sent, and that every 503
// carries Retry-After.
package problem

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"

	"picloud"
)

// ContentType is that of every error body.
const ContentType = "application/problem+json"

// Status is the HTTP status of a code, 500 for a code that is for no caller.
func Status(c picloud.Code) int {
	switch c {
	case picloud.CodeBadRequest:
		return http.StatusBadRequest
	case picloud.CodeUnauthorized:
		return http.StatusUnauthorized
	case picloud.CodeForbidden:
		return http.StatusForbidden
	case picloud.CodeNotFound, picloud.CodeScriptNotFound:
		return http.StatusNotFound
	case picloud.CodeMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case picloud.CodeScriptExists:
		return http.StatusConflict
	case picloud.CodeVersionConflict:
		return http.StatusPreconditionFailed
	case picloud.CodeRequestTooLarge:
		return http.StatusRequestEntityTooLarge
	case picloud.CodeLimitExceedsCeiling, picloud.CodeInvalidField, picloud.CodeInvalidScript:
		return http.StatusUnprocessableEntity
	case picloud.CodeWorkerKilled:
		return http.StatusBadGateway
	case picloud.CodeOverloaded, picloud.CodeStoreUnavailable, picloud.CodeShuttingDown:
		return http.StatusServiceUnavailable
	case picloud.CodeTimeout:
		return http.StatusGatewayTimeout
	case picloud.CodeLimitExceeded:
		return http.StatusInsufficientStorage
	}
	return http.StatusInternalServerError
}

// Body is the problem document of e. RFC 9457's "type" is left at its default,
// about:blank, so "title" is the status's own phrase; "code" is what programs go by.
func Body(e *picloud.Error) map[string]any {
	status := Status(e.Code)
	body := map[string]any{
		"title":  http.StatusText(status),
		"status": status,
		"code":   e.Code,
		"detail": e.Message,
	}
	if e.Hint != "" {
		body["hint"] = e.Hint
	}
	maps.Copy(body, e.Details)
	return body
}

// SetHeader sets the headers that go with e, Content-Type included.
func SetHeader(h http.Header, e *picloud.Error) {
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	if Status(e.Code) == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	if e.Code == picloud.CodeUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="picloud"`)
	}
}

// Write answers a request with e.
func Write(w http.ResponseWriter, e *picloud.Error) {
	body, err := json.Marshal(Body(e))
	if err != nil { // a detail that JSON has no form for
		body, _ = json.Marshal(Body(&picloud.Error{Code: e.Code, Message: e.Message}))
	}
	body = append(body, '\n')
	SetHeader(w.Header(), e)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(Status(e.Code))
	w.Write(body) // an error here is the client's, and there is nobody left to tell
}
