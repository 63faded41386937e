package issuer

import (
	"context"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

var (
	_ op.CanGetPrivateClaimsFromRequest = (*storage)(nil)
	_ op.CanSetUserinfoFromRequest      = (*storage)(nil)
	_ op.TokenExchangeStorage           = (*storage)(nil)
)

// scopesFor returns those of the asked scopes that the person may have.
func scopesFor(u User, asked []string) []string {
	return slices.DeleteFunc(slices.Clone(asked), func(scope string) bool {
		return !slices.Contains(identityScopes, scope) && len(allowed(u.Roles, []string{scope})) == 0
	})
}

// userByID finds a person by subject.
func (s *storage) userByID(id string) (User, bool) {
	for _, u := range s.users {
		if u.ID == id {
			return u, true
		}
	}
	return User{}, false
}

// accessClaims are the claims of an access token beyond the registered ones:
// scope (RFC 8693, a string), roles, and azp; a person's name and e-mail if
// those were asked for.
func (s *storage) accessClaims(subject, client string, scopes []string) map[string]any {
	claims := map[string]any{"scope": strings.Join(scopes, " "), "azp": client}
	u, ok := s.userByID(subject)
	if !ok {
		claims["roles"] = []string{"service"}
		return claims
	}
	claims["roles"] = u.Roles
	if slices.Contains(scopes, oidc.ScopeProfile) {
		claims["name"], claims["preferred_username"] = u.Full, u.Name
	}
	if slices.Contains(scopes, oidc.ScopeEmail) {
		claims["email"] = u.Email
	}
	return claims
}

// GetPrivateClaimsFromRequest implements op.CanGetPrivateClaimsFromRequest.
// The scopes come from the request, since those the library hands over lack
// profile and email.
func (s *storage) GetPrivateClaimsFromRequest(_ context.Context, req op.TokenRequest, _ []string) (map[string]any, error) {
	return s.accessClaims(req.GetSubject(), clientOf(req), req.GetScopes()), nil
}

// GetPrivateClaimsFromScopes implements op.OPStorage.
func (s *storage) GetPrivateClaimsFromScopes(_ context.Context, subject, client string, scopes []string) (map[string]any, error) {
	return s.accessClaims(subject, client, scopes), nil
}

// SetUserinfoFromScopes implements op.OPStorage; the library asks for an empty
// method, SetUserinfoFromRequest does the work.
func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest implements op.CanSetUserinfoFromRequest: ID tokens.
func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, req op.IDTokenRequest, scopes []string) error {
	if login, ok := req.(*authRequest); ok { // the session here, by which a logout names it
		info.AppendClaims("sid", login.id)
		s.begun(req.GetSubject(), login.id)
	}
	return s.describe(info, req.GetSubject(), scopes)
}

// SetUserinfoFromToken implements op.OPStorage: the userinfo endpoint.
func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, id, subject, _ string) error {
	t, ok := s.tokenByID(id)
	if !ok {
		return errUnknown
	}
	return s.describe(info, subject, t.scopes)
}

// describe fills in what the scopes allow to be said about a person.
func (s *storage) describe(info *oidc.UserInfo, subject string, scopes []string) error {
	u, ok := s.userByID(subject)
	if !ok {
		return errUnknown
	}
	info.Subject = u.ID
	if slices.Contains(scopes, oidc.ScopeProfile) {
		info.Name, info.PreferredUsername = u.Full, u.Name
	}
	if slices.Contains(scopes, oidc.ScopeEmail) {
		info.Email, info.EmailVerified = u.Email, true
	}
	return nil
}

// tokenByID finds an access token that was issued and not revoked.
func (s *storage) tokenByID(id string) (issued, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[id]
	return t, ok
}

// SetIntrospectionFromToken implements op.OPStorage (RFC 7662). Each client
// with a secret may ask about each token: in this demonstration they all
// belong to one company.
func (s *storage) SetIntrospectionFromToken(_ context.Context, answer *oidc.IntrospectionResponse, id, subject, _ string) error {
	t, ok := s.tokenByID(id)
	if !ok {
		return errUnknown
	}
	answer.Subject, answer.ClientID, answer.JWTID = subject, t.client, id
	answer.Scope, answer.Audience = t.scopes, t.audience
	answer.Expiration = oidc.FromTime(t.ends)
	return nil
}

// ValidateTokenExchangeRequest implements op.TokenExchangeStorage: which
// client may act for whom, where, and with which scopes. The new token never
// allows more than the old one did.
func (s *storage) ValidateTokenExchangeRequest(_ context.Context, req op.TokenExchangeRequest) error {
	client := s.clients[req.GetClientID()]
	if !client.Exchange {
		return oidc.ErrUnauthorizedClient().WithDescription("client %s may not act for people", client.ID)
	}
	if req.GetRequestedTokenType() == "" {
		req.SetRequestedTokenType(oidc.AccessTokenType)
	}
	if req.GetRequestedTokenType() != oidc.AccessTokenType || req.GetExchangeSubjectTokenType() != oidc.AccessTokenType {
		return oidc.ErrInvalidRequest().WithDescription("only access tokens are exchanged for access tokens")
	}
	if !slices.Equal(req.GetAudience(), []string{client.audience()}) {
		return oidc.ErrInvalidRequest().WithDescription("audience must be %s", client.audience())
	}
	had, _ := req.GetExchangeSubjectTokenClaims()["scope"].(string)
	var scopes []string
	for _, scope := range req.GetScopes() {
		if slices.Contains(client.Scopes, scope) && slices.Contains(strings.Fields(had), scope) {
			scopes = append(scopes, scope)
		}
	}
	req.SetCurrentScopes(scopes)
	return nil
}

// CreateTokenExchangeRequest implements op.TokenExchangeStorage; nothing is kept.
func (s *storage) CreateTokenExchangeRequest(context.Context, op.TokenExchangeRequest) error {
	return nil
}

// GetPrivateClaimsFromTokenExchangeRequest implements op.TokenExchangeStorage:
// the act claim names the client that acts (RFC 8693, section 4.1), around
// the one that acted before it.
func (s *storage) GetPrivateClaimsFromTokenExchangeRequest(_ context.Context, req op.TokenExchangeRequest) (map[string]any, error) {
	claims := s.accessClaims(req.GetSubject(), req.GetClientID(), req.GetScopes())
	act := map[string]any{"sub": req.GetClientID()}
	if before, ok := req.GetExchangeSubjectTokenClaims()["act"]; ok {
		act["act"] = before
	}
	claims["act"] = act
	return claims, nil
}

// SetUserinfoFromTokenExchangeRequest implements op.TokenExchangeStorage.
func (s *storage) SetUserinfoFromTokenExchangeRequest(_ context.Context, info *oidc.UserInfo, req op.TokenExchangeRequest) error {
	return s.describe(info, req.GetSubject(), req.GetScopes())
}
