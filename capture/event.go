package capture

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

// whole is an event with its envelopes, in one allocation.
type whole struct {
	event   event.Event
	who     event.Who
	what    event.What
	payload event.Payload
}

var randoms = sync.Pool{New: func() any { return bufio.NewReaderSize(rand.Reader, 512) }}

func (x *Exchange) newID() event.ID {
	var b [8]byte
	r := randoms.Get().(*bufio.Reader)
	io.ReadFull(r, b[:]) // crypto/rand does not fail
	randoms.Put(r)
	return event.NewID(x.arrived, b)
}

// event makes the event of the call as it is now.
func (x *Exchange) event() *event.Event {
	w := new(whole)
	e := &w.event
	e.Who, e.What, e.Payload = &w.who, &w.what, &w.payload
	e.ID, e.Kind = x.newID(), event.Access
	e.Arrived = x.arrived.UTC()
	if !x.completed.IsZero() {
		e.Completed = x.completed.UTC()
	} else if !x.ended.IsZero() {
		e.Ended = x.ended.UTC()
	}
	e.Upstream = event.Upstream{Sent: x.sent, First: x.first}
	e.Edge, e.Sequence = x.rec.edge, x.rec.sequence.Add(1)
	e.Capture = event.Capture{Method: x.rec.method, Source: x.o.Source, Route: x.o.Route, Durability: string(x.o.durability())}
	e.Principal, e.Credential = x.id.Principal, x.id.Credential
	e.Outcome = event.Outcome{Status: x.status, Decision: x.decision, Reason: x.reason, Error: x.Failed()}
	x.outcome(&e.Outcome)

	call := x.rec.redactor.Call(x.secrets()...)
	facts := x.fillPayload(e, call)
	fillTrace(e, call)
	if x.o.NoHeaders {
		// They were read for the secrets in them, which the bodies may repeat.
		for _, m := range []*event.Message{&e.Payload.Request, &e.Payload.Response} {
			m.Headers, m.Trailers = nil, nil
		}
	}
	x.fillWho(e.Who, call)
	x.fillOperation(e)
	if x.watch != nil {
		fillFacts(e, &facts, call)
	}
	return e
}

func (x *Exchange) secrets() []redact.Known {
	if len(x.id.Secrets) == 0 {
		return nil
	}
	known := make([]redact.Known, len(x.id.Secrets))
	for i, s := range x.id.Secrets {
		known[i].Value = redact.Secret(s)
	}
	return known
}

// fillPayload redacts the parts in the order in which they came, because a
// secret that is found in one is searched for in those that follow.
func (x *Exchange) fillPayload(e *event.Event, call *redact.Call) Facts {
	p := e.Payload
	p.Request.Headers = redactLines(x.reqLines, call)
	e.What.Query = call.Query(x.reqQuery)
	e.What.Path = call.Path(x.reqPath)

	in, out := x.req.take(), x.res.take()
	form := bodyForm{header: x.r.Header, upgraded: x.conn != nil && x.conn.websocket}
	request := form.read(&in)
	form.header = nil
	for _, l := range x.resLines {
		if l.Name == "Content-Type" || l.Name == "Content-Encoding" {
			if form.header == nil {
				form.header = make(http.Header, 2)
			}
			form.header[l.Name] = append(form.header[l.Name], l.Value)
		}
	}
	response := form.read(&out)
	facts := x.facts()
	facts.Partial = facts.Partial || x.watch != nil && (in.unseen || out.unseen)
	request.use(&facts.RequestText, x.o.requestLimit())
	response.use(&facts.ResponseText, x.o.responseLimit())

	e.Request = request.fill(&p.Request, &in, call)
	p.Request.Trailers = redactLines(headerLines(x.r.Trailer, ""), call)
	p.Response.Headers = redactLines(x.resLines, call)
	e.Response = response.fill(&p.Response, &out, call)
	p.Response.Trailers = redactLines(x.sentTrailers(), call)
	in.release()
	out.release()
	return facts
}

// content is what can be read of a body.
type content struct {
	text      []byte
	truncated bool   // it is not all
	header    string // the Content-Type, for those who read text
	media     string // for the event
	rendered  string
}

// read returns what was kept of a body as text, and shows it to the observer
// if that has not seen it yet.
func (f bodyForm) read(t *taken) content {
	c := content{media: mediaType(f.header["Content-Type"])}
	var short bool
	c.text, short = f.text(t.body)
	c.truncated = short || t.n > uint64(len(t.body))
	if v := f.header["Content-Type"]; len(v) > 0 && !f.upgraded {
		c.header = v[0]
	}
	if t.look != nil {
		if len(c.text) > 0 {
			t.look(c.text)
		}
		t.unseen = t.unseen || c.truncated
	}
	return c
}

// use puts r in the place of the body.
func (c *content) use(r *Rendered, limit int) {
	if r.From == "" || limit == 0 {
		return
	}
	c.rendered, c.text, c.truncated, c.header = plainWord(r.From), r.Text, r.Cut, ""
	if len(c.text) > limit {
		c.text, c.truncated = c.text[:limit], true
	}
}

// fill puts the redacted content into m.
func (c *content) fill(m *event.Message, t *taken, call *redact.Call) event.Body {
	b := event.Body{Bytes: t.n, Type: c.media, Truncated: c.truncated}
	m.SHA256 = t.sum
	if len(c.text) == 0 {
		return b
	}
	m.Rendered = c.rendered
	data, text := call.Body(c.header, c.text, b.Truncated)
	b.Truncated = b.Truncated || !text
	m.Body, m.Encoding = event.Text(data)
	return b
}

// sentTrailers returns the trailers of the answer.
func (x *Exchange) sentTrailers() []event.HeaderLine {
	if x.conn != nil {
		return nil
	}
	var lines []event.HeaderLine
	for name, values := range x.w.Header() {
		bare, prefixed := strings.CutPrefix(name, http.TrailerPrefix)
		if prefixed || contains(x.trailers, name) {
			for _, v := range values {
				lines = append(lines, event.HeaderLine{Name: bare, Value: v})
			}
		}
	}
	sortLines(lines)
	return lines
}

func (x *Exchange) fillWho(w *event.Who, call *redact.Call) {
	w.Subject, w.Name, w.Email, w.Groups = x.id.Subject, x.id.Name, x.id.Email, x.id.Groups
	w.Tenant = x.id.Tenant
	w.Claimed, w.Chain = x.id.Claimed, x.id.Chain
	if x.peer.IsValid() {
		w.Peer = x.peer.String()
		w.Address = x.ClientAddress().String()
	}
	w.Forwarded = forwardingValues(x.r.Header)
	for i, v := range w.Forwarded {
		w.Forwarded[i] = call.Header("Forwarded", v)
	}
	w.UserAgent = call.Header("User-Agent", x.r.Header.Get("User-Agent"))
	if w.TLS = describeTLS(x.r.TLS); x.r.TLS != nil {
		w.TLS.JA4 = helloOf(x.r.Context())
	}
}

func describeTLS(t *tls.ConnectionState) event.TLS {
	if t == nil {
		return event.TLS{}
	}
	d := event.TLS{
		Version: strings.TrimPrefix(tls.VersionName(t.Version), "TLS "), Cipher: tls.CipherSuiteName(t.CipherSuite),
		ServerName: t.ServerName, Protocol: t.NegotiatedProtocol,
	}
	if len(t.PeerCertificates) > 0 {
		sum := sha256.Sum256(t.PeerCertificates[0].Raw)
		d.Subject = t.PeerCertificates[0].Subject.String()
		d.Certificate = "sha256:" + hex.EncodeToString(sum[:])
	}
	return d
}

// fillOperation says what was done. The header is never erased, so nothing
// goes into it that a caller could have chosen freely.
func (x *Exchange) fillOperation(e *event.Event) {
	op := &e.Operation
	op.Method = plainMethod(x.r.Method)
	op.Host = x.rec.hosts.operationHost(x.r.Host)
	switch {
	case x.conn != nil && x.conn.websocket:
		op.Protocol = "websocket"
	case x.isRPC():
		op.Protocol = "grpc"
		if op.Name = rpcName(e.What.Path); op.Name != "" {
			op.Basis = event.BasisProtocol
		}
		e.Outcome.RPCStatus = sentRPCStatus(e.Payload.Response.Trailers)
		if e.Outcome.RPCStatus == "" {
			e.Outcome.RPCStatus = sentRPCStatus(x.resLines)
		}
	case x.resType == "text/event-stream":
		op.Protocol = "sse"
	case x.r.ProtoMajor == 2:
		op.Protocol = "h2"
	case x.r.ProtoMajor == 1 && x.r.ProtoMinor == 0:
		op.Protocol = "http/1.0"
	default:
		op.Protocol = "http/1.1"
	}
}

func sentRPCStatus(lines []event.HeaderLine) string {
	for _, l := range lines {
		if l.Name == "Grpc-Status" {
			return rpcStatus(l.Value)
		}
	}
	return ""
}

// rpcName returns "pkg.Service/Method" for the path of a gRPC call; empty if
// it is not one, or if a part of it was redacted.
func rpcName(path string) string {
	name, ok := strings.CutPrefix(path, "/")
	if !ok || len(name) > 256 || strings.Count(name, "/") != 1 {
		return ""
	}
	for i := range len(name) {
		c := name[i] | 0x20
		if (c < 'a' || c > 'z') && (name[i] < '.' || name[i] > '9') && name[i] != '_' {
			return ""
		}
	}
	return name
}

// plainMethod returns the method if it can stand in a header: methods are
// short words.
func plainMethod(m string) string {
	if len(m) > 24 {
		return ""
	}
	for i := range len(m) {
		if c := m[i]; (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return ""
		}
	}
	return m
}

// mediaType returns the type without parameters, in lower case; empty if it is
// not one.
func mediaType(v []string) string {
	if len(v) == 0 {
		return ""
	}
	t, _, _ := strings.Cut(v[0], ";")
	t = strings.ToLower(strings.TrimSpace(t))
	if len(t) > 127 || strings.Count(t, "/") != 1 {
		return ""
	}
	for i := range len(t) {
		if c := t[i]; (c < 'a' || c > 'z') && (c < '-' || c > '9') && c != '+' && c != '_' {
			return ""
		}
	}
	return t
}

// headerLines returns the lines of h sorted by name, with a Host line if host
// is not empty.
func headerLines(h http.Header, host string) []event.HeaderLine {
	n := len(h)
	if host != "" {
		n++
	}
	if n == 0 {
		return nil
	}
	lines := make([]event.HeaderLine, 0, n)
	if host != "" {
		lines = append(lines, event.HeaderLine{Name: "Host", Value: host})
	}
	for name, values := range h {
		for _, v := range values {
			lines = append(lines, event.HeaderLine{Name: name, Value: v})
		}
	}
	sortLines(lines)
	return lines
}

func sortLines(lines []event.HeaderLine) {
	slices.SortStableFunc(lines, func(a, b event.HeaderLine) int { return strings.Compare(a.Name, b.Name) })
}

// redactLines redacts lines in place: nobody else has them.
func redactLines(lines []event.HeaderLine, call *redact.Call) []event.HeaderLine {
	for i := range lines {
		lines[i].Value = call.Header(lines[i].Name, lines[i].Value)
	}
	return lines
}

// address returns an address as text; empty for none.
func address(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
