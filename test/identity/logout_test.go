package identity

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/examples/shop/issuer"
	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/people/oidc"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/test/readingtest"
)

// told is a console whose provider tells of logouts, and a gateway that refuses
// calls by them.
type told struct {
	*front
	issuer *issuer.Issuer
	live   policy.Live
	keeper *act.Keeper
	house  *readingtest.House
}

func newTold(t *testing.T) *told {
	x := &told{front: &front{t: t, people: readingtest.People(t, nil)}, house: readingtest.Open(t)}
	var handler http.Handler
	x.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(x.srv.Close)
	public, err := url.Parse(x.srv.URL)
	must(t, err)
	redirect := public.JoinPath(api.OIDCCallback).String()
	x.issuer, err = issuer.Start(issuer.Config{Clients: append(issuer.DefaultClients(), issuer.Client{
		ID: "gatebook", Title: "Gatebook", RedirectURI: redirect, LogoutURI: public.JoinPath(api.OIDCLogout).String(),
	})})
	must(t, err)
	t.Cleanup(func() { x.issuer.Close() })
	provider, err := oidc.New(oidc.Config{
		Issuer: x.issuer.URL, ClientID: "gatebook", Redirect: redirect, NameClaim: "preferred_username", Key: key, DefaultRole: "viewer",
	})
	must(t, err)
	x.keeper = act.New(act.Config{
		Ledger: x.house.Ledger, Recorder: x.house.Recorder, Room: x.house.Room, State: readingtest.State(t), Live: &x.live, Origin: "gatebook.test", Edge: "test",
	})
	must(t, x.keeper.Load(t.Context()))
	handler = api.New(api.Config{
		Room: x.house.Room, People: x.people, OIDC: provider, OIDCName: "the shop", PublicURL: public, Version: "test",
		LoggedOut: func(ctx context.Context, subject string, at time.Time) error {
			return x.keeper.LoggedOut(ctx, identity.Pseudonym(key, x.issuer.URL, subject), at, time.Hour)
		},
	})
	x.fresh()
	return x
}

// browser signs somebody in with a browser of their own.
func (x *told) browser(name string) *http.Client {
	x.t.Helper()
	x.fresh()
	x.get(x.leave("next=/", name))
	if m := x.me(); m.Name != name {
		x.t.Fatalf("%s is not signed in: %+v", name, m)
	}
	return x.client
}

func (x *told) signedIn(c *http.Client) bool {
	x.client = c
	return x.me().SignedIn
}

// tell shows a logout token, and returns the status.
func (x *told) tell(token string) int {
	x.t.Helper()
	res, err := http.PostForm(x.srv.URL+api.OIDCLogout, url.Values{"logout_token": {token}})
	must(x.t, err)
	res.Body.Close()
	if got := res.Header.Get("Cache-Control"); got != "no-store" {
		x.t.Errorf("got Cache-Control %q", got)
	}
	return res.StatusCode
}

// TestProviderLogout has people log out at the issuer: their sessions of the
// console end, and calls with tokens from before are to authenticate anew.
func TestProviderLogout(t *testing.T) {
	x := newTold(t)
	alice, second, bob := x.browser("alice"), x.browser("alice"), x.browser("bob")
	answers, err := x.issuer.LogOut(t.Context(), "alice")
	if err != nil || len(answers) != 1 || answers["gatebook"] != http.StatusOK {
		t.Fatalf("got %v, %v", answers, err)
	}
	if x.signedIn(alice) || x.signedIn(second) || !x.signedIn(bob) {
		t.Error("the sessions of alice go on, or that of bob has ended")
	}
	principal := identity.Pseudonym(key, x.issuer.URL, "u-71c4")
	measures := x.live.Load().Measures()
	if len(measures) != 1 || measures[0].Kind != policy.Reauthenticate || measures[0].Subject.Principal != principal {
		t.Fatalf("got %+v", measures)
	}
	call := func(issued, proven time.Time) bool {
		return !x.live.Load().Judge(&policy.Call{Principal: principal, Issued: issued, Proven: proven}, time.Now()).Refused()
	}
	now := time.Now()
	for _, c := range []struct {
		name           string
		issued, proven time.Time
		want           bool
	}{
		{"a token of before", now.Add(-time.Minute), time.Time{}, false},
		{"one that was only refreshed", now.Add(time.Minute), now.Add(-time.Hour), false},
		{"one of a new sign-in", now.Add(time.Minute), now.Add(time.Minute), true},
	} {
		if got := call(c.issued, c.proven); got != c.want {
			t.Errorf("%s: passes %t, want %t", c.name, got, c.want)
		}
	}
	// Another logout takes the place of the first.
	tok, err := x.issuer.Sign("logout+jwt", logoutClaims(x.issuer.URL, func(c map[string]any) { c["iat"] = time.Now().Add(2 * time.Second).Unix() }))
	must(t, err)
	if got := x.tell(tok); got != http.StatusOK {
		t.Errorf("got %d", got)
	}
	if again := x.live.Load().Measures(); len(again) != 1 || !again[0].Since.After(measures[0].Since) {
		t.Errorf("got %+v, before %+v", again, measures)
	}
	var ended int
	must(t, x.house.Ledger.Refresh())
	for n := range x.house.Ledger.Size() {
		s, err := x.house.Ledger.Read(n)
		must(t, err)
		if strings.Contains(string(s.Header), `"session-ended"`) && strings.Contains(string(s.Header), "provider-logout") {
			ended++
		}
	}
	if ended != 2 {
		t.Errorf("%d ends of sessions are in the record, want 2", ended)
	}
	if alice := x.browser("alice"); !x.signedIn(alice) {
		t.Error("alice cannot sign in again")
	}
}

// TestProviderLogoutOfOneSession names a session by the sid of its ID token.
func TestProviderLogoutOfOneSession(t *testing.T) {
	x := newTold(t)
	first, second, bob := x.browser("alice"), x.browser("alice"), x.browser("bob")
	if got := x.tell(x.token("", "not-a-session")); got != http.StatusOK || !x.signedIn(first) || !x.signedIn(second) {
		t.Errorf("a session that is not there: got %d", got)
	}
	sids := x.issuer.Sessions("alice")
	if len(sids) != 2 {
		t.Fatalf("got %d sessions", len(sids))
	}
	if got := x.tell(x.token("", sids[0])); got != http.StatusOK || x.signedIn(first) || !x.signedIn(second) || !x.signedIn(bob) {
		t.Errorf("by sid alone: got %d, first %t, second %t", got, x.signedIn(first), x.signedIn(second))
	}
	if got := x.tell(x.token("u-0b9e", sids[1])); got != http.StatusOK || !x.signedIn(second) {
		t.Errorf("of another subject: got %d", got)
	}
	if got := x.tell(x.token("u-71c4", sids[1])); got != http.StatusOK || x.signedIn(second) || !x.signedIn(bob) {
		t.Errorf("by both: got %d", got)
	}
	if n := x.live.Load().Len(); n != 2 { // alice, known by her session; and bob, who was named
		t.Errorf("%d measures", n)
	}
}

func (x *told) token(subject, sid string) string {
	x.t.Helper()
	tok, err := x.issuer.LogoutToken("gatebook", subject, sid)
	must(x.t, err)
	return tok
}

// logoutClaims are those of a right logout token of alice, changed.
func logoutClaims(iss string, change func(map[string]any)) map[string]any {
	c := map[string]any{
		"iss": iss, "aud": "gatebook", "sub": "u-71c4", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "jti": "j" + time.Now().Format(time.RFC3339Nano),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if change != nil {
		change(c)
	}
	return c
}

// TestForgedLogouts shows what is no logout token of the provider: nobody is
// signed out by it.
func TestForgedLogouts(t *testing.T) {
	x := newTold(t)
	alice := x.browser("alice")
	other, err := issuer.Start(issuer.Config{})
	must(t, err)
	t.Cleanup(func() { other.Close() })
	sign := func(is *issuer.Issuer, typ string, change func(map[string]any)) string {
		t.Helper()
		tok, err := is.Sign(typ, logoutClaims(x.issuer.URL, change))
		must(t, err)
		return tok
	}
	set := func(name string, v any) func(map[string]any) {
		return func(c map[string]any) {
			if c[name] = v; v == nil {
				delete(c, name)
			}
		}
	}
	user, err := x.issuer.UserToken(t.Context(), "alice", "shop-web")
	must(t, err)
	for name, tok := range map[string]string{
		"nothing":                  "",
		"no token":                 "a.b",
		"no signature":             "eyJhbGciOiJub25lIn0.e30.",
		"an access token":          user.Access,
		"of another's key":         sign(other, "logout+jwt", nil),
		"of another issuer":        sign(x.issuer, "logout+jwt", set("iss", "https://evil.example")),
		"for another client":       sign(x.issuer, "logout+jwt", set("aud", "shop-web")),
		"of another type":          sign(x.issuer, "at+jwt", nil),
		"with a nonce":             sign(x.issuer, "logout+jwt", set("nonce", "n")),
		"with an empty nonce":      sign(x.issuer, "logout+jwt", set("nonce", "")),
		"without events":           sign(x.issuer, "logout+jwt", set("events", nil)),
		"with another event":       sign(x.issuer, "logout+jwt", set("events", map[string]any{"http://schemas.openid.net/event/other": map[string]any{}})),
		"with an event of no kind": sign(x.issuer, "logout+jwt", set("events", map[string]any{"http://schemas.openid.net/event/backchannel-logout": "yes"})),
		"of nobody":                sign(x.issuer, "logout+jwt", set("sub", nil)),
		"without jti":              sign(x.issuer, "logout+jwt", set("jti", nil)),
		"without iat":              sign(x.issuer, "logout+jwt", set("iat", nil)),
		"of an hour ago":           sign(x.issuer, "logout+jwt", set("iat", time.Now().Add(-time.Hour).Unix())),
		"of tomorrow":              sign(x.issuer, "logout+jwt", set("iat", time.Now().Add(24*time.Hour).Unix())),
		"expired":                  sign(x.issuer, "logout+jwt", set("exp", time.Now().Add(-3*time.Minute).Unix())),
	} {
		if got := x.tell(tok); got != http.StatusBadRequest || !x.signedIn(alice) {
			t.Errorf("%s: got %d, signed in: %t", name, got, x.signedIn(alice))
		}
	}
	if n := x.live.Load().Len(); n != 0 {
		t.Errorf("%d measures", n)
	}
	// Too many: whoever goes on is told to wait. So is the provider, for a while.
	got := 0
	for range 30 {
		if got = x.tell("a.b"); got == http.StatusTooManyRequests {
			break
		}
	}
	if got != http.StatusTooManyRequests {
		t.Errorf("after many: got %d", got)
	}
	for _, h := range []string{"GET", "PUT"} {
		req, err := http.NewRequest(h, x.srv.URL+api.OIDCLogout, nil)
		must(t, err)
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		if res.Body.Close(); res.StatusCode/100 == 2 {
			t.Errorf("%s: got %d", h, res.StatusCode)
		}
	}
}

// TestLogoutOnce shows a token twice, and one in older forms.
func TestLogoutOnce(t *testing.T) {
	x := newTold(t)
	alice := x.browser("alice")
	for name, c := range map[string]struct {
		typ    string
		change func(map[string]any)
	}{
		"without typ":  {"", nil},
		"typ JWT":      {"JWT", nil},
		"without exp":  {"logout+jwt", func(c map[string]any) { delete(c, "exp") }},
		"aud a list":   {"logout+jwt", func(c map[string]any) { c["aud"] = []string{"other", "gatebook"} }},
		"as it should": {"logout+jwt", nil},
	} {
		tok, err := x.issuer.Sign(c.typ, logoutClaims(x.issuer.URL, c.change))
		must(t, err)
		if got := x.tell(tok); got != http.StatusOK || x.signedIn(alice) {
			t.Errorf("%s: got %d, signed in: %t", name, got, x.signedIn(alice))
		}
		alice = x.browser("alice")
		if got := x.tell(tok); got != http.StatusBadRequest || !x.signedIn(alice) {
			t.Errorf("%s, once more: got %d, signed in: %t", name, got, x.signedIn(alice))
		}
	}
}
