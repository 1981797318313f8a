package lua

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"picloud/limits"
	"picloud/worker/lua/syntax"
	"picloud/worker/wire"
)

// A suiteFile is one of gopher-lua's test scripts, cut into the chunks that
// parse by themselves: statements at its top level.
type suiteFile struct {
	name  string
	lines []string
	first []int // each chunk's first line, from 0
}

// readSuiteFile reads a script from the working directory.
func readSuiteFile(t *testing.T, name string, changes []change) *suiteFile {
	data, err := os.ReadFile(filepath.Base(name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, c := range changes {
		if strings.Count(text, c.from) != 1 {
			t.Fatalf("%q does not stand there once", c.from)
		}
		text = strings.Replace(text, c.from, c.to, 1)
	}
	f := &suiteFile{name: filepath.Base(name), lines: strings.Split(text, "\n")}
	if strings.HasPrefix(f.lines[0], "#") {
		f.lines[0] = ""
	}
	for from := 0; from < len(f.lines); {
		to := from + 1
		for to < len(f.lines) && !parses(f.lines[from:to]) {
			to++
		}
		if strings.TrimSpace(f.lines[from]) != "" {
			f.first = append(f.first, from)
		}
		from = to
	}
	return f
}

func parses(lines []string) bool {
	_, err := parse.Parse(strings.NewReader(strings.Join(lines, "\n")), "")
	return err == nil
}

// source is the file without the chunks that failed. Each of the others first
// says which it is; no line moves.
func (f *suiteFile) source(failed verdict) string {
	lines := slices.Clone(f.lines)
	for i, first := range f.first {
		if failed[first+1] == "" {
			lines[first] = fmt.Sprintf("__at(%d); %s", first+1, lines[first])
			continue
		}
		end := len(lines)
		if i+1 < len(f.first) {
			end = f.first[i+1]
		}
		clear(lines[first:end])
	}
	return prelude + strings.Join(lines, "\n")
}

// prelude is what the suites use and gopher-lua does not have either.
const prelude = `table.foreach = function(t, f) for k, v in next, t do local r = f(k, v) if r ~= nil then return r end end end; ` +
	`table.foreachi = function(t, f) for i = 1, table.getn(t) do local r = f(i, t[i]) if r ~= nil then return r end end end; `

// verdict has the errors that chunks of a file end with, under their first
// lines; under 0 that of a file that cannot be compiled.
type verdict map[int]string

func same(a, b verdict) bool { return maps.Equal(a, b) }

// engine runs source under a file name and gives the error it ends with, "" for
// none. It calls at with the line of every chunk that begins.
type engine func(name, source string, at func(line int)) string

// verdict runs the file. A chunk that fails is taken out, and the file is run
// again: the chunks behind it count too. With something to expect it stops at
// the first chunk that is different.
func (f *suiteFile) verdict(t *testing.T, run engine, expect verdict) verdict {
	failed := verdict{}
	for {
		line := 0
		message := f.run(t, run, failed, func(l int) { line = l })
		if message == "" {
			return failed
		}
		failed[line] = message
		if line == 0 || expect != nil && expect[line] != message {
			return failed
		}
	}
}

// run runs what has not failed, out of sight, with a clean environment.
func (f *suiteFile) run(t *testing.T, run engine, failed verdict, at func(line int)) string {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	stdout, stderr, environment := os.Stdout, os.Stderr, os.Environ()
	os.Stdout, os.Stderr = null, null
	os.Setenv("TMPDIR", t.TempDir())
	defer func() {
		os.Stdout, os.Stderr = stdout, stderr
		os.Clearenv()
		for _, e := range environment {
			name, value, _ := strings.Cut(e, "=")
			os.Setenv(name, value)
		}
	}()
	message := run(f.name, f.source(failed), at)
	for _, w := range wording {
		message = strings.ReplaceAll(message, w.plain, w.ours)
	}
	return temporary.ReplaceAllString(message, "TMP")
}

// wording is what the two engines say differently; ours is Lua's.
var wording = []struct{ plain, ours string }{
	{"string or table or function expected", "string, function or table expected"},
	{"can not yield from outside of a coroutine", "attempt to yield from outside a coroutine"},
}

// temporary is a temporary file's name.
var temporary = regexp.MustCompile(`/tmp/[\w/.-]+`)

// plain is gopher-lua as it comes, with all its libraries.
func plain(name, source string, at func(int)) string {
	glua.CompatVarArg = true
	defer func() { glua.CompatVarArg = false }()
	L := glua.NewState(glua.Options{RegistrySize: 1024 * 20, CallStackSize: 1024})
	defer L.Close()
	L.SetGlobal("__at", L.NewFunction(reportAt(at)))
	L.SetGlobal("collectgarbage", L.NewFunction(collectGarbage()))
	fn, err := L.Load(strings.NewReader(source), name)
	if err == nil {
		L.Push(fn)
		err = L.PCall(0, glua.MultRet, nil)
	}
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*glua.ApiError](err); ok {
		return e.Object.String()
	}
	return err.Error()
}

// collectGarbage is gopher-lua's for the first calls of a run. One script makes
// ten thousand.
func collectGarbage() glua.LGFunction {
	calls := 0
	return func(L *glua.LState) int {
		if calls++; calls < 10 && L.OptString(1, "collect") == "collect" {
			runtime.GC()
		}
		var m runtime.MemStats
		if L.OptString(1, "") == "count" {
			runtime.ReadMemStats(&m)
		}
		L.Push(glua.LNumber(m.Alloc / 1024))
		return 1
	}
}

func reportAt(at func(int)) glua.LGFunction {
	return func(L *glua.LState) int {
		at(int(L.CheckNumber(1)))
		return 0
	}
}

// ours is the interpreter with every limit at its maximum, and with names that
// the sandbox removes.
func ours(t *testing.T, restored []string) engine {
	return func(name, source string, at func(int)) string {
		in, err := New()
		if err != nil {
			t.Fatal(err)
		}
		in.globals.RawSetString("__at", in.main.NewFunction(reportAt(at)))
		for _, r := range restored {
			restore(t, in, r)
		}
		r := in.Do(job(source, func(j *wire.Job) {
			j.ScriptName = name
			for _, s := range limits.Fields() {
				j.Limits.Set(s.Field, s.Maximum)
			}
		}), func(*wire.Log) {})
		switch r.Status {
		case wire.StatusScriptError, wire.StatusInvalidScript:
			if strings.HasPrefix(r.Message, "the returned value: ") {
				return "" // it has run to its end
			}
			if r.Line > 0 {
				return fmt.Sprintf("%s:%d: %s", name, r.Line, r.Message)
			}
			return r.Message
		case wire.StatusLimitExceeded:
			return show(r)
		}
		return ""
	}
}

// restore gives a script a name that the sandbox removes: gopher-lua's function,
// but for those that compile, which is for package syntax to do.
func restore(t *testing.T, in *Interpreter, name string) {
	L := in.main
	switch name {
	case "string.gfind":
		module := in.globals.RawGetString("string").(*glua.LTable)
		module.RawSetString("gfind", module.RawGetString("gmatch"))
		return
	case "io":
		glua.OpenIo(L)
		L.SetTop(0)
		return
	case "debug":
		glua.OpenDebug(L)
		L.SetTop(0)
		return
	case "package":
		glua.OpenPackage(L)
		L.SetTop(0)
		loaded := in.globals.RawGetString("package").(*glua.LTable).RawGetString("loaded").(*glua.LTable)
		loaded.RawSetString("_G", in.globals)
		for _, module := range []string{"string", "table", "math", "coroutine", "os", "io", "debug"} {
			loaded.RawSetString(module, in.globals.RawGetString(module))
		}
		return
	}
	table, field := in.globals, name
	if module, f, ok := strings.Cut(name, "."); ok {
		table, field = in.globals.RawGetString(module).(*glua.LTable), f
	}
	if table.RawGetString(field) != glua.LNil {
		t.Fatalf("%s is not removed", name)
	}
	table.RawSetString(field, L.NewFunction(removed(t, name)))
}

func removed(t *testing.T, name string) glua.LGFunction {
	compile := func(L *glua.LState, source, chunk string) int {
		proto, err := syntax.Compile(source, chunk, 1000)
		if err != nil {
			L.Push(glua.LNil)
			L.Push(glua.LString(err.Error()))
			return 2
		}
		L.Push(L.NewFunctionFromProto(proto))
		return 1
	}
	file := func(L *glua.LState) int {
		name := L.CheckString(1)
		text, err := os.ReadFile(name)
		if err != nil {
			L.Push(glua.LNil)
			L.Push(glua.LString("can not open file: " + name))
			return 2
		}
		return compile(L, string(text), name)
	}
	switch name {
	case "collectgarbage":
		return collectGarbage()
	case "loadstring":
		return func(L *glua.LState) int { return compile(L, L.CheckString(1), L.OptString(2, "<string>")) }
	case "loadfile":
		return file
	case "dofile":
		return func(L *glua.LState) int {
			if file(L) > 1 {
				L.RaiseError("%s", L.ToString(-1))
			}
			top := L.GetTop()
			call(L, 0, glua.MultRet)
			return L.GetTop() - top + 1
		}
	case "load":
		return func(L *glua.LState) int {
			var source strings.Builder
			for {
				L.Push(L.CheckFunction(1))
				call(L, 0, 1)
				piece := L.Get(-1)
				L.Pop(1)
				if piece == glua.LNil || piece == glua.LString("") {
					return compile(L, source.String(), L.OptString(2, "?"))
				}
				if piece.Type() != glua.LTString {
					L.Push(glua.LNil)
					L.Push(glua.LString("reader function must return a string"))
					return 2
				}
				source.WriteString(piece.String())
			}
		}
	}
	L := glua.NewState()
	defer L.Close()
	v := L.GetGlobal(name)
	if module, field, ok := strings.Cut(name, "."); ok {
		v = L.GetField(L.GetGlobal(module), field)
	}
	f, ok := v.(*glua.LFunction)
	if !ok {
		t.Fatalf("gopher-lua has no %s", name)
	}
	return f.GFunction
}
