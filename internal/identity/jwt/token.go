package jwt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// maxToken is the limit of a token in bytes; longer ones are not read. Servers
// refuse headers of this size.
const maxToken = 16 << 10

// maxDelegation is how deep act claims may be nested.
const maxDelegation = 16

// token is what a token says, before anything of it is verified.
type token struct {
	header struct {
		Algorithm string   `json:"alg"`
		KeyID     string   `json:"kid"`
		Type      string   `json:"typ"`
		Critical  []string `json:"crit"`
	}
	claims claims
	all    map[string]json.RawMessage // every claim, for those whose name is configured
}

// claims are the claims that have one meaning everywhere. Names are compared
// exactly, and a name that comes twice is an error: that is what the JSON
// package of go-jose is for.
type claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  strs     `json:"aud"`
	Expires   *seconds `json:"exp"`
	NotBefore *seconds `json:"nbf"`
	IssuedAt  *seconds `json:"iat"`
	Actor     *actor   `json:"act"`
	Confirm   *struct {
		Thumbprint  string `json:"jkt"`
		Certificate string `json:"x5t#S256"`
	} `json:"cnf"`

	// Said in one of several ways, and not worth a refusal.
	ClientID          lenient `json:"client_id"`
	AuthorizedParty   lenient `json:"azp"`
	AppID             lenient `json:"appid"` // Microsoft Entra, version 1
	CID               lenient `json:"cid"`   // Okta
	GrantType         lenient `json:"gty"`   // Auth0
	IDType            lenient `json:"idtyp"` // Microsoft Entra
	Scope             lenient `json:"scope"`
	Scp               lenient `json:"scp"`
	Name              lenient `json:"name"`
	PreferredUsername lenient `json:"preferred_username"`
	Email             lenient `json:"email"`
}

// actor is an act claim (RFC 8693, section 4.1).
type actor struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	ClientID string `json:"client_id"`
	Actor    *actor `json:"act"`
}

// parse reads a token. The claims are filled in as far as they could be read
// even if it fails.
func parse(compact string) (*token, error) {
	t := new(token)
	if len(compact) > maxToken {
		return t, errors.New("token too long")
	}
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return t, errors.New("not a signed token")
	}
	if err := decodePart(parts[0], &t.header); err != nil {
		return t, fmt.Errorf("header: %w", err)
	}
	if err := decodePart(parts[1], &t.claims); err != nil {
		return t, fmt.Errorf("claims: %w", err)
	}
	if err := decodePart(parts[1], &t.all); err != nil {
		return t, fmt.Errorf("claims: %w", err)
	}
	if len(t.header.Critical) > 0 {
		return t, errors.New("header: crit names an extension that is not supported")
	}
	return t, t.claims.check()
}

func decodePart(part string, v any) error {
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

func (c *claims) check() error {
	if c.Expires == nil {
		return errors.New("claims: exp is missing")
	}
	if c.subject() == "" {
		return errors.New("claims: sub is missing")
	}
	depth := 0
	for a := c.Actor; a != nil; a = a.Actor {
		if depth++; depth > maxDelegation {
			return errors.New("claims: act is nested too deep")
		}
		if a.subject() == "" {
			return errors.New("claims: act names nobody")
		}
	}
	return nil
}

// authTime returns when the user last proved who they are (RFC 9068, section
// 2.2.1); zero if the token does not say, or not as it should.
func (t *token) authTime() time.Time {
	var s seconds
	if raw, ok := t.all["auth_time"]; !ok || json.Unmarshal(raw, &s) != nil {
		return time.Time{}
	}
	return s.time()
}

// subject returns who the token is about; a token of a client for itself may
// lack sub.
func (c *claims) subject() string {
	if c.Subject != "" {
		return c.Subject
	}
	return c.client()
}

// client returns the OAuth client that the token was issued to.
func (c *claims) client() string {
	for _, v := range []lenient{c.ClientID, c.AuthorizedParty, c.CID, c.AppID} {
		if s := v.one(); s != "" {
			return s
		}
	}
	return ""
}

// service reports whether the token is a client's own and no person's.
func (c *claims) service() bool {
	client, sub := c.client(), c.Subject
	switch {
	case c.Subject == "", sub == client:
		return true
	case c.GrantType.one() == "client-credentials", c.GrantType.one() == "client_credentials", c.IDType.one() == "app":
		return true
	case strings.HasPrefix(sub, "system:serviceaccount:"), strings.HasPrefix(sub, "spiffe://"):
		return true
	}
	// Keycloak gives the account of a client a user's id.
	return client != "" && c.PreferredUsername.one() == "service-account-"+client
}

// scopes returns what was granted, sorted, each scope once.
func (c *claims) scopes() []string {
	var out []string
	for _, v := range append(slices.Clone(c.Scope), c.Scp...) {
		out = append(out, strings.Fields(v)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (a *actor) subject() string {
	if a.Subject != "" {
		return a.Subject
	}
	return a.ClientID
}

// groups returns the values of the named claims.
func (t *token) groups(names []string) []string {
	var out []string
	for _, name := range names {
		var v lenient
		if raw, ok := t.all[name]; ok && json.Unmarshal(raw, &v) == nil {
			for _, g := range v {
				if !slices.Contains(out, g) {
					out = append(out, g)
				}
			}
		}
	}
	return out
}

// strs is a string or a list of strings.
type strs []string

// UnmarshalJSON implements json.Unmarshaler.
func (s *strs) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*s = strs{""}
		return json.Unmarshal(b, &(*s)[0])
	}
	var list []string
	err := json.Unmarshal(b, &list)
	*s = list
	return err
}

// lenient is a string or a list of strings; anything else is nothing.
type lenient []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *lenient) UnmarshalJSON(b []byte) error {
	var s strs
	if s.UnmarshalJSON(b) == nil {
		*l = lenient(s)
	}
	return nil
}

func (l lenient) one() string {
	if len(l) == 1 {
		return l[0]
	}
	return ""
}

// seconds is a NumericDate (RFC 7519, section 2).
type seconds float64

// maxSeconds is the year 9999; a token beyond it never ends.
const maxSeconds = 253402300799

// UnmarshalJSON implements json.Unmarshaler.
func (s *seconds) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	if f < 0 {
		return errors.New("a time before 1970")
	}
	*s = seconds(min(f, maxSeconds))
	return nil
}

// time returns s in UTC, or zero if s is nil.
func (s *seconds) time() time.Time {
	if s == nil {
		return time.Time{}
	}
	whole := int64(*s)
	return time.Unix(whole, int64((float64(*s)-float64(whole))*1e9)).UTC()
}
