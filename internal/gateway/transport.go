package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatebook/gatebook/internal/gateway/http1"
)

// carrierKey tells carriers apart, so that a new set of routes keeps the
// connections of the old.
type carrierKey struct {
	scheme, host string
	h2c          bool
	tls          any // *tls.Config
	maxIdle      int
	connect      time.Duration
}

func keyOf(r *Route) carrierKey {
	k := carrierKey{scheme: r.Upstream.URL.Scheme, host: r.Upstream.URL.Host, h2c: r.Upstream.H2C, maxIdle: r.Upstream.MaxIdle, connect: r.Timeouts.Connect}
	if r.Upstream.TLS != nil {
		k.tls = r.Upstream.TLS
	}
	return k
}

func newCarrier(r *Route) carrier {
	u := r.Upstream.URL
	if u.Scheme == "http" && !r.Upstream.H2C {
		address := u.Host
		if u.Port() == "" {
			address = net.JoinHostPort(u.Hostname(), "80")
		}
		return &plain{http1.Pool{Address: address, MaxIdle: r.Upstream.MaxIdle, DialTimeout: orDefault(r.Timeouts.Connect, http1.DefaultDialTimeout)}}
	}
	maxIdle := r.Upstream.MaxIdle
	if maxIdle <= 0 {
		maxIdle = http1.DefaultMaxIdle
	}
	t := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: orDefault(r.Timeouts.Connect, http1.DefaultDialTimeout)}).DialContext,
		TLSHandshakeTimeout:   orDefault(r.Timeouts.Connect, http1.DefaultDialTimeout),
		TLSClientConfig:       r.Upstream.TLS,
		MaxIdleConnsPerHost:   maxIdle,
		IdleConnTimeout:       http1.DefaultIdleTimeout,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true,
		Protocols:             new(http.Protocols),
	}
	if r.Upstream.H2C {
		t.Protocols.SetUnencryptedHTTP2(true)
	} else {
		t.Protocols.SetHTTP1(true)
		t.Protocols.SetHTTP2(true)
	}
	return &transport{t: t, scheme: u.Scheme, host: u.Host}
}

// transport carries HTTP over TLS, and HTTP/2, with net/http's client.
type transport struct {
	t            *http.Transport
	scheme, host string
}

func (t *transport) close() { t.t.CloseIdleConnections() }

func (t *transport) carry(ctx context.Context, r *http1.Request, header http.Header) (answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	a := &transportAnswer{cancel: cancel, interrupt: r.Interrupt, idle: r.IdleTimeout}
	req, err := t.request(ctx, r, a)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	var wait *time.Timer
	trace := &httptrace.ClientTrace{
		WroteHeaders: func() {
			if r.Sent != nil {
				a.sent.Do(r.Sent)
			}
		},
		Got1xxResponse: func(status int, h textproto.MIMEHeader) error {
			a.mu.Lock()
			defer a.mu.Unlock()
			if r.Interim != nil && status != http.StatusContinue && !a.stopped {
				r.Interim(status, http.Header(h))
			}
			return nil
		},
	}
	if r.HeaderTimeout > 0 {
		expire := func() { cancel(errHeaderTimeout) }
		if r.Body == nil {
			wait = time.AfterFunc(r.HeaderTimeout, expire)
		} else {
			trace.WroteRequest = func(httptrace.WroteRequestInfo) { a.startWait(r.HeaderTimeout, expire) }
		}
	}
	res, err := t.t.RoundTrip(req.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if wait != nil {
		wait.Stop()
	}
	a.stopWait()
	if err != nil {
		err = a.explain(ctx, err)
		a.Close()
		return nil, err
	}
	a.res = res
	for name, values := range res.Header {
		header[name] = values
	}
	for name := range res.Trailer {
		header["Trailer"] = append(header["Trailer"], name)
	}
	return a, nil
}

var errHeaderTimeout = fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)

// request makes a request for net/http of r.
func (t *transport) request(ctx context.Context, r *http1.Request, a *transportAnswer) (*http.Request, error) {
	u, err := url.ParseRequestURI(r.Target)
	if r.Target == "*" {
		u, err = &url.URL{Path: "*"}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: target", http1.ErrRequest)
	}
	u.Scheme, u.Host = t.scheme, t.host
	if !strings.HasPrefix(r.Target, "//") && r.Target != u.RequestURI() {
		path, _, _ := strings.Cut(r.Target, "?")
		u.Opaque = "//" + t.host + path // net/url would spell it in another way
	}
	req := &http.Request{Method: r.Method, URL: u, Host: r.Host, Header: make(http.Header, len(r.Header)+len(r.Extra)), ContentLength: max(r.Length, 0), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	for name, values := range r.Header {
		if name != "Host" && name != "Content-Length" && name != "Transfer-Encoding" && !r.Skip(name) {
			req.Header[name] = values
		}
	}
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = nil // net/http would write its own
	}
	for _, f := range r.Extra {
		req.Header[f.Name] = append(req.Header[f.Name][:len(req.Header[f.Name]):len(req.Header[f.Name])], f.Value)
	}
	if r.Upgrade != "" {
		req.Header["Connection"], req.Header["Upgrade"] = []string{"Upgrade"}, []string{r.Upgrade}
	}
	if r.Expect {
		req.Header["Expect"] = []string{"100-continue"}
	}
	if r.Body != nil {
		a.reading = &watched{Reader: r.Body}
		req.Body, req.ContentLength = a.reading, r.Length
		if r.Trailer != nil && r.Length < 0 {
			req.Trailer = r.Trailer() // the server fills it at the body's end
		}
	}
	return req, nil
}

// watched is a request's body that knows when it has been read.
type watched struct {
	io.Reader
	eof  atomic.Bool
	fail atomic.Pointer[error]
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	switch {
	case err == io.EOF:
		w.eof.Store(true)
	case err != nil:
		w.fail.CompareAndSwap(nil, &err)
	}
	return n, err
}

func (w *watched) Close() error { return nil }

type transportAnswer struct {
	res       *http.Response
	cancel    context.CancelCauseFunc
	interrupt func()
	reading   *watched
	sent      sync.Once
	idle      time.Duration
	buf       *[]byte

	mu      sync.Mutex
	wait    *time.Timer // guarded by mu
	stopped bool        // guarded by mu: the call has its answer, or will have none
}

func (a *transportAnswer) startWait(d time.Duration, f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.stopped {
		a.wait = time.AfterFunc(d, f)
	}
}

func (a *transportAnswer) stopWait() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	if a.wait != nil {
		a.wait.Stop()
	}
}

// explain wraps what net/http says in the errors of package http1.
func (a *transportAnswer) explain(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	if a.reading != nil {
		if failed := a.reading.fail.Load(); failed != nil {
			return fmt.Errorf("%w: %w", http1.ErrBody, *failed)
		}
	}
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("%w: %w", http1.ErrDial, err)
	case strings.Contains(err.Error(), "malformed"):
		return fmt.Errorf("%w: %w", http1.ErrMalformed, err)
	case strings.Contains(err.Error(), "invalid header field"):
		return fmt.Errorf("%w: %w", http1.ErrRequest, err)
	}
	return err
}

var pieces = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

func (a *transportAnswer) code() (int, int64) { return a.res.StatusCode, a.res.ContentLength }

func (a *transportAnswer) Next() ([]byte, error) {
	if a.buf == nil {
		a.buf = pieces.Get().(*[]byte)
	}
	if a.idle > 0 {
		t := time.AfterFunc(a.idle, func() { a.cancel(errHeaderTimeout) })
		defer t.Stop()
	}
	for {
		n, err := a.res.Body.Read(*a.buf)
		if n > 0 || err != nil {
			if n > 0 {
				err = nil // it comes again
			}
			return (*a.buf)[:n], err
		}
	}
}

func (a *transportAnswer) Buffered() bool       { return a.res.ContentLength == 0 }
func (a *transportAnswer) trailer() http.Header { return a.res.Trailer }
func (a *transportAnswer) Consumed() bool       { return a.reading == nil || a.reading.eof.Load() }

func (a *transportAnswer) stream() io.ReadWriteCloser {
	rw, _ := a.res.Body.(io.ReadWriteCloser)
	return rw
}

func (a *transportAnswer) Close() error {
	var err error
	if a.res != nil {
		err = a.res.Body.Close()
	}
	if !a.Consumed() && a.interrupt != nil {
		a.interrupt()
	}
	a.cancel(nil)
	if a.buf != nil {
		pieces.Put(a.buf)
		a.buf = nil
	}
	return err
}
