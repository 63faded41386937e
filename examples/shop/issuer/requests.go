package issuer

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// authRequest is a login under way. It is never changed: the login puts a
// copy, with user and when, in its place.
type authRequest struct {
	id       string
	asked    *oidc.AuthRequest
	audience string
	begun    time.Time

	user *User // nil until the person has logged in
	when time.Time
}

var _ op.AuthRequest = (*authRequest)(nil)

func (a *authRequest) GetID() string                      { return a.id }
func (a *authRequest) GetACR() string                     { return "" }
func (a *authRequest) GetAMR() []string                   { return []string{"pwd"} }
func (a *authRequest) GetAudience() []string              { return []string{a.audience} }
func (a *authRequest) GetAuthTime() time.Time             { return a.when }
func (a *authRequest) GetClientID() string                { return a.asked.ClientID }
func (a *authRequest) GetNonce() string                   { return a.asked.Nonce }
func (a *authRequest) GetRedirectURI() string             { return a.asked.RedirectURI }
func (a *authRequest) GetResponseType() oidc.ResponseType { return a.asked.ResponseType }
func (a *authRequest) GetResponseMode() oidc.ResponseMode { return a.asked.ResponseMode }
func (a *authRequest) GetState() string                   { return a.asked.State }
func (a *authRequest) Done() bool                         { return a.user != nil }

// GetScopes returns what was asked for, less what the person may not have.
func (a *authRequest) GetScopes() []string {
	if a.user == nil {
		return a.asked.Scopes
	}
	return scopesFor(*a.user, a.asked.Scopes)
}

func (a *authRequest) GetSubject() string {
	if a.user == nil {
		return ""
	}
	return a.user.ID
}

func (a *authRequest) GetCodeChallenge() *oidc.CodeChallenge {
	if a.asked.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: a.asked.CodeChallenge, Method: a.asked.CodeChallengeMethod}
}

// renewal is what a refresh token stands for. The library is given copies.
type renewal struct {
	client   string
	subject  string
	audience []string
	scopes   []string
	authTime time.Time
	ends     time.Time
}

var _ op.RefreshTokenRequest = (*renewal)(nil)

func (r *renewal) GetAMR() []string                 { return []string{"pwd"} }
func (r *renewal) GetAudience() []string            { return r.audience }
func (r *renewal) GetAuthTime() time.Time           { return r.authTime }
func (r *renewal) GetClientID() string              { return r.client }
func (r *renewal) GetScopes() []string              { return r.scopes }
func (r *renewal) GetSubject() string               { return r.subject }
func (r *renewal) SetCurrentScopes(scopes []string) { r.scopes = scopes }

// serviceRequest asks for a token of a service account.
type serviceRequest struct {
	client   Client
	audience string
	scopes   []string
}

var _ op.TokenRequest = serviceRequest{}

func (s serviceRequest) GetSubject() string    { return s.client.ID }
func (s serviceRequest) GetAudience() []string { return []string{s.audience} }
func (s serviceRequest) GetScopes() []string   { return s.scopes }
