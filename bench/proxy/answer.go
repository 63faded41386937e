//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// An answer is what the load generator needs to know of an HTTP/1.1 response.
type answer struct {
	status int
	size   int  // bytes of the whole response, head and body
	close  bool // the server will close the connection
}

var (
	errShort  = errors.New("the answer is not complete yet")
	errFormat = errors.New("not an HTTP/1.1 answer")
)

// parseAnswer reads the response at the start of b. It returns errShort until b
// holds all of it. It knows bodies with a length and chunked bodies without
// trailers, which is all that an answer of the benchmark's upstream can become.
func parseAnswer(b []byte) (answer, error) {
	head := bytes.Index(b, []byte("\r\n\r\n"))
	if head < 0 {
		return answer{}, errShort
	}
	if len(b) < 12 || !bytes.HasPrefix(b, []byte("HTTP/1.")) {
		return answer{}, errFormat
	}
	status, err := strconv.Atoi(string(b[9:12]))
	if err != nil {
		return answer{}, errFormat
	}
	a := answer{status: status, size: head + 4}
	length, chunked := -1, false
	for line := range bytes.SplitSeq(b[:head], []byte("\r\n")) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue // the status line
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return answer{}, errFormat
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("connection")):
			a.close = bytes.EqualFold(value, []byte("close"))
		}
	}
	switch {
	case chunked:
		n, err := chunkedSize(b[a.size:])
		a.size += n
		return a, err
	case length < 0:
		return answer{}, fmt.Errorf("%w: neither Content-Length nor chunked", errFormat)
	case len(b) < a.size+length:
		return answer{}, errShort
	}
	a.size += length
	return a, nil
}

// chunkedSize returns how many bytes the chunked body at the start of b takes.
func chunkedSize(b []byte) (int, error) {
	at := 0
	for {
		line := bytes.Index(b[at:], []byte("\r\n"))
		if line < 0 {
			return 0, errShort
		}
		size, _, _ := bytes.Cut(b[at:at+line], []byte(";"))
		n, err := strconv.ParseUint(string(size), 16, 31)
		if err != nil {
			return 0, errFormat
		}
		at += line + 2 + int(n) + 2
		if at > len(b) {
			return 0, errShort
		}
		if n == 0 {
			return at, nil
		}
	}
}
