package http1

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	readSize = 8 << 10   // of a connection's buffer
	maxHead  = 256 << 10 // of an answer's header, and of its trailers
	maxLine  = 4 << 10   // of a line before a chunk
)

// conn is one connection. It belongs to one exchange at a time.
type conn struct {
	net.Conn
	buf   []byte // buf[r:w] was read and not used yet
	r, w  int
	out   []byte    // for writing the header
	small []byte    // what buf was before a long body; nil: buf is it
	idle  time.Time // since when, in the pool
	used  bool      // an exchange was completed on it
	heard bool      // something was read in this exchange
	timed bool      // a read deadline is set
}

func newConn(c net.Conn) *conn { return &conn{Conn: c, buf: make([]byte, readSize)} }

// fill reads more, and makes room for it if there is none. It returns an error
// only if nothing was read.
func (c *conn) fill() error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.w == len(c.buf) {
		if c.r > 0 {
			c.w = copy(c.buf, c.buf[c.r:c.w])
			c.r = 0
		} else {
			grown := make([]byte, 2*len(c.buf))
			copy(grown, c.buf[:c.w])
			c.buf = grown
		}
	}
	n, err := c.Conn.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		c.heard = true
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

var bigs = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// widen exchanges an empty buffer for a bigger one, until narrow.
func (c *conn) widen() {
	if c.small == nil && c.r == c.w && len(c.buf) == readSize {
		c.small, c.buf = c.buf, *bigs.Get().(*[]byte)
	}
}

func (c *conn) narrow() {
	if c.small != nil {
		big := c.buf
		c.buf, c.small, c.r, c.w = c.small, nil, 0, 0
		bigs.Put(&big)
	}
}

// patience bounds the next reads; 0 ends the bound.
func (c *conn) patience(d time.Duration) {
	switch {
	case d > 0:
		c.Conn.SetReadDeadline(time.Now().Add(d))
		c.timed = true
	case c.timed:
		c.Conn.SetReadDeadline(time.Time{})
		c.timed = false
	}
}

var headEnd = []byte("\r\n\r\n")

// head returns a message's header with its empty line. The text is a copy.
func (c *conn) head() (string, error) {
	from := c.r
	for {
		if i := bytes.Index(c.buf[from:c.w], headEnd); i >= 0 {
			end := from + i + len(headEnd)
			s := string(c.buf[c.r:end])
			c.r = end
			c.shrink()
			return s, nil
		}
		if c.w-c.r > maxHead {
			return "", ErrTooLarge
		}
		scanned := max(0, c.w-c.r-len(headEnd)+1)
		if err := c.fill(); err != nil {
			if err == io.EOF && c.w > c.r {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		from = c.r + scanned
	}
}

// shrink gives up a buffer that grew for a long header.
func (c *conn) shrink() {
	if len(c.buf) > readSize && c.w-c.r <= readSize {
		small := make([]byte, readSize)
		c.w = copy(small, c.buf[c.r:c.w])
		c.r, c.buf = 0, small
	}
}

// line returns the next line without its CR LF; it is valid until the next
// read.
func (c *conn) line() ([]byte, error) {
	for {
		if i := bytes.IndexByte(c.buf[c.r:c.w], '\n'); i >= 0 {
			line := c.buf[c.r : c.r+i]
			c.r += i + 1
			if i == 0 || line[i-1] != '\r' {
				return nil, fmt.Errorf("%w: a line of a chunk does not end with CR LF", ErrMalformed)
			}
			return line[:i-1], nil
		}
		if c.w-c.r > maxLine {
			return nil, fmt.Errorf("%w: a line of a chunk is too long", ErrMalformed)
		}
		if err := c.fill(); err != nil {
			return nil, unexpected(err)
		}
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// answer reads the header of one answer.
func (c *conn) answer(method string, into http.Header) (*Response, error) {
	head, err := c.head()
	if err != nil {
		return nil, err
	}
	line, fields, _ := strings.Cut(head[:len(head)-2], "\r\n")
	status, v11, err := parseStatus(line)
	if err != nil {
		return nil, err
	}
	if err := parseFields(fields, into); err != nil {
		return nil, err
	}
	r := &Response{Status: status, Header: into, conn: c, keep: v11}
	if status < 200 {
		if into["Content-Length"] != nil || into["Transfer-Encoding"] != nil {
			return nil, fmt.Errorf("%w: an interim answer has a body", ErrMalformed)
		}
		return r, nil
	}
	if r.end, r.left, err = bodyEnd(method, status, v11, into); err != nil {
		return nil, err
	}
	r.Length = r.left
	for _, v := range into["Connection"] {
		r.keep = r.keep && !hasToken(v, "close")
	}
	r.keep = r.keep && r.end != endClose
	return r, nil
}

// hasToken reports whether a list has an element, in any letter case.
func hasToken(list, token string) bool {
	for list != "" {
		var one string
		one, list, _ = strings.Cut(list, ",")
		if strings.EqualFold(strings.Trim(one, " \t"), token) {
			return true
		}
	}
	return false
}
