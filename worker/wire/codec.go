package wire

import "encoding/binary"

func appendInt(b []byte, v int64) []byte {
	return binary.LittleEndian.AppendUint64(b, uint64(v))
}

// prefixSize is what comes before each string and each list of pairs: how long
// it is.
const prefixSize = 4

func appendString[T string | []byte](b []byte, s T) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

func appendPairs(b []byte, pairs []Pair) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(pairs)))
	for _, p := range pairs {
		b = appendString(b, p.Name)
		b = appendString(b, p.Value)
	}
	return b
}

// pairsSize is how many bytes appendPairs appends.
func pairsSize(pairs []Pair) int {
	n := prefixSize
	for _, p := range pairs {
		n += prefixSize + len(p.Name) + prefixSize + len(p.Value)
	}
	return n
}

// checkPairs holds a list against the bounds that decoder.pairs holds it against.
func checkPairs(pairs []Pair) error {
	if len(pairs) > MaxPairs {
		return protocolError("%d pairs where %d are allowed", len(pairs), MaxPairs)
	}
	text := 0
	for _, p := range pairs {
		text += len(p.Name) + len(p.Value)
	}
	if text > MaxPairText {
		return protocolError("more than %d bytes of pairs", MaxPairText)
	}
	return nil
}

// decoder takes a payload apart. After the first broken rule it returns zero
// values, and end reports that rule.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = protocolError(format, args...)
		d.rest = nil
	}
}

func (d *decoder) take(n int) []byte {
	if n > len(d.rest) {
		d.fail("%d bytes wanted, %d left", n, len(d.rest))
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) int() int64 {
	if b := d.take(8); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

// bytes gives a view of the payload, not a copy.
func (d *decoder) bytes(limit int) []byte {
	n := d.uint32()
	if int64(n) > int64(limit) {
		d.fail("%d bytes where %d are allowed", n, limit)
		return nil
	}
	return d.take(int(n))
}

func (d *decoder) string(limit int) string { return string(d.bytes(limit)) }

func (d *decoder) pairs() []Pair {
	n := d.uint32()
	if n > MaxPairs {
		d.fail("%d pairs where %d are allowed", n, MaxPairs)
		return nil
	}
	var pairs []Pair
	text := 0
	if n > 0 && len(d.rest) >= int(n)*2*prefixSize { // else it fails below
		pairs = make([]Pair, 0, n)
	}
	for range n {
		p := Pair{d.string(MaxPairText), d.string(MaxPairText)}
		if d.err != nil {
			return nil
		}
		if text += len(p.Name) + len(p.Value); text > MaxPairText {
			d.fail("more than %d bytes of pairs", MaxPairText)
			return nil
		}
		pairs = append(pairs, p)
	}
	return pairs
}

func (d *decoder) end() error {
	if d.err == nil && len(d.rest) > 0 {
		d.fail("%d bytes too many", len(d.rest))
	}
	return d.err
}
