package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/console"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/pack"
	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/people/oidc"
	"github.com/gatebook/gatebook/internal/redact"
)

// openPeople opens the accounts and sessions.
func (a *App) openPeople() (err error) {
	c := &a.cfg.Console
	if !c.Enabled {
		return nil
	}
	a.people, err = people.New(context.Background(), people.Config{
		DB: a.state, Key: a.keys.fingerprint, Idle: c.Idle, Longest: c.Lifetime, Confirm: c.ConfirmAfter, NoPasswords: !c.Passwords, Log: a.log,
	})
	if err != nil {
		return fmt.Errorf("opening the accounts: %w", err)
	}
	return nil
}

// openAPI makes what answers on the operations listener.
func (a *App) openAPI(redactor *redact.Redactor) error {
	cfg := a.apiConfig(redactor)
	cfg.People = a.people
	if a.cfg.Console.Enabled && a.ops != nil {
		h, err := console.New(console.App(), verifier())
		if err != nil {
			return fmt.Errorf("opening the console: %w", err)
		}
		cfg.Console, cfg.PublicURL = h, a.publicURL()
		if cfg.OIDC, err = a.oidc(cfg.PublicURL); err != nil {
			return err
		}
		cfg.OIDCName, cfg.LoggedOut = a.cfg.Console.OIDC.Name, a.loggedOut()
		cfg.Hosts = append(cfg.Hosts, cfg.PublicURL.Hostname())
	}
	a.api = api.New(cfg)
	return nil
}

// oidc returns where people sign in; nil if nowhere else.
func (a *App) oidc(public *url.URL) (*oidc.Provider, error) {
	o := &a.cfg.Console.OIDC
	if o.Issuer == nil || a.people == nil {
		return nil, nil
	}
	c := oidc.Config{
		Issuer: o.Issuer.String(), ClientID: o.ClientID, Scopes: o.Scopes, NameClaim: o.NameClaim, RolesClaim: o.RolesClaim, DefaultRole: o.DefaultRole,
		Redirect: public.JoinPath(api.OIDCCallback).String(), PostLogoutRedirect: public.JoinPath("/sign-in").String(), Key: a.keys.fingerprint,
	}
	for _, r := range o.Roles {
		at := strings.LastIndexByte(r, '=')
		c.Roles = append(c.Roles, oidc.Role{Value: r[:at], Role: r[at+1:]})
	}
	if o.ClientSecretFile != "" {
		b, err := os.ReadFile(o.ClientSecretFile)
		if err != nil {
			return nil, fmt.Errorf("console.oidc.client_secret_file: %w", err)
		}
		c.ClientSecret = strings.TrimSpace(string(b))
	}
	p, err := oidc.New(c)
	if err != nil {
		return nil, fmt.Errorf("console.oidc: %w", err)
	}
	return p, nil
}

// loggedOut returns what is told that somebody has logged out of the provider;
// nil: calls go on.
func (a *App) loggedOut() func(ctx context.Context, subject string, at time.Time) error {
	o := &a.cfg.Console.OIDC
	if o.Issuer == nil || o.RefuseCalls == 0 {
		return nil
	}
	return func(ctx context.Context, subject string, at time.Time) error {
		err := a.act.LoggedOut(ctx, identity.Pseudonym(a.keys.fingerprint, o.Issuer.String(), subject), at, o.RefuseCalls)
		if errors.Is(err, act.ErrProtected) {
			a.log.Warn("somebody who is protected has logged out of the provider; their calls go on")
			return nil
		}
		return err
	}
}

// verifier returns the files with which a page checks evidence.
func verifier() console.Files {
	wasm, exec := pack.Verifier()
	if wasm == nil || exec == nil {
		return nil
	}
	return console.Files{
		"/verifier/verifier.wasm": {Data: wasm, Type: "application/wasm", Gzip: true},
		"/verifier/wasm_exec.js":  {Data: exec, Type: "text/javascript; charset=utf-8"},
	}
}

// publicURL returns where browsers reach the operations listener.
func (a *App) publicURL() *url.URL {
	if u := a.cfg.Console.PublicURL; u != nil {
		return &url.URL{Scheme: u.Scheme, Host: u.Host}
	}
	u, err := url.Parse(a.OpsURL())
	if err != nil {
		panic(fmt.Sprintf("app: the address of a listener is no host of a URL: %v", err))
	}
	return u
}

// greetConsole tells a person where the console is. As long as nobody has an
// account there is a link that signs in the administrator, once: whoever reads
// what serve prints can mostly read the data directory, too. Later there is
// none, since what serve prints may be kept for long.
func (a *App) greetConsole(w io.Writer) error {
	if a.people == nil {
		return nil
	}
	any, err := a.people.Any(context.Background())
	if err != nil {
		return err
	}
	if any || !a.people.Passwords() || a.cfg.Console.OIDC.Issuer != nil {
		_, err = fmt.Fprintf(w, "console     %s\n", a.publicURL())
		return err
	}
	link, _, err := a.people.Link(context.Background(), nil)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "console     %s\n            (signs you in, once, within %s; another: gatebook login-link --data %s)\n", api.LinkURL(a.publicURL(), link), "15 minutes", a.cfg.Data)
	return err
}
