package worker

import (
	"runtime"
	"strconv"
	"time"

	"picloud/worker/wire"
)

// How much of each a worker does to prove itself.
const (
	proofObjects = 64
	proofBytes   = 16 << 10
	proofDepth   = 20_000
	proofEchoes  = 200
	proofPause   = 200 * time.Microsecond
)

// prove uses what a process that was copied might have lost: the heap and its
// collector, goroutines and what they wait for, timers, a stack that has to be
// moved. What was lost hangs, and the supervisor ends it.
func prove() *wire.Result {
	objects := make([][]byte, proofObjects)
	for i := range objects {
		objects[i] = make([]byte, proofBytes)
		objects[i][i] = byte(i)
	}
	runtime.GC()
	sum := 0
	for i := range objects {
		sum += int(objects[i][i])
	}
	sum += descend(proofDepth)
	sum += echo(proofEchoes)
	select {
	case <-time.After(proofPause):
		sum++
	case <-time.After(time.Hour):
	}
	time.Sleep(proofPause)
	const want = proofObjects*(proofObjects-1)/2 + proofDepth + proofEchoes + 1
	if sum != want {
		return &wire.Result{Status: wire.StatusScriptError, Message: "the sum is " + strconv.Itoa(sum)}
	}
	return &wire.Result{Status: wire.StatusOK}
}

// descend gives depth, by that many calls inside each other.
func descend(depth int) int {
	if depth == 0 {
		return 0
	}
	return 1 + descend(depth-1)
}

// echo gives n, by goroutines that wait for each other.
func echo(n int) int {
	calls, answers := make(chan int), make(chan int)
	go func() {
		for c := range calls {
			answers <- c + 1
		}
		close(answers)
	}()
	sum := 0
	for range n {
		calls <- sum
		sum = <-answers
	}
	close(calls)
	<-answers
	return sum
}
