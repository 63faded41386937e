// Package oidc lets people sign in to the console at a provider of OpenID
// Connect: by the authorization code flow with PKCE, state and nonce (OpenID
// Connect Core 1.0, RFC 7636, RFC 9207).
//
// It promises that an answer is taken only in the browser that was sent to the
// provider, once the provider's signature, the audience, the nonce and the code
// fit what that browser was sent with. What is in flight is in a cookie of that
// browser, sealed, so that nothing is kept here. It is not for the tokens of
// those who call the APIs behind the gateway.
package oidc

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config is what [New] needs. Issuer, ClientID, Redirect and Key are required.
type Config struct {
	Issuer             string   // as its discovery document names it
	ClientID           string   // by which the provider knows this Gatebook
	ClientSecret       string   // empty: a public client, by PKCE alone
	Scopes             []string // nil: openid, profile, email
	Redirect           string   // where the provider sends browsers back
	NameClaim          string   // what people are called; empty: email
	RolesClaim         string   // a text or a list of texts; empty: groups
	Roles              []Role   // the first that matches counts
	DefaultRole        string   // of whom none matches; empty: they are not let in
	PostLogoutRedirect string   // where the provider sends browsers after signing out; empty: nowhere

	Key  []byte       // secret of this installation; what is derived from it seals what is in flight
	HTTP *http.Client // nil: one that waits ten seconds
	Now  func() time.Time
}

// Role is a role for who has a value of the claim.
type Role struct{ Value, Role string }

// Person is who signed in, as the provider says.
type Person struct {
	Issuer, Subject, Name, Role string

	Session string // of the provider (sid), by which it tells of a logout; empty: it does not say
}

// Errors. Each is wrapped by one that says more.
var (
	ErrUnavailable = errors.New("the provider does not answer as it should")
	ErrAnswer      = errors.New("the answer of the provider does not belong to this browser or has expired: begin again")
	ErrNoRole      = errors.New("the provider says who this is, but none of their groups may use this Gatebook")
	ErrNoName      = errors.New("the provider does not say what this person is called, or has not verified it")
)

// Provider is one provider. Make one with [New]. It is safe for concurrent use.
type Provider struct {
	cfg  Config
	seal cipher.AEAD

	replays replays // of logout tokens

	mu    sync.Mutex // guards found
	found *found     // nil: not asked yet
}

// found is what the provider says of itself.
type found struct {
	provider *oidc.Provider
	logout   string // end_session_endpoint; empty: there is none
}

// flightLife is how long somebody may take to sign in at the provider.
const flightLife = 10 * time.Minute

// flight is what a browser was sent with.
type flight struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	Next     string    `json:"p"` // path of the console to go on at
	Again    bool      `json:"a"` // they had to show anew who they are
	Began    time.Time `json:"t"`
}

// New returns a provider. It is asked only when the first person signs in.
func New(cfg Config) (*Provider, error) {
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if len(cfg.Scopes) == 0 {
		cfg.Scopes = []string{oidc.ScopeOpenID, "profile", "email"}
	}
	if cfg.NameClaim == "" {
		cfg.NameClaim = "email"
	}
	if cfg.RolesClaim == "" {
		cfg.RolesClaim = "groups"
	}
	key, err := hkdf.Key(sha256.New, cfg.Key, nil, "gatebook: sign-ins in flight", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Provider{cfg: cfg, seal: seal}, nil
}

// context returns one in which the provider is asked by our client.
func (p *Provider) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.cfg.HTTP)
}

// find asks the provider about itself, if it was not asked yet.
func (p *Provider) find(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// The keys are fetched later, when this request has ended.
	provider, err := oidc.NewProvider(p.context(context.WithoutCancel(ctx)), p.cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	var more struct {
		Logout string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	p.found = &found{provider, more.Logout}
	return p.found, nil
}

func (p *Provider) oauth(f *found) *oauth2.Config {
	return &oauth2.Config{ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, Endpoint: f.provider.Endpoint(), RedirectURL: p.cfg.Redirect, Scopes: p.cfg.Scopes}
}

// Start returns where to send a browser, and the cookie that it comes back with,
// within the time. next is where it goes on afterwards; again says that the
// provider must ask anew who that is.
func (p *Provider) Start(ctx context.Context, next string, again bool) (to, cookie string, life time.Duration, err error) {
	f, err := p.find(ctx)
	if err != nil {
		return "", "", 0, err
	}
	fl := flight{rand.Text(), rand.Text(), oauth2.GenerateVerifier(), next, again, p.cfg.Now()}
	options := []oauth2.AuthCodeOption{oidc.Nonce(fl.Nonce), oauth2.S256ChallengeOption(fl.Verifier)}
	if again {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	b, err := json.Marshal(fl)
	if err != nil {
		return "", "", 0, err
	}
	nonce := make([]byte, p.seal.NonceSize())
	rand.Read(nonce)
	cookie = base64.RawURLEncoding.EncodeToString(p.seal.Seal(nonce, nonce, b, nil))
	return p.oauth(f).AuthCodeURL(fl.State, options...), cookie, flightLife, nil
}

// open reads the cookie of a browser that comes back.
func (p *Provider) open(cookie string) (*flight, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cookie)
	n := p.seal.NonceSize()
	if err != nil || len(b) < n {
		return nil, ErrAnswer
	}
	if b, err = p.seal.Open(nil, b[:n], b[n:], nil); err != nil {
		return nil, ErrAnswer
	}
	var f flight
	if err := json.Unmarshal(b, &f); err != nil || p.cfg.Now().Sub(f.Began) > flightLife {
		return nil, ErrAnswer
	}
	return &f, nil
}

// Finish returns who came back from the provider, and where to go on.
func (p *Provider) Finish(ctx context.Context, cookie string, answer url.Values) (*Person, string, error) {
	fl, err := p.open(cookie)
	if err != nil {
		return nil, "", err
	}
	if subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(fl.State)) != 1 {
		return nil, "", ErrAnswer
	}
	if iss := answer.Get("iss"); iss != "" && iss != p.cfg.Issuer { // RFC 9207: the answer of another provider
		return nil, "", ErrAnswer
	}
	if code := answer.Get("error"); code != "" {
		return nil, "", fmt.Errorf("%w: it refused to sign in", ErrUnavailable)
	}
	f, err := p.find(ctx)
	if err != nil {
		return nil, "", err
	}
	ctx = p.context(ctx)
	token, err := p.oauth(f).Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(fl.Verifier))
	if err != nil {
		// The error can hold the answer, and the answer what it likes.
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return nil, "", fmt.Errorf("%w: it refused the code with the status %d", ErrUnavailable, refused.Response.StatusCode)
		}
		return nil, "", fmt.Errorf("%w: the code could not be redeemed", ErrUnavailable)
	}
	raw, _ := token.Extra("id_token").(string)
	verifier := f.provider.Verifier(&oidc.Config{ClientID: p.cfg.ClientID, Now: p.cfg.Now, SupportedSigningAlgs: algorithms})
	id, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, "", fmt.Errorf("%w: its ID token is not valid", ErrUnavailable)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(fl.Nonce)) != 1 {
		return nil, "", ErrAnswer
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return nil, "", fmt.Errorf("%w: its ID token is not valid", ErrUnavailable)
	}
	if fl.Again && !p.recent(claims, fl.Began) {
		return nil, "", fmt.Errorf("%w: it did not ask anew who this is", ErrAnswer)
	}
	if err := p.complete(ctx, f, token, id.Subject, claims); err != nil {
		return nil, "", err
	}
	person, err := p.person(id.Subject, claims)
	return person, fl.Next, err
}

// algorithms are those of signatures that are believed.
var algorithms = []string{oidc.RS256, oidc.ES256, oidc.PS256, oidc.EdDSA, oidc.RS384, oidc.ES384, oidc.PS384, oidc.RS512, oidc.ES512, oidc.PS512}

// clockSkew is how far the clock of the provider may be off.
const clockSkew = time.Minute

// recent reports whether the provider asked who that is after the flight began.
func (p *Provider) recent(claims map[string]any, began time.Time) bool {
	at, ok := claims["auth_time"].(float64)
	return ok && time.Unix(int64(at), 0).After(began.Add(-clockSkew))
}

// complete adds claims that are wanted and are not in the ID token from what the
// provider says of the person when it is asked.
func (p *Provider) complete(ctx context.Context, f *found, token *oauth2.Token, subject string, claims map[string]any) error {
	if claims[p.cfg.NameClaim] != nil && claims[p.cfg.RolesClaim] != nil || f.provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return fmt.Errorf("%w: it does not say more of the person", ErrUnavailable)
	}
	if info.Subject != subject { // OpenID Connect Core, section 5.3.2
		return fmt.Errorf("%w: it speaks of another person", ErrUnavailable)
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil {
		return fmt.Errorf("%w: what it says of the person is not valid", ErrUnavailable)
	}
	for k, v := range more {
		if claims[k] == nil {
			claims[k] = v
		}
	}
	return nil
}

func (p *Provider) person(subject string, claims map[string]any) (*Person, error) {
	name, _ := claims[p.cfg.NameClaim].(string)
	if verified, ok := claims["email_verified"].(bool); name == "" || p.cfg.NameClaim == "email" && ok && !verified {
		return nil, ErrNoName
	}
	values := texts(claims[p.cfg.RolesClaim])
	role := p.cfg.DefaultRole
	for _, r := range p.cfg.Roles {
		if slices.Contains(values, r.Value) {
			role = r.Role
			break
		}
	}
	if role == "" {
		return nil, ErrNoRole
	}
	session, _ := claims["sid"].(string)
	return &Person{p.cfg.Issuer, subject, name, role, session}, nil
}

// texts returns a claim that is a text or a list of texts.
func texts(v any) (list []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			if s, ok := item.(string); ok {
				list = append(list, s)
			}
		}
	}
	return list
}

// Logout returns where a browser signs out of the provider; empty if it does not
// say where (OpenID Connect RP-Initiated Logout 1.0).
func (p *Provider) Logout() string {
	p.mu.Lock()
	f := p.found
	p.mu.Unlock()
	if f == nil || f.logout == "" {
		return ""
	}
	u, err := url.Parse(f.logout)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.cfg.ClientID)
	if p.cfg.PostLogoutRedirect != "" {
		q.Set("post_logout_redirect_uri", p.cfg.PostLogoutRedirect)
	}
	u.RawQuery = q.Encode()
	return u.String()
}
