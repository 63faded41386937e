package issuer

import (
	"regexp"
	"slices"

	"github.com/gatebook/gatebook/examples/shop/grant"
)

// Audience is the aud claim of tokens for the shop's API.
const Audience = "shop-api"

// A User is a person who can log in.
type User struct {
	// ID is the sub claim: stable, and says nothing about the person.
	ID string
	// Name is what the person types at login.
	Name string
	// Password is the demonstration password. It is public.
	Password string
	// Full is the person's full name, the name claim.
	Full string
	// Email is the email claim.
	Email string
	// Roles decide which scopes the person may have; the roles claim.
	Roles []string
}

// A Client is an application or a service account.
type Client struct {
	// ID is the client_id.
	ID string
	// Secret authenticates the client; empty for a public client.
	Secret string
	// Title is the name that people see on the login page.
	Title string
	// RedirectURI receives the codes of logins; empty for a service account.
	RedirectURI string
	// LogoutURI is told when a person logs out (OpenID Connect Back-Channel
	// Logout 1.0); empty: it is not.
	LogoutURI string
	// Scopes are the most that the client may have.
	Scopes []string
	// Audience is the aud claim of its tokens; empty means Audience.
	Audience string
	// Exchange says that the client may act for people whose tokens it holds.
	Exchange bool
}

// app gives the client as those see it who ask for tokens.
func (c Client) app() grant.App {
	return grant.App{ID: c.ID, Secret: c.Secret, RedirectURI: c.RedirectURI}
}

// audience is what the client's tokens are for.
func (c Client) audience() string {
	if c.Audience == "" {
		return Audience
	}
	return c.Audience
}

// service says that the client is a service account: it acts for itself.
func (c Client) service() bool { return c.RedirectURI == "" }

// roleScopes says what a role may do at the shop's API.
var roleScopes = map[string][]string{
	"support": {"customers:read", "customers:write", "orders:read", "orders:write", "files:read", "files:write"},
	"sales":   {"customers:read", "customers:write", "orders:read", "orders:write"},
	"stock":   {"products:write", "orders:read"},
	"analyst": {"customers:read", "orders:read", "export:read"},
	"admin": {"customers:read", "customers:write", "orders:read", "orders:write", "products:write",
		"files:read", "files:write", "export:read", "admin"},
}

// allowed returns those of the wanted scopes that one of the roles has.
func allowed(roles, wanted []string) []string {
	return slices.DeleteFunc(slices.Clone(wanted), func(scope string) bool {
		return !slices.ContainsFunc(roles, func(role string) bool {
			return slices.Contains(roleScopes[role], scope)
		})
	})
}

// identityScopes are those of OpenID Connect itself; each person may have them.
var identityScopes = []string{"openid", "profile", "email", "offline_access"}

// DefaultUsers returns the people of the demonstration. Names and passwords
// are in the documentation, so an issuer with them is for a loopback address.
func DefaultUsers() []User {
	u := func(id, name, full string, roles ...string) User {
		return User{ID: id, Name: name, Password: name + "-opens-sesame", Full: full,
			Email: name + "@shop.example", Roles: roles}
	}
	return []User{
		u("u-71c4", "alice", "Alice Moreau", "support"),
		u("u-0b9e", "bob", "Bob Okafor", "support"),
		u("u-d3a8", "carol", "Carol Lindqvist", "sales"),
		u("u-5f27", "dave", "Dave Marchetti", "sales"),
		u("u-92e1", "erin", "Erin Castillo", "analyst"),
		u("u-3c60", "frank", "Frank Novak", "stock"),
		u("u-e845", "grace", "Grace Haddad", "admin"),
		u("u-a16d", "heidi", "Heidi Brandt", "support", "sales"),
	}
}

// DefaultClients returns the applications and service accounts of the
// demonstration: the shop's own web console, the OAuth application Reporter,
// two service accounts, a backend that acts for people by token exchange, and
// a service account of another API, whose tokens the shop must refuse.
func DefaultClients() []Client {
	return []Client{
		{ID: "shop-web", Title: "Shop console", RedirectURI: "http://127.0.0.1/console/callback",
			Scopes: roleScopes["admin"]},
		{ID: "reporter", Title: "Reporter", Secret: "reporter-demo-secret",
			RedirectURI: "http://127.0.0.1/reporter/callback", Scopes: []string{"customers:read", "orders:read"}},
		{ID: "nightly-billing", Secret: "nightly-billing-demo-secret",
			Scopes: []string{"customers:read", "orders:read", "orders:write", "export:read"}},
		{ID: "stock-sync", Secret: "stock-sync-demo-secret", Scopes: []string{"products:write", "orders:read"}},
		{ID: "checkout", Secret: "checkout-demo-secret", Exchange: true,
			Scopes: []string{"customers:read", "orders:read", "orders:write"}},
		{ID: "hr-sync", Secret: "hr-sync-demo-secret", Audience: "hr-api", Scopes: []string{"people:read"}},
	}
}

// guestID matches the ids of service accounts that need not be configured.
var guestID = regexp.MustCompile(`^guest-[0-9a-f]{8}$`)

// guest returns a service account that nobody has seen before, for who wants to
// see what a new one causes: any of the names guest-0123abcd, with the name and
// "-demo-secret" for a secret, which may read and export.
func guest(id string) (Client, bool) {
	if !guestID.MatchString(id) {
		return Client{}, false
	}
	return Client{ID: id, Secret: id + "-demo-secret", Scopes: []string{"customers:read", "orders:read", "export:read"}}, true
}
