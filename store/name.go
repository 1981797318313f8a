package store

// ValidName tells whether name may be a script's: 1 to 63 of a-z, 0-9 and "-",
// with no "-" at either end, as a label of a host name (RFC 1123, section 2.1).
func ValidName(name string) bool {
	if len(name) < 1 || len(name) > 63 || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}
