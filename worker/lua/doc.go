// Package lua runs one script, once, within its limits.
//
// An Interpreter is built before any job is known, so that a warm process has
// it ready, and does one job. Do promises to return a Result whatever the script
// is: what it does wrong, on purpose or not, ends it with one of the statuses
// of package wire, and never the process. A limit that is reached cannot be
// caught or outlived by the script. The same script with the same input is
// charged the same number of operations on every run.
//
// The script sees Lua 5.1 as gopher-lua 1.1.2 has it, with goto, and a library
// that is built up name by name: nothing in it reaches a file, a process, the
// network, the environment, other code or the interpreter itself. Its clock is
// UTC. The known crashes, hangs and miscompilations of gopher-lua are closed by
// package syntax, by this library and by the checks before each instruction.
//
// All six limits of a script's own are enforced: max_operations,
// max_string_size, max_array_size, max_map_size, max_call_levels and
// max_expr_depth. A value is measured before memory is taken for it. How much
// memory all values take together, and for how long a script runs, is for
// whoever runs the process to bound.
//
// Do starts one goroutine and waits for it; Perform starts none. The package keeps no
// state of its own, but gopher-lua has two globals that it needs: CompatVarArg is
// set once, always to the same value, and MaxArrayIndex for each job to what its
// max_array_size asks for. One process runs one job at a time.
package lua
