// Package grant obtains tokens from an OIDC issuer the way real programs do:
// by discovery, then over the issuer's own HTTP endpoints.
//
// It knows four ways: a person who logs in through an application
// (authorization code with PKCE and the issuer's login page), a service
// account (client credentials), the renewal of a token, and the exchange of
// one token for another (RFC 8693).
//
// Person fills in the login form on the person's behalf, so it is for traffic
// generators and tests whose people are invented. It is not a library for
// applications: those send people to the issuer with their browser.
package grant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// maxAnswer bounds what is read of any answer of the issuer, in bytes.
const maxAnswer = 1 << 20

// An Issuer holds what discovery said about an OIDC issuer. It is safe for
// concurrent use.
type Issuer struct {
	// URL is the issuer identifier, as in the tokens' iss claim.
	URL string `json:"issuer"`
	// Authorization is the endpoint where a login begins.
	Authorization string `json:"authorization_endpoint"`
	// Token is the endpoint that hands out tokens.
	Token string `json:"token_endpoint"`
	// JWKS is where the public keys are.
	JWKS string `json:"jwks_uri"`

	client *http.Client
}

// An App is a program that is registered with the issuer.
type App struct {
	// ID is the client_id.
	ID string
	// Secret is the client's secret; empty for a public client, which must use
	// PKCE.
	Secret string
	// RedirectURI is where the issuer sends the code of a login; not used by
	// service accounts.
	RedirectURI string
}

// A Token is what the issuer answered.
type Token struct {
	// Access is the access token, a signed JWT.
	Access string
	// Refresh renews the access token; empty unless offline_access was asked
	// for and granted.
	Refresh string
	// ID is the ID token; empty where the grant has none.
	ID string
	// Scope is what was granted, separated by spaces.
	Scope string
	// Expires is when Access ends; zero if the issuer did not say.
	Expires time.Time
}

// An Error is a refusal by the issuer, as in RFC 6749, section 5.2.
type Error struct {
	// Status is the HTTP status of the answer.
	Status int
	// Code is the error code, such as "invalid_client"; empty if the issuer
	// gave none.
	Code string
	// Description says more; may be empty.
	Description string
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("issuer refused: status %d %s %s", e.Status, e.Code, e.Description)
}

// Discover reads the issuer's discovery document. A nil client means one with
// a time-out of ten seconds.
func Discover(ctx context.Context, issuerURL string, client *http.Client) (*Issuer, error) {
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second}
	}
	issuerURL = strings.TrimSuffix(issuerURL, "/")
	at := issuerURL + "/.well-known/openid-configuration"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, fmt.Errorf("discovering issuer %s: %w", issuerURL, err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("discovering issuer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("discovering issuer: %s answered %s", at, resp.Status)
	}
	is := &Issuer{client: client}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(is); err != nil {
		return nil, fmt.Errorf("discovering issuer: %s is not a discovery document: %w", at, err)
	}
	if is.URL != issuerURL {
		return nil, fmt.Errorf("discovering issuer: %s names itself %q", at, is.URL)
	}
	return is, nil
}

// Service obtains a token by client credentials. No scopes means all that the
// service account may have.
func (is *Issuer) Service(ctx context.Context, app App, scopes ...string) (Token, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	return is.token(ctx, app, form)
}

// Refresh renews a token with its refresh token.
func (is *Issuer) Refresh(ctx context.Context, app App, refresh string) (Token, error) {
	return is.token(ctx, app, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {refresh},
	})
}

// Exchange turns the access token of a person into one that app may use on
// the person's behalf at audience. The new token names app in its act claim.
func (is *Issuer) Exchange(ctx context.Context, app App, subject, audience string, scopes ...string) (Token, error) {
	return is.token(ctx, app, url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token":        {subject},
		"subject_token_type":   {"urn:ietf:params:oauth:token-type:access_token"},
		"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
		"audience":             {audience},
		"scope":                {strings.Join(scopes, " ")},
	})
}

// token calls the token endpoint, with the client's secret in the Basic header.
func (is *Issuer) token(ctx context.Context, app App, form url.Values) (Token, error) {
	if app.Secret == "" {
		form.Set("client_id", app.ID)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, is.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return Token{}, fmt.Errorf("asking for a token: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if app.Secret != "" {
		req.SetBasicAuth(url.QueryEscape(app.ID), url.QueryEscape(app.Secret))
	}
	resp, err := is.client.Do(req)
	if err != nil {
		return Token{}, fmt.Errorf("asking for a token: %w", err)
	}
	defer resp.Body.Close()
	var answer struct {
		Access      string  `json:"access_token"`
		Refresh     string  `json:"refresh_token"`
		ID          string  `json:"id_token"`
		Scope       string  `json:"scope"`
		ExpiresIn   float64 `json:"expires_in"`
		Code        string  `json:"error"`
		Description string  `json:"error_description"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&answer)
	if resp.StatusCode != http.StatusOK {
		return Token{}, &Error{Status: resp.StatusCode, Code: answer.Code, Description: answer.Description}
	}
	if err != nil {
		return Token{}, fmt.Errorf("reading token answer: %w", err)
	}
	if answer.Access == "" {
		return Token{}, errors.New("reading token answer: it has no access_token")
	}
	t := Token{Access: answer.Access, Refresh: answer.Refresh, ID: answer.ID, Scope: answer.Scope}
	// An issuer that hands out expired tokens (see issuer.Config) has no
	// sensible expires_in; then the token itself is the only one to say.
	if year := float64(365 * 24 * 3600); answer.ExpiresIn > 0 && answer.ExpiresIn < year {
		t.Expires = time.Now().Add(time.Duration(answer.ExpiresIn) * time.Second)
	}
	return t, nil
}

// newSession returns a client like is.client with cookies of its own and
// without following redirects: a login is a walk that must be looked at.
func (is *Issuer) newSession() (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport: is.client.Transport,
		Timeout:   is.client.Timeout,
		Jar:       jar,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}, nil
}
