package capture

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/redact"
)

// Defaults for the zero values of [Config] and [Options].
const (
	DefaultLimit         = 64 << 10        // bytes of a body that are recorded
	DefaultHold          = 64 << 10        // bytes of an answer that are held until it is recorded
	DefaultAppendTimeout = 5 * time.Second // how long an answer waits for its record
)

// Config is what all calls of a recorder have in common.
type Config struct {
	Edge       string     // names this process in its events; required. Sequence numbers begin at 1 each time a recorder is made, so a name that changes with each start tells restarts from losses
	Method     string     // "gateway" or "middleware"; empty: "middleware"
	Sink       Sink       // takes the events; required
	Identifier Identifier // says who calls; nil: every call is anonymous
	Observer   Observer   // says what calls are about; nil: nothing but what HTTP says

	Key      []byte           // the installation's key for fingerprints, at least 16 random bytes that never change; required without Redactor
	Redactor *redact.Redactor // nil: the default rules, under Key

	Hosts          []string       // hosts that are recorded as event.Operation.Host, "*.example.com" for any one label; empty: any that is a plain name or address
	TrustedProxies []netip.Prefix // peers whose forwarding headers are believed; empty: none
	ForwardedBy    string         // the header that they write: "X-Forwarded-For" (empty too) or "Forwarded"
	AppendTimeout  time.Duration  // how long an answer waits for its record before it is refused; 0: DefaultAppendTimeout

	Measures *policy.Live // which calls are refused; nil: none

	Options Options // for Middleware
}

// Durability says whether an answer waits for its record.
type Durability string

// The durabilities; see the package comment. The zero value means Served.
const (
	Served   Durability = "served"
	Recorded Durability = "recorded"
)

// Options are what the calls of a route have in common. The zero value is
// useful.
type Options struct {
	Source        string     // the listener, for event.Capture.Source
	Route         string     // the configured route; empty: none matched
	Durability    Durability // zero: Served
	RequestLimit  int        // bytes of the request's body that are recorded; 0: DefaultLimit, negative: none
	ResponseLimit int        // the same for the answer's
	Hold          int        // Recorded: bytes of the answer's body that are held; 0: DefaultHold, negative: none
	NoHeaders     bool       // header fields and trailers are not kept
	Identifier    Identifier // says who calls; nil: that of the recorder, whose KeySources must cover this one's
	Receipt       bool       // Recorded: answers that were held as a whole get a Gatebook-Receipt header

	// Pattern returns what the program's own router has for a call, as
	// [http.ServeMux] writes patterns: "GET /customers/{id}". Empty: it has
	// none. It must be quick, and safe for concurrent use. Nil: that of an
	// http.ServeMux, if the middleware wraps one; else none.
	Pattern func(r *http.Request) string
}

// ReceiptHeader is the header field of a receipt: base64 of the event's number
// in decimal, a line feed, and the signed checkpoint of a ledger that holds it.
const ReceiptHeader = "Gatebook-Receipt"

// Recorder records exchanges. It is safe for concurrent use.
type Recorder struct {
	edge, method string
	sink         Sink
	identifier   Identifier
	redactor     *redact.Redactor
	hosts        hostSet
	trusted      []netip.Prefix
	forwardedBy  string
	wait         time.Duration
	keyHeaders   []string
	keyQuery     []string
	evidence     []string
	observer     Observer
	measures     *policy.Live

	sequence       atomic.Uint64
	observerPanics atomic.Uint64
}

// New returns a recorder, or an error that lists all that is wrong with c.
func New(c Config) (*Recorder, error) {
	r := &Recorder{
		edge: c.Edge, method: c.Method, sink: c.Sink, identifier: c.Identifier, redactor: c.Redactor,
		observer: c.Observer, measures: c.Measures, trusted: c.TrustedProxies, forwardedBy: http.CanonicalHeaderKey(c.ForwardedBy), wait: c.AppendTimeout,
	}
	var errs []error
	if c.Edge == "" {
		errs = append(errs, errors.New("capture: Edge: is empty; give this process a name"))
	}
	if r.method == "" {
		r.method = "middleware"
	}
	if r.method != "middleware" && r.method != "gateway" {
		errs = append(errs, fmt.Errorf("capture: Method %q: want middleware or gateway", c.Method))
	}
	if c.Sink == nil {
		errs = append(errs, errors.New("capture: Sink: is nil; events must go somewhere"))
	}
	if r.forwardedBy == "" {
		r.forwardedBy = "X-Forwarded-For"
	}
	if r.forwardedBy != "X-Forwarded-For" && r.forwardedBy != "Forwarded" {
		errs = append(errs, fmt.Errorf("capture: ForwardedBy %q: want X-Forwarded-For or Forwarded", c.ForwardedBy))
	}
	if r.wait <= 0 {
		r.wait = DefaultAppendTimeout
	}
	if r.redactor == nil {
		var err error
		if r.redactor, err = redact.New(redact.Config{Key: redact.Key(c.Key)}); err != nil {
			errs = append(errs, fmt.Errorf("capture: Key: %w", err))
		}
	}
	var err error
	if r.hosts, err = newHostSet(c.Hosts); err != nil {
		errs = append(errs, err)
	}
	if c.Identifier != nil {
		r.keyHeaders, r.keyQuery, r.evidence = c.Identifier.KeySources()
	}
	return r, errors.Join(errs...)
}

// Sequence returns how many events the recorder has made.
func (r *Recorder) Sequence() uint64 { return r.sequence.Load() }

// ObserverPanics returns how many observations have panicked.
func (r *Recorder) ObserverPanics() uint64 { return r.observerPanics.Load() }

func (o *Options) requestLimit() int  { return orDefault(o.RequestLimit, DefaultLimit) }
func (o *Options) responseLimit() int { return orDefault(o.ResponseLimit, DefaultLimit) }
func (o *Options) hold() int          { return orDefault(o.Hold, DefaultHold) }

func (o *Options) durability() Durability {
	if o.Durability == "" {
		return Served
	}
	return o.Durability
}

func orDefault(v, def int) int {
	if v == 0 {
		return def
	}
	return max(v, 0)
}

// hostSet is the set of hosts that may stand in a header. A nil one means that
// any plain name may.
type hostSet map[string]bool

func newHostSet(hosts []string) (hostSet, error) {
	if len(hosts) == 0 {
		return nil, nil
	}
	set := make(hostSet, len(hosts))
	var errs []error
	for _, h := range hosts {
		if !plainHost(strings.TrimPrefix(strings.ToLower(h), "*.")) {
			errs = append(errs, fmt.Errorf("capture: host %q: want a name like api.example.com or *.example.com, without port", h))
		}
		set[strings.ToLower(h)] = true
	}
	return set, errors.Join(errs...)
}

// operationHost returns what is recorded for a Host header or :authority.
func (s hostSet) operationHost(host string) string {
	host = HostName(host)
	if s == nil {
		if plainHost(host) {
			return host
		}
		return ""
	}
	if s[host] {
		return host
	}
	if _, parent, ok := strings.Cut(host, "."); ok && s["*."+parent] && plainHost(host) {
		return host
	}
	return ""
}

// HostName returns the host of a Host header or an :authority in lower case,
// without its port, brackets and final dot.
func HostName(host string) string {
	if strings.HasPrefix(host, "[") {
		if end := strings.IndexByte(host, ']'); end > 0 {
			return strings.ToLower(host[1:end])
		}
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// plainHost reports whether h is a DNS name or an IP address.
func plainHost(h string) bool {
	if h == "" || len(h) > 253 {
		return false
	}
	label := 0
	for i := range len(h) {
		switch c := h[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			if label++; label > 63 {
				return false
			}
		case c == '.' && label > 0:
			label = 0
		default:
			_, err := netip.ParseAddr(h)
			return err == nil && !strings.Contains(h, "%")
		}
	}
	return label > 0
}

// rpcStatus returns the name of a gRPC status code; empty if it is none.
func rpcStatus(code string) string {
	for i, name := range rpcStatuses {
		if code == rpcNumbers[i] {
			return name
		}
	}
	return ""
}

var rpcStatuses = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
	"UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

var rpcNumbers = [...]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"}

var anonymous = Identity{
	Principal:  event.Principal{Kind: event.Anonymous, Reason: "no-identifier"},
	Credential: event.Credential{Method: "none"},
}
