package daemon

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"picloud/limits"
)

// What the environment file says is in force after a reload, and what it no longer
// says is not; the rest of the environment stays.
func TestCeilingReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "picloud.env")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	core, logged := observer.New(zap.WarnLevel)
	write("# a comment\nPICLOUD_CEILING_MAX_OPERATIONS=500\nDATABASE_URL=postgres:///x\n")
	c := newCeiling(Config{EnvFile: file, Logger: zap.New(core), Environ: []string{
		"PICLOUD_CEILING_MAX_OPERATIONS=500", // by systemd, from the file
		"PICLOUD_CEILING_TIMEOUT_MS=3000",    // by somebody else
	}})
	check := func(when string, want map[limits.Field]int64) {
		t.Helper()
		if got := c.Values(); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	check("at the start", map[limits.Field]int64{limits.MaxOperations: 500, limits.TimeoutMS: 3000})

	write("  PICLOUD_CEILING_MAX_ARRAY_SIZE = \"70\" \n#PICLOUD_CEILING_MAX_OPERATIONS=1\nPICLOUD_CEILING_TIMEOUT_MS='2000'\n")
	c.reload()
	after := map[limits.Field]int64{limits.MaxArraySize: 70, limits.TimeoutMS: 2000}
	check("after a reload", after)

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil { // cannot be read, even by root
		t.Fatal(err)
	}
	c.reload()
	check("when the file cannot be read", after)
	if n := logged.FilterLevelExact(zap.ErrorLevel).Len(); n != 1 {
		t.Errorf("%d errors are in the log, want 1", n)
	}

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	write("PICLOUD_CEILING_MAX_OPERATIONS=many\nPICLOUD_CEILING_MAX_MAP_SIZE=9\n")
	c.reload()
	check("with a value that is none", map[limits.Field]int64{limits.MaxMapSize: 9, limits.TimeoutMS: 3000})
	if logged.FilterField(zap.String("reason", `PICLOUD_CEILING_MAX_OPERATIONS is skipped: "many" is not a whole number`)).Len() != 1 {
		t.Errorf("the value that is none is not told: %v", logged.All())
	}
}
