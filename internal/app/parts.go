package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/net/netutil"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/gateway"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/ledger"
)

// This file makes each part's Config of what the file says.

func (a *App) ledgerDir() string { return filepath.Join(a.cfg.Data, "ledger") }

func (a *App) recordConfig() record.Config {
	anchor := a.cfg.Ledger.AnchorFile
	if anchor == "" {
		anchor = filepath.Join(a.cfg.Data, "keys", "anchor")
	}
	c := record.Config{
		Dir: a.ledgerDir(), Signer: a.keys.signer, Key: a.keys.vkey, Anchor: fileAnchor(anchor), Edge: a.edge,
		SegmentSize: int64(a.cfg.Ledger.SegmentSize), SealAfter: a.cfg.Ledger.SealAfter,
		Queue: a.cfg.Ledger.Queue, QueueBytes: int64(a.cfg.Ledger.QueueBytes), Log: a.log,
	}
	if a.vault != nil {
		c.Keys = a.vault
	}
	return c
}

func (a *App) openIndex() error {
	dir := filepath.Join(a.cfg.Data, "index")
	source := index.FollowerConfig{Source: rows{a.recorder, a.ledger}, Log: a.log}
	switch a.cfg.Index.Mode {
	case config.IndexOff:
		return nil
	case config.IndexRemote:
		client, err := index.NewClient(index.ClientConfig{Insert: a.cfg.Index.URL, Token: a.cfg.Index.Token.Reveal(), Compress: true, Tenant: a.keys.signer.Name()})
		if err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		a.indexer, source.Remote, source.Cursor = client, client, filepath.Join(dir, "remote-cursor.json")
	default:
		s, err := index.NewSupervisor(index.SupervisorConfig{Dir: dir, MemoryLimit: int64(a.cfg.Index.Memory), Tenant: a.keys.signer.Name(), Log: a.log})
		if err != nil {
			return err
		}
		a.supervisor, a.indexer, source.Engine = s, s.Client(), s
	}
	var err error
	a.follower, err = index.NewFollower(source)
	return err
}

// rows is the ledger as the index sees it.
type rows struct {
	recorder *record.Recorder
	ledger   *ledger.Ledger
}

// Size implements index.Source.
func (r rows) Size() uint64 { return r.recorder.Size() }

// Wait implements index.Source.
func (r rows) Wait(ctx context.Context, size uint64) error {
	_, err := r.recorder.Wait(ctx, size)
	return err
}

// Rows implements index.Source.
func (r rows) Rows(ctx context.Context, from, to uint64, yield func(index.Row) error) error {
	if r.ledger.Size() < to {
		if err := r.ledger.Refresh(); err != nil {
			return err
		}
	}
	return r.ledger.Range(from, to, func(n uint64, s *event.Sealed) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, err := s.Open()
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		return yield(reading.Row(n, e))
	})
}

func (a *App) indexStatus() reading.IndexStatus {
	p := a.follower.Progress()
	s := reading.IndexStatus{Indexed: p.Searchable, Life: p.Life, Repairing: p.Repairing}
	if a.supervisor == nil {
		return s
	}
	st := a.supervisor.Status()
	s.Repairing = s.Repairing || len(st.Damaged) > 0
	if st.State != index.Ready {
		s.Down, s.Reason = st.Since, string(st.State)
		if st.LastError != "" {
			s.Reason = st.LastError
		}
	}
	return s
}

func (a *App) roomConfig(redactor *redact.Redactor) reading.Config {
	c := reading.Config{
		Ledger: a.ledger, Files: os.DirFS(a.ledgerDir()), Keys: a.ledgerKeys(), Feed: a.recorder, Appender: a.recorder, Edge: a.edge,
		Pseudonym: func(issuer, subject string) string { return identity.Pseudonym(a.keys.fingerprint, issuer, subject) },
		Redact: func(text string) string {
			out, _ := redactor.Call().Body("text/plain", []byte(text), false)
			return string(out)
		},
	}
	c.Removal = func(c event.Class, n uint64, day, route string) *ledger.Removal {
		return a.keeper.Removal(c, n, day, route)
	}
	c.Removing = func() bool { return a.keeper.Pending() }
	if a.indexer != nil {
		c.Index, c.Status, c.IndexKeeps = a.indexer, a.indexStatus, a.supervisor == nil
	}
	c.Objects, c.Catalog, c.Documents = a.objects, a.catalog, a.documents
	for _, name := range a.cfg.Ops.RequireReason {
		c.RequireReason = append(c.RequireReason, reading.Action(name))
	}
	return c
}

func (a *App) apiConfig(redactor *redact.Redactor) api.Config {
	return api.Config{
		Room:   a.room,
		Tokens: []api.Token{{Value: a.keys.token, Reader: reading.Reader{Name: "administrator", Role: reading.Administrator}}},
		Act:    a.act, Revoke: a.revoke,
		Keeper: a.keeper, Keys: apiKeys{a.store}, Templates: a.operations, Searches: a.searches, Import: a.importer(redactor), Send: a.sender(redactor), Readers: apiReaders{a.readers}, Privileged: a.cfg.Reports.Privileged, Deliveries: a.outbox, PublicTiles: a.cfg.Ops.PublicTiles, Checks: a.checks, Draining: a.draining.Load, Metrics: a.metrics, Version: a.opts.Version, Log: a.log,
		Setup:   a.setupOf,
		Sources: a.sourceStates,
		Storage: a.storage.Usage,
		Alerts:  a.alerts,
		Edges:   edges{a},
	}
}

func (a *App) redactor(c *config.Config) (*redact.Redactor, error) {
	r := c.Redact
	redactor, err := redact.New(redact.Config{Key: a.keys.fingerprint, Headers: r.Headers, QueryParams: r.Query, Fields: r.Fields, Cookies: r.Cookies, Allow: r.Keep})
	if err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	return redactor, nil
}

// hosts returns the hosts of all routes; none if a route takes any.
func hosts(c *config.Config) []string {
	var all []string
	for _, r := range c.Gateway.Routes {
		if len(r.Hosts) == 0 {
			return nil
		}
		all = append(all, r.Hosts...)
	}
	return all
}

func (a *App) gatewayConfig(l *config.Listener, recorder *capture.Recorder, chain *identifiers) (gateway.Config, error) {
	listener, err := net.Listen("tcp", l.Address)
	if err != nil {
		return gateway.Config{}, listenError("gateway.listeners["+l.Name+"].address", l.Address, "--listen", err)
	}
	if l.MaxConnections > 0 {
		listener = netutil.LimitListener(listener, l.MaxConnections)
	}
	c := gateway.Config{
		Recorder: recorder, Drain: orNone(a.cfg.Gateway.Drain), HeaderTimeout: orNone(l.ReadHeaderTimeout), IdleTimeout: orNone(l.IdleTimeout),
		MaxHeader: int(l.MaxHeaderBytes), Log: a.log,
		Listeners: []gateway.Listener{{Name: l.Name, Listener: listener, NoHTTP2: !l.HTTP2, NoH2C: !l.H2C}},
	}
	if l.TLS.Certificate != "" {
		c.Listeners[0].TLS = &gateway.TLS{CertFile: l.TLS.Certificate, KeyFile: l.TLS.Key, ClientCAFile: l.TLS.ClientCA, Client: clientCerts[l.TLS.ClientAuth]}
	}
	if c.Routes, err = routes(a.cfg, l.Name, chain); err != nil {
		listener.Close()
	}
	return c, err
}

var clientCerts = map[config.ClientAuth]gateway.ClientCert{
	config.ClientAuthNone: gateway.ClientNone, config.ClientAuthRequest: gateway.ClientRequest, config.ClientAuthRequire: gateway.ClientRequire,
}

// routes returns the routes of one listener.
func routes(c *config.Config, listener string, chain *identifiers) ([]gateway.Route, error) {
	var out []gateway.Route
	var errs []error
	for i := range c.Gateway.Routes {
		r := &c.Gateway.Routes[i]
		if len(r.Listeners) > 0 && !slices.Contains(r.Listeners, listener) {
			continue
		}
		upstream, err := upstream(r)
		if err != nil {
			errs = append(errs, fmt.Errorf("gateway.routes[%s]: %w", r.Name, err))
			continue
		}
		out = append(out, gateway.Route{
			Name: r.Name, Hosts: r.Hosts, Path: r.Path, Methods: r.Methods, Upstream: upstream,
			Level: event.Level(r.RequireLevel), MaxBody: int64(r.MaxBody), RewriteHost: r.Host == config.HostUpstream,
			Timeouts: gateway.Timeouts{Answer: orNone(r.Timeout)},
			Capture: capture.Options{
				Durability: capture.Durability(r.Durability), NoHeaders: !r.Capture.Headers, Identifier: chain.of(r.Name),
				RequestLimit: limit(r.Capture.RequestBody), ResponseLimit: limit(r.Capture.ResponseBody),
				Receipt: r.Durability == config.Recorded,
			},
		})
	}
	return out, errors.Join(errs...)
}

func upstream(r *config.Route) (gateway.Upstream, error) {
	u := *r.Upstream
	up := gateway.Upstream{URL: &u}
	if u.Scheme == "h2c" {
		u.Scheme, up.H2C = "http", true
	}
	t := r.UpstreamTLS
	if t == (config.UpstreamTLS{}) {
		return up, nil
	}
	up.TLS = &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify}
	var err error
	if t.CA != "" {
		if up.TLS.RootCAs, err = certPool(t.CA); err != nil {
			return up, fmt.Errorf("upstream_tls.ca: %w", err)
		}
	}
	if t.Certificate != "" {
		cert, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
		if err != nil {
			return up, fmt.Errorf("upstream_tls.certificate: %w", err)
		}
		up.TLS.Certificates = []tls.Certificate{cert}
	}
	return up, nil
}

// orNone returns a duration as the parts want it that take 0 for their
// default: in the file 0 means none.
func orNone(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func limit(s config.Size) int {
	if s == 0 {
		return -1
	}
	return int(s)
}

func opsTLS(o *config.Ops) (*tls.Config, error) {
	if o.TLS.Certificate == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(o.TLS.Certificate, o.TLS.Key)
	if err != nil {
		return nil, fmt.Errorf("ops.tls: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// listenError says what to do about an address that cannot be listened on.
func listenError(key, address, flag string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s: %s is in use by another program: end it, or choose another address with %s", key, address, flag)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s: %s may not be used by this user: choose a port above 1023 with %s, or grant CAP_NET_BIND_SERVICE", key, address, flag)
	}
	return fmt.Errorf("%s: listening on %s: %w", key, address, err)
}

// OpsURL returns where the operations listener is.
func (a *App) OpsURL() string {
	u := url.URL{Scheme: "http", Host: reachable(a.ops.Addr())}
	if a.cfg.Ops.TLS.Certificate != "" {
		u.Scheme = "https"
	}
	return u.String()
}

// reachable returns an address of this machine for a listener's.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr.String()
}
