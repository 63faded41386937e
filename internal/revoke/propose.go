package revoke

import (
	"context"
	"fmt"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
)

// Approve has a proposal sent to its provider. Whoever proposed it cannot.
func (d *Desk) Approve(ctx context.Context, who reading.Reader, id string) (*Revocation, error) {
	if err := d.admit(who, reading.ActApprove); err != nil {
		return nil, err
	}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	k, err := d.proposal(id)
	if err != nil {
		return nil, err
	}
	switch {
	case k.By == "" || k.By == d.cfg.Room.Pseudonym(who.Name):
		return nil, fmt.Errorf("%w: %s proposed it", ErrApproval, who.Name)
	case !d.cfg.Now().Before(k.Answer):
		return nil, fmt.Errorf("%w: the proposal %s has lapsed", ErrConflict, k.ID)
	}
	user, err := d.account(k.Decision)
	if err != nil {
		return nil, err
	}
	if user == "" {
		return nil, fmt.Errorf("%w: the name of the account was erased from the record: propose it anew", ErrConflict)
	}
	r := Request{Provider: k.Provider, Action: k.Action, User: user, Incident: k.Incident}
	p, err := d.choose(&r)
	if err == nil {
		err = r.check(p, who) // the configuration may have changed
	}
	if err != nil {
		return nil, err
	}
	approved, number := *k, k.Decision
	now := d.cfg.Now().UTC().Round(0)
	approved.State, approved.Proposal, approved.Since, approved.From, approved.Answer = Pending, &number, now, now, time.Time{}
	return d.decide(ctx, who, reading.ActApprove, &approved, user, "", p)
}

// Reject ends a proposal. Whoever made it can take it back.
func (d *Desk) Reject(ctx context.Context, who reading.Reader, id string) (*Revocation, error) {
	if err := d.admit(who, reading.ActPropose); err != nil {
		return nil, err
	}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	k, err := d.proposal(id)
	if err != nil {
		return nil, err
	}
	action := reading.ActApprove
	if k.By == d.cfg.Room.Pseudonym(who.Name) {
		action = reading.ActPropose
	}
	end := *k
	end.State, end.Ended = Rejected, d.cfg.Now().UTC().Round(0)
	if end.Ending, err = d.cfg.Room.DecideAt(ctx, who, action, noteRejected, "", nil, end.unanswered()...); err != nil {
		return nil, err
	}
	d.apply(ctx, end.Ending, &end)
	return d.view(&end), nil
}

// unanswered returns the facts of the end of a proposal to which nobody agreed.
func (k *kept) unanswered() []event.Fact {
	return []event.Fact{{Name: factID, Value: k.ID}, {Name: factProvider, Value: k.Provider}, {Name: factEnded, Value: stamp(k.Ended)}}
}

// proposal returns the revocation that the id names, if it waits for an answer.
func (d *Desk) proposal(id string) (*kept, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k, err := d.find(id)
	if err == nil && k.State != Proposed {
		err = fmt.Errorf("%w: %s is %s, and waits for no answer", ErrConflict, k.ID, k.State)
	}
	return k, err
}

// lapse ends the proposals that nobody answered, and returns how long there is
// none to end.
func (d *Desk) lapse(ctx context.Context) time.Duration {
	d.deciding.Lock()
	defer d.deciding.Unlock()
	d.mu.Lock()
	list := d.sorted()
	d.mu.Unlock()
	pause := maxPause
	for _, k := range list {
		if k.State != Proposed {
			continue
		}
		now := d.cfg.Now().UTC().Round(0)
		if wait := k.Answer.Sub(now); wait > 0 {
			pause = min(pause, wait)
			continue
		}
		end := *k
		end.State, end.Ended = Lapsed, now
		n, err := d.seal(ctx, noteLapsed, end.unanswered())
		if err != nil {
			d.cfg.Log.Error("that a proposal has lapsed cannot be recorded; it is tried again", "revocation", k.ID, "error", err)
			return pause
		}
		end.Ending = n
		d.apply(ctx, n, &end)
	}
	return pause
}
