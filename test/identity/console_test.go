package identity

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/examples/shop/issuer"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/people/oidc"
	"github.com/gatebook/gatebook/test/readingtest"
)

// front is the operations listener of a Gatebook whose people sign in at an
// issuer that others wrote.
type front struct {
	t      *testing.T
	srv    *httptest.Server
	people *people.People
	client *http.Client // a browser, which follows no redirect by itself
}

func newFront(t *testing.T) *front {
	f := &front{t: t, people: readingtest.People(t, nil)}
	var handler http.Handler
	f.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(f.srv.Close)
	public, err := url.Parse(f.srv.URL)
	must(t, err)
	redirect := public.JoinPath(api.OIDCCallback).String()
	is, err := issuer.Start(issuer.Config{Clients: []issuer.Client{{ID: "gatebook", Title: "Gatebook", RedirectURI: redirect}}})
	must(t, err)
	t.Cleanup(func() { is.Close() })
	provider, err := oidc.New(oidc.Config{
		Issuer: is.URL, ClientID: "gatebook", Redirect: redirect, NameClaim: "preferred_username", RolesClaim: "email", Key: key,
		Roles: []oidc.Role{{Value: "alice@shop.example", Role: "viewer"}, {Value: "grace@shop.example", Role: "administrator"}},
	})
	must(t, err)
	handler = api.New(api.Config{Room: readingtest.Open(t).Room, People: f.people, OIDC: provider, OIDCName: "the shop", PublicURL: public, Version: "test"})
	f.fresh()
	return f
}

// fresh takes another browser.
func (f *front) fresh() {
	jar, err := cookiejar.New(nil)
	must(f.t, err)
	f.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get asks as a browser that comes from another site, and returns the status
// and where it is sent.
func (f *front) get(at string) (int, string) {
	f.t.Helper()
	return f.send("GET", at, nil)
}

func (f *front) send(method, at string, form url.Values) (int, string) {
	f.t.Helper()
	req, err := http.NewRequest(method, at, strings.NewReader(form.Encode()))
	must(f.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := f.client.Do(req)
	must(f.t, err)
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	to := ""
	if u, err := res.Location(); err == nil {
		to = u.String()
	}
	return res.StatusCode, to
}

// leave goes to the issuer, signs in there, and returns the address at which it
// sends the browser back to Gatebook.
func (f *front) leave(query, name string) string {
	f.t.Helper()
	status, at := f.get(f.srv.URL + "/api/v1/oidc/login?" + query)
	if status != http.StatusSeeOther {
		f.t.Fatalf("going to the issuer: %d %s", status, at)
	}
	q, err := url.Parse(at)
	must(f.t, err)
	for _, want := range []string{"code_challenge", "state", "nonce"} {
		if q.Query().Get(want) == "" {
			f.t.Errorf("the issuer is asked without %s", want)
		}
	}
	login := ""
	for at != "" && !strings.HasPrefix(at, f.srv.URL) {
		login = at
		if status, at = f.get(at); status == http.StatusOK {
			status, at = f.send("POST", login, url.Values{"username": {name}, "password": {name + "-opens-sesame"}})
		}
	}
	return at
}

func (f *front) me() (m api.Me) {
	f.t.Helper()
	res, err := f.client.Get(f.srv.URL + "/api/v1/session")
	must(f.t, err)
	defer res.Body.Close()
	must(f.t, json.NewDecoder(res.Body).Decode(&m))
	return m
}

// TestConsoleSignIn signs people in at the issuer.
func TestConsoleSignIn(t *testing.T) {
	f := newFront(t)
	if m := f.me(); m.SignedIn || m.SignIn.OIDC != "the shop" {
		t.Errorf("before: %+v", m)
	}
	for _, c := range []struct{ name, query, role, to string }{
		{"alice", "next=/search%3Fquery%3Dbob", "viewer", "/search?query=bob"},
		{"grace", "next=/&again=true", "administrator", "/"},
		{"bob", "next=/", "", "/sign-in?problem=oidc-role"},
		// Nobody is sent elsewhere.
		{"alice", "next=//evil.example/", "viewer", "/"},
		{"alice", "next=https://evil.example/", "viewer", "/"},
		{"alice", `next=/%5Cevil.example`, "viewer", "/"},
		{"alice", "next=/%09/evil.example", "viewer", "/"},
		{"alice", "next=javascript:alert(1)", "viewer", "/"},
		{"alice", "next=/api/v1/export", "viewer", "/"},
	} {
		f.fresh()
		status, to := f.get(f.leave(c.query, c.name))
		if m := f.me(); status != http.StatusSeeOther || to != f.srv.URL+c.to || m.Role != c.role || c.role != "" && m.Name != c.name {
			t.Errorf("%s, %s: %d to %s as %q %q, want to %s as %q", c.name, c.query, status, to, m.Name, m.Role, c.to, c.role)
		}
	}
}

// TestConsoleForgedAnswers brings answers to browsers that they are not for.
func TestConsoleForgedAnswers(t *testing.T) {
	f := newFront(t)
	wrong := f.srv.URL + "/sign-in?problem=oidc-answer"
	refused := func(what, at string) {
		t.Helper()
		if _, to := f.get(at); to != wrong || f.me().SignedIn {
			t.Errorf("%s: sent to %s, signed in: %t", what, to, f.me().SignedIn)
		}
	}
	answer := f.leave("next=/", "grace")
	f.fresh()
	refused("the answer for another browser", answer)
	f.leave("next=/", "alice")
	refused("the answer for another flight of mine", answer)
	refused("no flight at all", f.srv.URL+api.OIDCCallback+"?code=x&state=y")

	answer = f.leave("next=/", "alice")
	u, err := url.Parse(answer)
	must(t, err)
	q := u.Query()
	q.Set("iss", "https://evil.example")
	u.RawQuery = q.Encode()
	refused("the answer of another issuer", u.String())

	f.fresh()
	answer = f.leave("next=/", "alice")
	if f.get(answer); !f.me().SignedIn {
		t.Fatal("alice is not signed in")
	}
	f.fresh()
	refused("the answer once more", answer)
}

// TestConsoleNames is that nobody becomes somebody else by their name, and that
// a disabled account stays out.
func TestConsoleNames(t *testing.T) {
	f := newFront(t)
	a, err := f.people.Prepare(t.Context(), people.NewAccount{Name: "alice", Role: "administrator"})
	must(t, err)
	must(t, f.people.Add(t.Context(), a, ""))
	if _, to := f.get(f.leave("next=/", "alice")); to != f.srv.URL+"/sign-in?problem=oidc-account" || f.me().SignedIn {
		t.Errorf("with the name of a local account: sent to %s", to)
	}
	must(t, f.people.Remove(t.Context(), a))
	f.get(f.leave("next=/", "alice"))
	if m := f.me(); m.Role != "viewer" {
		t.Fatalf("alice is %+v", m)
	}
	a, err = f.people.Account(t.Context(), "alice")
	must(t, err)
	must(t, f.people.SetDisabled(t.Context(), a, true))
	if f.me().SignedIn {
		t.Error("the session of a disabled account goes on")
	}
	if _, to := f.get(f.leave("next=/", "alice")); to != f.srv.URL+"/sign-in?problem=oidc-disabled" || f.me().SignedIn {
		t.Errorf("disabled: sent to %s", to)
	}
}
