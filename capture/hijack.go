package capture

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Conn is a client's connection after an upgrade. What passes through it is
// counted, and its beginning is recorded; the header that the handler writes
// first is recorded as the answer's. Closing it ends the call.
type Conn struct {
	net.Conn
	x         *Exchange
	r         *bufio.Reader // has what was read ahead
	websocket bool

	once sync.Once
	err  error // of Close

	// Owned by the writing goroutine until Close.
	head []byte // of the answer, until it is complete
	sent bool   // the answer's header is complete
	mu   sync.Mutex
}

// maxHead bounds the answer's header that is looked at on a hijacked
// connection.
const maxHead = 64 << 10

// Hijack takes the connection over, as http.Hijacker says. Close the
// connection to end the call.
func (x *Exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	up := strings.ToLower(x.r.Header.Get("Upgrade"))
	x.conn = &Conn{Conn: c, x: x, r: rw.Reader, websocket: up == "websocket"}
	return x.conn, bufio.NewReadWriter(bufio.NewReader(x.conn), bufio.NewWriter(x.conn)), nil
}

// Read reads from the client.
func (c *Conn) Read(p []byte) (int, error) {
	var n int
	var err error
	if c.r.Buffered() > 0 {
		n, err = c.r.Read(p[:min(len(p), c.r.Buffered())])
	} else {
		n, err = c.Conn.Read(p)
	}
	c.x.req.add(p[:n])
	return n, err
}

// Write writes to the client.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	rest := p[:n]
	if !c.sent {
		rest = c.answer(rest)
	}
	c.x.res.add(rest)
	return n, err
}

// Interrupt makes reads and writes that wait return. The call goes on until
// Close.
func (c *Conn) Interrupt() { c.Conn.SetDeadline(time.Unix(1, 0)) }

// CloseWrite ends the direction towards the client.
func (c *Conn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return c.Conn.Close()
}

// answer reads the header of the answer, and returns what follows it.
func (c *Conn) answer(p []byte) []byte {
	c.head = append(c.head, p...)
	end := bytes.Index(c.head, []byte("\r\n\r\n"))
	if end < 0 {
		c.sent = len(c.head) > maxHead
		return nil
	}
	c.sent = true
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(c.head[:end+4])), nil)
	if err != nil {
		return c.head[end+4:]
	}
	c.x.note(res.StatusCode, res.Header)
	return c.head[end+4:]
}

// Close ends the call. On a recorded route it first makes the event durable.
func (c *Conn) Close() error {
	c.once.Do(func() {
		x := c.x
		c.mu.Lock()
		x.completed = time.Now()
		e := x.event()
		c.mu.Unlock()
		if x.o.Durability == Recorded {
			x.append(e) // nothing is left that could be withheld
		} else {
			x.rec.sink.Put(e)
		}
		c.err = c.Conn.Close()
	})
	return c.err
}
