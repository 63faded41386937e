package gateway

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatebook/gatebook/capture"
)

// Gateway is a reverse proxy that records. Its methods are safe for concurrent
// use.
type Gateway struct {
	c     Config
	rec   *capture.Recorder
	names []string // of the listeners
	log   *slog.Logger
	stats stats

	routes atomic.Pointer[routeSet]
	swap   sync.Mutex // held by Swap

	certs []*certs // by listener; nil: cleartext

	cut    context.Context // ends when calls in flight are to be cut
	cutNow context.CancelCauseFunc
	calls  sync.WaitGroup
}

// errDraining is the cause of the end of calls that were cut at shutdown.
var errDraining = errors.New("the server was stopped")

// New returns a gateway that is not yet running, or an error that lists all
// that is wrong with c. It reads the files that c names.
func New(c Config) (*Gateway, error) {
	g := &Gateway{c: c, rec: c.Recorder, log: c.Log}
	if g.log == nil {
		g.log = slog.Default()
	}
	errs := []error{c.check()}
	for _, l := range c.Listeners {
		name := l.Name
		if name == "" {
			name = l.Address
		}
		if name == "" && l.Listener != nil {
			name = l.Listener.Addr().String()
		}
		g.names = append(g.names, name)
		var cs *certs
		if l.TLS != nil {
			var err error
			cs, err = newCerts(l.TLS)
			errs = append(errs, err)
		}
		g.certs = append(g.certs, cs)
	}
	g.cut, g.cutNow = context.WithCancelCause(context.Background())
	g.stats.init()
	if err := errors.Join(append(errs, g.Swap(c.Routes))...); err != nil {
		return nil, err
	}
	return g, nil
}

// Swap replaces all routes at once. Calls that have begun go on under the old
// ones. If a route cannot be used nothing changes, and the error says all that
// is wrong.
func (g *Gateway) Swap(routes []Route) error {
	if err := checkRoutes(routes); err != nil {
		return err
	}
	g.swap.Lock()
	defer g.swap.Unlock()
	old := map[carrierKey]carrier{}
	if set := g.routes.Load(); set != nil {
		old = set.carriers
	}
	carriers := make(map[carrierKey]carrier)
	ready := make([]*route, len(routes))
	for i := range routes {
		r := &route{Route: routes[i], host: routes[i].Upstream.URL.Host, base: strings.TrimSuffix(routes[i].Upstream.URL.EscapedPath(), "/")}
		r.answer, r.idle = orDefault(r.Timeouts.Answer, DefaultUpstreamWait), orDefault(r.Timeouts.Idle, 0)
		r.client = orDefault(r.Timeouts.Client, DefaultClientWait)
		key := keyOf(&r.Route)
		if carriers[key] == nil {
			if carriers[key] = old[key]; carriers[key] == nil {
				carriers[key] = newCarrier(&r.Route)
			}
		}
		r.to = carriers[key]
		ready[i] = r
	}
	g.routes.Store(newRouteSet(ready, g.names, carriers))
	for key, c := range old {
		if carriers[key] != c {
			c.close()
		}
	}
	return nil
}

// Reload reads the certificates and authorities of all listeners again. If one
// cannot be used nothing changes for its listener.
func (g *Gateway) Reload() error {
	var errs []error
	for _, c := range g.certs {
		if c != nil {
			errs = append(errs, c.reload())
		}
	}
	return errors.Join(errs...)
}

// Listen opens the listeners, so that Run cannot fail for want of an address.
// It returns their addresses. Run calls it if it was not called.
func (g *Gateway) Listen() ([]net.Addr, error) {
	var addrs []net.Addr
	for i := range g.c.Listeners {
		l := &g.c.Listeners[i]
		if l.Listener == nil {
			nl, err := net.Listen("tcp", l.Address)
			if err != nil {
				return addrs, fmt.Errorf("gateway: listener %s: %w", g.names[i], err)
			}
			l.Listener = nl
		}
		addrs = append(addrs, l.Listener.Addr())
	}
	return addrs, nil
}

// Run serves until ctx ends, then lets the calls in flight end for up to
// Config.Drain, and cuts the rest. When it returns the events of all calls
// have been handed to the sink. It may be called once.
func (g *Gateway) Run(ctx context.Context) error {
	if _, err := g.Listen(); err != nil {
		return err
	}
	servers := make([]*http.Server, len(g.c.Listeners))
	failed := make(chan error, len(servers))
	for i := range servers {
		servers[i] = g.server(i)
		go func() { failed <- g.serve(i, servers[i]) }()
	}
	var err error
	running := len(servers)
	select {
	case <-ctx.Done():
	case err = <-failed:
		running--
	}
	g.drain(servers)
	for range running {
		<-failed
	}
	return err
}

func (g *Gateway) server(i int) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(!g.c.Listeners[i].NoHTTP2)
	protocols.SetUnencryptedHTTP2(!g.c.Listeners[i].NoH2C)
	maxHeader := g.c.MaxHeader
	if maxHeader <= 0 {
		maxHeader = DefaultMaxHeader
	}
	s := &http.Server{
		Handler:           handler{g, i},
		Protocols:         protocols,
		ReadHeaderTimeout: orDefault(g.c.HeaderTimeout, DefaultHeaderTimeout),
		IdleTimeout:       orDefault(g.c.IdleTimeout, DefaultIdleTimeout),
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return g.cut },
		ErrorLog:          log.New(&errorLog{g, g.names[i]}, "", 0),
		// OPTIONS * is for the API to answer.
		DisableGeneralOptionsHandler: true,
	}
	if c := g.certs[i]; c != nil {
		s.TLSConfig, s.ConnContext = c.config(), capture.ConnContext
	}
	return s
}

func (g *Gateway) serve(i int, s *http.Server) error {
	l := g.c.Listeners[i].Listener
	var err error
	if s.TLSConfig != nil {
		err = s.ServeTLS(l, "", "")
	} else {
		err = s.Serve(&watchedListener{l, g, g.names[i]})
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("gateway: listener %s: %w", g.names[i], err)
}

// drain ends what is in flight.
func (g *Gateway) drain(servers []*http.Server) {
	limit, cancel := context.WithTimeout(context.Background(), orDefault(g.c.Drain, DefaultDrain))
	defer cancel()
	var stopping sync.WaitGroup
	for _, s := range servers {
		stopping.Go(func() {
			if s.Shutdown(limit) != nil {
				g.cutNow(errDraining)
				s.Close()
			}
		})
	}
	stopping.Wait()
	idle := make(chan struct{})
	go func() { g.calls.Wait(); close(idle) }()
	select {
	case <-idle: // upgraded connections too
	case <-limit.Done():
	}
	g.cutNow(errDraining)
	<-idle
	for _, c := range g.routes.Load().carriers {
		c.close()
	}
}

// errorLog takes what net/http logs: failed handshakes are calls that did not
// come to be.
type errorLog struct {
	g    *Gateway
	name string
}

func (l *errorLog) Write(p []byte) (int, error) {
	text := strings.TrimSpace(string(p))
	if rest, ok := strings.CutPrefix(text, "http: TLS handshake error from "); ok {
		peer, _, _ := strings.Cut(rest, ": ")
		if strings.HasSuffix(rest, ": EOF") {
			return len(p), nil // a port check
		}
		at, _ := netip.ParseAddrPort(peer)
		l.g.reject(capture.Rejected{Source: l.name, Peer: at, Code: capture.TLSHandshake, Arrived: time.Now()})
		return len(p), nil
	}
	if !strings.HasPrefix(text, "http: URL query contains semicolon") {
		l.g.log.Warn("serving", "listener", l.name, "net/http", text)
	}
	return len(p), nil
}
