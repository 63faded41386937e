package jwt

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/go-jose/go-jose/v4"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/identity/cache"
	"github.com/gatebook/gatebook/internal/redact"
)

// Resolver verifies tokens. Use [New].
type Resolver struct {
	key       redact.Key
	now       func() time.Time
	issuers   map[string]*issuer // by URL; not changed
	askers    []*asker           // of issuers that are asked about opaque tokens, in the order of the configuration; not changed
	good, bad *cache.Cache[[32]byte, *verdict]
	proofs    *proofs
}

var (
	_ identity.Resolver = (*Resolver)(nil)
	_ identity.Runner   = (*Resolver)(nil)
)

// Status says how an issuer's keys are.
type Status struct {
	Issuer   string
	Keys     int       // that can verify; 0: none is known
	Attempts int       // fetches that ended since the start
	Last     time.Time // when the last one ended; zero: none has
	Err      error     // of the last one; nil: it went well, or none has ended
}

// Sources implements [identity.Resolver]: the Authorization header is enough.
func (r *Resolver) Sources() identity.Sources { return identity.Sources{} }

// Run fetches the issuers' keys, at once and then as needed, until ctx ends,
// and lets issuers be asked meanwhile. Without it no token verifies.
func (r *Resolver) Run(ctx context.Context) error {
	for _, a := range r.askers {
		a.start(ctx)
	}
	var wg sync.WaitGroup
	for _, is := range r.issuers {
		wg.Go(func() { is.keys.run(ctx) })
	}
	<-ctx.Done()
	wg.Wait()
	for _, a := range r.askers {
		a.stop()
	}
	return nil
}

// Status returns how each issuer's keys are, by the issuer's URL.
func (r *Resolver) Status() []Status {
	var out []Status
	for _, is := range r.issuers {
		out = append(out, is.keys.status())
	}
	slices.SortFunc(out, func(a, b Status) int { return strings.Compare(a.Issuer, b.Issuer) })
	return out
}

// Resolve implements [identity.Resolver].
func (r *Resolver) Resolve(ctx context.Context, ev *capture.Evidence) *capture.Identity {
	compact, ok := identity.Bearer(ev)
	signed := looksSigned(compact)
	if !ok || !signed && (len(r.askers) == 0 || len(compact) > maxToken || strings.HasPrefix(compact, identity.KeyPrefix)) {
		return nil
	}
	// The hash only reads the bytes; a copy of the token would cost as much.
	sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(compact), len(compact)))
	if !signed {
		return r.judge(r.opaque(ctx, sum, compact), ev, compact)
	}
	v, ok := r.good.Get(sum)
	if !ok {
		v, ok = r.bad.Get(sum)
	}
	if !ok || !v.current() {
		v = r.verify(ctx, compact)
		switch {
		case v.refusal == nil:
			r.good.Put(sum, v)
		case v.final:
			r.bad.Put(sum, v)
		}
	}
	return r.judge(v, ev, compact)
}

// looksSigned reports whether s could be meant as a signed token: three parts,
// or the beginning of every JSON object in base64. An encrypted token has
// five parts and is opaque.
func looksSigned(s string) bool {
	dots := strings.Count(s, ".")
	return dots == 2 || dots != 4 && strings.HasPrefix(s, "eyJ")
}

// verdict is what a token came to, once and for all callers. It is not
// changed after it was made.
type verdict struct {
	refusal *capture.Identity // why it is not believed; nil: it is, within its times and its binding
	final   bool              // a refusal that the issuer's present keys cannot change

	issuer *issuer // nil if the verdict does not depend on keys
	set    *keySet // in which the key was found or was not
	signer keyID   // zero for a refusal

	id                 *capture.Identity // at level 3
	bound              *capture.Identity // at level 4; nil: the token is not bound
	notBefore, expires time.Time         // skew included
	until              time.Time         // of what an issuer answered: it is asked again then
	certificate, jkt   string            // cnf; empty: not bound by that
}

// current reports whether the issuer's keys still are what v was made with.
func (v *verdict) current() bool {
	if v.issuer == nil {
		return true
	}
	set := v.issuer.keys.set.Load()
	if set == v.set {
		return true
	}
	return v.refusal == nil && set != nil && set.ids[v.signer] != nil
}

// judge applies what can change from call to call.
func (r *Resolver) judge(v *verdict, ev *capture.Evidence, compact string) *capture.Identity {
	if v.refusal != nil {
		return v.refusal
	}
	switch now := r.now(); {
	case !now.Before(v.expires):
		return v.refuse(identity.TokenExpired)
	case now.Before(v.notBefore):
		return v.refuse(identity.TokenNotYetValid)
	case v.bound == nil:
		return v.id
	}
	if reason := r.checkBinding(v, ev, compact); reason != "" {
		return v.refuse(reason)
	}
	return v.bound
}

// refuse returns what is left of an authentic token that is not believed.
// Client and scopes are left out: they were granted to someone else's call.
func (v *verdict) refuse(reason string) *capture.Identity {
	id := identity.Refused(v.id.Credential.Method, reason, v.id.Subject)
	id.Principal.Issuer = v.id.Principal.Issuer
	id.Credential.KeyID = v.id.Credential.KeyID
	id.Credential.Algorithm = v.id.Credential.Algorithm
	id.Credential.Fingerprint = v.id.Credential.Fingerprint
	id.Credential.Expires = v.id.Credential.Expires
	return id
}

// verify makes the verdict on a token.
func (r *Resolver) verify(ctx context.Context, compact string) *verdict {
	t, err := parse(compact)
	is := r.issuers[t.claims.Issuer]
	refuse := func(reason string) *verdict {
		id := identity.Refused(identity.MethodJWT, reason, t.claims.Subject)
		id.Credential.Fingerprint = redact.Fingerprint(r.key, compact)
		if is != nil {
			id.Principal.Issuer = is.URL
		}
		if knownAlgorithm(t.header.Algorithm) {
			id.Credential.Algorithm = t.header.Algorithm
		}
		return &verdict{refusal: id, final: true}
	}
	alg := jose.SignatureAlgorithm(t.header.Algorithm)
	switch {
	case err != nil:
		return refuse(identity.MalformedToken)
	case len(r.issuers) == 0:
		return refuse(identity.NotChecked)
	case is == nil:
		return refuse(identity.WrongIssuer)
	case !slices.Contains(is.algorithms, alg):
		return refuse(identity.AlgorithmNotAllowed)
	case !slices.Contains(is.Types, normalType(t.header.Type)):
		return refuse(identity.WrongType)
	}
	keys, set, reason := is.keys.find(ctx, t.header.KeyID, alg)
	if reason != "" {
		v := refuse(reason)
		v.final = false
		return v
	}
	jws, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{alg})
	if err != nil {
		return refuse(identity.MalformedToken)
	}
	signer := slices.IndexFunc(keys, func(k *key) bool {
		_, err := jws.Verify(k.jwk.Key)
		return err == nil
	})
	if signer < 0 {
		is.keys.suspect()
		v := refuse(identity.BadSignature)
		v.issuer, v.set = is, set
		return v
	}
	v := r.accept(t, is, event.Credential{
		Method:      identity.MethodJWT,
		KeyID:       keys[signer].jwk.KeyID,
		Fingerprint: redact.Fingerprint(r.key, compact),
		Algorithm:   t.header.Algorithm,
		Expires:     t.claims.Expires.time(),
	}, identity.SignatureVerified)
	v.issuer, v.set, v.signer = is, set, keys[signer].id
	if !is.meant(t) {
		v.refusal, v.final = v.refuse(identity.WrongAudience), true
	}
	return v
}

// accept makes the verdict on a token that is authentic, as reason says.
func (r *Resolver) accept(t *token, is *issuer, credential event.Credential, reason string) *verdict {
	c := &t.claims
	id := &capture.Identity{
		Principal: event.Principal{
			Kind:   event.User,
			ID:     identity.Pseudonym(r.key, is.URL, c.subject()),
			Issuer: is.URL,
			Level:  event.LevelVerified,
			Reason: reason,
		},
		Credential: credential,
		Subject:    c.subject(),
		Name:       c.Name.one(),
		Email:      c.Email.one(),
		Groups:     t.groups(is.Groups),
		Issued:     c.IssuedAt.time(),
		Proven:     t.authTime(),
	}
	id.Credential.Client, id.Credential.Scopes = c.client(), c.scopes()
	if is.Tenant != "" {
		if tenants := t.groups([]string{is.Tenant}); len(tenants) == 1 {
			id.Tenant = tenants[0]
		}
	}
	if id.Name == "" {
		id.Name = c.PreferredUsername.one()
	}
	if c.service() {
		id.Principal.Kind = event.Service
	}
	for a := c.Actor; a != nil; a = a.Actor {
		vouches := a.Issuer
		if vouches == "" {
			vouches = is.URL
		}
		id.Credential.Delegation = append(id.Credential.Delegation, event.Delegate{
			ID: identity.Pseudonym(r.key, vouches, a.subject()), Issuer: vouches})
		id.Chain = append(id.Chain, a.subject())
	}
	v := &verdict{id: id, expires: c.Expires.time().Add(is.Skew)}
	for _, s := range []*seconds{c.NotBefore, c.IssuedAt} {
		if from := s.time().Add(-is.Skew); s != nil && from.After(v.notBefore) {
			v.notBefore = from
		}
	}
	if c.Confirm != nil {
		v.certificate, v.jkt = c.Confirm.Certificate, c.Confirm.Thumbprint
		bound := *id
		bound.Principal.Level = event.LevelBound
		bound.Principal.Reason = identity.ProofVerified
		if v.certificate != "" {
			bound.Principal.Reason = identity.CertificateBound
		}
		v.bound = &bound
	}
	return v
}

// knownAlgorithm keeps what a stranger writes into the algorithm out of events.
func knownAlgorithm(alg string) bool {
	switch alg {
	case "none", "HS256", "HS384", "HS512", "ES256K":
		return true
	}
	return slices.Contains(algorithms, jose.SignatureAlgorithm(alg))
}
