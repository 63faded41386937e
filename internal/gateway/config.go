package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// Defaults for the zero values of [Config], [Route] and [Timeouts].
const (
	DefaultDrain         = 10 * time.Second
	DefaultHeaderTimeout = 10 * time.Second
	DefaultIdleTimeout   = 120 * time.Second
	DefaultMaxHeader     = 64 << 10
	DefaultUpstreamWait  = 60 * time.Second
	DefaultClientWait    = 120 * time.Second
)

// Config is a gateway's configuration.
type Config struct {
	Recorder  *capture.Recorder // records the calls; required
	Listeners []Listener        // at least one
	Routes    []Route           // see [Gateway.Swap] for changing them

	Drain         time.Duration // how long calls in flight may take after the end of Run's context; 0: DefaultDrain
	HeaderTimeout time.Duration // how long a client may take for its header; 0: DefaultHeaderTimeout
	IdleTimeout   time.Duration // how long a connection may be idle; 0: DefaultIdleTimeout
	MaxHeader     int           // bytes of a request's header; 0: DefaultMaxHeader
	MaxInFlight   int           // calls at a time, others get a 503; 0: no limit
	Log           *slog.Logger  // for what concerns no call; nil: slog.Default()
}

// Listener is where calls come in.
type Listener struct {
	Name     string       // for events; empty: its address
	Address  string       // host:port to listen on
	Listener net.Listener // instead of Address; closed by Run
	TLS      *TLS         // nil: cleartext
	NoHTTP2  bool         // HTTP/2 is not offered on TLS
	NoH2C    bool         // HTTP/2 is not accepted in cleartext
}

// Route says which calls go where, and how they are recorded. Of the routes
// that match a call the one with the most exact host wins (a name, then a
// pattern, then any), then the longest path, then one that names the method.
type Route struct {
	Name    string   // for events; required, and unique
	Hosts   []string // "api.example.com", "*.example.com" for any one label; empty: any
	Path    string   // prefix of whole segments: "/v1" is for /v1 and /v1/x, not for /v10; empty: any
	Methods []string // empty: any

	Upstream Upstream
	Capture  capture.Options // Source and Route are set by the gateway
	Level    event.Level     // how far the principal must be proven; 0: need not
	MaxBody  int64           // bytes of a request's body; 0: no limit
	Timeouts Timeouts

	RewriteHost     bool // the API sees the host of its own URL; else the one that was asked for
	ForwardIdentity bool // the API is told who calls: see [PrincipalHeader]
}

// Upstream is the API behind a route.
type Upstream struct {
	URL     *url.URL    // http or https, host, and a path that is put before that of the call; required
	H2C     bool        // http only: speak HTTP/2, as gRPC needs
	TLS     *tls.Config // https only; nil: the system's roots
	MaxIdle int         // connections kept for later; 0: http1.DefaultMaxIdle
}

// Timeouts of a route. A negative one means none.
type Timeouts struct {
	Connect time.Duration // to the API; 0: http1.DefaultDialTimeout
	Answer  time.Duration // from the end of the request to the answer's header; 0: DefaultUpstreamWait
	Idle    time.Duration // each wait for more of the answer's body; 0: none, because streams may be silent
	Client  time.Duration // each wait for the client, to send more of its body or to take more of the answer; 0: DefaultClientWait
}

// The header fields that tell the API who calls, with ForwardIdentity. The
// level is a digit; Principal and Client are absent if they are not known.
const (
	PrincipalHeader = "Gatebook-Principal"
	SubjectHeader   = "Gatebook-Subject"
	LevelHeader     = "Gatebook-Level"
	ClientHeader    = "Gatebook-Client"
)

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return max(d, 0)
}

// check returns all that is wrong with c.
func (c *Config) check() error {
	var errs []error
	if c.Recorder == nil {
		errs = append(errs, errors.New("gateway: Recorder: is nil; each call must be recorded"))
	}
	if len(c.Listeners) == 0 {
		errs = append(errs, errors.New("gateway: Listeners: is empty; name an address to listen on"))
	}
	for i, l := range c.Listeners {
		if l.Address == "" && l.Listener == nil {
			errs = append(errs, fmt.Errorf("gateway: Listeners[%d]: has no address", i))
		}
	}
	return errors.Join(errs...)
}

// check returns all that is wrong with r.
func (r *Route) check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("gateway: route %q: "+format, append([]any{r.Name}, args...)...))
	}
	if r.Name == "" {
		bad("has no name")
	}
	if r.Path != "" && r.Path[0] != '/' {
		bad("path %q: must begin with a slash", r.Path)
	}
	for _, h := range r.Hosts {
		if name := strings.TrimPrefix(h, "*."); name == "" || capture.HostName(name) != strings.ToLower(name) || strings.Contains(name, "*") {
			bad("host %q: want a name like api.example.com or *.example.com, without port", h)
		}
	}
	for _, m := range r.Methods {
		if m == "" || m != strings.ToUpper(m) {
			bad("method %q: want upper case", m)
		}
	}
	switch u := r.Upstream.URL; {
	case u == nil || u.Host == "":
		bad("upstream: has no host; want a URL like http://localhost:3000")
	case u.Scheme != "http" && u.Scheme != "https":
		bad("upstream %s: scheme %q: want http or https", u.Redacted(), u.Scheme)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		bad("upstream %s: may have no user, query or fragment", u.Redacted())
	case u.Scheme == "https" && r.Upstream.H2C:
		bad("upstream %s: h2c is for http only; https chooses HTTP/2 by itself", u.Redacted())
	}
	if d := r.Capture.Durability; d != "" && d != capture.Served && d != capture.Recorded {
		bad("durability %q: want served or recorded", string(d))
	}
	if r.MaxBody < 0 {
		bad("max body: %d is negative", r.MaxBody)
	}
	return errors.Join(errs...)
}

func checkRoutes(routes []Route) error {
	var errs []error
	for i := range routes {
		errs = append(errs, routes[i].check())
		if j := slices.IndexFunc(routes, func(r Route) bool { return r.Name == routes[i].Name }); j < i {
			errs = append(errs, fmt.Errorf("gateway: route %q: is there twice", routes[i].Name))
		}
	}
	return errors.Join(errs...)
}
