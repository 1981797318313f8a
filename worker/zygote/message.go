package zygote

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"picloud/worker/nursery"
)

// A zygote's first words on its socket: that of the process that was started, of
// which copy is the zygote, and the zygote's own. They come in any order. Another
// text in their place says why there is none.
const (
	bornPrefix = "born "
	ready      = "ready"
)

func begun(pid int) []byte { return strconv.AppendInt([]byte(bornPrefix), int64(pid), 10) }

// Words are what a zygote has said of itself so far.
type Words struct {
	PID   int // the zygote's, as the daemon sees it; 0 if not yet known
	Ready bool
}

// Complete tells whether nothing more is to be said.
func (w Words) Complete() bool { return w.PID != 0 && w.Ready }

// Hear takes the next message of a zygote that has just been started. What it
// says is an error unless it goes well.
func (w *Words) Hear(socket int) error {
	text, err := nursery.Read(socket, 512)
	if err != nil {
		return err
	}
	if string(text) == ready {
		w.Ready = true
		return nil
	}
	if number, ok := strings.CutPrefix(string(text), bornPrefix); ok {
		if w.PID, err = strconv.Atoi(number); err != nil || w.PID <= 0 {
			w.PID = 0
			return fmt.Errorf("the zygote has the pid %q", number)
		}
		return nil
	}
	return errors.New(string(text))
}
