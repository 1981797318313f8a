//go:build !amd64

package e2e

func attacksOfThisArchitecture() map[string]attack { return nil }
