package otlp

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	logsv1 "go.opentelemetry.io/proto/otlp/logs/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/redact"
)

// The reasons of a principal's level.
const (
	reasonAsserted  = "otlp"
	reasonNotLogged = "not-logged"
)

// attrs are attributes by name. Lists are joined by commas.
type attrs map[string]string

func attributes(list []*commonv1.KeyValue) attrs {
	a := make(attrs, len(list))
	for _, kv := range list {
		if v := textOf(kv.GetValue()); v != "" {
			a[kv.GetKey()] = v
		}
	}
	return a
}

func textOf(v *commonv1.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *commonv1.AnyValue_StringValue:
		return v.StringValue
	case *commonv1.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *commonv1.AnyValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	case *commonv1.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *commonv1.AnyValue_ArrayValue:
		var list []string
		for _, x := range v.ArrayValue.GetValues() {
			list = append(list, textOf(x))
		}
		return strings.Join(list, ", ")
	}
	return ""
}

// first returns the first attribute that is there: the stable name of
// OpenTelemetry's conventions, then the ones before.
func (a attrs) first(names ...string) string {
	for _, n := range names {
		if v := a[n]; v != "" {
			return v
		}
	}
	return ""
}

type converter struct {
	cfg     Config
	label   string
	n       uint64
	events  []*event.Event
	skipped ingest.Skipped
}

func (c *converter) take(e *event.Event, err error) {
	c.n++
	if err != nil {
		c.skipped.Add(c.n, err)
	} else if e != nil {
		c.events = append(c.events, e)
	}
}

// span makes an event of a span; nil: it is none of a server's call.
func (c *converter) span(s *tracev1.Span, resource attrs, json bool) (*event.Event, error) {
	a := attributes(s.GetAttributes())
	if s.GetKind() != tracev1.Span_SPAN_KIND_SERVER || !a.isCall() {
		return nil, nil
	}
	trace, span := idOf(s.GetTraceId(), 16, json), idOf(s.GetSpanId(), 8, json)
	if trace == "" || span == "" {
		return nil, errors.New("trace_id, span_id: want 16 and 8 bytes")
	}
	from, err := when("start_time_unix_nano", s.GetStartTimeUnixNano())
	if err != nil {
		return nil, err
	}
	to, err := when("end_time_unix_nano", s.GetEndTimeUnixNano())
	if err != nil {
		return nil, err
	}
	if to.Before(from) {
		to = from
	}
	e := c.event(s, s.GetAttributes(), a, resource, "span\x00"+trace+span, from, to)
	if parent := idOf(s.GetParentSpanId(), 8, json); event.IsTraceID(trace) && event.IsSpanID(parent) {
		e.Trace = event.Trace{ID: trace, Parent: parent}
	} else if event.IsTraceID(trace) {
		e.Trace = event.Trace{ID: trace}
	}
	return e, nil
}

// log makes an event of a log record; nil: it is of no call.
func (c *converter) log(l *logsv1.LogRecord, resource attrs, json bool) (*event.Event, error) {
	a := attributes(l.GetAttributes())
	if !a.isCall() {
		return nil, nil
	}
	at, err := when("time_unix_nano", cmp.Or(l.GetTimeUnixNano(), l.GetObservedTimeUnixNano()))
	if err != nil {
		return nil, err
	}
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(l)
	if err != nil {
		return nil, err
	}
	e := c.event(l, l.GetAttributes(), a, resource, "log\x00"+c.cfg.Redactor.Fingerprint(string(text)), at, at)
	if trace := idOf(l.GetTraceId(), 16, json); event.IsTraceID(trace) {
		e.Trace.ID = trace
	}
	return e, nil
}

// isCall reports whether attributes are those of a call.
func (a attrs) isCall() bool {
	return a.first("http.request.method", "http.method") != "" && a.target() != "" || a["rpc.system"] != "" && a["rpc.method"] != ""
}

// target is the path and the query of a call, as the client sent them.
func (a attrs) target() string {
	if path := a["url.path"]; path != "" {
		if q := a["url.query"]; q != "" {
			path += "?" + q
		}
		return path
	}
	if target := a["http.target"]; target != "" {
		return target
	}
	for _, name := range []string{"url.full", "http.url"} {
		if _, rest, ok := strings.Cut(a[name], "://"); ok {
			if i := strings.IndexAny(rest, "/?"); i >= 0 {
				return rest[i:]
			}
			return "/"
		}
	}
	return ""
}

// event makes an event of the attributes of m, which are list as they were sent.
func (c *converter) event(m proto.Message, list []*commonv1.KeyValue, a, resource attrs, id string, from, to time.Time) *event.Event {
	e := &event.Event{Who: &event.Who{}, What: &event.What{}, Payload: &event.Payload{}}
	sum := sha256.Sum256([]byte("otlp\x00" + c.cfg.Source + "\x00" + id))
	e.ID = event.NewID(from, [8]byte(sum[:8]))
	e.Kind, e.Arrived, e.Completed = event.Access, from, to
	e.Edge = c.label
	if name := plain(resource["service.name"]); name != "" {
		e.Edge += "/" + name
	}
	e.Capture = event.Capture{Method: "import", Source: c.label}

	l := capture.Logged{Answer: http.Header{}}
	l.Source, l.Route, l.Method, l.Header = c.label, c.label, a.first("http.request.method_original", "http.request.method", "http.method"), http.Header{}
	l.Host = capture.HostName(a.first("server.address", "http.host", "net.host.name"))
	l.Path, l.Query, _ = strings.Cut(a.target(), "?")
	if v := a.first("network.protocol.version", "http.flavor"); v != "" {
		l.Proto = "HTTP/" + v
	}
	l.Status, _ = strconv.Atoi(a.first("http.response.status_code", "http.status_code"))
	if l.Status < 100 || l.Status > 999 {
		l.Status = 0
	}
	headers(a, &l)
	c.where(a, e, &l)
	identity := c.who(a, e)
	l.Identity = &identity
	call := c.cfg.Redactor.Call()
	c.cfg.Describer.Describe(e, &l, call)
	c.rpc(a, e)
	if route := plain(template(a["http.route"])); route != "" && e.Operation.Name == "" {
		e.Operation.Route, e.Operation.Basis = route, event.BasisRouter
	}
	e.Request.Bytes, e.Response.Bytes = bytesOf(a.first("http.request.body.size", "http.request_content_length")), bytesOf(a.first("http.response.body.size", "http.response_content_length"))
	e.Who.TLS = event.TLS{Version: a["tls.protocol.version"], Cipher: a["tls.cipher"], Subject: a["tls.client.subject"], ServerName: a["tls.client.server_name"]}
	if e.Who.TLS.Version == "" {
		e.Who.TLS = event.TLS{}
	}
	for _, kv := range list { // m is ours
		switch v, _ := kv.GetValue().GetValue().(*commonv1.AnyValue_StringValue); kv.GetKey() {
		case "url.full", "http.url", "http.target":
			if v != nil {
				v.StringValue = call.URL(v.StringValue)
			}
		}
	}
	e.Payload.Original = original(m, call)
	return e
}

// original is what was sent as JSON, without its secrets. Protobuf's JSON has
// spaces at random.
func original(m proto.Message, call *redact.Call) string {
	text, err := protojson.Marshal(m)
	if err != nil {
		return ""
	}
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return ""
	}
	kept, _ := call.Body("application/json", b.Bytes(), false)
	return string(kept)
}

// headers takes those that instrumentation was told to record.
func headers(a attrs, l *capture.Logged) {
	for name, v := range a {
		if h, ok := strings.CutPrefix(name, "http.request.header."); ok {
			l.Header.Set(strings.ReplaceAll(h, "_", "-"), v)
		} else if h, ok := strings.CutPrefix(name, "http.response.header."); ok {
			l.Answer.Set(strings.ReplaceAll(h, "_", "-"), v)
		}
	}
	if agent := a.first("user_agent.original", "http.user_agent"); agent != "" {
		l.Header.Set("User-Agent", agent)
	}
}

// where says where a call came from. The client's address is that which the
// program's instrumentation found, which may have been in a header: the peer
// counts, and the client is what was claimed.
func (c *converter) where(a attrs, e *event.Event, l *capture.Logged) {
	peer, client := a.first("network.peer.address", "net.sock.peer.addr", "net.peer.ip"), a.first("client.address", "http.client_ip")
	l.Peer, _ = netip.ParseAddr(cmp.Or(peer, client))
	l.Peer = l.Peer.WithZone("").Unmap()
	e.Who.Peer = cmp.Or(peer, client)
	if port, err := strconv.ParseUint(a.first("network.peer.port", "net.sock.peer.port", "net.peer.port"), 10, 16); err == nil && peer != "" && l.Peer.IsValid() {
		e.Who.Peer = netip.AddrPortFrom(l.Peer, uint16(port)).String()
	}
	if client != "" && peer != "" && client != peer && l.Header.Get("X-Forwarded-For") == "" {
		l.Header.Set("X-Forwarded-For", client)
	}
}

// who says who called, as the program asserts it.
func (c *converter) who(a attrs, e *event.Event) capture.Identity {
	id := capture.Identity{Principal: event.Principal{Kind: event.Unknown, Reason: reasonNotLogged}}
	user := a.first("user.id", "enduser.id", "user.name")
	if user == "" || a.first("http.response.status_code", "http.status_code") == "401" {
		e.Principal = id.Principal
		return id
	}
	id.Principal = event.Principal{Kind: event.User, ID: c.cfg.Pseudonym(c.label, user), Issuer: c.label, Level: event.LevelAsserted, Reason: reasonAsserted}
	id.Subject, id.Name, id.Email = user, a.first("user.full_name", "user.name"), a["user.email"]
	e.Principal = id.Principal
	e.Who.Subject, e.Who.Name, e.Who.Email = id.Subject, id.Name, id.Email
	if roles := a.first("user.roles", "enduser.role"); roles != "" {
		e.Who.Groups = strings.Split(roles, ", ")
	}
	for s := range strings.FieldsSeq(strings.ReplaceAll(a["enduser.scope"], ",", " ")) {
		if s = plain(s); s != "" && !slices.Contains(e.Credential.Scopes, s) {
			e.Credential.Scopes = append(e.Credential.Scopes, s)
		}
	}
	slices.Sort(e.Credential.Scopes)
	return id
}

// rpcCodes are the names of gRPC's codes.
var rpcCodes = strings.Fields("OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED")

// rpc takes what is said of a remote procedure.
func (c *converter) rpc(a attrs, e *event.Event) {
	system, method := a["rpc.system"], a["rpc.method"]
	if system == "" || method == "" {
		return
	}
	name := method
	if service := a["rpc.service"]; service != "" {
		name = service + "/" + method
	}
	if name = plain(name); name == "" {
		return
	}
	e.Operation.Protocol, e.Operation.Name, e.Operation.Route, e.Operation.Basis = plain(system), name, "", event.BasisProtocol
	if code, err := strconv.Atoi(a["rpc.grpc.status_code"]); err == nil && code >= 0 && code < len(rpcCodes) {
		e.Outcome.RPCStatus = rpcCodes[code]
	}
}

// template writes the parameters of a router's route in braces: /a/:id and
// /a/<int:id> as /a/{id}.
func template(route string) string {
	segments := strings.Split(route, "/")
	for i, s := range segments {
		switch {
		case len(s) > 1 && s[0] == ':':
			segments[i] = "{" + strings.TrimSuffix(s[1:], "?") + "}"
		case len(s) > 2 && s[0] == '<' && s[len(s)-1] == '>':
			s = s[1 : len(s)-1]
			segments[i] = "{" + s[strings.LastIndexByte(s, ':')+1:] + "}"
		}
	}
	return strings.Join(segments, "/")
}

func when(name string, nanos uint64) (time.Time, error) {
	t := time.Unix(0, int64(nanos)).UTC()
	if y := t.Year(); nanos > 1<<63-1 || y < 2000 || y > 2200 {
		return t, fmt.Errorf("%s: %d is no time in the years 2000 to 2200", name, nanos)
	}
	return t, nil
}

func bytesOf(v string) uint64 {
	n, err := strconv.ParseUint(v, 10, 53)
	if err != nil {
		return 0
	}
	return n
}

// plain returns s if it can stand in a header.
func plain(s string) string {
	if len(s) > capture.MaxWord {
		return ""
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return ""
		}
	}
	return s
}

func quoted(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic("a text is JSON: " + err.Error())
	}
	return b
}
