package api

import (
	"context"
	"errors"
	"time"

	"github.com/gatebook/gatebook/internal/reading"
)

// refusal is a problem with the error behind it.
type refusal struct {
	*Problem
	cause error
}

// Unwrap returns both.
func (r *refusal) Unwrap() []error { return []error{r.Problem, r.cause} }

// refused records that somebody was refused, if err says so. That it cannot be
// recorded does not change the answer: nothing is shown.
func (c *call) refused(err error) {
	var reason string
	var denied *refusal
	switch {
	case errors.Is(err, ErrRevoked):
		reason = "token-revoked"
	case errors.Is(err, ErrExpired):
		reason = "token-expired"
	case errors.As(err, &denied) && c.r.Header.Get("Authorization") == "":
		reason = "token-missing"
	case errors.As(err, &denied):
		reason = "token-unknown"
	case errors.Is(err, reading.ErrReason):
		reason = "no-reason"
	case errors.Is(err, reading.ErrForbidden):
		reason = "role"
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), 5*time.Second)
	defer cancel()
	// The pattern, not the path: what was typed by whoever is refused is not
	// kept in a header.
	if err := c.cfg.Room.Refused(ctx, c.reader, reason, c.r.Pattern); err != nil {
		c.cfg.Log.Error("a refused request of the API could not be recorded", "error", err)
	}
}
