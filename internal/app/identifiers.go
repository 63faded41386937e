package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/identity/apikey"
	"github.com/gatebook/gatebook/internal/identity/basic"
	"github.com/gatebook/gatebook/internal/identity/header"
	"github.com/gatebook/gatebook/internal/identity/jwt"
	"github.com/gatebook/gatebook/internal/identity/mtls"
)

// identifiers are the chains of a listener: one for most routes, and one for
// each route that has its own. A reload swaps all of them.
type identifiers struct {
	now     atomic.Pointer[chains]
	swapped chan struct{} // tells Run; holds one
}

type chains struct {
	all    *identity.Chain
	routes map[string]*identity.Chain // of the routes that have their own
}

var _ capture.Identifier = (*identifiers)(nil)

// Identify implements capture.Identifier.
func (i *identifiers) Identify(ctx context.Context, ev *capture.Evidence) capture.Identity {
	return i.now.Load().all.Identify(ctx, ev)
}

// KeySources implements capture.Identifier. They are those of the start: which
// headers hold keys changes with a restart.
func (i *identifiers) KeySources() (keyHeaders, keyQuery, headers []string) {
	return i.now.Load().all.KeySources()
}

// of returns the identifier of a route; nil if it is that of all.
func (i *identifiers) of(route string) capture.Identifier {
	if c := i.now.Load().routes[route]; c != nil {
		return c
	}
	return nil
}

// swap puts other chains in the place of those that run.
func (i *identifiers) swap(c *chains) {
	i.now.Store(c)
	select {
	case i.swapped <- struct{}{}:
	default:
	}
}

// Run runs the chains until ctx ends.
func (i *identifiers) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		c := i.now.Load()
		var running group
		failed := make(chan error, 1)
		fail := func(err error) {
			select {
			case failed <- err:
			default:
			}
		}
		running.run(fail, "all", c.all.Run)
		for name, chain := range c.routes {
			running.run(fail, "route "+name, chain.Run)
		}
		select {
		case err := <-failed:
			return errors.Join(err, running.stop())
		case <-i.swapped:
		case <-ctx.Done():
		}
		if err := running.stop(); err != nil {
			return err
		}
	}
	return nil
}

// identifiers makes the chains that c asks for.
func (a *App) identifiers(c *config.Config) (*identifiers, error) {
	made, err := a.chains(c)
	if err != nil {
		return nil, err
	}
	i := &identifiers{swapped: make(chan struct{}, 1)}
	i.now.Store(made)
	return i, nil
}

func (a *App) chains(c *config.Config) (*chains, error) {
	all, err := a.chain(c, nil)
	errs := []error{err}
	out := &chains{all: all, routes: make(map[string]*identity.Chain)}
	for i := range c.Gateway.Routes {
		r := &c.Gateway.Routes[i]
		if len(r.Identity) == 0 {
			continue
		}
		chain, err := a.chain(c, r.Identity)
		errs = append(errs, err)
		out.routes[r.Name] = chain
	}
	return out, errors.Join(errs...)
}

// chain makes the chain of the named identities, in their order; of all that
// are configured if names is empty.
func (a *App) chain(c *config.Config, names []string) (*identity.Chain, error) {
	if len(names) == 0 {
		names = c.Identities()
		if len(c.Identity.OIDC) == 0 {
			names = append(slices.Clone(names), "") // claims of tokens are recorded as such
		}
	}
	var resolvers []identity.Resolver
	var issuers []config.OIDC
	at := -1
	for _, name := range names {
		if i := slices.IndexFunc(c.Identity.OIDC, func(o config.OIDC) bool { return o.Name == name }); i >= 0 || name == "" {
			if at < 0 {
				at = len(resolvers)
			}
			if i >= 0 {
				issuers = append(issuers, c.Identity.OIDC[i])
			}
			continue
		}
		r, err := a.resolver(c, name)
		if err != nil {
			return nil, err
		}
		resolvers = append(resolvers, r)
	}
	if at >= 0 {
		tokens, err := a.tokens(issuers)
		if err != nil {
			return nil, err
		}
		resolvers = slices.Insert(resolvers, at, tokens...)
	}
	return identity.New(identity.Config{Resolvers: resolvers, Key: a.keys.fingerprint})
}

// resolver makes the resolver with a fixed name.
func (a *App) resolver(c *config.Config, name string) (identity.Resolver, error) {
	key := a.keys.fingerprint
	switch name {
	case "mtls":
		return mtls.New(mtls.Config{Key: key})
	case "api_keys":
		k := c.Identity.APIKeys
		return apikey.New(apikey.Config{Store: a.store, Headers: append([]string{}, k.Headers...), Query: append([]string{}, k.Query...)})
	case "basic":
		users, err := basic.Load(c.Identity.Basic.UsersFile)
		if err != nil {
			return nil, fmt.Errorf("identity.basic.users_file: %w", err)
		}
		return basic.New(basic.Config{Key: key, Users: users})
	case "trusted_headers":
		h := c.Identity.TrustedHeaders
		return header.New(header.Config{Key: key, Trusted: h.Peers, User: h.User, Email: h.Email, Groups: h.Groups, Tenant: h.Tenant})
	}
	return nil, fmt.Errorf("identity: there is no identity named %q", name)
}

// tokens makes the resolvers of the issuers.
func (a *App) tokens(issuers []config.OIDC) ([]identity.Resolver, error) {
	var list []jwt.Own
	for _, o := range issuers {
		issuer := jwt.Issuer{URL: o.Issuer.String(), AllowHTTP: o.Issuer.Scheme == "http", Audiences: o.Audiences, Algorithms: o.Algorithms, Skew: orNone(o.ClockSkew), Groups: o.Groups, Tenant: o.Tenant}
		if o.JWKSURL != nil {
			issuer.KeysURL = o.JWKSURL.String()
		}
		var err error
		if issuer.Introspection, err = introspection(o.Introspection); err != nil {
			return nil, fmt.Errorf("identity.oidc[%s].introspection.client_secret_file: %w", o.Name, err)
		}
		if o.RequiredType != "" {
			issuer.Types = []string{o.RequiredType}
		}
		own := jwt.Own{Issuer: issuer, Name: o.Name, Timeout: o.Timeout}
		if o.CA != "" {
			if own.Authorities, err = certPool(o.CA); err != nil {
				return nil, fmt.Errorf("identity.oidc[%s].ca: %w", o.Name, err)
			}
		}
		list = append(list, own)
	}
	made, err := jwt.NewAll(jwt.Config{Key: a.keys.fingerprint, Log: a.log}, list)
	if err != nil {
		return nil, fmt.Errorf("identity.oidc: %w", err)
	}
	out := make([]identity.Resolver, len(made))
	for i, r := range made {
		out[i] = r
	}
	return out, nil
}

func introspection(c config.Introspection) (jwt.Introspection, error) {
	if c.ClientID == "" {
		return jwt.Introspection{}, nil
	}
	secret, err := os.ReadFile(c.ClientSecretFile)
	if err != nil {
		return jwt.Introspection{}, err
	}
	in := jwt.Introspection{ClientID: c.ClientID, Secret: strings.TrimSpace(string(secret)), Believe: c.Believe, Wait: c.Wait}
	if c.URL != nil {
		in.URL = c.URL.String()
	}
	return in, nil
}

func certPool(name string) (*x509.CertPool, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s: there is no certificate in it", name)
	}
	return pool, nil
}
