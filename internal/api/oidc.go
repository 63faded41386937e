package api

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/people/oidc"
	"github.com/gatebook/gatebook/internal/reading"
)

// The paths at which people go to the provider of OpenID Connect and come back.
const (
	oidcLogin    = "/api/v1/oidc/login"
	OIDCCallback = "/api/v1/oidc/callback"
	OIDCLogout   = "/api/v1/oidc/backchannel-logout"
)

// flightCookie holds, sealed, what a browser was sent to the provider with. It
// comes back from another site, and so is SameSite=Lax.
const flightCookie = "gatebook-flight"

func oidcRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: oidcLogin, id: "oidcLogin", summary: "Go to the provider of OpenID Connect to sign in. For browsers.", public: true, navigated: true, status: http.StatusSeeOther, media: "text/html",
			params: reflect.TypeFor[oidcLoginParams](), handle: withParams(oidcStart),
		},
		{
			method: http.MethodGet, path: OIDCCallback, id: "oidcCallback", summary: "Come back from the provider of OpenID Connect. For browsers.", public: true, navigated: true, blind: true, status: http.StatusSeeOther, media: "text/html",
			handle: oidcFinish,
		},
		{
			method: http.MethodPost, path: OIDCLogout, id: "oidcLogout", summary: "The provider of OpenID Connect says that somebody has logged out (OpenID Connect Back-Channel Logout 1.0). The body is a form with logout_token. For the provider.", public: true, blind: true, maxBody: maxLogoutBody,
			handle: oidcLogout,
		},
	}
}

type oidcLoginParams struct {
	Next  string `query:"next" doc:"Path of the console to go on at."`
	Again bool   `query:"again" doc:"The provider must ask anew who that is: for what cannot be undone."`
}

// localPath returns a path of the console, or "/" if that is not one: nobody is
// sent elsewhere, whatever is in the link that they followed.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\x00\r\n\t") || u.IsAbs() || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "/api/") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return next
}

func (c *call) oidcErr() error {
	if c.cfg.People == nil || c.cfg.OIDC == nil {
		return &Problem{Status: http.StatusNotImplemented, Type: "console", Detail: "there is no provider of OpenID Connect", Help: "set console.oidc in the configuration"}
	}
	return nil
}

func oidcStart(c *call, q oidcLoginParams) error {
	if err := c.oidcErr(); err != nil {
		return err
	}
	// The browser comes back under the public address, where the cookie must be.
	if u := *c.cfg.PublicURL; u.Host != c.r.Host {
		u.Path, u.RawQuery = oidcLogin, url.Values{"next": {localPath(q.Next)}, "again": {map[bool]string{true: "true", false: "false"}[q.Again]}}.Encode()
		c.redirect(u.String())
		return nil
	}
	to, cookie, life, err := c.cfg.OIDC.Start(c.r.Context(), localPath(q.Next), q.Again)
	if err != nil {
		return c.oidcFailed(err)
	}
	c.setCookie(flightCookie, cookie, life, http.SameSiteLaxMode)
	c.redirect(to)
	return nil
}

func (c *call) redirect(to string) {
	c.w.Header().Set("Referrer-Policy", "no-referrer")
	c.w.Header().Set("Location", to)
	c.w.WriteHeader(http.StatusSeeOther)
}

// oidcFailed sends the browser to the page where people sign in, which says what
// went wrong by its code.
func (c *call) oidcFailed(err error) error {
	code := ""
	switch {
	case errors.Is(err, oidc.ErrAnswer):
		code = "oidc-answer"
	case errors.Is(err, oidc.ErrNoRole):
		code = "oidc-role"
	case errors.Is(err, oidc.ErrNoName):
		code = "oidc-name"
	case errors.Is(err, people.ErrCredentials):
		code = "oidc-disabled"
	case errors.Is(err, people.ErrRefused):
		code = "oidc-account"
	case errors.Is(err, oidc.ErrUnavailable):
		code = "oidc-provider"
	default:
		return err
	}
	c.cfg.Log.Warn("signing in by OpenID Connect failed", "reason", code, "error", err)
	who := reading.Reader{Session: true}
	c.from(&who)
	if err := c.cfg.Room.SignInFailed(c.r.Context(), who, code, nil); err != nil {
		c.cfg.Log.Error("a failed sign-in could not be recorded", "error", err)
	}
	c.redirect("/sign-in?problem=" + code)
	return nil
}

func oidcFinish(c *call) error {
	if err := c.oidcErr(); err != nil {
		return err
	}
	cookie := c.cookie(flightCookie)
	c.setCookie(flightCookie, "", -time.Second, http.SameSiteLaxMode)
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return c.oidcFailed(oidc.ErrAnswer)
	}
	person, next, err := c.cfg.OIDC.Finish(c.r.Context(), cookie, query)
	if err != nil {
		return c.oidcFailed(err)
	}
	p, ctx := c.cfg.People, c.r.Context()
	a, changed, err := p.Provided(ctx, person.Issuer, person.Subject, person.Name, person.Role)
	if err != nil {
		return c.oidcFailed(err)
	}
	if changed {
		who := reading.Reader{Name: a.Name, Role: reading.Role(a.Role), Session: true}
		c.from(&who)
		about := []event.Object{{Type: "account", ID: a.Name}}
		if err := c.cfg.Room.Decide(ctx, who, reading.ActSession, "account-provided", about, event.Fact{Name: "granted", Value: a.Role}); err != nil {
			return err
		}
		if err := p.Provide(ctx, a); err != nil {
			return err
		}
	}
	if err := c.beginAt(a, people.ByOIDC, person.Session); err != nil {
		return err
	}
	c.redirect(localPath(next))
	return nil
}
