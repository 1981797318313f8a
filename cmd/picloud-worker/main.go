// At start the Go runtime would read its cgroup's files to size itself, and go
// on doing so, and would name its mappings by prctl. The worker runs on one
// processor by its own decision and is allowed neither.

//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
//go:debug decoratemappings=0

// Command picloud-worker is the one-shot sandboxed process that runs one
// script, and under other names the processes that make them (packages nursery and zygote).
// The PiCloud daemon starts it; there is nothing to use it for by hand.
package main

import (
	"os"

	"picloud/worker"
	"picloud/worker/nursery"
	"picloud/worker/zygote"
)

func main() {
	switch os.Args[0] {
	case nursery.Name:
		os.Exit(nursery.Main())
	case zygote.Name:
		os.Exit(worker.Zygote())
	}
	os.Exit(worker.Main(os.Args[1:]))
}
