package edge

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/ingest/delivery"
	"github.com/gatebook/gatebook/internal/policy"
)

// Config says where an edge gives its events. Server and Token are required.
type Config struct {
	Server string       // URL of the server's operations listener
	Token  string       // of the role edge
	Client *http.Client // asks the server; nil: one without proxy settings of its own. Its Timeout must be 0, or above 30 s

	// Spool is a folder, of this process alone, for events that the server does
	// not have yet, and for the settings, so that the program starts when the
	// server cannot be reached. What is in it is personal, and holds the key of
	// fingerprints; it is readable by its owner only. Empty: all is in memory.
	Spool string

	Memory   int64 // bytes of events that wait in memory; 0: 64 MiB
	SpoolMax int64 // bytes of events that wait in the spool; 0: 1 GiB

	// Identifier says who calls, for programs with a way of their own; nil:
	// issuers of tokens, client certificates and trusted headers, as the
	// server's configuration has them.
	Identifier capture.Identifier

	// Document is an OpenAPI document of the program's API, JSON or YAML; nil:
	// operations are known by the router, or learned.
	Document []byte

	Options        capture.Options // what all calls have in common; Route is the edge's name if it is empty
	Hosts          []string        // see [capture.Config]
	TrustedProxies []netip.Prefix  // see [capture.Config]
	ForwardedBy    string          // see [capture.Config]
	AppendTimeout  time.Duration   // see [capture.Config]

	Log *slog.Logger // nil: slog.Default()
}

// Edge is the middleware of a program. Make one with [Open]. It is safe for
// concurrent use.
type Edge struct {
	name     string
	recorder *capture.Recorder
	options  capture.Options
	out      *outbox
	log      *slog.Logger

	unlock io.Closer // nil: there is no spool
	stop   context.CancelFunc
	ended  sync.WaitGroup
	once   sync.Once
	closed error
}

// Open gets the settings from the server, and begins to deliver. If the server
// cannot be reached, and the spool has none from before, it tries again until
// ctx ends; a program that must start all the same gives a context with a
// deadline, and serves without middleware after an error.
func Open(ctx context.Context, c Config) (*Edge, error) {
	c.Log = cmp.Or(c.Log, slog.Default())
	server, err := newClient(&c)
	if err != nil {
		return nil, err
	}
	e := &Edge{log: c.Log}
	if c.Spool != "" {
		if err := os.MkdirAll(c.Spool, 0o700); err != nil {
			return nil, fmt.Errorf("edge: Spool: %w", err)
		}
		if e.unlock, err = disk.Lock(c.Spool); err != nil {
			return nil, fmt.Errorf("edge: Spool: it is of another process, each needs its own: %w", err)
		}
	}
	if err := e.open(ctx, &c, server); err != nil {
		if e.unlock != nil {
			e.unlock.Close()
		}
		return nil, err
	}
	return e, nil
}

func (e *Edge) open(ctx context.Context, c *Config, server *client) error {
	s, err := settings(ctx, c, server)
	if err != nil {
		return err
	}
	e.name = s.Edge
	if len(s.Left) > 0 {
		c.Log.Warn("the server knows ways to recognise callers that the middleware does not; such callers are unknown here", "left", strings.Join(s.Left, ", "))
	}
	life := e.name + delivery.EdgeSeparator + process()
	p, err := newParts(c, s)
	if err != nil {
		return err
	}
	if e.out, err = newOutbox(c, server, life); err != nil {
		return err
	}
	live := new(policy.Live)
	e.recorder, err = capture.New(capture.Config{
		Edge: life, Method: delivery.MethodMiddleware, Sink: e.out, Identifier: p.identifier, Observer: p.observer, Redactor: p.redactor, Measures: live,
		Hosts: c.Hosts, TrustedProxies: c.TrustedProxies, ForwardedBy: c.ForwardedBy, AppendTimeout: c.AppendTimeout,
	})
	if err != nil {
		return errors.Join(err, e.out.store.close())
	}
	e.options = c.Options
	e.options.Route = cmp.Or(e.options.Route, e.name)
	e.run(p, server, live)
	return nil
}

// run starts what works beside the calls.
func (e *Edge) run(p *parts, server *client, live *policy.Live) {
	ctx, cancel := context.WithCancel(context.Background())
	e.stop = cancel
	beside := func(what string, f func(context.Context) error) {
		e.ended.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				e.log.Error("gatebook: a part of the middleware ended", "part", what, "error", err)
			}
		})
	}
	beside("operations", p.operations.Run)
	if p.chain != nil {
		beside("identity", p.chain.Run)
	}
	beside("measures", func(ctx context.Context) error { return followMeasures(ctx, server, live, e.log) })
	e.out.start()
}

// Name is the edge's name: that of its token.
func (e *Edge) Name() string { return e.name }

// Middleware returns what records the calls of next, under the options of the
// configuration. Of an [http.ServeMux] the patterns are the route templates.
func (e *Edge) Middleware(next http.Handler) http.Handler { return e.With(e.options)(next) }

// With is [Edge.Middleware] under other options.
func (e *Edge) With(o capture.Options) func(http.Handler) http.Handler {
	o.Route = cmp.Or(o.Route, e.options.Route)
	return e.recorder.Middleware(o)
}

// Status says how an edge is.
type Status struct {
	Waiting   int       // events that the server does not have yet
	Delivered uint64    // events that it has sealed
	Lost      uint64    // events that were not delivered and will not be
	Failing   time.Time // since when the server does not take any; zero: it does
	Error     string    // why; empty: it does
}

// Status returns how the edge is.
func (e *Edge) Status() Status { return e.out.status() }

// Close delivers what waits, until ctx ends, and ends the edge. Calls must have
// ended before. With a spool what is left is delivered after the next start;
// without one it is lost, and the error says how much that is.
func (e *Edge) Close(ctx context.Context) error {
	e.once.Do(func() {
		e.closed = e.out.close(ctx)
		e.stop()
		e.ended.Wait()
		if e.unlock != nil {
			e.closed = errors.Join(e.closed, e.unlock.Close())
		}
	})
	return e.closed
}

// process tells this process from all others of the edge, on any machine.
func process() string {
	var b [4]byte
	rand.Read(b[:])
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unknown"
	}
	return host + "." + time.Now().UTC().Format("20060102T150405Z") + "." + hex.EncodeToString(b[:])
}

// checkServer returns what is wrong with where the server is said to be.
func checkServer(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("edge: Server: is empty; it is the URL of Gatebook's operations listener, such as http://127.0.0.1:8401")
	case err != nil:
		return nil, errors.New("edge: Server: it is no URL; want one such as http://127.0.0.1:8401")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("edge: Server: %q: want a URL with http or https and a host", u.Redacted())
	}
	return u, nil
}

// settingsFile is where the settings are kept, in the spool.
const settingsFile = "settings.json"
