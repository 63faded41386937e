package api

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/console"
	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/reading"
)

// Me is who asks, and how people sign in here.
type Me struct {
	SignedIn    bool            `json:"signed_in"`              // with a session or a token
	Name        string          `json:"name,omitempty"`         // as the looks name them
	Role        string          `json:"role,omitempty"`         // viewer, investigator, auditor or administrator
	Actions     []string        `json:"actions"`                // what the role allows: names as in reading and in ops.require_reason
	Reasons     []string        `json:"reasons"`                // those of all actions that need the header Gatebook-Reason
	Session     *people.Session `json:"session,omitempty"`      // absent: a token was shown
	FreshUntil  time.Time       `json:"fresh_until,omitzero"`   // until then they can do what cannot be undone without signing in again
	SetPassword bool            `json:"set_password,omitempty"` // nothing else can be done before they set a password
	SignIn      SignIn          `json:"sign_in"`
	Version     string          `json:"version"` // of Gatebook
}

// SignIn is how people sign in here.
type SignIn struct {
	Passwords   bool   `json:"passwords"`      // with the name and the password of a local account
	MinPassword int    `json:"min_password"`   // characters of a new password
	OIDC        string `json:"oidc,omitempty"` // what to call the provider of OpenID Connect; absent: there is none
	First       bool   `json:"first"`          // nobody has an account yet: the link that serve prints signs in
}

// SignInRequest signs somebody in: with a name and a password, or with a link.
type SignInRequest struct {
	Name     string `json:"name,omitempty"`
	Password string `json:"password,omitempty"`
	Link     string `json:"link,omitempty"` // what follows #link= in a link
}

// SignedOut is the answer to who signs out.
type SignedOut struct {
	URL string `json:"url,omitempty"` // where to go to sign out of the provider, too; absent: nowhere
}

// PasswordChange sets one's own password.
type PasswordChange struct {
	Current  string `json:"current,omitempty"` // not needed by who signed in with a link
	Password string `json:"password"`          // the new one
}

// sessionRoutes are about who asks.
func sessionRoutes() []route {
	me := get("/api/v1/session", "session", "Who asks, what they may do, and how people sign in here.", func(c *call, _ none) (*Me, error) { return c.me() })
	me.public, me.unfinished, me.heavy = true, true, false
	return []route{
		me,
		{
			method: http.MethodPost, path: "/api/v1/session", id: "signIn", summary: "Sign in, or sign in again. Needs the header Gatebook-Tool: console. The answer sets the cookie.", public: true, unfinished: true,
			body: reflect.TypeFor[SignInRequest](), result: reflect.TypeFor[Me](), handle: signIn,
		},
		{
			method: http.MethodDelete, path: "/api/v1/session", id: "signOut", summary: "Sign out.", unfinished: true, result: reflect.TypeFor[SignedOut](), handle: signOut,
		},
		{
			method: http.MethodPost, path: "/api/v1/session/password", id: "setPassword", summary: "Set one's own password. All other sessions of the account end.", unfinished: true,
			body: reflect.TypeFor[PasswordChange](), result: reflect.TypeFor[Me](), handle: setPassword,
		},
		{
			method: http.MethodPost, path: console.Reports, id: "cspReports", summary: "What the content security policy of the console kept from happening, as browsers report it.", public: true, blind: true, status: http.StatusNoContent,
			handle: cspReports,
		},
	}
}

// The cookies. With TLS their names have the prefix by which browsers make sure
// that they are of this host and no other.
const (
	sessionCookie = "gatebook-session"
	deviceCookie  = "gatebook-browser"
	securePrefix  = "__Host-"
)

// secure reports whether the request came over TLS, to this process or to a
// proxy before it.
func (c *call) secure() bool {
	u := c.cfg.PublicURL
	return c.r.TLS != nil || u != nil && u.Scheme == "https" && u.Host == c.r.Host
}

func (c *call) cookie(name string) string {
	if c.secure() {
		name = securePrefix + name
	}
	ck, err := c.r.Cookie(name)
	if err != nil {
		return ""
	}
	return ck.Value
}

// setCookie sets a cookie for a time; 0: until the browser is closed; negative:
// it is deleted.
func (c *call) setCookie(name, value string, life time.Duration, site http.SameSite) {
	ck := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: site, MaxAge: int(life / time.Second)}
	if c.secure() {
		ck.Name, ck.Secure = securePrefix+name, true
	}
	http.SetCookie(c.w, ck)
}

// admitSession lets in who signed in. It reports whether the request has a
// session, or does not need one.
func (c *call) admitSession(rt *route) (bool, error) {
	p, secret := c.cfg.People, c.cookie(sessionCookie)
	if p == nil || secret == "" || c.r.Header.Get("Origin") != "" && !c.ownOrigin() {
		return false, nil
	}
	s, err := p.Find(c.r.Context(), secret, c.r.UserAgent())
	switch {
	case errors.Is(err, people.ErrMoved):
		about := []event.Object{{Type: "session", ID: s.ID}}
		if err := c.cfg.Room.Decide(c.r.Context(), c.readerOf(s), reading.ActSession, "session-ended", about, event.Fact{Name: "reason", Value: "other-browser"}); err != nil {
			c.cfg.Log.Error("the end of a session could not be recorded", "error", err)
		}
		fallthrough
	case errors.Is(err, people.ErrNotFound):
		c.setCookie(sessionCookie, "", -time.Second, http.SameSiteStrictMode)
		if rt.public {
			return true, nil
		}
		return true, &Problem{Status: http.StatusUnauthorized, Type: "session", Detail: "the session has ended", Help: "sign in again"}
	case err != nil:
		return true, err
	}
	if err := c.checkTool(); err != nil {
		return true, err
	}
	if s.NoPassword && !rt.unfinished && !rt.public {
		return true, &Problem{Status: http.StatusForbidden, Type: "password", Detail: "the account has no password yet", Help: "set one: POST /api/v1/session/password"}
	}
	c.session, c.reader = s, c.readerOf(s)
	return true, nil
}

// checkTool refuses requests with a cookie that change something and were not
// made by the console: a form of another page cannot set a header.
func (c *call) checkTool() error {
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead || c.r.Header.Get(toolHeader) == toolConsole {
		return nil
	}
	return &Problem{Status: http.StatusForbidden, Type: "forged", Detail: "the request may come from a page that is not the console", Help: "send the header " + toolHeader + ": " + toolConsole}
}

// readerOf returns the reader that a session is of.
func (c *call) readerOf(s *people.Session) reading.Reader {
	r := reading.Reader{Name: s.Name, Role: reading.Role(s.Role), KeyID: s.ID, Session: true, Stale: !c.cfg.People.Fresh(s)}
	c.from(&r)
	return r
}

// client returns where somebody signs in from.
func (c *call) client() people.Client {
	var r reading.Reader
	c.from(&r)
	return people.Client{Address: r.Address, Agent: r.Agent, Device: c.cookie(deviceCookie)}
}

func (c *call) me() (*Me, error) {
	m := &Me{SignedIn: c.reader.Name != "", Actions: []string{}, Reasons: []string{}, SignIn: SignIn{MinPassword: people.MinPassword}}
	if p := c.cfg.People; p != nil {
		any, err := p.Any(c.r.Context())
		if err != nil {
			return nil, err
		}
		m.SignIn.Passwords, m.SignIn.First = p.Passwords(), !any && p.Passwords()
	}
	if c.cfg.OIDC != nil {
		m.SignIn.OIDC, m.SignIn.First = c.cfg.OIDCName, false
	}
	if !m.SignedIn {
		return m, nil
	}
	m.Name, m.Role, m.Actions, m.Reasons, m.Version = c.reader.Name, string(c.reader.Role), c.reader.Allowed(), c.cfg.Room.Reasons(), c.cfg.Version
	if c.session != nil {
		m.Session, m.FreshUntil, m.SetPassword = c.session, c.cfg.People.FreshUntil(c.session), c.session.NoPassword
	}
	return m, nil
}

// peopleErr is the error where nobody can sign in, or nil.
func (c *call) peopleErr() error {
	if c.cfg.People == nil {
		return &Problem{Status: http.StatusNotImplemented, Type: "console", Detail: "nobody can sign in here: the console is switched off", Help: "set console.enabled in the configuration, or use a bearer token"}
	}
	return nil
}

func signIn(c *call) error {
	if err := errors.Join(c.peopleErr(), c.checkTool()); err != nil {
		return err
	}
	var in SignInRequest
	if err := c.body(&in); err != nil {
		return err
	}
	var a, known *people.Account
	var err error
	by := people.ByPassword
	if in.Link != "" {
		by = people.ByLink
		a, err = c.cfg.People.Follow(c.r.Context(), strings.TrimSpace(in.Link))
	} else {
		a, known, err = c.cfg.People.Prove(c.r.Context(), in.Name, in.Password, c.client())
	}
	if err != nil {
		c.signInFailed(by, known, err)
		if errors.Is(err, people.ErrCredentials) && by == people.ByLink {
			return &Problem{Status: http.StatusUnauthorized, Type: "sign-in", Detail: "the link was used already, has expired, or is not one of this Gatebook", Help: "have another made: gatebook login-link, or gatebook accounts password NAME"}
		}
		return err
	}
	if err := c.begin(a, by); err != nil {
		return err
	}
	m, err := c.me()
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, m)
}

// signInFailed records that somebody did not sign in. That it cannot be recorded
// does not change the answer: nobody is let in.
func (c *call) signInFailed(by people.Method, known *people.Account, err error) {
	reason := "wrong-" + string(by)
	var slow *people.Throttled
	switch {
	case errors.As(err, &slow):
		reason = "throttled"
	case !errors.Is(err, people.ErrCredentials):
		return
	}
	who := reading.Reader{Session: true}
	c.from(&who)
	who.Reason = ""
	var about *event.Object
	if known != nil {
		about = &event.Object{Type: "account", ID: known.Name}
	}
	if err := c.cfg.Room.SignInFailed(c.r.Context(), who, reason, about); err != nil {
		c.cfg.Log.Error("a failed sign-in could not be recorded", "error", err)
	}
}

// begin begins a session, after it was recorded, and ends the one before. The
// cookie is never one that was there before.
func (c *call) begin(a *people.Account, by people.Method) error { return c.beginAt(a, by, "") }

// beginAt is begin with the session at the provider.
func (c *call) beginAt(a *people.Account, by people.Method, provider string) error {
	p, ctx := c.cfg.People, c.r.Context()
	s, secret := p.New(a, by, c.client())
	s.Provider = provider
	reader := c.readerOf(s)
	if err := c.cfg.Room.Decide(ctx, reader, reading.ActSession, "signed-in", nil, event.Fact{Name: "method", Value: string(by)}); err != nil {
		return err
	}
	if err := p.Begin(ctx, s, secret); err != nil {
		return err
	}
	if c.session != nil {
		if err := p.End(ctx, c.session.ID); err != nil {
			return err
		}
	}
	c.session, c.reader = s, reader
	c.setCookie(sessionCookie, secret, 0, http.SameSiteStrictMode)
	if a != nil && by == people.ByPassword {
		cookie, life := p.Known(a.ID)
		c.setCookie(deviceCookie, cookie, life, http.SameSiteStrictMode)
	}
	return nil
}

func signOut(c *call) error {
	if err := c.peopleErr(); err != nil {
		return err
	}
	if c.session == nil {
		return &Problem{Status: http.StatusConflict, Type: "session", Detail: "a token cannot be signed out", Help: "an administrator revokes it: gatebook readers revoke"}
	}
	if err := c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActSession, "signed-out", nil); err != nil {
		// Whoever wants to leave leaves, also when nothing can be recorded.
		c.cfg.Log.Error("a sign-out could not be recorded", "error", err)
	}
	if err := c.cfg.People.End(c.r.Context(), c.session.ID); err != nil {
		return err
	}
	c.setCookie(sessionCookie, "", -time.Second, http.SameSiteStrictMode)
	out := SignedOut{}
	if c.session.Method == people.ByOIDC && c.cfg.OIDC != nil {
		out.URL = c.cfg.OIDC.Logout()
	}
	return c.json(http.StatusOK, out)
}

func setPassword(c *call) error {
	if err := c.peopleErr(); err != nil {
		return err
	}
	if c.session == nil || c.session.Account == "" {
		return &Problem{Status: http.StatusConflict, Type: "account", Detail: "the administrator of the data directory has no account and no password", Help: "make an account of your own: POST /api/v1/accounts, or gatebook accounts add"}
	}
	var in PasswordChange
	if err := c.body(&in); err != nil {
		return err
	}
	p, ctx := c.cfg.People, c.r.Context()
	a, err := p.Account(ctx, c.session.Account)
	if err != nil {
		return err
	}
	if err := people.CheckPassword(a.Name, in.Password); err != nil {
		return err
	}
	by := people.ByPassword
	if byLink := c.session.Method == people.ByLink && p.Fresh(c.session); !byLink {
		if _, known, err := p.Prove(ctx, a.Name, in.Current, c.client()); err != nil {
			c.signInFailed(by, known, err)
			return err
		}
	}
	about := []event.Object{{Type: "account", ID: a.Name}}
	if err := c.cfg.Room.Decide(ctx, c.reader, reading.ActSession, "password-changed", about); err != nil {
		return err
	}
	if err := p.SetPassword(ctx, a, in.Password, c.session.ID); err != nil {
		return err
	}
	if a, err = p.Account(ctx, a.ID); err != nil {
		return err
	}
	if err := c.begin(a, by); err != nil {
		return err
	}
	m, err := c.me()
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, m)
}

// isPage reports whether a request that no route of the API is for is for the
// console.
func (c *call) isPage() bool {
	get := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
	return c.cfg.Console != nil && get && !strings.HasPrefix(c.r.URL.Path, "/api/")
}

// LinkURL returns the address that a link is followed at. The secret is in the
// fragment, which browsers send to nobody.
func LinkURL(public *url.URL, link string) string {
	u := *public
	u.Path, u.Fragment = "/sign-in", "link="+link
	return u.String()
}
