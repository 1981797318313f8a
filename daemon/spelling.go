package daemon

import "net/http"

// spellings has the header fields that net/http writes otherwise than they are
// documented. To HTTP both are the same; to people who search for one they are not.
var spellings = map[string]string{
	"Etag":                          "ETag",
	"Www-Authenticate":              "WWW-Authenticate",
	"Picloud-Invocation-Id":         "PiCloud-Invocation-Id",
	"Picloud-Operations":            "PiCloud-Operations",
	"Picloud-Memory-Peak-Bytes":     "PiCloud-Memory-Peak-Bytes",
	"Picloud-Cpu-Microseconds":      "PiCloud-CPU-Microseconds",
	"Picloud-Duration-Microseconds": "PiCloud-Duration-Microseconds",
	"Picloud-Public-Url":            "PiCloud-Public-URL",
	"Picloud-Public-Socket":         "PiCloud-Public-Socket",
}

// spell renames fields of a header that is about to be sent; http.Header's methods
// do not find them afterwards.
func spell(h http.Header) {
	for name, values := range h {
		if documented, ok := spellings[name]; ok {
			delete(h, name)
			h[documented] = values
		}
	}
}
