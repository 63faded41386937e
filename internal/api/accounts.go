package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/reading"
)

// NewAccount asks for an account.
type NewAccount struct {
	Name     string `json:"name"`               // what they sign in with; required
	Role     string `json:"role"`               // viewer, investigator, auditor or administrator; required
	Password string `json:"password,omitempty"` // absent: they set it themselves, by the link in the answer
}

// AccountMade is a new account.
type AccountMade struct {
	Account people.Account `json:"account"`
	Link    *SignInLink    `json:"link,omitempty"` // absent: there is a password
}

// SignInLink signs in once.
type SignInLink struct {
	URL     string    `json:"url"` // shown once; pass it on over a safe way
	Expires time.Time `json:"expires"`
}

// AccountChange changes one thing of an account, and ends its sessions. One
// member is given.
type AccountChange struct {
	Role     string `json:"role,omitempty"`
	Disabled *bool  `json:"disabled,omitempty"`
	Password string `json:"password,omitempty"`
}

// accountRoutes are about the accounts and sessions of all.
func accountRoutes() []route {
	return []route{
		get("/api/v1/accounts", "listAccounts", "Who may sign in to the console.", listAccounts),
		{
			method: http.MethodPost, path: "/api/v1/accounts", id: "addAccount", summary: "Make a local account. Without a password the answer has a link, by which they set one.", status: http.StatusCreated,
			body: reflect.TypeFor[NewAccount](), result: reflect.TypeFor[AccountMade](), handle: addAccount,
		},
		{
			method: http.MethodPost, path: "/api/v1/accounts/{account}", id: "changeAccount", summary: "Change the role of an account, disable it, or set its password. Its sessions end.", params: reflect.TypeFor[accountParams](),
			body: reflect.TypeFor[AccountChange](), result: reflect.TypeFor[people.Account](), handle: withParams(changeAccount),
		},
		{
			method: http.MethodPost, path: "/api/v1/accounts/{account}/link", id: "linkAccount", summary: "Make a link that signs in to a local account once, and sets a new password. It ends those before.", params: reflect.TypeFor[accountParams](), status: http.StatusCreated,
			result: reflect.TypeFor[SignInLink](), handle: withParams(linkAccount),
		},
		{
			method: http.MethodDelete, path: "/api/v1/accounts/{account}", id: "removeAccount", summary: "Remove an account and its sessions.", params: reflect.TypeFor[accountParams](), status: http.StatusNoContent,
			handle: withParams(removeAccount),
		},
		{
			method: http.MethodPost, path: "/api/v1/login-link", id: "loginLink", summary: "Make a link that signs in the administrator of the data directory once. Only they can.", status: http.StatusCreated,
			result: reflect.TypeFor[SignInLink](), handle: loginLink,
		},
		get("/api/v1/sessions", "listSessions", "Who is signed in: oneself, or everybody.", listSessions),
		{
			method: http.MethodDelete, path: "/api/v1/sessions/{session}", id: "endSession", summary: "End a session at once: one of one's own, or, as an administrator, any.", params: reflect.TypeFor[sessionParams](), status: http.StatusNoContent,
			handle: withParams(endSession),
		},
	}
}

// accountErr returns the error of somebody who may not do a with accounts here,
// or nil.
func (c *call) accountErr(a reading.Action) error {
	if err := c.cfg.Room.Admit(c.reader, a); err != nil {
		return err
	}
	return c.peopleErr()
}

func listAccounts(c *call, _ none) ([]people.Account, error) {
	if err := c.accountErr(reading.ActListKeys); err != nil {
		return nil, err
	}
	list, err := c.cfg.People.Accounts(c.r.Context())
	if err != nil {
		return nil, err
	}
	return list, c.cfg.Room.Looked(c.r.Context(), c.reader, reading.ActListKeys, "list-accounts")
}

func checkRole(role string) error {
	if !slices.Contains(reading.Roles, reading.Role(role)) {
		return argument("role", "must be viewer, investigator, auditor or administrator")
	}
	return nil
}

// decide records a change of an account.
func (c *call) decide(name, account string, facts ...event.Fact) error {
	return c.cfg.Room.Decide(c.r.Context(), c.reader, reading.ActAccounts, name, []event.Object{{Type: "account", ID: account}}, facts...)
}

// done makes a change that was decided; if it fails, that is recorded too.
func (c *call) done(name, account string, change func() error) error {
	if err := change(); err != nil {
		return errors.Join(err, c.decide(name, account))
	}
	return nil
}

func addAccount(c *call) error {
	if err := c.accountErr(reading.ActAccounts); err != nil {
		return err
	}
	var n NewAccount
	if err := c.body(&n); err != nil {
		return err
	}
	if err := checkRole(n.Role); err != nil {
		return err
	}
	if n.Password == "" && c.cfg.PublicURL == nil {
		return errNoServer
	}
	p, ctx := c.cfg.People, c.r.Context()
	a, err := p.Prepare(ctx, people.NewAccount{Name: n.Name, Role: n.Role, Password: n.Password})
	if err != nil {
		return err
	}
	if err := c.decide("account-added", a.Name, event.Fact{Name: "granted", Value: n.Role}); err != nil {
		return err
	}
	made := AccountMade{Account: *a}
	err = c.done("account-not-added", a.Name, func() error { return p.Add(ctx, a, n.Password) })
	if err == nil && n.Password == "" {
		made.Link, err = c.link(a)
	}
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, made)
}

var errNoServer = &Problem{Status: http.StatusConflict, Type: "console", Detail: "no server runs on this data, so that a link would lead nowhere", Help: "start gatebook serve first"}

// link makes a link; a is nil for the administrator of the data directory.
func (c *call) link(a *people.Account) (*SignInLink, error) {
	if c.cfg.PublicURL == nil {
		return nil, errNoServer
	}
	link, expires, err := c.cfg.People.Link(c.r.Context(), a)
	if err != nil {
		return nil, err
	}
	return &SignInLink{LinkURL(c.cfg.PublicURL, link), expires}, nil
}

type accountParams struct {
	Account string `path:"account" doc:"Id or name of the account."`
}

func changeAccount(c *call, q accountParams) error {
	if err := c.accountErr(reading.ActAccounts); err != nil {
		return err
	}
	var in AccountChange
	if err := c.body(&in); err != nil {
		return err
	}
	p, ctx := c.cfg.People, c.r.Context()
	a, err := p.Account(ctx, q.Account)
	if err != nil {
		return err
	}
	if err := c.change(a, &in); err != nil {
		return err
	}
	if a, err = p.Account(ctx, a.ID); err != nil {
		return err
	}
	return c.json(http.StatusOK, a)
}

// change makes one change of an account.
func (c *call) change(a *people.Account, in *AccountChange) error {
	p, ctx := c.cfg.People, c.r.Context()
	var name string
	var facts []event.Fact
	var do func() error
	given := 0
	if in.Role != "" {
		given++
		if err := checkRole(in.Role); err != nil {
			return err
		}
		name, facts = "account-role", []event.Fact{{Name: "granted", Value: in.Role}, {Name: "was", Value: a.Role}}
		do = func() error { return p.SetRole(ctx, a, in.Role) }
	}
	if in.Disabled != nil {
		given++
		name = map[bool]string{true: "account-disabled", false: "account-enabled"}[*in.Disabled]
		do = func() error { return p.SetDisabled(ctx, a, *in.Disabled) }
	}
	if in.Password != "" {
		given++
		if err := people.CheckPassword(a.Name, in.Password); err != nil {
			return err
		}
		name = "account-password"
		do = func() error { return p.SetPassword(ctx, a, in.Password, "") }
	}
	if given != 1 {
		return &Problem{Status: http.StatusBadRequest, Type: "argument", Detail: "the body has " + strconv.Itoa(given) + " of role, disabled and password, want one"}
	}
	if a.Issuer != "" && in.Disabled == nil {
		return &Problem{Status: http.StatusBadRequest, Type: "argument", Detail: fmt.Sprintf("%s signs in at %s, which says who that is and what they may", a.Name, a.Issuer), Help: "change it there, or disable the account here"}
	}
	if err := c.decide(name, a.Name, facts...); err != nil {
		return err
	}
	return c.done(name+"-failed", a.Name, do)
}

func linkAccount(c *call, q accountParams) error {
	if err := c.accountErr(reading.ActAccounts); err != nil {
		return err
	}
	a, err := c.cfg.People.Account(c.r.Context(), q.Account)
	if err != nil {
		return err
	}
	if err := c.decide("account-link", a.Name); err != nil {
		return err
	}
	link, err := c.link(a)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, link)
}

func removeAccount(c *call, q accountParams) error {
	if err := c.accountErr(reading.ActAccounts); err != nil {
		return err
	}
	a, err := c.cfg.People.Account(c.r.Context(), q.Account)
	if err != nil {
		return err
	}
	if err := c.decide("account-removed", a.Name); err != nil {
		return err
	}
	if err := c.done("account-not-removed", a.Name, func() error { return c.cfg.People.Remove(c.r.Context(), a) }); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func loginLink(c *call) error {
	if err := c.accountErr(reading.ActAccounts); err != nil {
		return err
	}
	if c.reader.Name != people.Administrator {
		// Whoever has a name of their own must not take off that name.
		return fmt.Errorf("%w: only the administrator of the data directory can have a link that signs in as them", reading.ErrForbidden)
	}
	if err := c.decide("login-link", people.Administrator); err != nil {
		return err
	}
	link, err := c.link(nil)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, link)
}

// SessionListed is a session as people see it.
type SessionListed struct {
	people.Session
	Current bool `json:"current,omitempty"` // the one that asks
}

type sessionsParams struct {
	All bool `query:"all" doc:"Those of everybody, which only administrators may see."`
}

func listSessions(c *call, q sessionsParams) ([]SessionListed, error) {
	action := reading.ActSession
	if q.All {
		action = reading.ActAccounts
	}
	if err := c.accountErr(action); err != nil {
		return nil, err
	}
	out := []SessionListed{}
	if !q.All && c.session == nil {
		return out, nil
	}
	of := c.session
	if q.All {
		of = nil
		if err := c.cfg.Room.Looked(c.r.Context(), c.reader, action, "list-sessions"); err != nil {
			return nil, err
		}
	}
	list, err := c.cfg.People.Sessions(c.r.Context(), of)
	for _, s := range list {
		out = append(out, SessionListed{s, c.session != nil && s.ID == c.session.ID})
	}
	return out, err
}

type sessionParams struct {
	Session string `path:"session" doc:"Id of the session."`
}

func endSession(c *call, q sessionParams) error {
	if err := c.accountErr(reading.ActSession); err != nil {
		return err
	}
	p, ctx := c.cfg.People, c.r.Context()
	s, err := p.Session(ctx, q.Session)
	action := reading.ActSession
	if c.session == nil || s == nil || s.Account != c.session.Account {
		action = reading.ActAccounts
	}
	if err := c.cfg.Room.Admit(c.reader, action); err != nil {
		return err // whoever may not end it is not told whether there is one
	}
	if err != nil {
		return err
	}
	about := []event.Object{{Type: "account", ID: s.Name}, {Type: "session", ID: s.ID}}
	if err := c.cfg.Room.Decide(ctx, c.reader, action, "session-ended", about, event.Fact{Name: "reason", Value: "revoked"}); err != nil {
		return err
	}
	if err := p.End(ctx, s.ID); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
