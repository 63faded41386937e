package issuer

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	loginLifetime   = 10 * time.Minute // from the authorization request to the code's use
	refreshLifetime = 12 * time.Hour
	maxEntries      = 50_000 // of each map: beyond, requests are refused
)

var (
	errFull     = errors.New("the issuer is full: too many logins or tokens at once")
	errUnknown  = errors.New("unknown or ended")
	errNoClient = errors.New("unknown client or wrong secret")
)

// issued is an access token that was handed out, for introspection and
// revocation. The token itself is not kept.
type issued struct {
	client   string
	subject  string
	audience []string
	scopes   []string
	ends     time.Time
}

// storage is the memory of the issuer: everything is gone when it stops.
type storage struct {
	keys    *keyring
	users   map[string]User // by name; never changed
	clients map[string]Client

	mu       sync.Mutex // guards what follows
	lifetime time.Duration
	opaque   bool                    // access tokens
	logins   map[string]*authRequest // by request id
	codes    map[string]string       // code to request id
	renewals map[string]renewal      // by refresh token
	tokens   map[string]issued       // by jti
	sessions map[string][]string     // by subject: the newest logins
}

var (
	_ op.Storage                  = (*storage)(nil)
	_ op.ClientCredentialsStorage = (*storage)(nil)
)

// client returns an application or service account: one of the configured, or
// a guest.
func (s *storage) client(id string) (Client, bool) {
	if c, ok := s.clients[id]; ok {
		return c, true
	}
	return guest(id)
}

// CreateAuthRequest implements op.AuthStorage: a login begins.
func (s *storage) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	client, ok := s.client(asked.ClientID)
	if !ok {
		return nil, errNoClient
	}
	a := &authRequest{id: rand.Text(), asked: asked, audience: client.audience(), begun: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purge()
	if len(s.logins) >= maxEntries {
		return nil, errFull
	}
	s.logins[a.id] = a
	return a, nil
}

// purge forgets what has ended. The caller holds mu.
func (s *storage) purge() {
	now := time.Now()
	for id, a := range s.logins {
		if now.Sub(a.begun) > loginLifetime {
			delete(s.logins, id)
		}
	}
	for code, id := range s.codes {
		if _, ok := s.logins[id]; !ok {
			delete(s.codes, code)
		}
	}
	for t, r := range s.renewals {
		if now.After(r.ends) {
			delete(s.renewals, t)
		}
	}
	for id, t := range s.tokens {
		if now.After(t.ends) {
			delete(s.tokens, id)
		}
	}
}

// loginTitle names the application of a login under way.
func (s *storage) loginTitle(id string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.logins[id]
	if !ok || time.Since(a.begun) > loginLifetime {
		return "", errUnknown
	}
	return s.clients[a.asked.ClientID].Title, nil
}

// authenticate checks a person's password and, if it is right, marks the
// login as done.
func (s *storage) authenticate(id, name, password string) bool {
	user, known := s.users[name]
	right := subtle.ConstantTimeCompare([]byte(user.Password), []byte(password)) == 1
	if !known || !right {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.logins[id]
	if !ok {
		return false
	}
	done := *a
	done.user, done.when = &user, time.Now()
	s.logins[id] = &done
	return true
}

// AuthRequestByID implements op.AuthStorage.
func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.logins[id]
	if !ok {
		return nil, errUnknown
	}
	return a, nil
}

// AuthRequestByCode implements op.AuthStorage. A code works once.
func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.logins[s.codes[code]]
	delete(s.codes, code)
	if !ok || time.Since(a.begun) > loginLifetime {
		return nil, errUnknown
	}
	return a, nil
}

// SaveAuthCode implements op.AuthStorage.
func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

// DeleteAuthRequest implements op.AuthStorage.
func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.logins, id)
	return nil
}

// CreateAccessToken implements op.AuthStorage: it names the token and says
// when it ends.
func (s *storage) CreateAccessToken(_ context.Context, req op.TokenRequest) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issue(req)
}

// issue notes an access token. The caller holds mu.
func (s *storage) issue(req op.TokenRequest) (string, time.Time, error) {
	s.purge()
	if len(s.tokens) >= maxEntries {
		return "", time.Time{}, errFull
	}
	id, ends := rand.Text(), time.Now().Add(s.lifetime)
	s.tokens[id] = issued{client: clientOf(req), subject: req.GetSubject(), audience: req.GetAudience(),
		scopes: req.GetScopes(), ends: ends}
	return id, ends, nil
}

// CreateAccessAndRefreshTokens implements op.AuthStorage. A refresh token
// works once: its use brings the next one.
func (s *storage) CreateAccessAndRefreshTokens(_ context.Context, req op.TokenRequest, current string) (string, string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := renewal{client: clientOf(req), subject: req.GetSubject(), audience: req.GetAudience(),
		scopes: req.GetScopes(), authTime: time.Now(), ends: time.Now().Add(refreshLifetime)}
	if current != "" {
		old, ok := s.renewals[current]
		if !ok {
			return "", "", time.Time{}, op.ErrInvalidRefreshToken
		}
		delete(s.renewals, current)
		r.authTime, r.ends = old.authTime, old.ends
	}
	if len(s.renewals) >= maxEntries {
		return "", "", time.Time{}, errFull
	}
	id, ends, err := s.issue(req)
	if err != nil {
		return "", "", time.Time{}, err
	}
	refresh := rand.Text()
	s.renewals[refresh] = r
	return id, refresh, ends, nil
}

// clientOf says for which client a token is made.
func clientOf(req op.TokenRequest) string {
	switch r := req.(type) {
	case serviceRequest:
		return r.client.ID
	case interface{ GetClientID() string }:
		return r.GetClientID()
	}
	return ""
}

// TokenRequestByRefreshToken implements op.AuthStorage.
func (s *storage) TokenRequestByRefreshToken(_ context.Context, refresh string) (op.RefreshTokenRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.renewals[refresh]
	if !ok || time.Now().After(r.ends) {
		return nil, op.ErrInvalidRefreshToken
	}
	return &r, nil
}

// TerminateSession implements op.AuthStorage: the person has logged out.
func (s *storage) TerminateSession(_ context.Context, subject, client string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t, r := range s.renewals {
		if r.subject == subject && r.client == client {
			delete(s.renewals, t)
		}
	}
	for id, t := range s.tokens {
		if t.subject == subject && t.client == client {
			delete(s.tokens, id)
		}
	}
	return nil
}

// GetRefreshTokenInfo implements op.AuthStorage. A refresh token is its own id.
func (s *storage) GetRefreshTokenInfo(_ context.Context, _, token string) (string, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.renewals[token]
	if !ok {
		return "", "", op.ErrInvalidRefreshToken
	}
	return r.subject, token, nil
}

// RevokeToken implements op.AuthStorage. A revoked access token is inactive at
// introspection; as a JWT it verifies until it ends.
func (s *storage) RevokeToken(_ context.Context, token, _, client string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.tokens[token]; ok && t.client == client {
		delete(s.tokens, token)
	}
	if r, ok := s.renewals[token]; ok && r.client == client {
		delete(s.renewals, token)
	}
	return nil
}

// SigningKey implements op.AuthStorage.
func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.keys.signing(), nil }

// SignatureAlgorithms implements op.AuthStorage.
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{s.keys.signing().alg}, nil
}

// KeySet implements op.AuthStorage.
func (s *storage) KeySet(context.Context) ([]op.Key, error) { return s.keys.all(), nil }

// Health implements op.Storage.
func (s *storage) Health(context.Context) error { return nil }

// GetClientByClientID implements op.OPStorage.
func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c, ok := s.client(id)
	if !ok {
		return nil, errNoClient
	}
	return registered{c, s.opaque}, nil
}

// AuthorizeClientIDSecret implements op.OPStorage.
func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	c, ok := s.client(id)
	if !ok || c.Secret == "" || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		return errNoClient
	}
	return nil
}

// ClientCredentials implements op.ClientCredentialsStorage.
func (s *storage) ClientCredentials(ctx context.Context, id, secret string) (op.Client, error) {
	if err := s.AuthorizeClientIDSecret(ctx, id, secret); err != nil {
		return nil, err
	}
	return s.GetClientByClientID(ctx, id)
}

// ClientCredentialsTokenRequest implements op.ClientCredentialsStorage. No
// scopes means all of the client's.
func (s *storage) ClientCredentialsTokenRequest(_ context.Context, id string, scopes []string) (op.TokenRequest, error) {
	c, ok := s.client(id)
	if !ok {
		return nil, errNoClient
	}
	if len(scopes) == 0 {
		scopes = c.Scopes
	}
	for _, scope := range scopes {
		if !slices.Contains(c.Scopes, scope) {
			return nil, oidc.ErrInvalidScope().WithDescription("client %s may not have scope %s", id, scope)
		}
	}
	return serviceRequest{client: c, audience: c.audience(), scopes: slices.Clone(scopes)}, nil
}

// GetKeyByIDAndClientID implements op.OPStorage: no client has keys of its own.
func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errors.New("no client authenticates with a key here")
}

// ValidateJWTProfileScopes implements op.OPStorage: that grant is not offered.
func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, oidc.ErrUnsupportedGrantType()
}
