package http1

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// ErrMalformed is the error of an answer that is not HTTP/1.1 as this package
// reads it.
var ErrMalformed = errors.New("malformed answer")

// ErrTooLarge is the error of an answer whose header is over the limit. It is
// an ErrMalformed.
var ErrTooLarge = fmt.Errorf("%w: its header is too large", ErrMalformed)

// ErrRequest is the error of a request that cannot be written safely. Nothing
// of it was sent.
var ErrRequest = errors.New("request cannot be sent as HTTP/1.1")

// Request is what is to be sent.
type Request struct {
	Method string
	Target string      // as on the request line; must begin with "/" or be "*"
	Host   string      // the value of the Host field
	Header http.Header // not changed; Host, Content-Length, Transfer-Encoding and Connection in it are not sent
	Skip   func(name string) bool
	Extra  []Field // sent after Header

	Body    io.Reader // nil: none
	Length  int64     // of Body; -1: not known, it is sent in chunks
	Trailer func() http.Header
	Expect  bool   // ask before sending Body: see [Pool.Do]
	Upgrade string // protocols to switch to; empty: none

	// Interrupt makes a Read of Body that is waiting return soon. It is called
	// when the answer has ended before the body. Nil: Read is waited for.
	Interrupt func()
	// Interim is called for each 1xx answer but 101, and for 100 only if it was
	// asked for. Nil: they are dropped.
	Interim func(status int, header http.Header)
	// Sent is called when the header was sent. Nil: it is not.
	Sent func()
	// HeaderTimeout bounds the wait for the answer's header, from the end of
	// the request; 0: none.
	HeaderTimeout time.Duration
	// IdleTimeout bounds each wait for more of the answer's body; 0: none.
	IdleTimeout time.Duration
}

// Field is one header field.
type Field struct{ Name, Value string }

// appendHead appends the request's header.
func (r *Request) appendHead(b []byte) ([]byte, error) {
	if !token(r.Method) {
		return b, fmt.Errorf("%w: method", ErrRequest)
	}
	if r.Target == "" || r.Target[0] != '/' && r.Target != "*" || !visible(r.Target) {
		return b, fmt.Errorf("%w: target", ErrRequest)
	}
	if !visible(r.Host) {
		return b, fmt.Errorf("%w: host", ErrRequest)
	}
	b = append(b, r.Method...)
	b = append(b, ' ')
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Host...)
	b = append(b, "\r\n"...)
	var err error
	for name, values := range r.Header {
		if framing(name) || r.Skip != nil && r.Skip(name) {
			continue
		}
		for _, v := range values {
			if b, err = appendField(b, name, v); err != nil {
				return b, err
			}
		}
	}
	for _, f := range r.Extra {
		if b, err = appendField(b, f.Name, f.Value); err != nil {
			return b, err
		}
	}
	switch {
	case r.Body != nil && r.Length < 0:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case r.Body != nil || methodWithBody(r.Method):
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, max(r.Length, 0), 10)
		b = append(b, "\r\n"...)
	}
	if r.Upgrade != "" {
		b = append(b, "Connection: Upgrade\r\n"...)
		if b, err = appendField(b, "Upgrade", r.Upgrade); err != nil {
			return b, err
		}
	}
	if r.Expect {
		b = append(b, "Expect: 100-continue\r\n"...)
	}
	return append(b, "\r\n"...), nil
}

func methodWithBody(m string) bool {
	return m == http.MethodPost || m == http.MethodPut || m == http.MethodPatch
}

// framing reports whether the field says where a message ends or what becomes
// of its connection: this package writes those itself.
func framing(name string) bool {
	switch name {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Upgrade", "Keep-Alive", "Proxy-Connection":
		return true
	}
	return false
}

func appendField(b []byte, name, value string) ([]byte, error) {
	if !token(name) {
		return b, fmt.Errorf("%w: name of a field", ErrRequest)
	}
	if !fieldValue(value) {
		return b, fmt.Errorf("%w: value of field %s", ErrRequest, name)
	}
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, "\r\n"...), nil
}

// idempotent reports whether sending it twice is sending it once.
func (r *Request) idempotent() bool {
	if r.Body != nil || r.Upgrade != "" {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

var tokens = func() (t [256]bool) {
	for c := '0'; c <= 'z'; c++ {
		t[c] = c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

func token(s string) bool {
	for i := range len(s) {
		if !tokens[s[i]] {
			return false
		}
	}
	return s != ""
}

// visible reports whether s has no space and no control.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return s != ""
}

func fieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// parseFields reads field lines, each ended by CR LF, into h.
func parseFields(s string, h http.Header) error {
	var values []string // backs the lists, so that most fields cost nothing
	if n := strings.Count(s, "\n"); n > 0 {
		values = make([]string, n)
	}
	for i := 0; s != ""; i++ {
		end := strings.IndexByte(s, '\n')
		if end < 1 || s[end-1] != '\r' {
			return fmt.Errorf("%w: a line does not end with CR LF", ErrMalformed)
		}
		line := s[:end-1]
		s = s[end+1:]
		colon := strings.IndexByte(line, ':')
		if colon < 0 || !token(line[:colon]) {
			return fmt.Errorf("%w: a field line has no proper name", ErrMalformed) // folded lines too
		}
		value := strings.Trim(line[colon+1:], " \t")
		if !fieldValue(value) {
			return fmt.Errorf("%w: the value of a field has a control character", ErrMalformed)
		}
		name := textproto.CanonicalMIMEHeaderKey(line[:colon])
		if old := h[name]; old != nil {
			h[name] = append(old, value)
			continue
		}
		values[i] = value
		h[name] = values[i : i+1 : i+1]
	}
	return nil
}

// parseStatus reads a status line without its CR LF.
func parseStatus(line string) (status int, keep bool, err error) {
	if len(line) < 12 || line[:7] != "HTTP/1." || line[7] != '0' && line[7] != '1' || line[8] != ' ' || len(line) > 12 && line[12] != ' ' || !fieldValue(line) {
		return 0, false, fmt.Errorf("%w: no status line", ErrMalformed)
	}
	for _, c := range []byte(line[9:12]) {
		if c < '0' || c > '9' {
			return 0, false, fmt.Errorf("%w: no status code", ErrMalformed)
		}
		status = 10*status + int(c-'0')
	}
	if status < 100 || status > 599 {
		return 0, false, fmt.Errorf("%w: status %d", ErrMalformed, status)
	}
	return status, line[7] == '1', nil
}

// length says how an answer's body ends.
type ending int

const (
	endNone    ending = iota // there is no body
	endLength                // after a number of bytes
	endChunked               // with the last chunk
	endClose                 // with the connection
)

// bodyEnd applies RFC 9112, section 6.3, and refuses what could be read in two
// ways.
func bodyEnd(method string, status int, v11 bool, h http.Header) (ending, int64, error) {
	lengths, codings := h["Content-Length"], h["Transfer-Encoding"]
	n := int64(-1)
	for i, v := range lengths {
		if i > 0 && v != lengths[0] {
			return 0, 0, fmt.Errorf("%w: it has different lengths", ErrMalformed)
		}
		var err error
		if n, err = parseLength(v); err != nil {
			return 0, 0, err
		}
	}
	if len(lengths) > 1 {
		h["Content-Length"] = lengths[:1]
	}
	switch {
	case len(codings) > 0 && len(lengths) > 0:
		return 0, 0, fmt.Errorf("%w: it has both a length and a transfer coding", ErrMalformed)
	case len(codings) > 1 || len(codings) == 1 && !strings.EqualFold(codings[0], "chunked"):
		return 0, 0, fmt.Errorf("%w: its transfer coding is not just chunked", ErrMalformed)
	case len(codings) == 1 && !v11:
		return 0, 0, fmt.Errorf("%w: it has a transfer coding in HTTP/1.0", ErrMalformed)
	case method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified:
		return endNone, n, nil
	case len(codings) == 1:
		return endChunked, -1, nil
	case n == 0:
		return endNone, 0, nil
	case n > 0:
		return endLength, n, nil
	}
	return endClose, -1, nil
}

func parseLength(v string) (int64, error) {
	if v == "" || len(v) > 18 || strings.Trim(v, "0123456789") != "" {
		return 0, fmt.Errorf("%w: its length is not a number", ErrMalformed)
	}
	return strconv.ParseInt(v, 10, 64)
}
