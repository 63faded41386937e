package act

import (
	"context"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/policy"
)

// LogoutRule stands for a rule where an identity provider has said that somebody
// logged out.
const LogoutRule = "provider-logout"

// maxLogouts bounds the measures that follow from logouts and are open.
const maxLogouts = 5000

// LoggedOut demands new authentication of a principal that has logged out of its
// provider at a time: calls with credentials from before are refused for so
// long. One that is newer takes the place of one before. It is not for a second
// person to approve: the configuration asked for it.
func (k *Keeper) LoggedOut(ctx context.Context, principal string, at time.Time, length time.Duration) error {
	k.deciding.Lock()
	defer k.deciding.Unlock()
	r := Request{Kind: policy.Reauthenticate, Subject: policy.Subject{Principal: principal}, For: length, Rule: LogoutRule}
	m, _, err := k.prepare(&r)
	if err != nil {
		return err
	}
	if at.Before(m.Since) {
		m.Since = at.UTC().Round(0)
	}
	var before *kept
	open := 0
	for _, have := range k.sorted(InForce) {
		if have.Rule != LogoutRule {
			continue
		}
		if open++; have.Subject == m.Subject {
			before = have
		}
	}
	switch {
	case before != nil && !m.Since.After(before.Since):
		return nil // it is there
	case before == nil && open >= maxLogouts:
		return errLogouts
	}
	n, err := k.seal(ctx, event.Decision, m.note(), m.objects(), m.facts())
	if err != nil {
		return err
	}
	m.sealed(n)
	if err := k.apply(ctx, n, m); err != nil || before == nil {
		return err
	}
	now := k.now()
	if n, err = k.seal(ctx, event.Decision, noteExpire, nil, before.ending(now)); err != nil {
		return err
	}
	ended := *before
	ended.end(Expired, now, n)
	return k.apply(ctx, n, &ended)
}
