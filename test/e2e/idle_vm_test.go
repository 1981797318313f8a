//go:build vm

package e2e

import "testing"

// idleDatabases are the databases with which a daemon has to be idle: in the
// virtual machine the embedded one.
func idleDatabases(*testing.T) map[string][]option {
	return map[string][]option{"SQLite": nil}
}
