// Package lua runs one Lua script inside a worker process, within the limits
// the interpreter itself can hold: max_operations, max_call_levels and
// max_expr_depth.
//
// It promises that every job ends with a result, whatever the script does: a
// reached limit ends the script and cannot be caught by it, a Go panic below a
// script becomes a script error with a neutral text, and the number of
// operations depends on the script and its input alone. A script reaches only
// what the library's allow-list names: no files, no network, no processes, no
// environment, no code from strings. Memory and time are not bounded here; that
// is the work of whoever watches the process.
//
// New fails when the linked gopher-lua is not the version whose inside package
// vmview knows. After that nothing fails but scripts.
package lua
