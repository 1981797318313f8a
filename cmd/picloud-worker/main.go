// At start the Go runtime would read its cgroup's files to size itself, and go
// on doing so, and would name its mappings by prctl. The worker runs on one
// processor by its own decision and is allowed neither.

//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
//go:debug decoratemappings=0

// Command picloud-worker is the one-shot sandboxed process that runs one
// script. The PiCloud daemon starts it with its pipe on descriptors 0 and 1;
// there is nothing to use it for by hand.
package main

import (
	"os"

	"picloud/worker"
)

func main() { os.Exit(worker.Main()) }
