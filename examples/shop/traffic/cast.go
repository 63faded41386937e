package traffic

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/gatebook/gatebook/examples/shop/grant"
	"github.com/gatebook/gatebook/examples/shop/issuer"
)

// callTimeout ends a call that is not answered.
const callTimeout = 30 * time.Second

var browsers = []string{
	"Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
}

// company knows the people and applications, and makes callers of them.
type company struct {
	cfg    Config
	issuer *grant.Issuer
	counts *counts
	users  map[string]issuer.User
	apps   map[string]grant.App
	actors []*actor
}

// cast makes all callers. Their shares say who calls how often.
func cast(cfg Config, is *grant.Issuer, counts *counts) []*actor {
	c := &company{cfg: cfg, issuer: is, counts: counts, users: map[string]issuer.User{}, apps: map[string]grant.App{}}
	for _, u := range issuer.DefaultUsers() {
		c.users[u.Name] = u
	}
	for _, cl := range issuer.DefaultClients() {
		c.apps[cl.ID] = grant.App{ID: cl.ID, Secret: cl.Secret, RedirectURI: cl.RedirectURI}
	}
	// People: a few do most of the work.
	for i, p := range []struct {
		name  string
		share float64
		plan  func(*rand.Rand) visit
	}{
		{"alice", 18, support}, {"bob", 9, support}, {"carol", 8, sales}, {"heidi", 6, support},
		{"dave", 4, sales}, {"erin", 4, analyst()}, {"grace", 4, administrator}, {"frank", 3, stock},
	} {
		c.add(People, p.name, p.share, browsers[i%len(browsers)], p.plan).creds = c.person(p.name, "shop-web")
	}
	c.add(Services, "nightly-billing", 10, "nightly-billing/2.3", billing()).creds = c.service("nightly-billing")
	sync := c.add(Services, "stock-sync", 9, "stock-sync/0.9 (Go-http-client/2.0)", stockSync)
	sync.creds, sync.steady = c.service("stock-sync"), true
	c.add(Services, "checkout", 3, "checkout/4.0", checkout).creds = c.exchanged("checkout", "carol")
	for i, name := range []string{"alice", "erin"} {
		c.add(Apps, "reporter for "+name, float64(5-2*i), "Reporter/5.1", reporter).creds = c.person(name, "reporter")
	}
	c.machine()
	c.add(Strange, "visitor", 7, browsers[1], visitor)
	c.add(Strange, "scanner", 2, "python-requests/2.32.5", scanner)
	c.add(Strange, "hr-sync", 1, "hr-sync/1.0", lost).creds = c.service("hr-sync")
	c.finish()
	return c.actors
}

// machine adds a scanner in the warehouse, if it has a key or a certificate.
func (c *company) machine() {
	if c.cfg.APIKey == "" && c.cfg.Certificate == nil {
		return
	}
	a := c.add(Machines, "warehouse", 8, "warehouse-scanner/1.9", warehouse)
	a.target = c.cfg.MachineTarget
	if c.cfg.APIKey != "" {
		a.headers = map[string]string{"X-API-Key": c.cfg.APIKey}
	}
	if c.cfg.Certificate != nil {
		a.client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{*c.cfg.Certificate}
	}
}

// add makes a caller with connections of its own.
func (c *company) add(kind, name string, share float64, agent string, plan func(*rand.Rand) visit) *actor {
	base := c.cfg.TLS
	if base == nil {
		base = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	tr := &http.Transport{TLSClientConfig: base.Clone(), ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 2,
		IdleConnTimeout: time.Minute}
	a := &actor{name: name, kind: kind, share: share, target: c.cfg.Target, agent: agent, plan: plan,
		counts: c.counts, client: &http.Client{Transport: tr, Timeout: callTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		wake: make(chan struct{}, 4)}
	c.actors = append(c.actors, a)
	return a
}

// finish gives each caller what depends on its name or on all the others: its
// choices, its address, the period of those that poll.
func (c *company) finish() {
	total := 0.0
	for _, a := range c.actors {
		total += a.share
	}
	for _, a := range c.actors {
		n := nameNumber(a.name)
		a.rand = rand.New(rand.NewPCG(c.cfg.Seed, n))
		a.traced = a.kind == People || a.kind == Services
		a.period = time.Duration(total / (a.share * c.cfg.Rate) * float64(time.Second))
		if c.cfg.OwnAddresses {
			d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 2, byte(1+n%250))}}
			a.client.Transport.(*http.Transport).DialContext = d.DialContext
		}
	}
}

// nameNumber is FNV-1a: a number that stays the same from run to run.
func nameNumber(name string) uint64 {
	n := uint64(14695981039346656037)
	for i := range len(name) {
		n = (n ^ uint64(name[i])) * 1099511628211
	}
	return n
}

// scopes are what people ask for: all that the application may have; the
// issuer gives what the person's roles allow.
var scopes = []string{"openid", "profile", "email", "offline_access", "customers:read", "customers:write",
	"orders:read", "orders:write", "products:write", "files:read", "files:write", "export:read", "admin"}

// person logs somebody in through an application.
func (c *company) person(name, app string) *credential {
	u, a := c.users[name], c.apps[app]
	return &credential{
		obtain: func(ctx context.Context) (grant.Token, error) {
			return c.issuer.Person(ctx, a, u.Name, u.Password, scopes...)
		},
		renew: func(ctx context.Context, refresh string) (grant.Token, error) {
			return c.issuer.Refresh(ctx, a, refresh)
		},
	}
}

// service is a service account's own credential.
func (c *company) service(app string) *credential {
	return &credential{obtain: func(ctx context.Context) (grant.Token, error) {
		return c.issuer.Service(ctx, c.apps[app])
	}}
}

// exchanged is what an application gets that acts for a person.
func (c *company) exchanged(app, name string) *credential {
	of := c.person(name, "shop-web")
	return &credential{obtain: func(ctx context.Context) (grant.Token, error) {
		subject, err := of.token(ctx)
		if err != nil {
			return grant.Token{}, fmt.Errorf("token of %s: %w", name, err)
		}
		return c.issuer.Exchange(ctx, c.apps[app], subject, issuer.Audience, "customers:read", "orders:read", "orders:write")
	}}
}
