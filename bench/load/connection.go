package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// patience bounds one answer. No server needs it unless it is broken.
const patience = 10 * time.Second

// maxAnswer bounds an answer's body, in bytes.
const maxAnswer = 1 << 20

// errRefused is the error of an answer that the server gives who has too much to
// do; the connection is as good as before.
var errRefused = errors.New("refused with 503")

// connection is one to the server. A nil one can be closed.
type connection struct {
	net.Conn
	answers *bufio.Reader
	body    []byte
	spent   bool // the last answer said that there will be no other
}

func dial(socket string) (*connection, error) {
	c, err := net.DialTimeout("unix", socket, patience)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: c, answers: bufio.NewReader(c)}, nil
}

func (c *connection) close() {
	if c != nil {
		c.Close()
	}
}

func (c *connection) call(request []byte, want string) error {
	if err := c.send(request); err != nil {
		return err
	}
	return c.receive(want)
}

func (c *connection) send(request []byte) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := c.Write(request)
	return err
}

// receive reads an answer: RFC 9112, as far as a server sends it that is asked
// for nothing else.
func (c *connection) receive(want string) error {
	line, err := c.answers.ReadSlice('\n')
	if err != nil {
		return err
	}
	version, status, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
	if !bytes.Equal(version, []byte("HTTP/1.1")) {
		return fmt.Errorf("no answer of HTTP/1.1: %.80q", line)
	}
	ok, refused := bytes.HasPrefix(status, []byte("200")), bytes.HasPrefix(status, []byte("503"))
	length := -1
	for {
		line, err := c.answers.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
		c.spent = c.spent || bytes.EqualFold(name, []byte("Connection")) && bytes.EqualFold(bytes.TrimSpace(value), []byte("close"))
	}
	if length < 0 || length > maxAnswer {
		return fmt.Errorf("an answer of no length or of too many bytes: %d", length)
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	if _, err := io.ReadFull(c.answers, c.body); err != nil {
		return err
	}
	if refused {
		return errRefused
	}
	if !ok || string(c.body) != want {
		return fmt.Errorf("the answer is %.300q, not %q", c.body, want)
	}
	return nil
}
