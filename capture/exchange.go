package capture

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Exchange is one call while it passes. It is the http.ResponseWriter of the
// call, and everything that is written to it is recorded. Like any
// ResponseWriter it is for one goroutine at a time, except for [Exchange.Fail]
// and for the reading of [Exchange.Body], which another goroutine may do.
//
// An Exchange ends with [Exchange.Finish], which must be called exactly once.
type Exchange struct {
	rec     *Recorder
	o       *Options
	w       http.ResponseWriter
	r       *http.Request
	arrived time.Time
	peer    netip.AddrPort
	trusted bool
	id      Identity
	known   Evidence
	watch   *watch // nil: nobody observes the call

	reqLines []event.HeaderLine // as sent
	reqPath  string
	reqQuery string
	req      tee
	bodyErr  atomic.Pointer[error] // what ended the reading of the request's body before its end

	status   int // 0: none yet
	resLines []event.HeaderLine
	resType  string
	resLen   int64 // announced; -1: not
	trailers []string
	res      tee
	hold     *hold // nil: not Recorded
	conn     *Conn // after Hijack

	sent, first time.Duration
	completed   time.Time
	ended       time.Time              // of what does not complete
	code        atomic.Pointer[string] // event.Outcome.Error
	decision    string
	reason      string
	judged      judged
	pattern     string // of the program's router
	template    string // of the operation, as an observer says at the beginning
	cut         bool
	writeErr    error
}

// Begin starts the record of a call that arrived at arrived, and asks the
// identifier who makes it. O must not change any more.
func (r *Recorder) Begin(w http.ResponseWriter, req *http.Request, o *Options, arrived time.Time) *Exchange {
	x := &Exchange{rec: r, o: o, w: w, r: req, arrived: arrived, resLen: -1}
	if o.Pattern != nil {
		x.pattern = o.Pattern(req)
	}
	x.req.limit, x.res.limit = o.requestLimit(), o.responseLimit()
	if o.Durability == Recorded {
		x.hold = &hold{limit: o.hold()}
	}
	x.peer = peerOf(req.RemoteAddr)
	x.trusted = len(r.trusted) > 0 && r.Trusted(x.peer.Addr())
	x.reqLines = headerLines(req.Header, req.Host)
	x.reqPath, x.reqQuery = splitTarget(req)
	x.id = anonymous
	identifier := r.identifier
	if o.Identifier != nil {
		identifier = o.Identifier
	}
	if identifier != nil {
		x.gather()
		x.id = identifier.Identify(req.Context(), &x.known)
	}
	x.observe()
	return x
}

// gather fills the evidence from which an identity follows.
func (x *Exchange) gather() {
	ev, h := &x.known, x.r.Header
	ev.Peer, ev.Method = x.peer, x.r.Method
	ev.Authorization, ev.DPoP = h["Authorization"], h["Dpop"]
	for _, name := range x.rec.keyHeaders {
		ev.Keys = append(ev.Keys, h[name]...)
	}
	for _, name := range x.rec.keyQuery {
		ev.Keys = append(ev.Keys, queryValues(x.reqQuery, name)...)
	}
	for _, name := range x.rec.evidence {
		if v := h[name]; v != nil {
			if ev.Headers == nil {
				ev.Headers = make(map[string][]string)
			}
			ev.Headers[name] = v
		}
	}
	if t := x.r.TLS; t != nil && len(t.PeerCertificates) > 0 {
		if len(t.VerifiedChains) > 0 {
			ev.Certificates = t.VerifiedChains[0]
		} else {
			ev.Unverified = t.PeerCertificates[0]
		}
	}
	ev.URL = x.url()
}

// url returns what a DPoP proof is bound to. A trusted proxy may say that the
// client asked it under another scheme and host.
func (x *Exchange) url() string {
	scheme, host := "http", x.r.Host
	if x.r.TLS != nil {
		scheme = "https"
	}
	if x.trusted {
		if p := x.r.Header.Get("X-Forwarded-Proto"); p == "https" || p == "http" {
			scheme = p
		}
		if h := x.r.Header.Get("X-Forwarded-Host"); h != "" {
			host = h
		}
	}
	return scheme + "://" + host + x.reqPath
}

// queryValues returns the decoded values of the parameter called name.
func queryValues(query, name string) (values []string) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		k, v, _ := strings.Cut(pair, "=")
		if k != name {
			if u, err := url.QueryUnescape(k); err != nil || u != name {
				continue
			}
		}
		if u, err := url.QueryUnescape(v); err == nil && u != "" {
			values = append(values, u)
		}
	}
	return values
}

// splitTarget returns path and query as they were sent.
func splitTarget(r *http.Request) (path, query string) {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, query, _ = strings.Cut(r.RequestURI, "?")
		return path, query
	}
	if r.URL == nil {
		return "", ""
	}
	return r.URL.EscapedPath(), r.URL.RawQuery
}

// Identity says who makes the call. It must not be changed.
func (x *Exchange) Identity() *Identity { return &x.id }

// Peer returns the other end of the socket.
func (x *Exchange) Peer() netip.AddrPort { return x.peer }

// PeerTrusted reports whether the forwarding headers of the call are believed.
func (x *Exchange) PeerTrusted() bool { return x.trusted }

// Body returns the request's body. What is read from it is recorded. It is
// http.NoBody if the request has none.
func (x *Exchange) Body() io.ReadCloser {
	if x.r.Body == nil || x.r.Body == http.NoBody {
		return http.NoBody
	}
	return &body{x: x, from: x.r.Body}
}

func (x *Exchange) bodyEnded(err error) {
	if err != io.EOF {
		x.bodyErr.CompareAndSwap(nil, &err)
	}
}

// BodyCode returns the code for the error that ended the reading of the
// request's body; empty if there was none. It is safe for concurrent use.
func (x *Exchange) BodyCode() string {
	err := x.bodyErr.Load()
	if err == nil {
		return ""
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(*err, &large):
		return BodyTooLarge
	case errors.Is(*err, os.ErrDeadlineExceeded):
		return ClientTimeout
	case errors.Is(*err, http.ErrBodyReadAfterClose):
		return ""
	case strings.Contains((*err).Error(), "malformed"), strings.Contains((*err).Error(), "invalid"):
		return RequestMalformed // net/http has no type for bad chunks
	}
	return ClientAborted
}

// Fail says what went wrong. The first code stays. It is safe for concurrent
// use.
func (x *Exchange) Fail(code string) {
	if code != "" {
		x.code.CompareAndSwap(nil, &code)
	}
}

// Failed returns the code given to Fail, or "".
func (x *Exchange) Failed() string {
	if c := x.code.Load(); c != nil {
		return *c
	}
	return ""
}

// Abort says that the answer cannot be completed, and why. Finish will say so
// to the caller.
func (x *Exchange) Abort(code string) {
	x.Fail(code)
	x.cut = true
}

// Decide says what was decided about the call, and for [Denied] the reason.
func (x *Exchange) Decide(decision, reason string) { x.decision, x.reason = decision, reason }

// Denied reports whether the call was denied.
func (x *Exchange) Denied() bool { return x.decision == Denied }

// RequestSent says that the request's header was sent on at t.
func (x *Exchange) RequestSent(t time.Time) { x.sent = t.Sub(x.arrived) }

// AnswerBegan says that the header of the API's answer came at t.
func (x *Exchange) AnswerBegan(t time.Time) { x.first = t.Sub(x.arrived) }

// Status returns the status of the answer; 0: none yet.
func (x *Exchange) Status() int { return x.status }

// Counts returns the bytes of the bodies that have passed.
func (x *Exchange) Counts() (in, out uint64) {
	x.req.mu.Lock()
	in = x.req.n
	x.req.mu.Unlock()
	x.res.mu.Lock()
	out = x.res.n
	x.res.mu.Unlock()
	return in, out
}

// writeFailed notes that the client does not take its answer any more.
func (x *Exchange) writeFailed(err error) {
	if err == nil || errors.Is(err, http.ErrBodyNotAllowed) || errors.Is(err, http.ErrContentLength) {
		return
	}
	if x.writeErr == nil {
		x.writeErr = err
	}
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		x.Fail(ClientTimeout)
		return
	}
	x.Fail(ClientAborted)
}
