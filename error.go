package picloud

import (
	"errors"
	"fmt"
)

// Code says what went wrong, in one word that programs may rely on. The set is
// closed: these are all codes a caller of PiCloud can ever see.
type Code string

const (
	CodeBadRequest          Code = "bad_request"
	CodeUnauthorized        Code = "unauthorized"
	CodeForbidden           Code = "forbidden"
	CodeNotFound            Code = "not_found"
	CodeMethodNotAllowed    Code = "method_not_allowed"
	CodeScriptNotFound      Code = "script_not_found"
	CodeScriptExists        Code = "script_exists"
	CodeVersionConflict     Code = "version_conflict"
	CodeRequestTooLarge     Code = "request_too_large"
	CodeLimitExceedsCeiling Code = "limit_exceeds_ceiling"
	CodeInvalidField        Code = "invalid_field"
	CodeInvalidScript       Code = "invalid_script"
	CodeScriptError         Code = "script_error"
	CodeWorkerKilled        Code = "worker_killed"
	CodeOverloaded          Code = "overloaded"
	CodeStoreUnavailable    Code = "store_unavailable"
	CodeShuttingDown        Code = "shutting_down"
	CodeTimeout             Code = "timeout"
	CodeLimitExceeded       Code = "limit_exceeded"
	CodeInternal            Code = "internal"

	// CodeCannotStart is for the daemon's start and the CLI: HTTP never shows it.
	CodeCannotStart Code = "cannot_start"
)

// Error is the one error type of PiCloud. It is rendered as problem+json by
// package problem and as "error:" and "hint:" lines by the CLI.
//
// Message, Hint and Details are written for whoever made the request and may
// be shown to anybody. Cause is for the daemon's log and is never shown.
type Error struct {
	Code    Code
	Message string         // one sentence: what, where, the allowed range
	Hint    string         // the one thing to do about it; may be empty
	Details map[string]any // the extra members the code promises, such as "field"
	Cause   error          // what lies beneath, for the log only
}

// Error gives the whole story, the cause included: it is for logs.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

func (e *Error) Unwrap() error { return e.Cause }

// AsError finds the Error in err's chain. Anything else becomes an internal
// error whose text says nothing of the inside. A nil err gives nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeInternal, Message: "something went wrong inside PiCloud; its log says what", Cause: err}
}

// ErrorCode is the code of err, CodeInternal for an error of another type and
// "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}
