package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/redact"
)

// Config is what a [Chain] needs.
type Config struct {
	// Resolvers are asked in this order: certificates, tokens, API keys,
	// Basic, trusted headers. None means that every credential is known by
	// its fingerprint alone.
	Resolvers []Resolver
	// Key is the installation's key, at least [redact.MinKey] bytes. The
	// resolvers must have the same one.
	Key redact.Key
}

// A Chain is the identifier of a listener or a route.
type Chain struct {
	resolvers []Resolver
	key       redact.Key
	sources   Sources

	mu      sync.Mutex                          // serialises changes of revoked
	revoked atomic.Pointer[map[string]struct{}] // fingerprints; nil: none; replaced, never changed
}

var _ capture.Identifier = (*Chain)(nil)

// New returns a chain. It starts nothing; see [Chain.Run].
func New(cfg Config) (*Chain, error) {
	if len(cfg.Key) < redact.MinKey {
		return nil, fmt.Errorf("identity: the installation's key has %d bytes, want at least %d", len(cfg.Key), redact.MinKey)
	}
	c := &Chain{resolvers: slices.Clone(cfg.Resolvers), key: slices.Clone(cfg.Key)}
	for _, r := range cfg.Resolvers {
		s := r.Sources()
		c.sources.KeyHeaders = append(c.sources.KeyHeaders, s.KeyHeaders...)
		c.sources.KeyQuery = append(c.sources.KeyQuery, s.KeyQuery...)
		c.sources.Headers = append(c.sources.Headers, s.Headers...)
	}
	for _, list := range []*[]string{&c.sources.KeyHeaders, &c.sources.Headers} {
		for i, name := range *list {
			(*list)[i] = http.CanonicalHeaderKey(name)
		}
	}
	for _, list := range []*[]string{&c.sources.KeyHeaders, &c.sources.KeyQuery, &c.sources.Headers} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return c, nil
}

// KeySources implements [capture.Identifier].
func (c *Chain) KeySources() (keyHeaders, keyQuery, headers []string) {
	return c.sources.KeyHeaders, c.sources.KeyQuery, c.sources.Headers
}

// Run runs the resolvers that are a [Runner] until ctx ends, and returns when
// they all have. If one fails, the others are stopped and its error returned.
// A chain that is not run identifies by what it knows already.
func (c *Chain) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errs := make([]error, len(c.resolvers))
	for i, r := range c.resolvers {
		runner, ok := r.(Runner)
		if !ok {
			continue
		}
		wg.Go(func() {
			if errs[i] = runner.Run(ctx); errs[i] != nil {
				cancel()
			}
		})
	}
	<-ctx.Done()
	wg.Wait()
	return errors.Join(errs...)
}

// Revoke makes every credential with the fingerprint one that is not
// believed, from the next call on. It lasts as long as the chain: whoever
// keeps the list must revoke again after a start.
func (c *Chain) Revoke(fingerprint string) { c.setRevoked(fingerprint, true) }

// Restore undoes [Chain.Revoke].
func (c *Chain) Restore(fingerprint string) { c.setRevoked(fingerprint, false) }

func (c *Chain) setRevoked(fingerprint string, revoked bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := map[string]struct{}{}
	if old := c.revoked.Load(); old != nil {
		next = maps.Clone(*old)
	}
	if revoked {
		next[fingerprint] = struct{}{}
	} else {
		delete(next, fingerprint)
	}
	if len(next) == 0 {
		c.revoked.Store(nil)
		return
	}
	c.revoked.Store(&next)
}

// Identify implements [capture.Identifier].
func (c *Chain) Identify(ctx context.Context, ev *capture.Evidence) capture.Identity {
	// The verified certificate; the first other evidence that verified; the
	// first of each that did not.
	var cert, best, badCert, bad *capture.Identity
	for _, r := range c.resolvers {
		id := r.Resolve(ctx, ev)
		if id == nil {
			continue
		}
		id = c.unlessRevoked(id)
		verified := id.Principal.Level >= event.LevelAsserted
		slot := &bad
		switch {
		case verified && id.Credential.Method == MethodMTLS:
			slot = &cert
		case verified:
			slot = &best
		case id.Credential.Method == MethodMTLS:
			slot = &badCert
		}
		if *slot == nil {
			*slot = id
		}
	}
	var out capture.Identity
	switch {
	case best != nil:
		out = *best
		if cert != nil && out.Principal.Reason != CertificateBound {
			through(&out, cert)
		}
	case cert != nil:
		out = *cert
	case bad != nil && bad.Credential.Fingerprint != "":
		out = *bad
	default: // a fingerprint says more than a refused header or certificate
		out = c.alone(ev)
		for _, refused := range []*capture.Identity{bad, badCert} {
			if out.Principal.Kind == event.Anonymous && refused != nil {
				out = *refused
			}
		}
	}
	if out.Claimed == "" && bad != nil {
		out.Claimed = bad.Claimed
	}
	out.Secrets = secrets(ev)
	return out
}

// through adds the machine at the other end as the delegate nearest to the
// call. The slices of id belong to a resolver and are not changed.
func through(id, machine *capture.Identity) {
	d := event.Delegate{ID: machine.Principal.ID, Issuer: machine.Principal.Issuer}
	id.Credential.Delegation = append([]event.Delegate{d}, id.Credential.Delegation...)
	id.Chain = append([]string{machine.Subject}, id.Chain...)
}

// unlessRevoked returns id, or what is left of it if its credential is revoked.
func (c *Chain) unlessRevoked(id *capture.Identity) *capture.Identity {
	revoked := c.revoked.Load()
	if revoked == nil {
		return id
	}
	if _, ok := (*revoked)[id.Credential.Fingerprint]; !ok || id.Credential.Fingerprint == "" {
		return id
	}
	claimed := id.Claimed
	if claimed == "" {
		claimed = id.Subject
	}
	out := Refused(id.Credential.Method, CredentialRevoked, claimed)
	out.Principal.Issuer = id.Principal.Issuer
	out.Credential.KeyID = id.Credential.KeyID
	out.Credential.Fingerprint = id.Credential.Fingerprint
	out.Credential.Algorithm = id.Credential.Algorithm
	return out
}

// alone identifies what no resolver knows: by its fingerprint.
func (c *Chain) alone(ev *capture.Evidence) capture.Identity {
	var id *capture.Identity
	switch {
	case len(ev.Authorization) > 1:
		id = Refused(MethodOther, AmbiguousCredential, "")
		id.Credential.Fingerprint = fingerprintOf(c.key, ev.Authorization[0])
	case len(ev.Authorization) == 1 && ev.Authorization[0] != "":
		scheme, credentials := splitScheme(ev.Authorization[0])
		switch scheme {
		case "bearer", "dpop":
			id = Refused(MethodBearer, OpaqueToken, "")
		case "basic":
			user, _, _ := Basic(credentials)
			id = Refused(MethodBasic, NotChecked, user)
		default:
			id = Refused(MethodOther, SchemeUnknown, "")
		}
		if credentials == "" {
			id.Principal.Reason = MalformedCredential
		}
		id.Credential.Fingerprint = fingerprintOf(c.key, ev.Authorization[0])
	case len(ev.Keys) > 0:
		id = Refused(MethodAPIKey, NotChecked, "")
		id.Credential.Fingerprint = redact.Fingerprint(c.key, ev.Keys[0])
	default:
		return capture.Identity{
			Principal:  event.Principal{Kind: event.Anonymous, Reason: NoCredential},
			Credential: event.Credential{Method: MethodNone},
		}
	}
	return *c.unlessRevoked(id)
}
