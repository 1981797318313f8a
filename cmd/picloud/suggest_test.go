package main

import "testing"

func TestNearest(t *testing.T) {
	commands := commandNames(newApp().Commands)
	for given, want := range map[string]string{
		"deplyo": "deploy", "dpeloy": "deploy", "deploi": "deploy", "scirpts": "scripts", "script": "scripts",
		"limit": "limits", "invok": "invoke", "migrations": "migrate", "comp": "completion", "ver": "version",
		"frobnicate": "", "x": "", "": "",
	} {
		if got := nearest(given, commands); got != want {
			t.Errorf("command %q: %q, want %q", given, got, want)
		}
	}
	for given, want := range map[string]string{
		"max_operatons": "max_operations", "max_ops": "max_operations", "operations": "max_operations",
		"maxoperations": "max_operations", "max-operations": "max_operations", "MAX_OPERATIONS": "max_operations",
		"timeout": "timeout_ms", "timeout_s": "timeout_ms", "memory": "memory_limit_mb", "memory_limit": "memory_limit_mb",
		"string": "max_string_size", "max_foo": "", "cpu": "",
	} {
		if got := nearest(given, limitNames()); got != want {
			t.Errorf("limit %q: %q, want %q", given, got, want)
		}
	}
}
