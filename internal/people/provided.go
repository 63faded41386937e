package people

import (
	"context"
	"encoding/hex"
	"errors"
	"time"
)

// Provided returns the account of somebody who signed in at a provider, with
// what it says now, and whether that changes anything: it is what the caller
// seals before [People.Provide]. They are recognised by issuer and subject. A
// name that another account has is refused: whoever may choose their name at a
// provider must not become somebody else.
func (p *People) Provided(ctx context.Context, issuer, subject, name, role string) (a *Account, changed bool, err error) {
	name, err = cleanName(name)
	if err != nil {
		return nil, false, err
	}
	a, err = scanAccount(p.db.QueryRowContext(ctx, "SELECT "+accountColumns+" FROM people_accounts a WHERE a.issuer = ? AND a.subject = ?", issuer, subject))
	if errors.Is(err, ErrNotFound) {
		if err := p.free(ctx, name); err != nil {
			return nil, false, err
		}
		return &Account{ID: "a" + hex.EncodeToString(random(6)), Name: name, Role: role, Issuer: issuer, subject: subject, Created: p.cfg.Now().UTC().Truncate(time.Millisecond)}, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	if a.Disabled {
		return nil, false, ErrCredentials
	}
	if a.Name != name {
		if err := p.free(ctx, name); err != nil {
			return nil, false, err
		}
	}
	changed = a.Name != name || a.Role != role
	a.Name, a.Role = name, role
	return a, changed, nil
}

// Provide makes or changes an account that [People.Provided] returned. A change
// ends its sessions.
func (p *People) Provide(ctx context.Context, a *Account) error {
	if _, err := p.Account(ctx, a.ID); errors.Is(err, ErrNotFound) {
		return p.Add(ctx, a, "")
	}
	return p.change(ctx, a.ID, "UPDATE people_accounts SET name = ?, role = ? WHERE id = ?", a.Name, a.Role, a.ID)
}
