package config

import (
	"net/url"
	"time"
)

// Console is the console in the browser, and who signs in to it.
type Console struct {
	// Serve it, and let people sign in. Without it the operations listener
	// takes bearer tokens only.
	Enabled bool `key:"enabled" default:"true"`

	// Where browsers reach the operations listener, such as
	// https://gatebook.example.com. Its host is then one by which the listener
	// may be asked. A proxy in front must keep the Host header. Empty: the
	// address of the listener.
	PublicURL *url.URL `key:"public_url" scheme:"https,http"`

	// Let people sign in with the password of a local account.
	Passwords bool `key:"passwords" default:"true"`

	// A session ends after so long without a request.
	Idle time.Duration `key:"idle" default:"1h" min:"1m" max:"24h"`

	// A session ends after so long in any case.
	Lifetime time.Duration `key:"lifetime" default:"12h" min:"5m" max:"720h"`

	// After so long people sign in again before they erase, or change keys,
	// readers, accounts or legal holds.
	ConfirmAfter time.Duration `key:"confirm_after" default:"15m" min:"1m" max:"24h"`

	// A provider of OpenID Connect at which people sign in.
	OIDC ConsoleOIDC `key:"oidc"`
}

// ConsoleOIDC is a provider of OpenID Connect. Its redirect address for this
// Gatebook is public_url and /api/v1/oidc/callback.
type ConsoleOIDC struct {
	// The issuer, exactly as its discovery document names it. http only on
	// loopback. Empty: there is none.
	Issuer *url.URL `key:"issuer" scheme:"https,http"`

	// What the button says, such as the name of the company.
	Name string `key:"name" default:"single sign-on"`

	// By which the provider knows this Gatebook.
	ClientID string `key:"client_id"`

	// A file with the secret of the client. Empty: a public client, by PKCE
	// alone.
	ClientSecretFile string `key:"client_secret_file" file:"private"`

	// What is asked for.
	Scopes []string `key:"scopes" default:"openid,profile,email"`

	// The claim that says what people are called. An e-mail address that the
	// provider calls unverified is refused.
	NameClaim string `key:"name_claim" default:"email"`

	// The claim, a text or a list, that says who may do what.
	RolesClaim string `key:"roles_claim" default:"groups"`

	// Roles by values of that claim, each as value=role, such as
	// security-team=investigator. The first that matches counts.
	Roles []string `key:"roles"`

	// After the provider has said that somebody logged out (back-channel logout,
	// at public_url and /api/v1/oidc/backchannel-logout): how long calls at the
	// gateway are refused that come with their tokens from before. The issuer
	// must be one of identity.oidc. 0: only their sessions here end.
	RefuseCalls time.Duration `key:"refuse_calls" default:"0s" max:"30d"`

	// The role of everybody else: viewer, investigator, auditor or
	// administrator. Empty: they are not let in.
	DefaultRole string `key:"default_role"`
}
