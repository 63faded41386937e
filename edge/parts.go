package edge

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/classify"
	"github.com/gatebook/gatebook/internal/classify/watch"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/identity/header"
	"github.com/gatebook/gatebook/internal/identity/jwt"
	"github.com/gatebook/gatebook/internal/identity/mtls"
	"github.com/gatebook/gatebook/internal/ingest/delivery"
	"github.com/gatebook/gatebook/internal/operation"
	"github.com/gatebook/gatebook/internal/operation/openapi"
	"github.com/gatebook/gatebook/internal/operation/protocol"
	"github.com/gatebook/gatebook/internal/redact"
)

// parts are what calls are understood by, as the settings ask.
type parts struct {
	identifier capture.Identifier
	chain      *identity.Chain // nil: the program has a way of its own
	redactor   *redact.Redactor
	operations *operation.Tracker
	observer   capture.Observer
}

func newParts(c *Config, s *delivery.Settings) (*parts, error) {
	p := &parts{identifier: c.Identifier}
	var err error
	if p.redactor, err = redact.New(redact.Config{Key: s.Key, Headers: s.Redact.Headers, QueryParams: s.Redact.Query, Fields: s.Redact.Fields, Cookies: s.Redact.Cookies, Allow: s.Redact.Keep}); err != nil {
		return nil, fmt.Errorf("edge: the server's settings: redact: %w", err)
	}
	if p.identifier == nil {
		if p.chain, err = newChain(c, s); err != nil {
			return nil, fmt.Errorf("edge: the server's settings: identity: %w", err)
		}
		p.identifier = p.chain
	}
	if p.operations, err = newOperations(c, s); err != nil {
		return nil, err
	}
	data, err := newData(s, p.redactor)
	if err != nil {
		return nil, fmt.Errorf("edge: the server's settings: classify: %w", err)
	}
	p.observer = capture.Observers(p.operations, data, protocol.New(protocol.Config{Session: p.redactor.Fingerprint}))
	return p, nil
}

// newChain makes what recognises callers: certificates, tokens, headers, in the
// order of the gateway.
func newChain(c *Config, s *delivery.Settings) (*identity.Chain, error) {
	var resolvers []identity.Resolver
	if s.MTLS {
		r, err := mtls.New(mtls.Config{Key: s.Key})
		if err != nil {
			return nil, err
		}
		resolvers = append(resolvers, r)
	}
	tokens, err := newTokens(c, s)
	if err != nil {
		return nil, err
	}
	for _, r := range tokens {
		resolvers = append(resolvers, r)
	}
	if h := s.TrustedHeaders; h != nil {
		own := header.Config{Key: s.Key, User: h.User, Email: h.Email, Groups: h.Groups, Tenant: h.Tenant}
		for _, text := range h.Peers {
			p, err := netip.ParsePrefix(text)
			if err != nil {
				return nil, err
			}
			own.Trusted = append(own.Trusted, p)
		}
		r, err := header.New(own)
		if err != nil {
			return nil, err
		}
		resolvers = append(resolvers, r)
	}
	return identity.New(identity.Config{Resolvers: resolvers, Key: s.Key})
}

// newTokens makes the resolvers of tokens. Without issuers the claims of tokens
// are recorded as such.
func newTokens(c *Config, s *delivery.Settings) ([]*jwt.Resolver, error) {
	var list []jwt.Own
	for i := range s.Issuers {
		x := &s.Issuers[i]
		own := jwt.Own{Name: x.Name, Timeout: x.Timeout, Issuer: jwt.Issuer{
			URL: x.URL, KeysURL: x.KeysURL, AllowHTTP: strings.HasPrefix(x.URL, "http:"), Audiences: x.Audiences, Algorithms: x.Algorithms,
			Skew: cmp.Or(x.Skew, -1), Groups: x.Groups, Tenant: x.Tenant,
		}}
		if x.Type != "" {
			own.Types = []string{x.Type}
		}
		if x.Certificates != "" {
			if own.Authorities = x509.NewCertPool(); !own.Authorities.AppendCertsFromPEM([]byte(x.Certificates)) {
				return nil, fmt.Errorf("issuer %s: there is no certificate in its authorities", x.Name)
			}
		}
		list = append(list, own)
	}
	return jwt.NewAll(jwt.Config{Key: s.Key, Log: c.Log}, list)
}

// newOperations makes what tells operations and objects.
func newOperations(c *Config, s *delivery.Settings) (*operation.Tracker, error) {
	api := operation.API{Route: cmp.Or(c.Options.Route, s.Edge)}
	if c.Document != nil {
		d, err := openapi.Parse(c.Document, openapi.Options{})
		if err != nil {
			return nil, fmt.Errorf("edge: Document: %w", err)
		}
		api.Document = func(context.Context) (*operation.Description, error) { return d, nil }
	}
	own := operation.Config{APIs: []operation.API{api}, Log: c.Log}
	if c.Spool != "" {
		own.File = filepath.Join(c.Spool, "operations.json")
	}
	t, err := operation.New(own)
	if err != nil {
		return nil, fmt.Errorf("edge: what was learned of operations: %w", err)
	}
	if c.Document != nil {
		if err := t.Refresh(context.Background(), api.Route); err != nil {
			return nil, fmt.Errorf("edge: Document: %w", err)
		}
	}
	return t, nil
}

// newData makes what counts classes of data; nil: they are not counted.
func newData(s *delivery.Settings, redactor *redact.Redactor) (capture.Observer, error) {
	if s.Classify.Off {
		return nil, nil
	}
	hash := redactor.Fingerprint("classify")
	seed, err := strconv.ParseUint(hash[len(hash)-16:], 16, 64)
	if err != nil {
		panic("a fingerprint ends with hex digits")
	}
	own := classify.Config{Redactor: redactor, MaxBytes: s.Classify.MaxBody, Seed: seed, Names: make(map[classify.Class][]string)}
	for _, code := range s.Classify.Omit {
		own.Omit = append(own.Omit, classify.ByCode(code))
	}
	for _, text := range s.Classify.Fields {
		code, name, _ := strings.Cut(text, "=")
		class := classify.ByCode(code)
		own.Names[class] = append(own.Names[class], name)
	}
	made, err := classify.New(own)
	if err != nil {
		return nil, err
	}
	return watch.New(watch.Config{Classifier: made}), nil
}
