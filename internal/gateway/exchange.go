package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/gateway/http1"
)

// exchange carries a call to its API and the answer back.
func (g *Gateway) exchange(x *capture.Exchange, r *http.Request, rt *route) {
	out := outbound(x, r, rt)
	out.Upgrade = upgrade(r)
	var in *clientBody
	if r.ContentLength != 0 && r.Body != http.NoBody {
		in = &clientBody{x: x, from: x.Body(), wait: rt.client}
		out.Body, out.Length, out.Interrupt = in, r.ContentLength, in.interrupt
		out.Expect = listed(r.Header["Expect"], "100-continue")
		if r.ContentLength < 0 {
			out.Trailer = func() http.Header { return r.Trailer }
		}
		if r.ProtoMajor == 1 {
			x.EnableFullDuplex() // an answer may come before the body's end
		}
	}
	out.Sent = func() { x.RequestSent(time.Now()) }
	out.Interim = func(status int, header http.Header) {
		if r.ProtoAtLeast(1, 1) {
			relayInterim(x, status, header)
		}
	}
	a, err := rt.to.carry(r.Context(), out, x.Header())
	if err != nil {
		g.failed(x, r, rt, err)
		return
	}
	x.AnswerBegan(time.Now())
	status, length := a.code()
	if status == http.StatusSwitchingProtocols {
		g.switchProtocols(x, r, out, a)
		return
	}
	g.relay(x, r, rt, a, status, length)
}

// relayInterim passes a 1xx answer on. Its header may be that of the answer to
// come, or another.
func relayInterim(x *capture.Exchange, status int, header http.Header) {
	removeHops(header)
	h := x.Header()
	for name, values := range header {
		h[name] = values
	}
	x.WriteHeader(status)
	clear(h)
}

// relay passes the answer on as it comes.
func (g *Gateway) relay(x *capture.Exchange, r *http.Request, rt *route, a answer, status int, length int64) {
	if !x.Continue() { // blocked while the API worked
		a.Close()
		g.endBlocked(x)
		return
	}
	h := x.Header()
	removeHops(h)
	if !a.Consumed() && r.ProtoMajor == 1 {
		// The rest of the request's body must not be read as a request.
		h["Connection"] = []string{"close"}
	}
	announced := h["Trailer"]
	x.WriteHeader(status)
	flush := length < 0 && (rt.Capture.Durability != capture.Recorded || streams(h))
	err := g.copyBody(x, a, rt, flush)
	if err == nil {
		sendTrailers(h, announced, a.trailer())
		if !a.Consumed() && rt.Capture.Durability != capture.Recorded {
			x.Flush() // Close may wait for the client's last words
		}
	}
	a.Close()
	switch {
	case err == nil:
	case errors.Is(err, errClient):
		x.Abort(capture.ClientAborted)
	case errors.Is(err, errBlocked):
		g.endBlocked(x)
	default:
		g.broken(x, r, err)
	}
}

// streams reports whether an answer is to be passed on piece by piece even
// where it could be held.
func streams(h http.Header) bool {
	v := h["Content-Type"]
	if len(v) == 0 {
		return false
	}
	t, _, _ := strings.Cut(v[0], ";")
	switch t = strings.ToLower(strings.TrimSpace(t)); t {
	case "text/event-stream", "application/x-ndjson", "application/jsonl", "application/json-seq", "multipart/x-mixed-replace":
		return true
	}
	return strings.HasPrefix(t, "application/grpc")
}

// errClient says that it was the client who broke off.
var errClient = errors.New("the client does not take its answer")

// errBlocked says that a block was decided while the answer passed.
var errBlocked = errors.New("the call was blocked")

// endBlocked breaks off a call that was blocked while it was under way.
func (g *Gateway) endBlocked(x *capture.Exchange) {
	if x.Reset() { // it was held
		x.Problem(http.StatusForbidden, capture.Blocked, "This call was blocked.")
		return
	}
	x.Abort("")
}

// longBody is how much of an answer is sent before each further piece has its
// time limit: short ones go into buffers and cost no timer.
const longBody = 64 << 10

func (g *Gateway) copyBody(x *capture.Exchange, a answer, rt *route, flush bool) error {
	var sent int64
	timed := false
	defer func() {
		if timed {
			x.SetWriteDeadline(time.Time{})
		}
	}()
	for {
		if flush && !a.Buffered() {
			if rt.client > 0 {
				x.SetWriteDeadline(time.Now().Add(rt.client))
				timed = true
			}
			if x.FlushError() != nil {
				return errClient
			}
		}
		p, err := a.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !x.Continue() {
			return errBlocked
		}
		if sent += int64(len(p)); sent > longBody && rt.client > 0 {
			x.SetWriteDeadline(time.Now().Add(rt.client))
			timed = true
		}
		if _, err := x.Write(p); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
			return errClient
		}
	}
}

// sendTrailers sets the trailers of the answer: those that were announced
// under their name, others in the way net/http has for them.
func sendTrailers(h http.Header, announced []string, trailer http.Header) {
	for name, values := range trailer {
		if listed(announced, name) {
			h[name] = values
		} else if len(values) > 0 {
			h[http.TrailerPrefix+name] = values
		}
	}
}

// failed answers a call to which the API gave no answer.
func (g *Gateway) failed(x *capture.Exchange, r *http.Request, rt *route, err error) {
	clear(x.Header())
	// What is left of a body must not be read as a request.
	var closing []string
	if r.ProtoMajor == 1 && r.ContentLength != 0 {
		closing = []string{"Connection", "close"}
	}
	if errors.Is(err, http1.ErrBody) {
		switch code := x.BodyCode(); code {
		case capture.BodyTooLarge:
			g.tooLarge(x, rt)
		case capture.RequestMalformed:
			x.Fail(code)
			x.Problem(http.StatusBadRequest, code, "The request's body is malformed.", closing...)
		case capture.ClientTimeout:
			x.Fail(code)
			x.Problem(http.StatusRequestTimeout, code, "The request's body did not come in time.", closing...)
		default:
			x.Abort(g.gone())
		}
		return
	}
	if r.Context().Err() != nil {
		x.Abort(g.gone())
		return
	}
	code, status, detail := upstreamError(err)
	x.Fail(code)
	x.Problem(status, code, detail, closing...)
}

// broken ends a call whose answer broke off.
func (g *Gateway) broken(x *capture.Exchange, r *http.Request, err error) {
	if r.Context().Err() != nil {
		x.Abort(g.gone())
		return
	}
	code, status, detail := upstreamError(err)
	x.Fail(code)
	if x.Reset() { // it was held
		x.Problem(status, code, detail)
		return
	}
	x.Abort(code)
}

// gone is the code of a call whose context has ended.
func (g *Gateway) gone() string {
	if g.cut.Err() != nil {
		return capture.Draining
	}
	return capture.ClientAborted
}

// upstreamError translates what went wrong with the API.
func upstreamError(err error) (code string, status int, detail string) {
	var dns *net.DNSError
	var alert tls.AlertError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.Is(err, http1.ErrRequest):
		return capture.RequestMalformed, http.StatusBadRequest, "The request cannot be passed on safely."
	case errors.As(err, &dns):
		return capture.UpstreamUnresolved, http.StatusBadGateway, "The name of the API's host could not be resolved."
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return capture.UpstreamTimeout, http.StatusGatewayTimeout, "The API did not answer in time."
	case errors.As(err, &alert), errors.As(err, &verify), errors.As(err, &record), errors.As(err, &unknown):
		return capture.UpstreamTLS, http.StatusBadGateway, "No secure connection to the API could be made."
	case errors.Is(err, http1.ErrDial):
		return capture.UpstreamRefused, http.StatusBadGateway, "The API could not be reached."
	case errors.Is(err, http1.ErrMalformed):
		return capture.UpstreamMalformed, http.StatusBadGateway, "The API's answer cannot be passed on safely."
	}
	return capture.UpstreamReset, http.StatusBadGateway, "The API broke off."
}

// clientBody is a request's body on its way to the API. A client that is
// silent for longer than wait is given up.
type clientBody struct {
	x    *capture.Exchange
	from io.Reader
	wait time.Duration
	next time.Time // when the deadline is to be moved

	mu   sync.Mutex
	over bool // guarded by mu: nobody wants the rest
}

func (b *clientBody) Read(p []byte) (int, error) {
	if now := time.Now(); b.wait > 0 && now.After(b.next) {
		b.next = now.Add(b.wait / 4)
		b.limit(now.Add(b.wait))
	}
	n, err := b.from.Read(p)
	if err == io.EOF && b.wait > 0 {
		b.limit(time.Time{})
	}
	return n, err
}

func (b *clientBody) limit(t time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		b.x.SetReadDeadline(t)
	}
}

// lastWords is how long a client may go on sending a body that nobody wants,
// so that it reads the answer instead of a reset.
const lastWords = 250 * time.Millisecond

// interrupt ends a Read that waits.
func (b *clientBody) interrupt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	b.x.SetReadDeadline(time.Now().Add(lastWords))
}
