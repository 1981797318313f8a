//go:build !vm

package docs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"picloud"
)

// families are the metrics of a daemon that has had a call, by name, with their
// types.
func families(t *testing.T) map[string]string {
	t.Helper()
	d := startDaemon(t)
	script := Block{Commands: []Command{{Text: "picloud deploy examples/hello.lua && picloud invoke hello"}}}
	for _, err := range d.place().Run(t.Context(), "metrics", script) {
		t.Fatal(err)
	}
	found := map[string]string{}
	for line := range strings.Lines(d.get("/metrics")) {
		if words := strings.Fields(line); len(words) == 4 && words[1] == "TYPE" {
			found[words[2]] = words[3]
		}
	}
	if found["picloud_invocation_duration_seconds"] != "histogram" {
		t.Fatalf("/metrics has only %v", found)
	}
	return found
}

// The table of operations.md has every metric of ours, with its type, and no other.
func TestMetricsAreExplained(t *testing.T) {
	table, has := rows(t, "docs/operations.md"), families(t)
	for name, kind := range has {
		if strings.HasPrefix(name, "picloud_") && (table[name] == nil || table[name][1] != kind) {
			t.Errorf("%s, a %s: %q", name, kind, table[name])
		}
	}
	for name := range table {
		if strings.HasPrefix(name, "picloud_") && has[name] == "" {
			t.Errorf("there is no metric %s", name)
		}
	}
}

// knownMetrics finds what an expression asks for that no scrape has.
func knownMetrics(t *testing.T, has map[string]string, where, expression string) {
	t.Helper()
	names := regexp.MustCompile(`\b(?:picloud|process|go)_[a-z_]+`).FindAllString(expression, -1)
	if len(names) == 0 && !strings.Contains(expression, "up{") {
		t.Errorf("%s asks for no metric of ours: %s", where, expression)
	}
	for _, name := range names {
		family := name
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := strings.TrimSuffix(name, suffix); has[base] == "histogram" {
				family = base
			}
		}
		if has[family] == "" {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
	for _, found := range regexp.MustCompile(`outcome=~?"([^"]*)"`).FindAllStringSubmatch(expression, -1) {
		for outcome := range strings.SplitSeq(found[1], "|") {
			if !slices.Contains(picloud.Outcomes(), picloud.Outcome(outcome)) {
				t.Errorf("%s: there is no outcome %s", where, outcome)
			}
		}
	}
}

// promtool is Prometheus's own judge of rules. test/deps fetches it.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		cache, cacheErr := os.UserCacheDir()
		path = filepath.Join(cache, "picloud-test", "promtool")
		if _, err = os.Stat(path); cacheErr != nil || err != nil {
			t.Fatal("there is no promtool: run test/deps")
		}
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// The alerts ask for metrics that are there, and each fires when it should and
// not when all is well.
func TestAlerts(t *testing.T) {
	text, err := os.ReadFile("../../docs/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	has := families(t)
	alerts := strings.Split(string(text), "- alert: ")[1:]
	tests, err := os.ReadFile("testdata/alerts_test.yml")
	if err != nil || len(alerts) == 0 {
		t.Fatalf("%d alerts, %v", len(alerts), err)
	}
	for _, alert := range alerts {
		name, body, _ := strings.Cut(alert, "\n")
		_, expression, _ := strings.Cut(body, "expr:")
		expression, _, _ = strings.Cut(expression, "labels:")
		knownMetrics(t, has, name, expression)
		if !strings.Contains(string(tests), fmt.Sprintf("{alertname=%q}", name)) {
			t.Errorf("%s has no test", name)
		}
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"alerts.yml": text, "alerts_test.yml": tests} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	promtool(t, dir, "check", "rules", "alerts.yml")
	promtool(t, dir, "test", "rules", "alerts_test.yml")
}

// Every expression of the dashboard is one, and asks for metrics that are there.
// As recording rules promtool reads them.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("../../docs/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	has, ids := families(t), map[int]bool{}
	rules := "groups:\n- name: dashboard\n  rules:\n"
	for _, p := range dashboard.Panels {
		if ids[p.ID] || p.Title == "" || len(p.Targets) == 0 || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for i, target := range p.Targets {
			knownMetrics(t, has, p.Title, target.Expr)
			expression := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(target.Expr)
			rules += fmt.Sprintf("  - record: panel_%d_%d\n    expr: %q\n", p.ID, i, expression)
		}
	}
	if len(ids) < 10 {
		t.Errorf("only %d panels", len(ids))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(rules), 0o644); err != nil {
		t.Fatal(err)
	}
	promtool(t, dir, "check", "rules", "rules.yml")
}
