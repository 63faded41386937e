package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// A Principal is who calls, as the shop understands it.
type Principal struct {
	// Subject is the sub claim; for a key or a certificate a word for its kind.
	Subject string `json:"subject"`
	// Client is the OAuth client that calls on behalf of the subject; empty
	// for keys and certificates.
	Client string `json:"client,omitempty"`
	// Name is the person's full name, if the token has it.
	Name string `json:"name,omitempty"`
	// Roles from the token.
	Roles []string `json:"roles"`
	// Scopes that the caller may use.
	Scopes []string `json:"scopes"`
}

// gatewayScopes is what keys and certificates may do that a gateway let through.
var gatewayScopes = []string{"customers:read", "customers:write", "orders:read", "orders:write",
	"products:write", "files:read", "files:write", "export:read"}

type principalKey struct{}

// principal returns who calls; the zero value on public routes.
func principal(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// guard lets a route's handler run only for callers with its scope.
func (s *Server) guard(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rt.scope != public {
			p, err := s.auth.who(r)
			if err == nil {
				err = p.may(rt.scope)
			}
			if err != nil {
				s.fail(w, r, err)
				return
			}
			r = r.WithContext(context.WithValue(r.Context(), principalKey{}, p))
		}
		if err := rt.handle(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// may checks a scope. Administration needs the role as well.
func (p Principal) may(scope string) error {
	switch {
	case scope == anyone:
		return nil
	case !slices.Contains(p.Scopes, scope):
		return problem{http.StatusForbidden, "this needs the scope " + scope}
	case scope == admin && !slices.Contains(p.Roles, "admin"):
		return problem{http.StatusForbidden, "this needs the role admin"}
	}
	return nil
}

// authenticator finds out who calls.
type authenticator struct {
	issuer   string
	audience string
	trust    bool

	mu       sync.Mutex // guards what follows
	verifier *oidc.IDTokenVerifier
	retry    time.Time // no discovery before
}

// who returns the caller of a request.
func (a *authenticator) who(r *http.Request) (Principal, error) {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return a.bearer(r.Context(), token)
	}
	if a.trust && r.Header.Get("X-API-Key") != "" {
		return Principal{Subject: "api-key", Roles: []string{"service"}, Scopes: gatewayScopes}, nil
	}
	if a.trust && r.Header.Get("X-Forwarded-Client-Cert") != "" {
		return Principal{Subject: "client-certificate", Roles: []string{"service"}, Scopes: gatewayScopes}, nil
	}
	return Principal{}, problem{http.StatusUnauthorized, "send an access token"}
}

// bearer verifies an access token.
func (a *authenticator) bearer(ctx context.Context, token string) (Principal, error) {
	v, err := a.discovered(ctx)
	if err != nil {
		return Principal{}, err
	}
	verified, err := v.Verify(ctx, token)
	if err != nil {
		return Principal{}, problem{http.StatusUnauthorized, "the access token is not valid"}
	}
	var claims struct {
		Client string   `json:"client_id"`
		Name   string   `json:"name"`
		Scope  *string  `json:"scope"`
		Roles  []string `json:"roles"`
	}
	if err := verified.Claims(&claims); err != nil {
		return Principal{}, problem{http.StatusUnauthorized, "the access token's claims cannot be read"}
	}
	// An ID token may name the same audience; only access tokens have a scope.
	if claims.Scope == nil {
		return Principal{}, problem{http.StatusUnauthorized, "this is not an access token"}
	}
	return Principal{Subject: verified.Subject, Client: claims.Client, Name: claims.Name,
		Roles: claims.Roles, Scopes: strings.Fields(*claims.Scope)}, nil
}

// discovered returns the verifier, and asks the issuer at the first call. An
// issuer that does not answer is asked again after a second.
func (a *authenticator) discovered(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	if a.issuer == "" {
		return nil, problem{http.StatusUnauthorized, "the shop was started without an issuer: no token is accepted"}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.verifier != nil {
		return a.verifier, nil
	}
	down := problem{http.StatusServiceUnavailable, "the issuer of access tokens does not answer"}
	if time.Now().Before(a.retry) {
		return nil, down
	}
	// The provider keeps the context for fetching keys later on, so it must
	// outlive this request.
	keep := oidc.ClientContext(context.WithoutCancel(ctx), &http.Client{Timeout: 5 * time.Second})
	p, err := oidc.NewProvider(keep, a.issuer)
	if err != nil {
		a.retry = time.Now().Add(time.Second)
		return nil, fmt.Errorf("%w: %w", down, err)
	}
	a.verifier = p.VerifierContext(keep, &oidc.Config{ClientID: a.audience,
		SupportedSigningAlgs: []string{oidc.ES256, oidc.RS256}})
	return a.verifier, nil
}
