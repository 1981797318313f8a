//go:build !amd64 && !arm

package e2e

import "golang.org/x/sys/unix"

const sysMmap = unix.SYS_MMAP

func attacksOfThisArchitecture() map[string]attack { return nil }
func killersOfThisArchitecture() map[string]string { return nil }
