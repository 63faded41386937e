// Package issuer runs a real OpenID Connect issuer in memory, on a loopback
// address, for the demonstration and for tests.
//
// It is zitadel/oidc's provider with a small storage of its own: discovery,
// key set, authorization code with PKCE and a login page, refresh tokens that
// work once, client credentials, token exchange (RFC 8693), introspection
// (RFC 7662), revocation and userinfo. Access tokens are JWTs signed with
// ES256 or RS256, with the claims iss, sub, aud, exp, iat, nbf, jti,
// client_id, azp, scope, roles, and act after an exchange.
//
// The people and their passwords are invented and public. It is not an
// identity provider for anything else, and refuses to listen elsewhere than
// on the loopback interface.
package issuer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/gatebook/gatebook/examples/shop/grant"
)

// Config says how an issuer is to be. The zero value is usable.
type Config struct {
	// Listen is the loopback address and port; empty means 127.0.0.1:0, a port
	// of the system's choice.
	Listen string
	// Users are the people; nil means DefaultUsers.
	Users []User
	// Clients are applications and service accounts; nil means DefaultClients.
	Clients []Client
	// TokenLifetime is how long an access token is valid; zero means ten
	// minutes. A negative one makes tokens that have already expired, so that
	// tests need not wait.
	TokenLifetime time.Duration
	// Algorithm signs the tokens: ES256 (if empty) or RS256.
	Algorithm string
	// Opaque makes access tokens that only the issuer can read; clients with a
	// secret may ask about them (RFC 7662).
	Opaque bool
	// KeepKeys is how many older keys stay in the key set after a rotation;
	// zero means one, negative means none.
	KeepKeys int
}

// An Issuer is a running issuer. Its methods may be called concurrently.
type Issuer struct {
	// URL is the issuer identifier and the address of the server, such as
	// "http://127.0.0.1:5556".
	URL string

	algorithm jose.SignatureAlgorithm
	keep      int
	storage   *storage
	server    *http.Server
	served    chan struct{} // closed when the server has ended

	mu     sync.Mutex // guards issuer
	issuer *grant.Issuer
}

// Start begins to listen and returns when the issuer answers. Close ends it.
func Start(cfg Config) (*Issuer, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("starting issuer: %w", err)
	}
	alg := jose.SignatureAlgorithm(cfg.Algorithm)
	first, err := newKey(alg)
	if err != nil {
		return nil, fmt.Errorf("starting issuer: %w", err)
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("starting issuer: %w", err)
	}
	is := &Issuer{
		URL:       "http://" + l.Addr().String(),
		algorithm: alg,
		keep:      max(cfg.KeepKeys, 0),
		storage:   newStorage(cfg, &keyring{keys: []key{first}}),
		served:    make(chan struct{}),
	}
	handler, err := is.handler()
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("starting issuer: %w", err)
	}
	is.server = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	go func() {
		defer close(is.served)
		_ = is.server.Serve(l) // ends with ErrServerClosed at Close
	}()
	return is, nil
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Users == nil {
		c.Users = DefaultUsers()
	}
	if c.Clients == nil {
		c.Clients = DefaultClients()
	}
	if c.TokenLifetime == 0 {
		c.TokenLifetime = 10 * time.Minute
	}
	if c.Algorithm == "" {
		c.Algorithm = string(jose.ES256)
	}
	if c.KeepKeys == 0 {
		c.KeepKeys = 1
	}
	return c
}

// check refuses what would be dangerous or would surprise.
func (c Config) check() error {
	var errs []error
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		errs = append(errs, fmt.Errorf("listen address %q: %w", c.Listen, err))
	} else if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		errs = append(errs, fmt.Errorf("listen address %q: its passwords are public, so it listens on a loopback IP address only, such as 127.0.0.1:5556", c.Listen))
	}
	names, ids := map[string]bool{}, map[string]bool{}
	for _, u := range c.Users {
		if u.ID == "" || u.Name == "" || u.Password == "" || names[u.Name] || ids[u.ID] {
			errs = append(errs, fmt.Errorf("user %q: id, name and password must be given, and id and name must be unique", u.Name))
		}
		names[u.Name], ids[u.ID] = true, true
	}
	for _, cl := range c.Clients {
		if cl.ID == "" || ids[cl.ID] || (cl.service() && cl.Secret == "") {
			errs = append(errs, fmt.Errorf("client %q: id must be given and unique, and a service account needs a secret", cl.ID))
		}
		ids[cl.ID] = true
	}
	return errors.Join(errs...)
}

func newStorage(cfg Config, keys *keyring) *storage {
	s := &storage{
		keys: keys, lifetime: cfg.TokenLifetime, opaque: cfg.Opaque,
		users: map[string]User{}, clients: map[string]Client{},
		logins: map[string]*authRequest{}, codes: map[string]string{},
		renewals: map[string]renewal{}, tokens: map[string]issued{}, sessions: map[string][]string{},
	}
	for _, u := range cfg.Users {
		s.users[u.Name] = u
	}
	for _, c := range cfg.Clients {
		s.clients[c.ID] = c
	}
	return s
}

// handler puts the login page beside the library's provider.
func (is *Issuer) handler() (http.Handler, error) {
	cfg := &op.Config{CodeMethodS256: true, GrantTypeRefreshToken: true, DefaultLogoutRedirectURI: "/healthz"}
	if _, err := rand.Read(cfg.CryptoKey[:]); err != nil {
		return nil, err
	}
	alg := string(is.algorithm)
	provider, err := op.NewProvider(cfg, is.storage, op.StaticIssuer(is.URL),
		op.WithAllowInsecure(), // plain HTTP, on loopback only
		op.WithAccessTokenVerifierOpts(op.WithSupportedAccessTokenSigningAlgorithms(alg)),
		op.WithIDTokenHintVerifierOpts(op.WithSupportedIDTokenHintSigningAlgorithms(alg)))
	if err != nil {
		return nil, err
	}
	back := op.AuthCallbackURL(provider)
	withIssuer := op.NewIssuerInterceptor(provider.IssuerFromRequest)
	mux := http.NewServeMux()
	mux.Handle("/login", withIssuer.HandlerFunc(is.storage.login(func(r *http.Request, id string) string {
		return back(r.Context(), id)
	})))
	mux.Handle("/", http.MaxBytesHandler(provider, 1<<20))
	return mux, nil
}

// RotateKey makes a new signing key. Older keys stay in the key set as
// Config.KeepKeys says, so that tokens in use remain valid.
func (is *Issuer) RotateKey() error {
	k, err := newKey(is.algorithm)
	if err != nil {
		return fmt.Errorf("rotating key: %w", err)
	}
	is.storage.keys.rotate(k, is.keep)
	return nil
}

// DropOldKeys removes all keys but the newest from the key set: tokens that
// were signed with another one no longer verify.
func (is *Issuer) DropOldKeys() { is.storage.keys.dropOld() }

// SetTokenLifetime changes Config.TokenLifetime for tokens to come. Zero makes
// tokens that expire at once.
func (is *Issuer) SetTokenLifetime(d time.Duration) {
	is.storage.mu.Lock()
	defer is.storage.mu.Unlock()
	is.storage.lifetime = d
}

// Close stops the issuer; connections under way are cut. Tokens stay valid as
// long as someone remembers the keys. The memory of the issuer is lost.
func (is *Issuer) Close() error {
	err := is.server.Close()
	<-is.served
	return err
}

// UserToken logs a person in through a client and returns the tokens, all
// over the issuer's own HTTP endpoints. No scopes means openid, profile,
// email, offline_access and all that the client may have.
func (is *Issuer) UserToken(ctx context.Context, user, client string, scopes ...string) (grant.Token, error) {
	g, err := is.grants(ctx)
	if err != nil {
		return grant.Token{}, err
	}
	c, ok := is.storage.clients[client]
	if !ok {
		return grant.Token{}, fmt.Errorf("client %q: no such client", client)
	}
	if len(scopes) == 0 {
		scopes = append(append(scopes, identityScopes...), c.Scopes...)
	}
	return g.Person(ctx, c.app(), user, is.storage.users[user].Password, scopes...)
}

// ServiceToken obtains a token for a service account over HTTP. No scopes
// means all of them.
func (is *Issuer) ServiceToken(ctx context.Context, client string, scopes ...string) (grant.Token, error) {
	g, err := is.grants(ctx)
	if err != nil {
		return grant.Token{}, err
	}
	c, _ := is.storage.client(client)
	return g.Service(ctx, c.app(), scopes...)
}

// ExchangeToken lets a client act for the person whose access token it holds,
// over HTTP. The client must have Exchange set.
func (is *Issuer) ExchangeToken(ctx context.Context, client, subject string, scopes ...string) (grant.Token, error) {
	g, err := is.grants(ctx)
	if err != nil {
		return grant.Token{}, err
	}
	c := is.storage.clients[client]
	return g.Exchange(ctx, c.app(), subject, c.audience(), scopes...)
}

// grants discovers the issuer once.
func (is *Issuer) grants(ctx context.Context) (*grant.Issuer, error) {
	is.mu.Lock()
	defer is.mu.Unlock()
	if is.issuer == nil {
		g, err := grant.Discover(ctx, is.URL, nil)
		if err != nil {
			return nil, err
		}
		is.issuer = g
	}
	return is.issuer, nil
}
