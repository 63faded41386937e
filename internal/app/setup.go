package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/config"
)

// setup tells who waits for the first call how calls come in. It connects to
// each upstream, and remembers the result for a moment, so that nobody can make
// it connect more often.
type setup struct {
	mu   sync.Mutex // guards the others, and holds up who comes while upstreams are asked
	at   time.Time
	last *api.Setup
}

// Times of setup.
const (
	setupFresh = 3 * time.Second
	setupDial  = 2 * time.Second
)

func (a *App) setupOf(ctx context.Context) *api.Setup {
	a.setup.mu.Lock()
	defer a.setup.mu.Unlock()
	if a.setup.last != nil && time.Since(a.setup.at) < setupFresh {
		return a.setup.last
	}
	cfg := a.now.Load()
	s := &api.Setup{Listeners: []api.SetupListener{}, Identity: identitySources(cfg)}
	for _, d := range a.doors {
		u := url.URL{Scheme: "http", Host: reachable(d.addr)}
		if l := listenerOf(cfg, d.name); l != nil && l.TLS.Certificate != "" {
			u.Scheme = "https"
		}
		s.Listeners = append(s.Listeners, api.SetupListener{Name: d.name, URL: u.String()})
	}
	s.Routes = make([]api.SetupRoute, len(cfg.Gateway.Routes))
	var wg sync.WaitGroup
	for i := range cfg.Gateway.Routes {
		wg.Go(func() { s.Routes[i] = setupRoute(ctx, &cfg.Gateway.Routes[i]) })
	}
	wg.Wait()
	if ctx.Err() == nil { // else the upstreams were not asked to the end
		a.setup.last, a.setup.at = s, time.Now()
	}
	return s
}

func listenerOf(c *config.Config, name string) *config.Listener {
	for i := range c.Gateway.Listeners {
		if c.Gateway.Listeners[i].Name == name {
			return &c.Gateway.Listeners[i]
		}
	}
	return nil
}

// identitySources names what is configured that can prove who calls.
func identitySources(c *config.Config) []string {
	out := []string{}
	for i := range c.Identity.OIDC {
		out = append(out, "oidc "+c.Identity.OIDC[i].Issuer.Redacted())
	}
	for _, s := range []struct {
		on   bool
		name string
	}{
		{c.Identity.APIKeys.Enabled, "api_keys"}, {c.Identity.MTLS.Enabled, "mtls"},
		{c.Identity.Basic.UsersFile != "", "basic"}, {len(c.Identity.TrustedHeaders.Peers) > 0, "trusted_headers"},
	} {
		if s.on {
			out = append(out, s.name)
		}
	}
	return out
}

// setupRoute connects to the upstream of a route.
func setupRoute(ctx context.Context, r *config.Route) api.SetupRoute {
	out := api.SetupRoute{Name: r.Name, Listeners: r.Listeners, Hosts: r.Hosts, Path: r.Path, Upstream: r.Upstream.Redacted()}
	up, err := upstream(r)
	if err == nil {
		err = connect(ctx, up.URL, up.TLS)
	}
	if out.Reachable = err == nil; !out.Reachable {
		out.Fault, out.Fix = upstreamFault(r, err)
	}
	return out
}

// connect opens a connection and closes it.
func connect(ctx context.Context, u *url.URL, t *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, setupDial)
	defer cancel()
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	address := net.JoinHostPort(u.Hostname(), port)
	var conn net.Conn
	var err error
	if u.Scheme == "https" {
		d := tls.Dialer{Config: t}
		conn, err = d.DialContext(ctx, "tcp", address)
	} else {
		var d net.Dialer
		conn, err = d.DialContext(ctx, "tcp", address)
	}
	if err == nil {
		conn.Close()
	}
	return err
}

// upstreamFault says what is wrong with an upstream, and what to do.
func upstreamFault(r *config.Route, err error) (fault, fix string) {
	key := "gateway.routes[" + r.Name + "]"
	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var plain tls.RecordHeaderError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at " + r.Upstream.Host, "start the API, or correct " + key + ".upstream"
	case errors.As(err, &dns):
		return "the name " + r.Upstream.Hostname() + " is not known", "correct " + key + ".upstream, or the name service of this machine"
	case errors.As(err, &authority):
		return "the certificate of " + r.Upstream.Host + " is of an authority that is not known here", "name its file as " + key + ".upstream_tls.ca"
	case errors.As(err, &name):
		return "the certificate of " + r.Upstream.Host + " is for another name", "set " + key + ".upstream_tls.server_name"
	case errors.As(err, &plain):
		return r.Upstream.Host + " does not speak TLS", "write http:// in " + key + ".upstream"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s did not answer within %s", r.Upstream.Host, setupDial), "look for a firewall on the way, or correct " + key + ".upstream"
	}
	return err.Error(), "correct " + key
}
