package lua

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/worker/wire"
)

const faultMessage = "the interpreter failed on this script"

// chunkName is what the machine calls the script in the errors it positions.
const chunkName = "script"

// describe turns what PCall caught into a script error.
func (in *Interpreter) describe(err error, result *wire.Result) {
	apiError, ok := err.(*lua.ApiError)
	if !ok || apiError.Type == lua.ApiErrorPanic {
		in.failHard()
	}
	result.Status = wire.StatusScriptError
	result.Message, result.Line = in.errorText(apiError.Object)
}

// errorText says what an error object means to a person, and the line it names.
func (in *Interpreter) errorText(object lua.LValue) (message string, line int) {
	switch v := object.(type) {
	case lua.LString:
		line, message = splitPosition(string(v))
	case lua.LNumber:
		message = v.String()
	case *lua.LTable:
		line = in.raisedAt
		if text := v.RawGetString("message"); lua.LVCanConvToString(text) {
			message = lua.LVAsString(text)
		} else {
			message = "an error object (a table without a message) was raised"
		}
	case nil, *lua.LNilType:
		line, message = in.raisedAt, "error was called without a message"
	default:
		line, message = in.raisedAt, "an error object (a "+v.Type().String()+") was raised"
	}
	return clip(message, wire.MaxMessage), line
}

// splitPosition takes the position off a message of the form "script:12: text".
func splitPosition(s string) (line int, message string) {
	rest, ok := strings.CutPrefix(s, chunkName+":")
	if !ok {
		return 0, s
	}
	number, text, ok := strings.Cut(rest, ": ")
	if !ok {
		return 0, s
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > wire.MaxSource {
		return 0, s
	}
	return n, text
}

// clip makes valid UTF-8 of at most n bytes out of s.
func clip(s string, n int) string {
	s = s[:min(len(s), n)]
	if valid := strings.ToValidUTF8(s, "?"); len(valid) <= n {
		return valid
	}
	return strings.ToValidUTF8(s, "")
}
