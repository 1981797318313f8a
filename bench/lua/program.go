package main

import (
	"embed"
	"fmt"
	"path"
	"regexp"
	"strings"
)

//go:embed programs/*.lua
var programFiles embed.FS

// program is one Lua script: plain Lua 5.1, no input, no output. It returns a
// string that all it has computed went into.
type program struct {
	name   string
	source string
}

// programsMatching reads the programs whose names match, in the order of their
// names. It fails if there is none.
func programsMatching(pattern *regexp.Regexp) ([]program, error) {
	files, err := programFiles.ReadDir("programs")
	if err != nil {
		return nil, err
	}
	var programs []program
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".lua")
		if !pattern.MatchString(name) {
			continue
		}
		source, err := programFiles.ReadFile(path.Join("programs", f.Name()))
		if err != nil {
			return nil, err
		}
		programs = append(programs, program{name, string(source)})
	}
	if len(programs) == 0 {
		return nil, fmt.Errorf("no program's name matches %q", pattern)
	}
	return programs, nil
}
