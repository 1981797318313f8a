// Package pkg tests the Debian package as a person meets it: installed on a fresh
// machine, behind Caddy, over HTTPS, rebooted, upgraded under load, removed. It
// needs a machine that may be changed, with systemd, cgroup v2, Caddy and
// PostgreSQL: the virtual machine of test/vm. `make test-package` runs it.
package pkg
