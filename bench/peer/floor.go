package peer

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// floor starts a process for each request, waits for its end, and answers itself:
// nothing that has a process for each request can be faster.
type floor struct{ program string }

func newFloor(dir string) (*floor, error) {
	image, err := ending()
	if err != nil {
		return nil, err
	}
	path, err := put(filepath.Join(dir, "end"), string(image), 0o755)
	return &floor{path}, err
}

func (h *floor) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	respond(w, []byte(Answer), h.fork())
}

func (h *floor) fork() error {
	p, err := os.StartProcess(h.program, []string{h.program}, &os.ProcAttr{Env: []string{}})
	if err != nil {
		return err
	}
	state, err := p.Wait()
	if err == nil && !state.Success() {
		err = fmt.Errorf("the process: %v", state)
	}
	return err
}

func (h *floor) Close() error { return nil }
