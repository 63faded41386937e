//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// upstream answers every request with 200 and answerBody, at a cost that is small
// beside that of any proxy. It is not a general server: it reads a request's
// length (given or chunked) and nothing else of it.
func upstream(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			serveConn(c) // ends when the client goes away, which is no error here
		}()
	}
}

// answerBody is one order as JSON, 1,024 bytes.
var answerBody = jsonBody(1024)

// jsonBody returns a JSON object of exactly size bytes with fields as an API has
// them: short ids, a mail address, a list of lines, and text.
func jsonBody(size int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"id":"ord_48213","customer":{"id":"cus_4711","name":"Ada Byron","email":"ada@example.com"},"currency":"EUR","total":129.9,"lines":[`)
	for i := range 6 {
		fmt.Fprintf(&b, `{"sku":"sku-%04d","quantity":%d,"price":%d.5,"name":"part number %d"},`, 1000+i*37, i+1, i*3+2, i)
	}
	b.Truncate(b.Len() - 1)
	b.WriteString(`],"note":"`)
	const tail = `"}`
	text := strings.Repeat("please deliver in the morning, the gate is open; ", size/40+1)
	b.WriteString(text[:size-b.Len()-len(tail)])
	b.WriteString(tail)
	return b.Bytes()
}

var answerBytes = []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
	strconv.Itoa(len(answerBody)) + "\r\n\r\n" + string(answerBody))

var errRequest = errors.New("not a request of the benchmark")

func serveConn(c net.Conn) error {
	r := bufio.NewReaderSize(c, 16<<10)
	for {
		if err := skipRequest(r); err != nil {
			return err
		}
		if _, err := c.Write(answerBytes); err != nil {
			return err
		}
	}
}

// skipRequest reads one request with its body from r.
func skipRequest(r *bufio.Reader) error {
	length, chunked := 0, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if first {
				return errRequest
			}
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || length < 0 {
				return errRequest
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		}
	}
	if !chunked {
		_, err := r.Discard(length)
		return err
	}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return errRequest
		}
		if _, err := io.CopyN(io.Discard, r, int64(n)+2); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}
