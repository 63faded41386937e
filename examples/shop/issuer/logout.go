package issuer

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Sign signs claims as a token of the type typ, such as logout+jwt, with the key
// that signs now. Empty: no type.
func (is *Issuer) Sign(typ string, claims any) (string, error) {
	return is.storage.keys.sign(typ, claims)
}

func (r *keyring) sign(typ string, claims any) (string, error) {
	k := r.signing()
	o := new(jose.SignerOptions)
	if typ != "" {
		o = o.WithType(jose.ContentType(typ))
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: k.alg, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}}, o)
	if err != nil {
		return "", err
	}
	return jwt.Signed(s).Claims(claims).Serialize()
}

// LogoutToken returns the token by which a client is told that a person has
// logged out: of one session, or of all with an empty one.
func (is *Issuer) LogoutToken(client, subject, session string) (string, error) {
	return is.Sign("logout+jwt", oidc.NewLogoutTokenClaims(is.URL, subject, oidc.Audience{client}, time.Now().Add(2*time.Minute), rand.Text(), session, 0))
}

// LogOut logs a person out everywhere: what they were given ends, and each
// client that wants to know is told by its LogoutURI. It returns what these
// answered.
func (is *Issuer) LogOut(ctx context.Context, user string) (map[string]int, error) {
	u, ok := is.storage.users[user]
	if !ok {
		return nil, fmt.Errorf("user %q: %w", user, errUnknown)
	}
	answers := map[string]int{}
	for id, c := range is.storage.clients {
		if err := is.storage.TerminateSession(ctx, u.ID, id); err != nil {
			return answers, err
		}
		if c.LogoutURI == "" {
			continue
		}
		token, err := is.LogoutToken(id, u.ID, "")
		if err != nil {
			return answers, err
		}
		if answers[id], err = tell(ctx, c.LogoutURI, token); err != nil {
			return answers, err
		}
	}
	return answers, nil
}

// tell sends a logout token.
func tell(ctx context.Context, at, token string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	return res.StatusCode, err
}

// maxSessions bounds the logins of a person that are remembered.
const maxSessions = 20

// begun notes a login that the person's ID token names.
func (s *storage) begun(subject, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.sessions[subject]
	if slices.Contains(list, id) {
		return
	}
	list = append(slices.Clone(list), id)
	s.sessions[subject] = list[max(0, len(list)-maxSessions):]
}

// Sessions returns the newest logins of a person, the oldest of them first: the
// sid of their ID tokens.
func (is *Issuer) Sessions(user string) []string {
	s := is.storage
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sessions[s.users[user].ID])
}
