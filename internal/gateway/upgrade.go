package gateway

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/gateway/http1"
)

// switchProtocols passes a 101 on, and then whatever either side says.
func (g *Gateway) switchProtocols(x *capture.Exchange, r *http.Request, out *http1.Request, a answer) {
	h := x.Header()
	if got := h.Get("Upgrade"); out.Upgrade == "" || !listed(strings.Split(out.Upgrade, ","), got) {
		a.Close()
		clear(h)
		x.Fail(capture.UpstreamMalformed)
		x.Problem(http.StatusBadGateway, capture.UpstreamMalformed, "The API switched to a protocol that was not asked for.")
		return
	}
	head := switchHead(h)
	up := a.stream()
	if up == nil {
		a.Close()
		clear(h)
		x.Fail(capture.UpstreamMalformed)
		x.Problem(http.StatusBadGateway, capture.UpstreamMalformed, "The API's connection cannot be switched.")
		return
	}
	defer a.Close()
	client, _, err := x.Hijack()
	if err != nil {
		up.Close()
		x.Abort(capture.ClientAborted)
		return
	}
	stop := context.AfterFunc(g.cut, func() {
		x.Fail(capture.Draining)
		up.Close()
		client.(*capture.Conn).Interrupt()
	})
	defer stop()
	if _, err := client.Write(head); err != nil {
		up.Close()
		x.Fail(capture.ClientAborted)
		return
	}
	var mu sync.Mutex // both directions ask
	splice(client.(*capture.Conn), up, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return x.Continue()
	})
}

// switchHead returns the header of a 101 answer. Connection and Upgrade are
// what it is about, so no hop-by-hop fields are removed but those that could
// change the framing.
func switchHead(h http.Header) []byte {
	b := []byte("HTTP/1.1 101 Switching Protocols\r\n")
	for name, values := range h {
		if name == "Content-Length" || name == "Transfer-Encoding" || name == "Connection" {
			continue
		}
		for _, v := range values {
			b = append(append(append(append(b, name...), ": "...), v...), "\r\n"...)
		}
	}
	return append(b, "Connection: Upgrade\r\n\r\n"...)
}

// splice copies in both directions until both have ended, or one has failed, or
// the call may not go on.
func splice(client *capture.Conn, up io.ReadWriteCloser, may func() bool) {
	var both sync.WaitGroup
	both.Go(func() {
		if pump(up, client, may) != nil {
			client.Interrupt()
			up.Close()
			return
		}
		halfClose(up)
	})
	both.Go(func() {
		if pump(client, up, may) != nil {
			client.Interrupt()
			up.Close()
			return
		}
		client.CloseWrite()
	})
	both.Wait()
	up.Close()
}

func pump(to io.Writer, from io.Reader, may func() bool) error {
	buf := pieces.Get().(*[]byte)
	defer pieces.Put(buf)
	for {
		n, err := from.Read(*buf)
		if n > 0 {
			if !may() {
				return errBlocked
			}
			if _, err := to.Write((*buf)[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func halfClose(c io.Closer) {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		w.CloseWrite()
		return
	}
	c.Close()
}
