package revoke

import (
	"context"
	"strconv"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
)

// maxListed bounds a list.
const maxListed = 1000

// List returns revocations of the last 90 days, the newest first: those in one
// state, or all with an empty one. At most 1,000.
func (d *Desk) List(ctx context.Context, who reading.Reader, state State) ([]Revocation, error) {
	if err := d.cfg.Room.Admit(who, reading.ActRevocations); err != nil {
		return nil, err
	}
	d.mu.Lock()
	list := d.sorted()
	d.mu.Unlock()
	out := []Revocation{}
	for _, k := range list {
		if (state == "" || k.State == state) && len(out) < maxListed {
			out = append(out, *d.view(k))
		}
	}
	return out, d.cfg.Room.Looked(ctx, who, reading.ActRevocations, "list-revocations", event.Fact{Name: "results", Value: strconv.Itoa(len(out))})
}

// Get returns one revocation.
func (d *Desk) Get(ctx context.Context, who reading.Reader, id string) (*Revocation, error) {
	if err := d.cfg.Room.Admit(who, reading.ActRevocations); err != nil {
		return nil, err
	}
	d.mu.Lock()
	k, err := d.find(id)
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return d.view(k), d.cfg.Room.Looked(ctx, who, reading.ActRevocations, "show-revocation", event.Fact{Name: factID, Value: k.ID})
}

// view makes k what people see.
func (d *Desk) view(k *kept) *Revocation {
	out := &Revocation{
		ID: k.ID, Provider: k.Provider, Action: k.Action, Fingerprint: k.Fingerprint, State: k.State, Incident: k.Incident, Decision: k.Decision, Since: k.Since,
		Answer: k.Answer, Undoes: k.Undoes, Attempts: k.Attempts, Due: k.Due, Error: k.Error, Detail: k.Detail, Ended: k.Ended, Ending: k.Ending,
	}
	d.mu.Lock()
	out.UndoneBy = d.undoneBy(k)
	p := d.provider(k.Provider)
	if f, ok := d.failing[k.Provider]; ok && k.State == Pending && k.Attempts == 0 {
		out.Error = "it waits behind another at this provider: " + f.err
	}
	out.TryAgain = k.State == Failed && p != nil && !(k.Action == Token && p.NeedToken)
	d.mu.Unlock()
	out.By, out.Reason = d.words(k.Decision)
	if k.Proposal != nil {
		out.Approved = out.By
		out.By, out.Reason = d.words(*k.Proposal)
	}
	if k.Action != Token {
		out.User, _ = d.account(k.Decision) // absent if it cannot be read
	}
	return out
}

// Providers returns how the providers are, in the order of the configuration.
func (d *Desk) Providers(ctx context.Context, who reading.Reader) ([]ProviderStatus, error) {
	if err := d.cfg.Room.Admit(who, reading.ActRevocations); err != nil {
		return nil, err
	}
	list := d.Status()
	return list, d.cfg.Room.Looked(ctx, who, reading.ActRevocations, "list-providers", event.Fact{Name: "results", Value: strconv.Itoa(len(list))})
}

// Status returns how the providers are, for /readyz and /metrics.
func (d *Desk) Status() []ProviderStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := []ProviderStatus{}
	for _, p := range d.providers {
		s := ProviderStatus{Name: p.Name, Kind: p.Kind, Actions: p.Actions, Approval: p.Approval}
		if f, ok := d.failing[p.Name]; ok {
			s.Failing, s.Error = f.since, f.err
		}
		for _, k := range d.jobs {
			switch {
			case k.Provider != p.Name:
			case k.State == Pending:
				s.Pending++
			case k.State == Proposed:
				s.Proposed++
			case k.State == Failed:
				s.Failed++
			}
		}
		list = append(list, s)
	}
	return list
}
