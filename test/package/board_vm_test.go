//go:build vm

package pkg

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	host       = "pi.test"
	service    = "picloud.service"
	httpSocket = "/run/picloud/http.sock"
	envFile    = "/etc/picloud/picloud.env"
	token      = "a-token-of-the-administrators-own"
	// patience bounds what is waited for; software emulation is slow
	patience = 3 * time.Minute
)

// board is the machine.
type board struct {
	*testing.T
	client *http.Client
}

func onBoard(t *testing.T) *board {
	b := &board{T: t}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the service's log:\n%s", b.output("journalctl -b -u "+service+" -n 40 --no-pager"))
		}
	})
	return b
}

// output is what a shell command writes, whether it succeeds or not.
func (b *board) output(command string) string {
	out, _ := exec.Command("bash", "-c", command).CombinedOutput()
	return string(out)
}

// do runs a shell command that has to succeed.
func (b *board) do(command string) string {
	b.Helper()
	out, err := exec.Command("bash", "-c", "set -eo pipefail; "+command).CombinedOutput()
	if err != nil {
		b.Fatalf("%s: %v\n%s", command, err, out)
	}
	return strings.TrimSpace(string(out))
}

// property of the service.
func (b *board) property(name string) string {
	b.Helper()
	return b.do("systemctl show --value -p " + name + " " + service)
}

func (b *board) eventually(what string, true func() bool) {
	b.Helper()
	for end := time.Now().Add(patience); !true(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("not in %v: %s", patience, what)
		}
	}
}

// packageOf is the one package of a version in the folder above.
func (b *board) packageOf(version string) string {
	b.Helper()
	found, err := filepath.Glob("picloud_" + version + "_*.deb")
	if err != nil || len(found) != 1 {
		b.Fatalf("there is not one package of %s: %q, %v", version, found, err)
	}
	path, err := filepath.Abs(found[0])
	if err != nil {
		b.Fatal(err)
	}
	return path
}

// https makes the client that knows Caddy's own authority, as a browser would
// that has imported it.
func (b *board) https() {
	b.Helper()
	const root = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"
	b.eventually("Caddy has made its authority", func() bool { _, err := os.Stat(root); return err == nil })
	certificate, err := os.ReadFile(root)
	if err != nil {
		b.Fatal(err)
	}
	known := x509.NewCertPool()
	if !known.AppendCertsFromPEM(certificate) {
		b.Fatal("Caddy's authority is no certificate")
	}
	b.client = &http.Client{Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: known, ServerName: host}, MaxIdleConnsPerHost: 16,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:443")
		},
	}}
}

// answer is what came over HTTPS.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *board) try(method, path, body string, header ...string) (answer, error) {
	req, err := http.NewRequest(method, "https://"+host+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(data)}, err
}

// request makes a call through Caddy and wants this status; members, if any, are
// wanted in the JSON body.
func (b *board) request(method, path, body string, status int, members map[string]any, header ...string) answer {
	b.Helper()
	a, err := b.try(method, path, body, header...)
	if err != nil {
		b.Fatalf("%s %s: %v", method, path, err)
	}
	if a.status != status {
		b.Fatalf("%s %s: %d, want %d: %s", method, path, a.status, status, a.body)
	}
	if members == nil {
		return a
	}
	var got map[string]any
	decoder := json.NewDecoder(bytes.NewReader([]byte(a.body)))
	if err := decoder.Decode(&got); err != nil {
		b.Fatalf("%s %s: %v: %s", method, path, err, a.body)
	}
	for name, want := range members {
		if fmt.Sprint(got[name]) != fmt.Sprint(want) {
			b.Errorf("%s %s: %s is %v, want %v", method, path, name, got[name], want)
		}
	}
	return a
}

// admin is a call of the admin API, through Caddy, with the token.
func (b *board) admin(method, path string, body any, status int, members map[string]any) {
	b.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		b.Fatal(err)
	}
	b.request(method, "/api/v1/admin"+path, string(data), status, members, "Authorization", "Bearer "+token)
}
