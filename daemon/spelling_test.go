package daemon

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"picloud/manager"
)

// Header fields go out as they are documented, whether the header is sent by hand
// or with the first byte.
func TestSpelling(t *testing.T) {
	documented := []string{
		"ETag", "WWW-Authenticate", "X-Else", "PiCloud-Invocation-Id", "PiCloud-Operations", "PiCloud-Memory-Peak-Bytes",
		"PiCloud-CPU-Microseconds", "PiCloud-Duration-Microseconds", manager.PublicURLHeader, manager.PublicSocketHeader,
	}
	for _, byHand := range []bool{true, false} {
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, name := range documented {
				w.Header().Set(name, "x")
			}
			if byHand {
				w.WriteHeader(http.StatusOK)
			}
			io.WriteString(w, "body")
		})
		c := serveLimited(t, 4, handler).send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		answer, err := io.ReadAll(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range documented {
			if strings.Count(strings.ToLower(string(answer)), "\r\n"+strings.ToLower(name)+": ") != 1 || !strings.Contains(string(answer), "\r\n"+name+": x\r\n") {
				t.Errorf("by hand %v: no %s in\n%s", byHand, name, answer)
			}
		}
	}
}
