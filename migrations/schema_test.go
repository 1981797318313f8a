package migrations

import (
	"strings"
	"testing"
)

// TestRowsThatMakeNoSenseAreRefused writes them by hand, as nothing but a
// mistake or an administrator would.
func TestRowsThatMakeNoSenseAreRefused(t *testing.T) {
	const columns = "name, source, version, enabled, memory_limit_mb, timeout_ms, sandbox, created_at, updated_at"
	good := map[string]string{
		"name": "'a'", "version": "1", "memory_limit_mb": "NULL", "timeout_ms": "NULL", "sandbox": "'{}'",
	}
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			db := k.open(t)
			if err := k.set.Up(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			row := func(column, value string) string {
				fixed := map[string]string{"source": `'\x00'`, "enabled": "true", "created_at": "now()", "updated_at": "now()"}
				if k.name == "sqlite" {
					fixed = map[string]string{"source": "x'00'", "enabled": "1", "created_at": "1", "updated_at": "1"}
				}
				var values []string
				for c := range strings.SplitSeq(columns, ", ") {
					switch {
					case c == column:
						values = append(values, value)
					case good[c] != "":
						values = append(values, good[c])
					default:
						values = append(values, fixed[c])
					}
				}
				return "INSERT INTO scripts (" + columns + ") VALUES (" + strings.Join(values, ", ") + ")"
			}
			for column, bad := range map[string][]string{
				"name":            {"NULL", "''"},
				"source":          {"NULL"},
				"version":         {"NULL", "0", "-1"},
				"enabled":         {"NULL"},
				"memory_limit_mb": {"0", "-1", "'x'"},
				"timeout_ms":      {"0", "-1", "'x'"},
				"sandbox":         {"NULL", "''", "'x'", "'[]'", "'null'", "'1'", `'"x"'`, "'{'"},
				"created_at":      {"NULL", "'x'"},
				"updated_at":      {"NULL", "'x'"},
			} {
				for _, value := range bad {
					if _, err := db.ExecContext(t.Context(), row(column, value)); err == nil {
						t.Errorf("scripts has taken %s = %s", column, value)
					}
				}
			}
			exec(t, db, row("", ""))
			if _, err := db.ExecContext(t.Context(), row("", "")); err == nil {
				t.Error("scripts has taken a name twice")
			}
			for _, values := range []string{"('', 1)", "(NULL, 1)", "('a', 0)", "('a', -1)", "('a', NULL)", "('a', 'x')"} {
				if _, err := db.ExecContext(t.Context(), "INSERT INTO ceiling (field, value) VALUES "+values); err == nil {
					t.Errorf("ceiling has taken %s", values)
				}
			}
			exec(t, db, "INSERT INTO ceiling (field, value) VALUES ('a', 1)")
			if n := number(t, db, "SELECT count(*) FROM scripts"); n != 1 {
				t.Errorf("%d scripts are there, want the good one", n)
			}
		})
	}
}
