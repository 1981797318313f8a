package lua

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// suiteScripts are the scripts of gopher-lua's suites that are not run as they
// are, or on which the interpreter is not to do what plain gopher-lua does. All
// others need nothing and do the same.
var suiteScripts = map[string]suiteScript{
	"_glua-tests/base.lua": {removed: "load dofile getfenv", differ: []difference{
		{32, "", "base.lua:32: assertion failed!", "asks for gopher-lua's wording of a syntax error"},
	}},
	"_glua-tests/coroutine.lua": {differ: []difference{
		{8, "", "coroutine.lua:8: assertion failed!", "asks for gopher-lua's wording; ours is Lua's"},
		{17, "", "coroutine.lua:17: assertion failed!", "asks for gopher-lua's wording; ours is Lua's"},
	}},
	"_glua-tests/db.lua": {removed: "debug"},
	"_glua-tests/goto.lua": {removed: "loadstring", differ: []difference{
		{15, "", "goto.lua:3: assertion failed!", "asks for gopher-lua's wording of a syntax error"},
		{18, "", "goto.lua:3: assertion failed!", "asks for gopher-lua's wording of a syntax error"},
		{29, "", "goto.lua:3: assertion failed!", "asks for gopher-lua's wording of a syntax error"},
	}},
	"_glua-tests/issues.lua": {removed: "io debug", differ: []difference{
		{83, "", "issues.lua:83: assertion failed!", "a handler's traceback: the stack is unwound by then"},
		{90, "", "issues.lua:90: assertion failed!", "a handler's traceback: the stack is unwound by then"},
		{107, "", "issues.lua:107: assertion failed!", "a handler's traceback: the stack is unwound by then"},
	}},
	"_glua-tests/math.lua": {differ: []difference{
		{7, "", "math.lua:7: assertion failed!", "asks for gopher-lua's wording; ours is Lua's"},
		{12, "", "math.lua:12: assertion failed!", "asks for gopher-lua's wording; ours is Lua's"},
	}},
	"_glua-tests/os.lua": {removed: "os.execute os.getenv os.setenv"},
	"_glua-tests/strings.lua": {removed: "string.dump", differ: []difference{
		{7, "", "strings.lua:7: assertion failed!", "gsub's %c in a replacement is c in Lua"},
	}},
	"_glua-tests/vm.lua":        {removed: "loadstring"},
	"_lua5.1-tests/all.lua":     {removed: everything, slow: "it starts the other scripts"},
	"_lua5.1-tests/attrib.lua":  {removed: "io debug package setfenv os.remove require module"},
	"_lua5.1-tests/big.lua":     {slow: "it makes a gigabyte of tables", removed: everything},
	"_lua5.1-tests/calls.lua":   {removed: "debug loadstring load collectgarbage"},
	"_lua5.1-tests/closure.lua": {removed: "debug loadstring getfenv setfenv"},
	"_lua5.1-tests/constructs.lua": {removed: "debug loadstring", change: []change{
		{"  i = i+1\nuntil i==c", "  i = i+97\nuntil i>=c", "it tries 16384 expressions; one in 97 is enough"},
	}},
	"_lua5.1-tests/db.lua": {removed: "io debug loadstring collectgarbage"},
	"_lua5.1-tests/errors.lua": {removed: "debug loadstring collectgarbage", differ: []difference{
		{29, "errors.lua:29: assertion failed!", "", "error() without a value: plain gopher-lua makes one"},
		{134, "errors.lua:134: assertion failed!", "", "an error's level: plain gopher-lua is off by one"},
		{137, "errors.lua:137: assertion failed!", "", "an error's level: plain gopher-lua is off by one"},
		{147, "", "limit max_call_levels", "a limit cannot be caught"},
		{148, "", "limit max_call_levels", "a limit cannot be caught"},
		{149, "", "limit max_call_levels", "a limit cannot be caught"},
		{156, "", "limit max_call_levels", "a limit cannot be caught"},
		{158, "", "errors.lua:158: bad argument #1 to gmatch (string expected, got nil)", "reads what 156 would have caught"},
		{163, "errors.lua:164: assertion failed!", "", "reads what 156 would have caught"},
		{247, "errors.lua:247: assertion failed!", "", "a syntax error's line"},
	}},
	"_lua5.1-tests/events.lua":   {removed: "debug getfenv setfenv collectgarbage"},
	"_lua5.1-tests/files.lua":    {removed: "io loadfile collectgarbage os.remove os.rename os.tmpname"},
	"_lua5.1-tests/gc.lua":       {removed: everything, slow: "it waits for the garbage collector"},
	"_lua5.1-tests/literals.lua": {removed: "debug loadstring os.setlocale"},
	"_lua5.1-tests/locals.lua":   {removed: "loadstring getfenv setfenv"},
	"_lua5.1-tests/main.lua":     {removed: "io loadstring os.tmpname os.execute os.remove string.dump"},
	"_lua5.1-tests/math.lua":     {removed: "io loadstring package require"},
	"_lua5.1-tests/nextvar.lua": {removed: "getfenv setfenv collectgarbage", change: []change{
		{"for i=0,50 do a[math.pow(2,i)]", "for i=0,20 do a[math.pow(2,i)]", "a gigabyte of empty places in an array"},
	}, differ: []difference{
		{279, "nextvar.lua:279: assertion failed!", "", "maxn of a fraction, which plain gopher-lua overlooks"},
		{371, "nextvar.lua:371: for statement init must be a number", "", "a for from a string, which plain gopher-lua refuses"},
		{281, "nextvar.lua:281: assertion failed!", "", "maxn of a fraction, which plain gopher-lua overlooks"},
	}},
	"_lua5.1-tests/pm.lua":      {removed: "loadstring string.gfind"},
	"_lua5.1-tests/strings.lua": {removed: "os.setlocale"},
	"_lua5.1-tests/verybig.lua": {removed: everything, slow: "it writes and compiles 120000 lines", differ: []difference{
		{96, "TMP:120033: assertion failed!", "verybig.lua:96: line 1: the function that begins here has too many", "package syntax refuses it"},
	}},
	"_lua5.1-tests/vararg.lua": {removed: "loadstring", differ: []difference{
		{24, "", "vararg.lua:6: assertion failed!", "the table arg of Lua 5.0 is not there"},
		{25, "", "vararg.lua:6: assertion failed!", "the table arg of Lua 5.0 is not there"},
		{26, "", "vararg.lua:6: assertion failed!", "the table arg of Lua 5.0 is not there"},
		{48, "", "vararg.lua:47: attempt to index a non-table object(nil)", "the table arg of Lua 5.0 is not there"},
	}},
}

// everything is all that the sandbox removes.
const everything = "io debug package loadstring load dofile loadfile getfenv setfenv collectgarbage newproxy require module " +
	"os.execute os.getenv os.setenv os.remove os.rename os.tmpname os.setlocale os.exit string.dump string.gfind"

// suiteScript says how a script is run and what is different then.
type suiteScript struct {
	removed string // names it needs that the sandbox removes: exactly these are given back
	change  []change
	differ  []difference
	slow    string // why it runs only with PICLOUD_TEST_SUITES=all
}

// change replaces a piece of a script that stands there once.
type change struct{ from, to, why string }

// difference is a chunk of a script that ends differently: with these errors,
// "" for none.
type difference struct {
	line             int // the chunk's first one
	plain, ours, why string
}

// Gopher-lua's own suites: every chunk of every script ends as in plain
// gopher-lua, with the same error or none.
func TestSuitesOfTheVM(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/yuin/gopher-lua").Output()
	if err != nil {
		t.Fatal(err)
	}
	module := strings.TrimSpace(string(out))
	all := os.Getenv("PICLOUD_TEST_SUITES") == "all"
	var total tally
	seen := 0
	for _, suite := range []string{"_glua-tests", "_lua5.1-tests"} {
		files, err := filepath.Glob(filepath.Join(module, suite, "*.lua"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no scripts in %s: %v", suite, err)
		}
		for _, file := range files {
			name := suite + "/" + filepath.Base(file)
			script, listed := suiteScripts[name]
			if listed {
				seen++
			}
			if script.slow != "" && !all {
				t.Logf("%s: not run: %s", name, script.slow)
				total.slow++
				continue
			}
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(filepath.Dir(file))); err != nil {
					t.Fatal(err)
				}
				t.Chdir(dir)
				total.add(compareSuiteFile(t, name, script))
			})
		}
	}
	if seen != len(suiteScripts) {
		t.Errorf("the table has %d scripts, %d of them exist", len(suiteScripts), seen)
	}
	t.Logf("%d files, %d of them need nothing that the sandbox removes; %d chunks: %d pass in both, %d fail alike, %d differ as listed; %d files are for PICLOUD_TEST_SUITES=all",
		total.files, total.bare, total.chunks, total.passed, total.failed, total.differ, total.slow)
}

type tally struct{ files, bare, chunks, passed, failed, differ, slow int }

func (t *tally) add(o tally) {
	t.files += o.files
	t.bare += o.bare
	t.chunks += o.chunks
	t.passed += o.passed
	t.failed += o.failed
	t.differ += o.differ
}

// compareSuiteFile runs one script in both engines and checks that what the
// table says of it is exactly so.
func compareSuiteFile(t *testing.T, name string, script suiteScript) tally {
	f := readSuiteFile(t, name, script.change)
	removed := strings.Fields(script.removed)
	want := f.verdict(t, plain, nil)
	got := f.verdict(t, ours(t, removed), nil)

	count := tally{files: 1, chunks: len(f.first)}
	if len(removed) == 0 {
		count.bare = 1
	}
	listed := map[int]difference{}
	for _, d := range script.differ {
		listed[d.line] = d
	}
	for _, first := range append([]int{-1}, f.first...) { // 0 is for what cannot be compiled
		line := first + 1
		w, g := want[line], got[line]
		d, ok := listed[line]
		delete(listed, line)
		switch {
		case !ok && w == g && w == "":
			count.passed++
		case !ok && w == g:
			count.failed++
		case !ok:
			t.Errorf("{%d, %q, %q, \"\"},", line, w, g)
		case w == g:
			t.Errorf("line %d is listed as different, but both give %q", line, w)
		case !fits(w, d.plain) || !fits(g, d.ours):
			t.Errorf("line %d gives %q in plain gopher-lua and %q in ours; listed are %q and %q", line, w, g, d.plain, d.ours)
		default:
			count.differ++
		}
	}
	for line := range listed {
		t.Errorf("line %d is listed as different, but no chunk begins there", line)
	}
	count.passed-- // line 0

	if script.slow != "" {
		return count
	}
	for i, name := range removed {
		others := append(append([]string{}, removed[:i]...), removed[i+1:]...)
		if same(f.verdict(t, ours(t, others), got), got) {
			t.Errorf("it does not need %s", name)
		}
	}
	return count
}

// fits reports whether an error is, or begins with, what is listed.
func fits(message, listed string) bool {
	return (message == "") == (listed == "") && strings.HasPrefix(message, listed)
}
