// At start the Go runtime would read its cgroup's files to size itself, and go
// on doing so, and would name its mappings by prctl. The worker runs on one
// processor by its own decision and is allowed neither.

//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
//go:debug decoratemappings=0

// Command picloud-worker is the one-shot sandboxed process that runs one
// script, and under another name the process that makes them (package nursery).
// The PiCloud daemon starts it; there is nothing to use it for by hand.
package main

import (
	"os"

	"picloud/worker"
	"picloud/worker/nursery"
)

func main() {
	if os.Args[0] == nursery.Name {
		os.Exit(nursery.Main())
	}
	os.Exit(worker.Main(os.Args[1:]))
}
