package peer

import (
	"fmt"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
)

// cgiScript does in Lua 5.1 what Source does, without a JSON library.
const cgiScript = `
local name = ("&" .. (os.getenv("QUERY_STRING") or "")):match("&name=([^&]*)") or "world"
io.write("Content-Type: application/json\r\n\r\n", '{"hello":"', name, '"}')
`

// program is a CGI program for each request.
type program struct{ cgi.Handler }

func (*program) Close() error { return nil }

func newCGI(dir string) (*program, error) {
	lua, err := installed("lua5.1", "lua5.1")
	if err != nil {
		return nil, err
	}
	script, err := put(filepath.Join(dir, "hello.lua"), cgiScript, 0o644)
	return &program{cgi.Handler{Path: lua, Args: []string{script}}}, err
}

// newBubblewrap has every namespace there is, and a root with nothing but /usr,
// which lua5.1 needs, and the script.
func newBubblewrap(dir string) (*program, error) {
	bwrap, err := installed("bwrap", "bubblewrap")
	if err != nil {
		return nil, err
	}
	lua, err := installed("lua5.1", "lua5.1")
	if err != nil {
		return nil, err
	}
	script, err := put(filepath.Join(dir, "hello.lua"), cgiScript, 0o644)
	return &program{cgi.Handler{Path: bwrap, Args: []string{
		"--unshare-all", "--die-with-parent", "--new-session",
		"--ro-bind", "/usr", "/usr",
		"--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
		"--ro-bind", script, "/hello.lua",
		lua, "/hello.lua",
	}}}, err
}

func installed(program, pkg string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s is not installed; bench/deps installs Debian's package %s", program, pkg)
	}
	return path, nil
}
