package issuer

import (
	"net/url"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// idTokenLifetime is how long an ID token may be used; it only proves a login.
const idTokenLifetime = 5 * time.Minute

// registered is a Client in the form that the library asks for.
type registered struct {
	Client
	opaque bool // its access tokens
}

var _ op.Client = registered{}

func (c registered) GetID() string                    { return c.ID }
func (c registered) PostLogoutRedirectURIs() []string { return nil }
func (c registered) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c registered) IDTokenLifetime() time.Duration   { return idTokenLifetime }
func (c registered) DevMode() bool                    { return false }
func (c registered) IsScopeAllowed(scope string) bool { return slices.Contains(c.Scopes, scope) }
func (c registered) ClockSkew() time.Duration         { return 0 }

func (c registered) AccessTokenType() op.AccessTokenType {
	if c.opaque {
		return op.AccessTokenTypeBearer
	}
	return op.AccessTokenTypeJWT
}

// IDTokenUserinfoClaimsAssertion puts name and e-mail into ID tokens as well.
func (c registered) IDTokenUserinfoClaimsAssertion() bool { return true }

func (c registered) LoginURL(id string) string { return "/login?id=" + url.QueryEscape(id) }

func (c registered) RedirectURIs() []string {
	if c.service() {
		return nil
	}
	return []string{c.RedirectURI}
}

func (c registered) ApplicationType() op.ApplicationType {
	if c.Secret == "" {
		return op.ApplicationTypeNative
	}
	return op.ApplicationTypeWeb
}

func (c registered) AuthMethod() oidc.AuthMethod {
	if c.Secret == "" {
		return oidc.AuthMethodNone
	}
	return oidc.AuthMethodBasic
}

func (c registered) GrantTypes() []oidc.GrantType {
	grants := []oidc.GrantType{oidc.GrantTypeCode, oidc.GrantTypeRefreshToken}
	if c.service() {
		grants = []oidc.GrantType{oidc.GrantTypeClientCredentials}
	}
	if c.Exchange {
		grants = append(grants, oidc.GrantTypeTokenExchange)
	}
	return grants
}

func (c registered) RestrictAdditionalIdTokenScopes() func([]string) []string { return keepAll }

func (c registered) RestrictAdditionalAccessTokenScopes() func([]string) []string { return keepAll }

func keepAll(scopes []string) []string { return scopes }
