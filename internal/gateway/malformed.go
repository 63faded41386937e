package gateway

import (
	"bytes"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/capture"
)

// watchedListener makes connections that notice when net/http refuses a
// request before any handler sees it: it then writes an answer of a form that
// no handler's answer has, because those have a Date.
type watchedListener struct {
	net.Listener
	g    *Gateway
	name string
}

func (l *watchedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watchedConn{Conn: c, l: l}, nil
}

type watchedConn struct {
	net.Conn
	l *watchedListener
}

var refusal = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")

func (c *watchedConn) Write(p []byte) (int, error) {
	if len(p) < 512 && len(p) > 12 && (p[9] == '4' || p[9] == '5') && bytes.HasPrefix(p, []byte("HTTP/1.1 ")) {
		if line := bytes.IndexByte(p, '\r'); line > 0 && bytes.HasPrefix(p[line:], refusal) {
			c.refused(p[9:12])
		}
	}
	return c.Conn.Write(p)
}

// CloseWrite is for net/http, and for upgraded connections.
func (c *watchedConn) CloseWrite() error {
	if t, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return t.CloseWrite()
	}
	return c.Conn.Close()
}

func (c *watchedConn) refused(status []byte) {
	code := capture.RequestMalformed
	if string(status) == "431" {
		code = capture.HeaderTooLarge
	}
	n, _ := strconv.Atoi(string(status))
	peer, _ := netip.ParseAddrPort(c.RemoteAddr().String())
	c.l.g.reject(capture.Rejected{Source: c.l.name, Peer: peer, Status: n, Code: code, Arrived: time.Now()})
}
