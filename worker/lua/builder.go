package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
)

// bytesPerPiece is what adding a piece is taken for besides its bytes.
const bytesPerPiece = 16

// builder makes a string piece by piece. Each piece is charged, and a string
// that would get too long ends the script, before memory is taken for it.
type builder struct {
	*meter
	max       int          // bytes
	limit     limits.Field // what ends the script beyond max
	out       strings.Builder
	uncharged int // bytes that do not make an operation yet
}

// newString begins a string of the script's.
func (m *meter) newString() *builder {
	return &builder{meter: m, max: m.maxString, limit: limits.MaxStringSize}
}

// expect announces bytes that will be written one after the other.
func (b *builder) expect(bytes int) {
	if bytes > b.max-b.out.Len() {
		b.exceed(b.limit)
	}
	b.uncharged += bytes
	b.chargeMade(b.uncharged)
	b.uncharged %= bytesPerOp
}

// write adds a piece. A piece without bytes is work, too.
func (b *builder) write(s string) {
	b.uncharged += bytesPerPiece
	b.expect(len(s))
	b.out.WriteString(s)
}

func (b *builder) writeByte(c byte) {
	b.expect(1)
	b.out.WriteByte(c)
}

// Write is for package fmt, which gives whole conversions.
func (b *builder) Write(p []byte) (int, error) {
	b.expect(len(p))
	return b.out.Write(p)
}

func (b *builder) value() glua.LString { return glua.LString(b.out.String()) }
