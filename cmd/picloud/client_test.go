package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"picloud"
)

func TestFirstThatExists(t *testing.T) {
	dir := t.TempDir()
	here, other, nowhere := filepath.Join(dir, "here"), filepath.Join(dir, "other"), filepath.Join(dir, "nowhere")
	for _, path := range []string{here, other} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ first, second, want string }{
		{here, other, here}, {nowhere, other, other}, {nowhere, nowhere + "2", nowhere},
	} {
		if got := firstThatExists(c.first, c.second); got != c.want {
			t.Errorf("of %s and %s: %s", c.first, c.second, got)
		}
	}
}

// A redirection is not followed: the token goes nowhere but where it was meant
// to go.
func TestNoRedirections(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the redirection was followed")
	}))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer server.Close()
	c := &client{http: httpClient(tcpTransport()), base: server.URL, token: "secret", where: server.URL}
	err := picloud.AsError(c.admin(t.Context(), http.MethodGet, "/scripts", nil, nil))
	if err == nil || !strings.Contains(err.Message, "302 Found") || !strings.Contains(err.Hint, elsewhere.URL) {
		t.Errorf("%v", err)
	}
}

// What answers may be no PiCloud.
func TestAnswersThatAreNotOurs(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"HTML, 200":     func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"HTML, 404":     http.NotFound,
		"JSON, no code": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); w.Write([]byte(`{"code":7}`)) },
	} {
		server := httptest.NewServer(answer)
		c := &client{http: httpClient(tcpTransport()), base: server.URL, where: server.URL}
		var out map[string]any
		err := picloud.AsError(c.admin(t.Context(), http.MethodGet, "/limits", nil, &out))
		if err == nil || !strings.Contains(err.Message, server.URL) || !strings.Contains(err.Message, "PiCloud's") {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}
