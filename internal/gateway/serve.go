package gateway

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// handler serves one listener.
type handler struct {
	g        *Gateway
	listener int
}

// ServeHTTP records a call and carries it to its API.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	g := h.g
	g.calls.Add(1)
	defer g.calls.Done()
	inFlight := g.stats.inFlight.Add(1)
	set := g.routes.Load()
	rt, ambiguous := set.find(r)
	options := &set.none[h.listener]
	if rt != nil {
		options = &rt.options[h.listener]
		if rt.MaxBody > 0 && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, rt.MaxBody)
		}
	}
	x := g.rec.Begin(w, r, options, arrived)
	defer g.end(x)
	switch {
	case r.Method == http.MethodConnect:
		x.Fail(capture.MethodRefused)
		x.Problem(http.StatusMethodNotAllowed, capture.MethodRefused, "This is a gateway for an API, not a tunnel.")
	case g.c.MaxInFlight > 0 && inFlight > int64(g.c.MaxInFlight):
		x.Fail(capture.Overloaded)
		x.Problem(http.StatusServiceUnavailable, capture.Overloaded, "Too many calls are in flight; try again later.")
	case !x.Admit():
		// It was answered.
	case ambiguous:
		x.Fail(capture.RequestMalformed)
		x.Problem(http.StatusBadRequest, capture.RequestMalformed, "The path can be read in more than one way; send it without dot segments, double slashes, backslashes and encoded slashes.")
	case rt == nil:
		x.Fail(capture.NoRoute)
		x.Problem(http.StatusNotFound, capture.NoRoute, "No API is configured for this host, path and method.")
	case rt.MaxBody > 0 && r.ContentLength > rt.MaxBody:
		g.tooLarge(x, rt)
	case g.proven(x, rt):
		g.exchange(x, r, rt)
	}
}

// end is deferred: it finishes the call, also that of a handler that panicked.
func (g *Gateway) end(x *capture.Exchange) {
	v := recover()
	if v != nil {
		x.Abort(capture.HandlerPanic)
	}
	abort := x.Finish()
	g.stats.ended(x)
	if v != nil {
		panic(v)
	}
	if abort {
		panic(http.ErrAbortHandler)
	}
}

func (g *Gateway) tooLarge(x *capture.Exchange, rt *route) {
	x.Fail(capture.BodyTooLarge)
	x.Problem(http.StatusRequestEntityTooLarge, capture.BodyTooLarge, "The request's body is larger than "+strconv.FormatInt(rt.MaxBody, 10)+" bytes.")
}

// proven decides whether the principal is proven as far as the route requires,
// and answers if not.
func (g *Gateway) proven(x *capture.Exchange, rt *route) bool {
	if rt.Level <= event.LevelNone {
		return true
	}
	p := &x.Identity().Principal
	if p.Level >= rt.Level {
		x.Decide(capture.Allowed, "")
		return true
	}
	x.Decide(capture.Denied, capture.LevelTooLow)
	if p.Level < event.LevelAsserted {
		x.Problem(http.StatusUnauthorized, capture.LevelTooLow, "This route requires a credential that can be verified.", "Www-Authenticate", "Bearer")
		return false
	}
	x.Problem(http.StatusForbidden, capture.LevelTooLow, "Your credential does not prove who you are as far as this route requires.")
	return false
}

// reject records a call that net/http refused.
func (g *Gateway) reject(j capture.Rejected) {
	g.rec.Reject(j)
	g.stats.rejected(j)
}

// hop reports whether a field is for one hop only.
func hop(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Transfer-Encoding", "Upgrade", "Expect", "Http2-Settings":
		return true
	}
	return false
}

// listed reports whether a Connection field names the field.
func listed(connection []string, name string) bool {
	for _, line := range connection {
		for line != "" {
			var one string
			one, line, _ = strings.Cut(line, ",")
			if strings.EqualFold(strings.Trim(one, " \t"), name) {
				return true
			}
		}
	}
	return false
}

// removeHops removes from an answer what is for one hop only. Trailer stays:
// it is how trailers are announced to net/http, which writes it for the next
// hop.
func removeHops(h http.Header) {
	connection := h["Connection"]
	for name := range h {
		if hop(name) || len(connection) > 0 && listed(connection, name) {
			delete(h, name)
		}
	}
}
