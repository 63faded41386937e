package traffic

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gatebook/gatebook/examples/shop/grant"
)

// retryAfter is how long nobody asks the issuer again after a failure.
const retryAfter = 2 * time.Second

// credential keeps an access token fresh. It may be used concurrently: a
// person's watchers share the person's token.
type credential struct {
	obtain func(context.Context) (grant.Token, error)
	// renew uses the refresh token; nil means to obtain anew each time.
	renew func(ctx context.Context, refresh string) (grant.Token, error)

	mu      sync.Mutex // guards what follows
	current grant.Token
	since   time.Time // when current came
	renewAt time.Time
	retryAt time.Time
}

var errWaiting = errors.New("waiting before asking the issuer again")

// token returns an access token with at least a fifth of its life left.
func (c *credential) token(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.current.Access != "" && now.Before(c.renewAt) {
		return c.current.Access, nil
	}
	if now.Before(c.retryAt) {
		return "", errWaiting
	}
	var t grant.Token
	err := errors.New("no refresh token")
	if c.renew != nil && c.current.Refresh != "" {
		t, err = c.renew(ctx, c.current.Refresh)
	}
	if err != nil {
		t, err = c.obtain(ctx)
	}
	if err != nil {
		c.current, c.retryAt = grant.Token{}, now.Add(retryAfter)
		return "", err
	}
	c.current, c.since = t, now
	c.renewAt = now.Add(t.Expires.Sub(now) * 4 / 5)
	if t.Expires.IsZero() {
		c.renewAt = now.Add(time.Minute)
	}
	return t.Access, nil
}

// refused says that the token was not accepted. One that is not brand new is
// dropped: the issuer may have begun anew, with other keys.
func (c *credential) refused() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.since) > 5*retryAfter {
		c.current = grant.Token{}
	}
}
