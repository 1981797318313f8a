package store

import (
	"fmt"

	"picloud"
)

// NotFound is the error for a script that is not there.
func NotFound(name string) *picloud.Error {
	return &picloud.Error{
		Code:    picloud.CodeScriptNotFound,
		Message: fmt.Sprintf("there is no script called %q", name),
	}
}

// Exists is the error for creating a script under a name that is taken.
func Exists(name string) *picloud.Error {
	return &picloud.Error{
		Code:    picloud.CodeScriptExists,
		Message: fmt.Sprintf("there is a script called %q already", name),
		Hint:    "replace it with PUT, or choose another name",
	}
}

// Conflict is the error for a write that was meant for another version.
func Conflict(name string, wanted int64) *picloud.Error {
	return &picloud.Error{
		Code:    picloud.CodeVersionConflict,
		Message: fmt.Sprintf("script %q is not at version %d", name, wanted),
		Hint:    "read the script again and repeat the change on what it is now",
	}
}

// Unavailable is the error for everything else a database does wrong.
func Unavailable(cause error) *picloud.Error {
	return &picloud.Error{
		Code:    picloud.CodeStoreUnavailable,
		Message: "the database does not answer",
		Hint:    "try again in a moment; /readyz tells when it answers again, and PiCloud's log what is wrong",
		Cause:   cause,
	}
}
