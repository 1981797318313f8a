package picloud_test

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// imports runs go list over the module's packages, without their tests.
func imports(t *testing.T, format string, packages ...string) []string {
	t.Helper()
	args := append([]string{"list", "-f", format}, packages...)
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	return strings.Fields(string(out))
}

// mayImport says which of our own packages each may import directly; "x/..."
// stands for x and all below it. Everything may import the root package.
func mayImport() map[string][]string {
	return map[string][]string{
		"picloud":                    {},
		"picloud/limits":             {},
		"picloud/problem":            {},
		"picloud/migrations":         {},
		"picloud/worker/wire":        {"limits"},
		"picloud/worker/sandbox":     {},
		"picloud/worker/nursery":     {},
		"picloud/worker/lua":         {"limits", "worker/wire", "worker/lua/..."},
		"picloud/worker/lua/...":     {"limits", "worker/wire", "worker/lua/..."},
		"picloud/worker/zygote":      {"worker/wire", "worker/sandbox", "worker/nursery"},
		"picloud/worker":             {"limits", "worker/wire", "worker/sandbox", "worker/lua", "worker/zygote"},
		"picloud/supervisor":         {"limits", "worker/wire", "worker/sandbox", "worker/nursery", "worker/zygote"},
		"picloud/store":              {"limits"},
		"picloud/recent":             {},
		"picloud/store/...":          {"limits", "store", "migrations", "recent"},
		"picloud/manager":            {"limits", "store", "problem", "worker/wire"},
		"picloud/orchestrator":       {"limits", "store", "problem", "supervisor", "worker/wire"},
		"picloud/orchestrator/...":   {"limits", "store", "supervisor", "worker/wire", "recent"},
		"picloud/daemon":             {"limits", "store/...", "problem", "supervisor", "manager", "orchestrator/..."},
		"picloud/daemon/doctor":      {"daemon", "limits", "migrations", "store/...", "supervisor", "worker/sandbox", "worker/wire"},
		"picloud/cmd/picloud":        {"daemon", "daemon/doctor", "manager", "limits", "store/...", "migrations"},
		"picloud/cmd/picloud-worker": {"worker", "worker/nursery", "worker/zygote"},
		"picloud/test/...":           {"..."},
		"picloud/bench/lua":          {"limits", "worker/wire", "worker/lua"},
		"picloud/bench":              {"bench/...", "limits", "orchestrator/compiled", "store", "store/sqlite", "supervisor"},
		"picloud/bench/load":         {},
		"picloud/bench/process":      {},
		"picloud/bench/report":       {},
		"picloud/bench/peer":         {"limits", "worker/wire", "worker/lua"},
	}
}

func matches(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "..."); ok {
		return pkg+"/" == prefix || strings.HasPrefix(pkg, prefix) || pkg == strings.TrimSuffix(prefix, "/")
	}
	return pattern == pkg
}

func rulesFor(t *testing.T, pkg string) []string {
	t.Helper()
	if rules, ok := mayImport()[pkg]; ok {
		return rules
	}
	for pattern, rules := range mayImport() {
		if strings.HasSuffix(pattern, "...") && matches(pattern, pkg) {
			return rules
		}
	}
	t.Fatalf("package %s stands in no rule: say what it may import", pkg)
	return nil
}

func TestWhoImportsWhom(t *testing.T) {
	for _, line := range imports(t, `{{$p := .ImportPath}}{{range .Imports}}{{$p}}>{{.}} {{end}}`, "./...") {
		from, to, _ := strings.Cut(line, ">")
		if to == "picloud" || !strings.HasPrefix(to, "picloud/") {
			continue
		}
		to = strings.TrimPrefix(to, "picloud/")
		if !slices.ContainsFunc(rulesFor(t, from), func(rule string) bool { return matches(rule, to) }) {
			t.Errorf("%s imports %s", from, to)
		}
	}
}

// What only one package may know. A benchmark that compares us with a library
// knows it too.
func TestWhoKnowsWhichLibrary(t *testing.T) {
	owners := map[string]string{
		"github.com/jackc/pgx/":              "picloud/store/postgres",
		"modernc.org/sqlite":                 "picloud/store/sqlite",
		"github.com/containerd/cgroups/":     "picloud/supervisor",
		"github.com/elastic/go-seccomp-bpf/": "picloud/supervisor",
		"github.com/yuin/gopher-lua":         "picloud/worker/lua",
		"github.com/danielgtaylor/huma/":     "picloud/manager",
		"github.com/pressly/goose/":          "picloud/migrations",
		"github.com/urfave/cli/":             "picloud/cmd/picloud",
		"github.com/coreos/go-systemd/v22":   "picloud/daemon",
		"github.com/hashicorp/golang-lru/":   "picloud/recent",
	}
	for _, line := range imports(t, `{{$p := .ImportPath}}{{range .Imports}}{{$p}}>{{.}} {{end}}`, "./...") {
		from, to, _ := strings.Cut(line, ">")
		for library, owner := range owners {
			benchmark := library == "github.com/yuin/gopher-lua" && from == "picloud/bench/lua"
			if strings.HasPrefix(to, library) && from != owner && !strings.HasPrefix(from, owner+"/") && !benchmark {
				t.Errorf("%s imports %s, which is %s's affair", from, to, owner)
			}
		}
	}
}

// Each package the worker links costs start-up time and attack surface.
func TestWhatTheWorkerLinks(t *testing.T) {
	own := []string{"picloud", "picloud/limits", "picloud/worker", "picloud/worker/...", "picloud/cmd/picloud-worker"}
	others := []string{"github.com/yuin/gopher-lua", "golang.org/x/sys/unix"}
	standard := imports(t, `{{if .Standard}}{{.ImportPath}}{{end}}`, "-deps", "./cmd/picloud-worker")
	for _, pkg := range imports(t, `{{if not .Standard}}{{.ImportPath}}{{end}}`, "-deps", "./cmd/picloud-worker") {
		ours := slices.ContainsFunc(own, func(p string) bool { return matches(p, pkg) })
		theirs := slices.ContainsFunc(others, func(p string) bool { return pkg == p || strings.HasPrefix(pkg, p+"/") })
		if !ours && !theirs {
			t.Errorf("the worker links %s", pkg)
		}
	}
	// os/exec comes with gopher-lua, for a library scripts do not get
	for _, forbidden := range []string{"net", "net/http", "os/user", "database/sql", "crypto/tls", "runtime/cgo", "plugin"} {
		if slices.Contains(standard, forbidden) {
			t.Errorf("the worker links %s", forbidden)
		}
	}
	// The Go 1.26 library keeps 32 MiB of memory for cryptography's random numbers
	// in every program that has any of it, and RLIMIT_DATA counts them.
	for _, pkg := range standard {
		if strings.HasPrefix(pkg, "crypto/") {
			t.Errorf("the worker links %s", pkg)
		}
	}
	if len(standard) < 10 {
		t.Fatalf("only %v are listed: the test says nothing", standard)
	}
}

// The root package is in every program, the worker too.
func TestRootPackageStaysSmall(t *testing.T) {
	for _, pkg := range imports(t, `{{join .Imports " "}}`, ".") {
		if !slices.Contains([]string{"errors", "fmt"}, pkg) {
			t.Errorf("the root package imports %s", path.Base(pkg))
		}
	}
}
