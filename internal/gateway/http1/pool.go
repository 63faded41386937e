package http1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Defaults for the zero values of [Pool].
const (
	DefaultMaxIdle     = 256
	DefaultIdleTimeout = 60 * time.Second
	DefaultDialTimeout = 10 * time.Second
	expectWait         = time.Second // how long an answer to Expect is waited for
	smallBody          = 16 << 10    // a body of known length up to this goes out with the header
	maxInterim         = 16          // 1xx answers to one request
)

// ErrDial is wrapped by the error of a connection that could not be made.
var ErrDial = errors.New("no connection")

// ErrBody is wrapped by the error of a request's body that could not be read.
var ErrBody = errors.New("reading the request's body")

// Pool has the connections to one API. The zero values of its fields, but for
// Address, are useful; they must not change once it is used. It is safe for
// concurrent use.
type Pool struct {
	Address     string        // host:port
	MaxIdle     int           // connections kept for later; 0: DefaultMaxIdle
	IdleTimeout time.Duration // how long one is kept; 0: DefaultIdleTimeout. It should be less than the API's own
	DialTimeout time.Duration // 0: DefaultDialTimeout
	// Dial makes a connection; nil: a net.Dialer's DialContext over TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu     sync.Mutex
	idle   []*conn // the one used last at the end; guarded by mu
	closed bool    // guarded by mu
}

// Do sends r and reads the header of the answer into header, which must be
// empty and may be the map of an http.ResponseWriter. The end of ctx ends the
// exchange, and reading the answer's body with it.
//
// A short body of known length goes out with the header. Any other is sent
// while the answer is read, so that an answer may come before its end. With
// r.Expect the body is read only once the API has asked for it, or has been
// silent for a second; if it answers without asking, the body is not read.
//
// An error means that there is no answer; header may then hold parts of one.
func (p *Pool) Do(ctx context.Context, r *Request, header http.Header) (*Response, error) {
	for {
		c, err := p.get(ctx, r)
		if err != nil {
			return nil, err
		}
		res, again, err := p.exchange(ctx, c, r, header)
		if again && ctx.Err() == nil {
			clear(header)
			continue
		}
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
		return res, err
	}
}

// exchange sends r on c. Again says that c had been closed before r reached
// the other side, and that r can be sent again.
func (p *Pool) exchange(ctx context.Context, c *conn, r *Request, header http.Header) (res *Response, again bool, err error) {
	stop := context.AfterFunc(ctx, func() { c.Conn.Close() })
	fail := func(err error) (*Response, bool, error) {
		stop()
		c.Conn.Close()
		again := c.used && !c.heard && r.idempotent() && !errors.Is(err, ErrRequest) && !errors.Is(err, os.ErrDeadlineExceeded)
		return nil, again, err
	}
	c.r, c.w, c.heard = 0, 0, false
	up, err := c.send(r)
	if err != nil {
		return fail(err)
	}
	res, err = c.await(r, header, up)
	if err != nil {
		c.Conn.Close()
		if up != nil {
			if upErr := up.end(); errors.Is(upErr, ErrBody) && !errors.Is(err, ErrMalformed) {
				err = upErr
			}
		}
		return fail(err)
	}
	c.used = true
	res.pool, res.up, res.stop, res.idle = p, up, stop, r.IdleTimeout
	return res, false, nil
}

// send writes the header, and a short body with it. It returns the upload of
// any other body; it is begun unless the request expects to be asked for it.
func (c *conn) send(r *Request) (*upload, error) {
	b, err := r.appendHead(c.out[:0])
	c.out = b
	if err != nil {
		return nil, err
	}
	small := r.Body != nil && r.Length >= 0 && r.Length <= smallBody && !r.Expect
	if small {
		at := len(b)
		b = append(b, make([]byte, r.Length)...)
		if _, err := io.ReadFull(r.Body, b[at:]); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBody, unexpected(err))
		}
		if err := atEnd(r.Body); err != nil {
			return nil, err
		}
		c.out = b
	}
	_, err = c.Conn.Write(b)
	if cap(c.out) > 2*smallBody {
		c.out = nil
	}
	if err != nil {
		return nil, err
	}
	if r.Sent != nil {
		r.Sent()
	}
	if r.Body == nil || small {
		return nil, nil
	}
	up := &upload{c: c, r: r, done: make(chan struct{})}
	if !r.Expect {
		up.start()
	}
	return up, nil
}

// atEnd lets a body notice that it has been read to its end.
func atEnd(body io.Reader) error {
	var one [1]byte
	switch n, err := body.Read(one[:]); {
	case n > 0:
		return fmt.Errorf("%w: %w: it is longer than it said", ErrBody, ErrRequest)
	case err != nil && err != io.EOF:
		return fmt.Errorf("%w: %w", ErrBody, err)
	}
	return nil
}

// await reads answers until one is final.
func (c *conn) await(r *Request, header http.Header, up *upload) (*Response, error) {
	if up != nil && r.Expect {
		c.patience(expectWait)
		if err := c.fill(); errors.Is(err, os.ErrDeadlineExceeded) {
			c.patience(0)
			up.start()
		} else if err != nil {
			return nil, err
		}
	}
	if up == nil || !up.begun {
		c.patience(r.HeaderTimeout) // else it begins when the body has been sent
	}
	for range maxInterim {
		res, err := c.answer(r.Method, header)
		if err != nil {
			return nil, err
		}
		if res.Status >= 200 {
			if up != nil {
				up.answer()
			}
			c.patience(0)
			return res, nil
		}
		if res.Status == http.StatusSwitchingProtocols {
			if r.Upgrade == "" {
				return nil, fmt.Errorf("%w: it switches protocols unasked", ErrMalformed)
			}
			return res, nil
		}
		if res.Status == http.StatusContinue {
			if up != nil && !up.begun {
				c.patience(0)
				up.start()
			}
		} else if r.Interim != nil {
			r.Interim(res.Status, header)
		}
		clear(header)
	}
	return nil, fmt.Errorf("%w: too many interim answers", ErrMalformed)
}

// get returns a connection for r.
func (p *Pool) get(ctx context.Context, r *Request) (*conn, error) {
	limit := p.IdleTimeout
	if limit <= 0 {
		limit = DefaultIdleTimeout
	}
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return p.dial(ctx)
		}
		c := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if time.Since(c.idle) > limit || !r.idempotent() && !alive(c.Conn) {
			c.Conn.Close()
			continue
		}
		return c, nil
	}
}

func (p *Pool) dial(ctx context.Context) (*conn, error) {
	limit := p.DialTimeout
	if limit <= 0 {
		limit = DefaultDialTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dial := p.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	c, err := dial(ctx, "tcp", p.Address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDial, err)
	}
	return newConn(c), nil
}

// put keeps c for later, and closes it if there is no room.
func (p *Pool) put(c *conn) {
	limit := p.MaxIdle
	if limit <= 0 {
		limit = DefaultMaxIdle
	}
	c.patience(0)
	c.idle = time.Now()
	p.mu.Lock()
	keep := !p.closed && len(p.idle) < limit
	if keep {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	if !keep {
		c.Conn.Close()
	}
}

// Close closes the connections that are not in use, and later those that are,
// when their exchange ends.
func (p *Pool) Close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range idle {
		c.Conn.Close()
	}
}
