package lua

// stageStack is how much stack a script's goroutine has ready on a stage. Usual
// scripts need less; for others it grows.
const stageStack = 24 << 10

// Stage gets the goroutine ready that the script will run on. A goroutine begins
// with little stack, and has it moved to a larger place each time it is too small;
// in a process that is a copy that costs as much as all else it does for a small
// script. The goroutine waits until there is a script, and is still there when that has
// ended: this is for a process that ends, too.
func (in *Interpreter) Stage() {
	in.stage = make(chan struct{})
	up := make(chan struct{})
	go func() {
		reserveStack()
		close(up)
		<-in.stage
		in.act()
	}()
	<-up
}

// perform runs the script and returns when it has ended. A limit ends the
// goroutine it is reached on, so the script has one of its own.
func (in *Interpreter) perform() {
	if in.stage == nil {
		go in.act()
	} else {
		in.stage <- struct{}{}
	}
	<-in.done
}

// act is what the script's goroutine does.
func (in *Interpreter) act() {
	defer func() {
		if recover() != nil {
			in.broken = true
		}
		close(in.done)
		if in.stage != nil {
			select {} // the process is about to end; a goroutine's end touches ten pages
		}
	}()
	in.result = in.run(in.proto)
}

// reserveStack makes the calling goroutine's stack as large as stageStack.
//
//go:noinline
func reserveStack() byte {
	var room [stageStack]byte
	for i := 0; i < len(room); i += 4096 {
		room[i] = byte(i)
	}
	return room[len(room)-1]
}
