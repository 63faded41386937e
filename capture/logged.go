package capture

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

// Logged is a call that another program served and wrote down.
type Logged struct {
	Call               // what was logged of the request; Identity may be nil
	Proto  string      // as logged: "HTTP/1.1"; empty: it was not
	Peer   netip.Addr  // the other end of the socket; not valid: it was not logged
	Status int         // that was sent; 0: none, or it was not logged
	Answer http.Header // what was logged of the answer's header; canonical names
}

// Describer says of logged calls what a [Recorder] says of its own. Make one
// with [NewDescriber]. It is safe for concurrent use.
type Describer struct {
	observer Observer
	hosts    hostSet
	proxies  []netip.Prefix
}

// NewDescriber returns a describer. A nil observer means that operations are
// not told apart; hosts and proxies are as Hosts and TrustedProxies in [Config].
func NewDescriber(observer Observer, hosts []string, proxies []netip.Prefix) (*Describer, error) {
	set, err := newHostSet(hosts)
	if err != nil {
		return nil, err
	}
	return &Describer{observer, set, proxies}, nil
}

// Describe puts into e what follows from a logged call: its operation, objects
// and trace, its path, query and headers without their secrets, and where it
// came from. E must have its envelopes. Call then knows the secrets that were
// found.
func (d *Describer) Describe(e *event.Event, l *Logged, call *redact.Call) {
	e.Payload.Request.Headers = redactLines(headerLines(l.Header, ""), call)
	e.What.Query = call.Query(l.Query)
	e.What.Path = call.Path(l.Path)
	e.Payload.Response.Headers = redactLines(headerLines(l.Answer, ""), call)
	fillTrace(e, call)
	e.Outcome.Status = l.Status
	e.Request.Type, e.Response.Type = mediaType(l.Header["Content-Type"]), mediaType(l.Answer["Content-Type"])

	if l.Peer.IsValid() {
		e.Who.Address = clientAddress(d.proxies, "X-Forwarded-For", l.Header, l.Peer).String()
	}
	e.Who.Forwarded = forwardingValues(l.Header)
	for i, v := range e.Who.Forwarded {
		e.Who.Forwarded[i] = call.Header("Forwarded", v)
	}
	e.Who.UserAgent = call.Header("User-Agent", l.Header.Get("User-Agent"))

	op := &e.Operation
	op.Method, op.Protocol = plainMethod(l.Method), protocolOf(l.Proto)
	op.Host = d.hosts.operationHost(l.Host)
	if l.HTTP2 = op.Protocol == "h2"; l.HTTP2 && strings.HasPrefix(e.Request.Type, "application/grpc") {
		op.Protocol = "grpc"
		if op.Name = rpcName(e.What.Path); op.Name != "" {
			op.Basis = event.BasisProtocol
		}
	}
	if d.observer != nil && l.Path != "" {
		f := d.observe(l)
		fillFacts(e, &f, call)
	}
}

// observe shows a call to the observer. One that panics says that not all was
// looked at.
func (d *Describer) observe(l *Logged) (f Facts) {
	defer func() {
		if recover() != nil {
			f = Facts{Partial: true}
		}
	}()
	o := d.observer.Observe(&l.Call)
	if o == nil {
		return f
	}
	o.Answer(l.Status, l.Answer)
	o.End(&f)
	return f
}

// protocolOf returns the name in events of a version of HTTP.
func protocolOf(proto string) string {
	switch strings.ToUpper(proto) {
	case "HTTP/1.1":
		return "http/1.1"
	case "HTTP/1.0", "HTTP/0.9":
		return "http/1.0"
	case "HTTP/2", "HTTP/2.0", "H2", "H2C":
		return "h2"
	case "HTTP/3", "HTTP/3.0", "H3":
		return "h3"
	}
	return ""
}
