package bytecode

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"

	"picloud/worker/lua/vmview"
	"picloud/worker/wire"
)

// Forms are kept in databases, and run as long as wire.CompiledFormat is what it was.
func TestFormatIsWhatItsNameSays(t *testing.T) {
	const (
		format = "picloud bytecode 2, gopher-lua v1.1.2"
		sum    = "02536aa0c730e99fabd414cbe04cf80ea73f93ec9288edb29f5deca6271749ac"
	)
	if !strings.HasSuffix(wire.CompiledFormat, " gopher-lua "+vmview.Version) {
		t.Errorf("the format is %q, gopher-lua's version %s", wire.CompiledFormat, vmview.Version)
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(constructs)) {
		h.Write(encoded(t, constructs[name])[len(header):])
	}
	if got := hex.EncodeToString(h.Sum(nil)); wire.CompiledFormat != format || got != sum {
		t.Errorf("the format %q makes of the same sources what has the sum\n%s, where %q made\n%s.\nOf another sum has to be another format, or stored forms stay as they are; then note both here.",
			wire.CompiledFormat, got, format, sum)
	}
}
