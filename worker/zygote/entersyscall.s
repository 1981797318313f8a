// The runtime's functions that fork.go declares have no body there; the compiler
// allows that in a package with assembly.
