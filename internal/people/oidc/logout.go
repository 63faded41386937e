package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Logout is what a provider says when somebody has logged out of it: OpenID
// Connect Back-Channel Logout 1.0.
type Logout struct {
	Issuer  string
	Subject string    // who; empty: only the session is named
	Session string    // which session at the provider (sid); empty: all of the subject
	At      time.Time // when the provider said so
}

// ErrLogout is the error of what is no logout token of the provider. The error
// that wraps it says why, without anything of the token.
var ErrLogout = errors.New("that is no logout token of the provider")

// The bounds of a logout token.
const (
	maxLogout   = 16 << 10
	logoutLife  = 5 * time.Minute // after it was issued
	maxReplays  = 10_000          // ids that are remembered
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
)

// logoutClaims are those of section 2.4.
type logoutClaims struct {
	Subject  string                     `json:"sub"`
	Session  string                     `json:"sid"`
	ID       string                     `json:"jti"`
	IssuedAt *float64                   `json:"iat"`
	Expires  *float64                   `json:"exp"`
	Events   map[string]json.RawMessage `json:"events"`
	Nonce    json.RawMessage            `json:"nonce"`
}

// LoggedOut checks a logout token, by section 2.6: the signature by the
// provider's keys and an algorithm of theirs, issuer, audience, the event, no
// nonce, who or which session, and that it is fresh and was not shown before.
// The error wraps [ErrLogout] or [ErrUnavailable].
//
// A token without exp is taken, as older versions of the specification have it:
// it is not valid for longer than five minutes in any case.
func (p *Provider) LoggedOut(ctx context.Context, raw string) (*Logout, error) {
	bad := func(why string) error { return fmt.Errorf("%w: %s", ErrLogout, why) }
	if len(raw) > maxLogout || strings.Count(raw, ".") != 2 {
		return nil, bad("it is no signed token")
	}
	switch typ := strings.ToLower(strings.TrimPrefix(typeOf(raw), "application/")); typ {
	case "logout+jwt", "jwt", "":
	default:
		return nil, bad("it is of another type")
	}
	f, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	// The times are checked below: exp is not in all of them.
	verifier := f.provider.Verifier(&oidc.Config{ClientID: p.cfg.ClientID, SkipExpiryCheck: true, SupportedSigningAlgs: algorithms})
	token, err := verifier.Verify(p.context(ctx), raw)
	if err != nil {
		return nil, bad("its signature, its issuer or its audience is not right")
	}
	var c logoutClaims
	if err := token.Claims(&c); err != nil {
		return nil, bad("its claims cannot be read")
	}
	now := p.cfg.Now()
	var event map[string]any
	switch {
	case c.Nonce != nil:
		return nil, bad("it has a nonce: it is an ID token")
	case c.Subject == "" && c.Session == "":
		return nil, bad("it names neither a subject nor a session")
	case json.Unmarshal(c.Events[logoutEvent], &event) != nil || event == nil:
		return nil, bad("it has no event of a logout")
	case c.ID == "":
		return nil, bad("it has no jti")
	case c.IssuedAt == nil:
		return nil, bad("it has no iat")
	}
	at := time.Unix(int64(*c.IssuedAt), 0)
	switch {
	case at.After(now.Add(clockSkew)):
		return nil, bad("it is of the future")
	case now.Sub(at) > logoutLife+clockSkew, c.Expires != nil && now.After(time.Unix(int64(*c.Expires), 0).Add(clockSkew)):
		return nil, bad("it has expired")
	case !p.replays.first(c.ID, now):
		return nil, bad("it was shown before")
	}
	return &Logout{p.cfg.Issuer, c.Subject, c.Session, at.UTC()}, nil
}

// typeOf returns the typ of a token's header; empty: it has none.
func typeOf(raw string) string {
	head, _, _ := strings.Cut(raw, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	var h struct {
		Type string `json:"typ"`
	}
	if err != nil || json.Unmarshal(b, &h) != nil {
		return ""
	}
	return h.Type
}

// replays remembers the ids of logout tokens for as long as one is valid. When
// there are too many the oldest is forgotten: whoever shows it again ends
// sessions that have ended, and no newer ones.
type replays struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

// first reports whether an id was not there before, and remembers it.
func (r *replays) first(id string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = make(map[string]time.Time)
	}
	if at, ok := r.seen[id]; ok && now.Sub(at) <= logoutLife+2*clockSkew {
		return false
	}
	if len(r.seen) >= maxReplays {
		oldest, when := "", now
		for id, at := range r.seen {
			if now.Sub(at) > logoutLife+2*clockSkew {
				delete(r.seen, id)
			} else if !at.After(when) {
				oldest, when = id, at
			}
		}
		if len(r.seen) >= maxReplays {
			delete(r.seen, oldest)
		}
	}
	r.seen[id] = now
	return true
}
