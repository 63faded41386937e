package api

import (
	"errors"
	"mime"
	"net/http"
	"sync"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/people/oidc"
	"github.com/gatebook/gatebook/internal/reading"
)

// maxLogoutBody bounds the form with a logout token.
const maxLogoutBody = 32 << 10

// logouts bounds how often somebody may show what is no logout token: each can
// have the keys of the provider fetched. It is a bucket of tokens.
type logouts struct {
	mu   sync.Mutex
	left float64
	at   time.Time // zero: the bucket is full
}

const (
	logoutBurst = 20
	logoutEvery = 3 * time.Second
)

// open reports whether one more may be tried.
func (l *logouts) open(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at.IsZero() {
		l.left = logoutBurst
	} else {
		l.left = min(logoutBurst, l.left+now.Sub(l.at).Seconds()/logoutEvery.Seconds())
	}
	l.at = now
	return l.left >= 1
}

// failed counts one that was no logout token.
func (l *logouts) failed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left--
}

// logoutRefused is the answer to what is no logout token: section 2.8 of OpenID
// Connect Back-Channel Logout 1.0.
type logoutRefused struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// oidcLogout ends the sessions of who has logged out of the provider. Each end
// is sealed first; that it cannot be recorded keeps nobody signed in.
func oidcLogout(c *call) error {
	if err := c.oidcErr(); err != nil {
		return err
	}
	if !c.logouts.open(c.cfg.Now()) {
		c.w.Header().Set("Retry-After", "60")
		return &Problem{Status: http.StatusTooManyRequests, Type: "throttled", Detail: "too many logout tokens were not right: wait a minute"}
	}
	media, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err := c.r.ParseForm(); err != nil || media != "application/x-www-form-urlencoded" || len(c.r.PostForm["logout_token"]) != 1 {
		return c.json(http.StatusBadRequest, logoutRefused{"invalid_request", "the body is not a form with one logout_token"})
	}
	ctx := c.r.Context()
	out, err := c.cfg.OIDC.LoggedOut(ctx, c.r.PostForm.Get("logout_token"))
	switch {
	case errors.Is(err, oidc.ErrLogout):
		c.logouts.failed()
		return c.logoutFailed(err)
	case errors.Is(err, oidc.ErrUnavailable):
		return &Problem{Status: http.StatusServiceUnavailable, Type: "provider", Detail: "the provider cannot be asked about itself now"}
	case err != nil:
		return err
	}
	sessions, subject, err := c.cfg.People.LoggedOut(ctx, out.Issuer, out.Subject, out.Session, out.At)
	if err != nil {
		return err
	}
	for i := range sessions {
		if err := c.endByProvider(&sessions[i]); err != nil {
			return err
		}
	}
	if c.cfg.LoggedOut != nil && subject != "" {
		if err := c.cfg.LoggedOut(ctx, subject, out.At); err != nil {
			return err
		}
	}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// logoutFailed answers what is no logout token, and records it.
func (c *call) logoutFailed(err error) error {
	who := reading.Reader{Session: true}
	c.from(&who)
	who.Reason = ""
	if sealErr := c.cfg.Room.SignInFailed(c.r.Context(), who, "logout-token", nil); sealErr != nil {
		c.cfg.Log.Error("a logout token that was refused could not be recorded", "error", sealErr)
	}
	c.cfg.Log.Warn("a logout token was refused", "error", err)
	return c.json(http.StatusBadRequest, logoutRefused{"invalid_request", err.Error()})
}

// endByProvider ends a session whose person has logged out of the provider.
func (c *call) endByProvider(s *people.Session) error {
	who := c.readerOf(s)
	about := []event.Object{{Type: "session", ID: s.ID}}
	if err := c.cfg.Room.Decide(c.r.Context(), who, reading.ActSession, "session-ended", about, event.Fact{Name: "reason", Value: "provider-logout"}); err != nil {
		c.cfg.Log.Error("the end of a session could not be recorded", "error", err)
	}
	return c.cfg.People.End(c.r.Context(), s.ID)
}
