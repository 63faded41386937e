package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/console"
	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/readingtest"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	chrome  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36"
	words   = "seven quiet otters paint"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// club is a site in which people sign in.
type club struct {
	*site
	people *people.People
	clock  *clock
}

func openClub(t testing.TB, change func(*api.Config)) *club {
	c := &club{clock: &clock{now: time.Now()}}
	c.people = readingtest.People(t, func(cfg *people.Config) { cfg.Now = c.clock.Now })
	h, err := console.New(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.site = open(t, func(cfg *api.Config) {
		cfg.People, cfg.Console = c.people, h
		cfg.PublicURL = &url.URL{Scheme: "http", Host: "gatebook.example"}
		cfg.Tokens = append(cfg.Tokens, api.Token{Value: "the-token-of-the-data-directory", Reader: reading.Reader{Name: people.Administrator, Role: reading.Administrator}})
		if change != nil {
			change(cfg)
		}
	})
	return c
}

// browser keeps cookies, and asks as the console does.
type browser struct {
	*club
	agent   string
	cookies map[string]string
}

func (c *club) browser(agent string) *browser { return &browser{c, agent, map[string]string{}} }

// ask makes a request and returns the status and the body. Header fields
// replace those of the console; one without a value is left out.
func (b *browser) ask(method, path, body string, header ...string) (int, []byte, http.Header) {
	b.t.Helper()
	list := []string{"User-Agent: " + b.agent, "Sec-Fetch-Site: same-origin"}
	if method != "GET" {
		list = append(list, "Gatebook-Tool: console", "Origin: "+b.srv.URL)
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		list = slices.DeleteFunc(list, func(old string) bool { return strings.HasPrefix(old, name+":") })
		if value != "" {
			list = append(list, h)
		}
	}
	var cookies []string
	for k, v := range b.cookies {
		cookies = append(cookies, k+"="+v)
	}
	if len(cookies) > 0 {
		list = append(list, "Cookie: "+strings.Join(cookies, "; "))
	}
	res := b.do(method, path, "", body, list...)
	for _, ck := range res.Cookies() {
		if !ck.HttpOnly || ck.Path != "/" || ck.Domain != "" {
			b.t.Errorf("%s %s sets a cookie that scripts or other hosts see: %s", method, path, ck)
		}
		if ck.MaxAge < 0 {
			delete(b.cookies, ck.Name)
			continue
		}
		b.cookies[ck.Name] = ck.Value
	}
	out, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, out, res.Header
}

// want makes a request that must be answered with the status, and with the
// problem if it is not one of success.
func (b *browser) want(status int, problem, method, path, body string, header ...string) []byte {
	b.t.Helper()
	got, out, _ := b.ask(method, path, body, header...)
	var p api.Problem
	json.Unmarshal(out, &p)
	if kind := strings.TrimPrefix(p.Type, api.ProblemPrefix); got != status || status >= 400 && kind != problem {
		b.t.Fatalf("%s %s: %d %s, want %d %s: %s", method, path, got, kind, status, problem, out)
	}
	return out
}

func (b *browser) me() (m api.Me) {
	b.t.Helper()
	if err := json.Unmarshal(b.want(200, "", "GET", "/api/v1/session", ""), &m); err != nil {
		b.t.Fatal(err)
	}
	return m
}

func signInBody(name, password string) string {
	b, err := json.Marshal(api.SignInRequest{Name: name, Password: password})
	if err != nil {
		panic(err) // strings always can be
	}
	return string(b)
}

func (b *browser) signIn(name, password string) *browser {
	b.t.Helper()
	b.want(200, "", "POST", "/api/v1/session", signInBody(name, password))
	return b
}

// account makes an account.
func (c *club) account(name, role string) {
	c.t.Helper()
	res := c.do("POST", "/api/v1/accounts", adminToken, fmt.Sprintf(`{"name":%q,"role":%q,"password":%q}`, name, role, words))
	if res.StatusCode != http.StatusCreated {
		b, _ := io.ReadAll(res.Body)
		c.t.Fatalf("making the account: %s: %s", res.Status, b)
	}
}

// decisions returns the names of the decisions that are recorded, with the
// account or the method that they are about.
func (c *club) decisions() (list []string) {
	c.t.Helper()
	n := uint64(0)
	for c.house.Ledger.Refresh(); n < c.house.Ledger.Size(); n++ {
		err := c.house.Ledger.Range(n, n+1, func(_ uint64, s *event.Sealed) error {
			e, err := s.Open()
			if err == nil && e.Kind == event.Decision {
				list = append(list, e.Note.Name)
			}
			return err
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	return list
}

func (c *club) wantDecisions(want ...string) {
	c.t.Helper()
	if got := c.decisions(); !slices.Equal(got, want) {
		c.t.Errorf("the decisions are %q, want %q", got, want)
	}
}

// TestFirstMinutes is how the first person gets in: by the link that serve
// prints, once; they make themselves an account, and others.
func TestFirstMinutes(t *testing.T) {
	c := openClub(t, nil)
	b := c.browser(firefox)
	if m := b.me(); m.SignedIn || !m.SignIn.First || !m.SignIn.Passwords || m.Version != "" {
		t.Errorf("before anyone signed in: %+v", m)
	}
	link, _, err := c.people.Link(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b.want(200, "", "POST", "/api/v1/session", fmt.Sprintf(`{"link":%q}`, link))
	if m := b.me(); m.Name != "administrator" || m.Session.Method != people.ByLink || !slices.Contains(m.Actions, "erase") {
		t.Errorf("signed in by the link: %+v", m)
	}
	c.browser(firefox).want(401, "sign-in", "POST", "/api/v1/session", fmt.Sprintf(`{"link":%q}`, link))

	var made api.AccountMade
	if err := json.Unmarshal(b.want(201, "", "POST", "/api/v1/accounts", `{"name":"Ada","role":"viewer"}`), &made); err != nil {
		t.Fatal(err)
	}
	if made.Account.Name != "ada" || !made.Account.Invited || !strings.HasPrefix(made.Link.URL, "http://gatebook.example/sign-in#link=gbl_") {
		t.Errorf("the account: %+v %+v", made.Account, made.Link)
	}

	// Ada follows her link, and can do nothing before she has a password.
	_, fragment, _ := strings.Cut(made.Link.URL, "#link=")
	ada := c.browser(chrome)
	ada.want(200, "", "POST", "/api/v1/session", fmt.Sprintf(`{"link":%q}`, fragment))
	if !ada.me().SetPassword {
		t.Error("ada is not asked for a password")
	}
	ada.want(403, "password", "GET", "/api/v1/search", "")
	ada.want(400, "argument", "POST", "/api/v1/session/password", `{"password":"too short"}`)
	before := ada.cookies["gatebook-session"]
	ada.want(200, "", "POST", "/api/v1/session/password", fmt.Sprintf(`{"password":%q}`, words))
	if ada.cookies["gatebook-session"] == before {
		t.Error("the cookie is the same after the password was set")
	}
	ada.want(200, "", "GET", "/api/v1/search", "")
	c.browser(chrome).signIn("ADA ", words)
	if m := b.me(); m.SignIn.First {
		t.Error("the first person is asked for after there is an account")
	}
	c.wantDecisions("signed-in", "sign-in-failed", "account-added", "signed-in", "password-changed", "signed-in", "signed-in")
}

// TestSignInRefused lists what lets nobody in, with one answer for all.
func TestSignInRefused(t *testing.T) {
	c := openClub(t, nil)
	c.account("ada", "viewer")
	c.account("bob", "viewer")
	bob, err := c.people.Account(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.people.SetDisabled(t.Context(), bob, true); err != nil {
		t.Fatal(err)
	}
	answers := map[string]bool{}
	for _, in := range []string{
		signInBody("ada", "wrong wrong wrong"), signInBody("ada", ""), signInBody("nobody", words), signInBody("bob", words), signInBody(bob.ID, words),
		signInBody("", ""), signInBody("administrator", words), signInBody("a\x00da", words), signInBody(strings.Repeat("x", 1000), words), signInBody("ada", strings.Repeat(words, 100)),
	} {
		b := c.browser(firefox)
		answers[string(b.want(401, "sign-in", "POST", "/api/v1/session", in))] = true
		if len(b.cookies) != 0 {
			t.Errorf("%.40s: got the cookies %v", in, b.cookies)
		}
	}
	if len(answers) != 1 {
		t.Errorf("there are %d answers, want one: %v", len(answers), answers)
	}
	for _, d := range c.decisions()[2:] {
		if d != "sign-in-failed" {
			t.Errorf("recorded %s", d)
		}
	}
}

// TestForgery is what other pages can make a browser send.
func TestForgery(t *testing.T) {
	c := openClub(t, func(cfg *api.Config) { cfg.Origins = []string{"https://tool.example"} })
	c.account("ada", "administrator")
	ada := c.browser(firefox).signIn("ada", words)
	key := `{"name":"x"}`
	for _, f := range []struct {
		name    string
		header  []string
		status  int
		problem string
	}{
		{"a form of another page", []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Gatebook-Tool: "}, 403, "origin"},
		{"a form of another port of this machine", []string{"Origin: http://127.0.0.1:3000", "Sec-Fetch-Site: same-site"}, 403, "origin"},
		{"a page without an origin", []string{"Origin: null", "Sec-Fetch-Site: cross-site"}, 403, "origin"},
		{"a form in an old browser", []string{"Origin: ", "Sec-Fetch-Site: ", "Gatebook-Tool: "}, 403, "forged"},
		{"another tool", []string{"Gatebook-Tool: cli"}, 403, "forged"},
		{"a configured origin has no session", []string{"Origin: https://tool.example", "Sec-Fetch-Site: cross-site"}, 401, "token"},
	} {
		t.Run(f.name, func(t *testing.T) {
			ada.t = t
			ada.want(f.status, f.problem, "POST", "/api/v1/accounts/ada", `{"role":"viewer"}`, f.header...)
			ada.want(f.status, f.problem, "POST", "/api/v1/keys", key, f.header...)
			if f.problem != "token" {
				c.browser(firefox).want(f.status, f.problem, "POST", "/api/v1/session", signInBody("ada", words), f.header...)
			}
		})
	}
	ada.t = t
	ada.want(403, "origin", "GET", "/api/v1/search", "", "Sec-Fetch-Site: cross-site")
	ada.want(200, "", "GET", "/", "", "Sec-Fetch-Site: cross-site", "Accept: text/html") // a link from elsewhere
}

// TestStolenCookie is what a copied cookie is good for.
func TestStolenCookie(t *testing.T) {
	c := openClub(t, nil)
	c.account("ada", "administrator")
	thief := func(b *browser) *browser {
		t := c.browser(b.agent)
		t.cookies["gatebook-session"] = b.cookies["gatebook-session"]
		return t
	}
	gone := func(b *browser) { t.Helper(); b.want(401, "session", "GET", "/api/v1/search", "") }

	t.Log("after signing out")
	ada := c.browser(firefox).signIn("ada", words)
	copied := thief(ada)
	copied.want(200, "", "GET", "/api/v1/search", "")
	ada.want(200, "", "DELETE", "/api/v1/session", "")
	gone(copied)

	t.Log("in another browser, which ends it for both; an update of the browser does not")
	ada.signIn("ada", words)
	copied = thief(ada)
	ada.agent = strings.ReplaceAll(firefox, "145", "146")
	ada.want(200, "", "GET", "/api/v1/search", "")
	copied.agent = chrome
	gone(copied)
	gone(ada)

	t.Log("after a while without a request")
	ada.signIn("ada", words)
	copied = thief(ada)
	c.clock.add(time.Hour)
	gone(copied)

	t.Log("for what cannot be undone: not later than a quarter of an hour, and not when the owner signs in again")
	ada.signIn("ada", words)
	c.clock.add(15 * time.Minute)
	copied = thief(ada)
	ada.want(403, "confirm", "POST", "/api/v1/accounts/ada", `{"role":"viewer"}`)
	copied.want(403, "confirm", "POST", "/api/v1/readers", `{"name":"x","role":"viewer"}`)
	copied.want(200, "", "GET", "/api/v1/search", "")
	ada.signIn("ada", words)
	gone(copied)

	t.Log("after half a day")
	ada.signIn("ada", words)
	copied = thief(ada)
	for range 15 {
		c.clock.add(50 * time.Minute)
		if status, _, _ := ada.ask("GET", "/api/v1/session", ""); status != 200 {
			t.Fatalf("status %d", status)
		}
	}
	gone(copied)

	t.Log("after the password, the role or the account was changed")
	for _, change := range []string{`{"password":"` + words + ` again"}`, `{"role":"viewer"}`, `{"disabled":true}`} {
		pass := words
		if strings.Contains(change, "role") || strings.Contains(change, "disabled") {
			pass = words + " again"
		}
		ada.signIn("ada", pass)
		copied = thief(ada)
		copied.want(200, "", "GET", "/api/v1/search", "")
		if res := c.do("POST", "/api/v1/accounts/ada", adminToken, change); res.StatusCode != 200 {
			t.Fatalf("%s: %s", change, res.Status)
		}
		gone(copied)
	}
	c.browser(firefox).want(401, "sign-in", "POST", "/api/v1/session", signInBody("ada", words+" again"))
}

// TestFixation is that a cookie which was there before is never taken over.
func TestFixation(t *testing.T) {
	c := openClub(t, nil)
	c.account("ada", "viewer")
	c.account("mallory", "viewer")
	mallory := c.browser(firefox).signIn("mallory", words)
	for _, planted := range []string{"chosen-by-mallory-chosen-by-mallory-chosen", mallory.cookies["gatebook-session"]} {
		ada := c.browser(firefox)
		ada.cookies["gatebook-session"] = planted
		ada.signIn("ada", words)
		if ada.cookies["gatebook-session"] == planted {
			t.Error("the planted cookie was kept")
		}
		if ada.me().Name != "ada" {
			t.Error("ada is not ada")
		}
	}
	mallory.want(401, "session", "GET", "/api/v1/search", "") // signing in ended what was there before
}

// TestSessionRoles asks as each role what only some may.
func TestSessionRoles(t *testing.T) {
	c := openClub(t, nil)
	call := readingtest.Call(time.Now().UTC(), "alice", "GET", "/customers/1", 200)
	call.Payload = &event.Payload{Response: event.Message{Body: `{"iban":"DE00 never for viewers"}`}}
	c.house.Put(call)
	for _, role := range reading.Roles {
		c.account("a-"+string(role), string(role))
		b := c.browser(firefox).signIn("a-"+string(role), words)
		may := map[bool]int{true: 200, false: 403}
		sees := role == reading.Investigator || role == reading.Administrator
		for _, path := range []string{"/api/v1/events/0", "/api/v1/search?query=" + url.QueryEscape("alice"), "/api/v1/tail?backlog=1"} {
			if strings.Contains(path, "tail") {
				continue // it does not end: see TestTailEnds
			}
			status, body, _ := b.ask("GET", path, "")
			if shown := bytes.Contains(body, []byte("never for viewers")); status != 200 || shown && !sees {
				t.Errorf("%s: GET %s: %d, payload shown: %t", role, path, status, shown)
			}
		}
		if _, body, _ := b.ask("GET", "/api/v1/events/0", ""); bytes.Contains(body, []byte("never for viewers")) != sees {
			t.Errorf("%s: payload shown: %t, want %t", role, !sees, sees)
		}
		for path, want := range map[string]bool{
			"/api/v1/export": role != reading.Viewer, "/api/v1/looks?reader=x": role == reading.Auditor || role == reading.Administrator,
			"/api/v1/accounts": role == reading.Auditor || role == reading.Administrator, "/api/v1/sessions?all=true": role == reading.Administrator, "/api/v1/sessions": true,
		} {
			b.want(may[want], "role", "GET", path, "")
		}
		if want := role == reading.Administrator; want != slices.Contains(b.me().Actions, "accounts") {
			t.Errorf("%s: actions %v", role, b.me().Actions)
		}
		b.want(403, "role", "POST", "/api/v1/login-link", "") // not even an administrator with a name
	}
}

// TestSessions lists and ends sessions, and with them the answers that go on.
func TestSessions(t *testing.T) {
	c := openClub(t, nil)
	c.account("ada", "viewer")
	c.account("bob", "viewer")
	first, second := c.browser(firefox).signIn("ada", words), c.browser(chrome).signIn("ada", words)
	bob := c.browser(firefox).signIn("bob", words)
	var list []api.SessionListed
	if err := json.Unmarshal(first.want(200, "", "GET", "/api/v1/sessions", ""), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Current == list[1].Current {
		t.Fatalf("ada's sessions: %+v", list)
	}
	other := second.me().Session.ID
	bob.want(403, "role", "DELETE", "/api/v1/sessions/"+other, "")
	bob.want(403, "role", "DELETE", "/api/v1/sessions/s000000000000", "")

	res := second.do("GET", "/api/v1/tail", "", "", "User-Agent: "+chrome, "Cookie: gatebook-session="+second.cookies["gatebook-session"])
	if res.StatusCode != 200 {
		t.Fatalf("tail: %s", res.Status)
	}
	first.want(204, "", "DELETE", "/api/v1/sessions/"+other, "")
	if _, err := io.Copy(io.Discard, res.Body); err != nil { // it ends: the test would hang
		t.Logf("the tail ended with %v", err)
	}
	second.want(401, "session", "GET", "/api/v1/search", "")
	first.want(200, "", "GET", "/api/v1/search", "")
}

// TestTokenInURL is that no secret is taken from a URL.
func TestTokenInURL(t *testing.T) {
	c := openClub(t, nil)
	for _, path := range []string{"/api/v1/search?token=" + adminToken, "/api/v1/search?Access_Token=" + adminToken, "/?token=x", "/sign-in?password=x", "/metrics?api_key=x", "/livez?token=x"} {
		b := c.browser(firefox)
		out := b.want(400, "token-in-url", "GET", path, "", "Accept: text/html")
		if bytes.Contains(out, []byte(adminToken)) {
			t.Errorf("GET %s repeats the secret: %s", path, out)
		}
	}
}

// TestConsolePages is what the console's pages are served with, and where.
func TestConsolePages(t *testing.T) {
	c := openClub(t, nil)
	b := c.browser(firefox)
	_, body, h := b.ask("GET", "/", "", "Accept: text/html")
	if !bytes.Contains(body, []byte("built without its console")) || h.Get("Content-Security-Policy") != console.Policy || h.Get("X-Frame-Options") != "DENY" {
		t.Errorf("the page is %s with %v", body, h)
	}
	b.want(404, "not-found", "GET", "/api/v1/nothing", "", "Accept: text/html")
	b.want(405, "method", "POST", "/api/v1/search", "")
	b.want(404, "not-found", "POST", "/events/1", "")
	b.want(403, "host", "GET", "/", "", "Host: evil.example", "Accept: text/html")
	if _, body, _ := b.ask("GET", "/metrics", ""); !bytes.Contains(body, []byte("bearer token")) {
		t.Errorf("metrics without a token: %s", body)
	}
}

// TestPolicyReports counts what browsers report, and logs nothing of it that can
// be personal.
func TestPolicyReports(t *testing.T) {
	var log bytes.Buffer
	c := openClub(t, func(cfg *api.Config) { cfg.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	b := c.browser(firefox)
	for _, report := range []string{
		`{"csp-report":{"document-uri":"http://x/person/alice","effective-directive":"script-src-elem","blocked-uri":"https://evil.example/alice"}}`,
		`[{"type":"csp-violation","body":{"effectiveDirective":"style-src-attr","blockedURL":"inline","sample":"alice"}},{"type":"deprecation"}]`,
		`{"csp-report":{"effective-directive":"alice"}}`, `{`, `null`, `[null]`, strings.Repeat("[", 100_000),
	} {
		b.want(204, "", "POST", "/api/v1/csp-reports", report, "Origin: null", "Gatebook-Tool: ", "Content-Type: application/csp-report")
	}
	metrics := string(c.get("/metrics"))
	for _, want := range []string{`csp_reports_total{directive="script-src-elem"} 1`, `{directive="style-src-attr"} 1`, `{directive="other"} 1`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	if strings.Contains(log.String(), "alice") || strings.Count(log.String(), "content security policy") != 1 {
		t.Errorf("the log is %s", log.String())
	}
}
