package issuer_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/gatebook/gatebook/examples/shop/grant"
	"github.com/gatebook/gatebook/examples/shop/issuer"
)

// start runs an issuer until the test ends.
func start(t *testing.T, cfg issuer.Config) *issuer.Issuer {
	t.Helper()
	is, err := issuer.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { is.Close() })
	return is
}

// claims are what the tests look at in an access token.
type claims struct {
	Subject  string   `json:"sub"`
	ClientID string   `json:"client_id"`
	AZP      string   `json:"azp"`
	Scope    string   `json:"scope"`
	Roles    []string `json:"roles"`
	Email    string   `json:"email"`
	Act      struct {
		Subject string `json:"sub"`
	} `json:"act"`
}

// verify checks a token as a foreign program would: coreos/go-oidc, with a
// fresh discovery and key set.
func verify(t *testing.T, is *issuer.Issuer, audience, alg, token string) (claims, error) {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), is.URL)
	if err != nil {
		t.Fatal(err)
	}
	v := provider.VerifierContext(t.Context(), &oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{alg}})
	verified, err := v.Verify(t.Context(), token)
	if err != nil {
		return claims{}, err
	}
	var c claims
	if err := verified.Claims(&c); err != nil {
		t.Fatal(err)
	}
	return c, nil
}

// must fails the test if no token was given.
func must(t *testing.T) func(grant.Token, error) grant.Token {
	return func(tok grant.Token, err error) grant.Token {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
}

func TestTokensOfEachKindVerify(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256"} {
		is := start(t, issuer.Config{Algorithm: alg})

		person := must(t)(is.UserToken(t.Context(), "alice", "shop-web"))
		c, err := verify(t, is, issuer.Audience, alg, person.Access)
		if err != nil {
			t.Fatalf("%s: person's token: %v", alg, err)
		}
		if c.Subject != "u-71c4" || c.ClientID != "shop-web" || c.AZP != "shop-web" || c.Email != "alice@shop.example" {
			t.Errorf("%s: person's token: got %+v", alg, c)
		}
		if !slices.Equal(c.Roles, []string{"support"}) {
			t.Errorf("%s: roles: got %v, want [support]", alg, c.Roles)
		}
		if !strings.Contains(c.Scope, "customers:read") || strings.Contains(c.Scope, "admin") {
			t.Errorf("%s: scope %q: want customers:read and not admin", alg, c.Scope)
		}

		service := must(t)(is.ServiceToken(t.Context(), "nightly-billing", "orders:read"))
		c, err = verify(t, is, issuer.Audience, alg, service.Access)
		if err != nil {
			t.Fatalf("%s: service's token: %v", alg, err)
		}
		if c.Subject != "nightly-billing" || c.Scope != "orders:read" || !slices.Equal(c.Roles, []string{"service"}) {
			t.Errorf("%s: service's token: got %+v", alg, c)
		}
	}
}

func TestApplicationActsWithPersonsToken(t *testing.T) {
	is := start(t, issuer.Config{})
	tok := must(t)(is.UserToken(t.Context(), "grace", "reporter"))
	c, err := verify(t, is, issuer.Audience, "ES256", tok.Access)
	if err != nil {
		t.Fatal(err)
	}
	if c.Subject != "u-e845" || c.ClientID != "reporter" {
		t.Errorf("got subject %s by client %s, want u-e845 by reporter", c.Subject, c.ClientID)
	}
	if strings.Contains(c.Scope, "admin") {
		t.Errorf("scope %q: the application got more than it may have", c.Scope)
	}
}

func TestExchangeNamesTheActor(t *testing.T) {
	is := start(t, issuer.Config{})
	person := must(t)(is.UserToken(t.Context(), "alice", "shop-web", "openid", "orders:read"))
	tok := must(t)(is.ExchangeToken(t.Context(), "checkout", person.Access, "orders:read", "orders:write"))
	c, err := verify(t, is, issuer.Audience, "ES256", tok.Access)
	if err != nil {
		t.Fatal(err)
	}
	if c.Subject != "u-71c4" || c.Act.Subject != "checkout" || c.Scope != "orders:read" {
		t.Errorf("got subject %s, actor %s, scope %q; want u-71c4, checkout, orders:read", c.Subject, c.Act.Subject, c.Scope)
	}
	if _, err := is.ExchangeToken(t.Context(), "reporter", person.Access, "orders:read"); err == nil {
		t.Error("a client without Exchange exchanged a token")
	}
}

// TestGuests: service accounts that nobody configured, by the form of their
// names, and with few rights.
func TestGuests(t *testing.T) {
	is := start(t, issuer.Config{})
	tok := must(t)(is.ServiceToken(t.Context(), "guest-0123abcd"))
	c, err := verify(t, is, issuer.Audience, "ES256", tok.Access)
	if err != nil || c.ClientID != "guest-0123abcd" || c.Scope != "customers:read orders:read export:read" {
		t.Errorf("got %+v, %v", c, err)
	}
	for _, id := range []string{"guest-", "guest-0123abcde", "guest-0123ABCD", "xguest-0123abcd"} {
		if _, err := is.ServiceToken(t.Context(), id); err == nil {
			t.Errorf("%s got a token", id)
		}
	}
	if _, err := is.ServiceToken(t.Context(), "guest-0123abcd", "admin"); err == nil {
		t.Error("a guest got the scope admin")
	}
}

func TestRefusals(t *testing.T) {
	is := start(t, issuer.Config{})
	g, err := grant.Discover(t.Context(), is.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	web := grant.App{ID: "shop-web", RedirectURI: "http://127.0.0.1/console/callback"}
	if _, err := g.Person(t.Context(), web, "alice", "wrong", "openid"); !errors.Is(err, grant.ErrLogin) {
		t.Errorf("wrong password: got %v, want ErrLogin", err)
	}
	if _, err := g.Person(t.Context(), web, "", "", "openid"); !errors.Is(err, grant.ErrLogin) {
		t.Errorf("unknown user without password: got %v, want ErrLogin", err)
	}
	other := web
	other.RedirectURI = "http://203.0.113.9/take"
	if _, err := g.Person(t.Context(), other, "alice", "alice-opens-sesame", "openid"); err == nil {
		t.Error("a foreign redirect address was accepted")
	}
	wrong := func(what string, app grant.App, scopes ...string) {
		t.Helper()
		var refused *grant.Error
		if _, err := g.Service(t.Context(), app, scopes...); !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want a refusal", what, err)
		}
	}
	wrong("wrong secret", grant.App{ID: "stock-sync", Secret: "x"})
	wrong("unknown client", grant.App{ID: "nobody", Secret: "x"})
	wrong("scope beyond the client's", grant.App{ID: "stock-sync", Secret: "stock-sync-demo-secret"}, "admin")
	wrong("public client", grant.App{ID: "shop-web"})
	wrong("application for people", grant.App{ID: "reporter", Secret: "reporter-demo-secret"})
}

func TestRefreshTokenWorksOnce(t *testing.T) {
	is := start(t, issuer.Config{})
	g, err := grant.Discover(t.Context(), is.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	app := grant.App{ID: "shop-web"}
	first := must(t)(is.UserToken(t.Context(), "bob", "shop-web"))
	second := must(t)(g.Refresh(t.Context(), app, first.Refresh))
	if c, err := verify(t, is, issuer.Audience, "ES256", second.Access); err != nil || c.Subject != "u-0b9e" {
		t.Errorf("renewed token: subject %q, %v", c.Subject, err)
	}
	if _, err := g.Refresh(t.Context(), app, first.Refresh); err == nil {
		t.Error("a used refresh token was accepted")
	}
	must(t)(g.Refresh(t.Context(), app, second.Refresh))
}

func TestExpiredAndForeignTokens(t *testing.T) {
	is := start(t, issuer.Config{TokenLifetime: -time.Minute})
	old := must(t)(is.ServiceToken(t.Context(), "stock-sync"))
	var expired *oidc.TokenExpiredError
	if _, err := verify(t, is, issuer.Audience, "ES256", old.Access); !errors.As(err, &expired) {
		t.Errorf("expired token: got %v", err)
	}
	is.SetTokenLifetime(time.Minute)
	foreign := must(t)(is.ServiceToken(t.Context(), "hr-sync"))
	if _, err := verify(t, is, issuer.Audience, "ES256", foreign.Access); err == nil {
		t.Error("a token for hr-api passed as one for the shop")
	}
	if _, err := verify(t, is, "hr-api", "ES256", foreign.Access); err != nil {
		t.Errorf("at its own API: %v", err)
	}
}

func TestKeyRotation(t *testing.T) {
	is := start(t, issuer.Config{})
	old := must(t)(is.ServiceToken(t.Context(), "stock-sync")).Access
	check := func(what, token string, want bool) {
		t.Helper()
		if _, err := verify(t, is, issuer.Audience, "ES256", token); (err == nil) != want {
			t.Errorf("%s: verified %v (%v), want %v", what, err == nil, err, want)
		}
	}
	if err := is.RotateKey(); err != nil {
		t.Fatal(err)
	}
	fresh := must(t)(is.ServiceToken(t.Context(), "stock-sync")).Access
	check("old token after a rotation", old, true)
	check("new token after a rotation", fresh, true)
	is.DropOldKeys()
	check("old token after the old key has gone", old, false)
	check("new token after the old key has gone", fresh, true)
	for range 2 {
		if err := is.RotateKey(); err != nil {
			t.Fatal(err)
		}
	}
	check("token of the key before the last", fresh, false)
}

func TestIntrospectionAndRevocation(t *testing.T) {
	is := start(t, issuer.Config{})
	tok := must(t)(is.ServiceToken(t.Context(), "stock-sync")).Access
	post := func(path string) map[string]any {
		t.Helper()
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, is.URL+path,
			strings.NewReader(url.Values{"token": {tok}}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("stock-sync", "stock-sync-demo-secret")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, resp.Status)
		}
		var answer map[string]any
		_ = json.NewDecoder(resp.Body).Decode(&answer) // a revocation has no body
		return answer
	}
	if got := post("/oauth/introspect"); got["active"] != true || got["sub"] != "stock-sync" || got["client_id"] != "stock-sync" {
		t.Errorf("introspection: got %v", got)
	}
	post("/revoke")
	if got := post("/oauth/introspect"); got["active"] != false {
		t.Errorf("introspection after revocation: got %v", got)
	}
}

func TestStoppedIssuerGivesNothing(t *testing.T) {
	is := start(t, issuer.Config{})
	must(t)(is.ServiceToken(t.Context(), "stock-sync"))
	if err := is.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := is.ServiceToken(context.Background(), "stock-sync"); err == nil {
		t.Error("a stopped issuer gave a token")
	}
}

func TestBadConfig(t *testing.T) {
	for what, cfg := range map[string]issuer.Config{
		"all interfaces":         {Listen: ":0"},
		"not loopback":           {Listen: "192.0.2.1:80"},
		"unknown algorithm":      {Algorithm: "HS256"},
		"user twice":             {Users: []issuer.User{{ID: "1", Name: "a", Password: "p"}, {ID: "2", Name: "a", Password: "p"}}},
		"service without secret": {Clients: []issuer.Client{{ID: "a"}}},
	} {
		if is, err := issuer.Start(cfg); err == nil {
			is.Close()
			t.Errorf("%s: was accepted", what)
		}
	}
}
