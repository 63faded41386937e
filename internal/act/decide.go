package act

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// Decide does what the reader wants, or proposes it if that is all that they
// may do, if they ask for that, or if somebody else must approve it. When it
// returns without an error the measure is sealed, and in force unless its
// state says otherwise. The error wraps [reading.ErrForbidden],
// [reading.ErrArgument], [reading.ErrReason], [ErrProtected], [ErrWide] or
// [reading.ErrNotRecorded].
func (k *Keeper) Decide(ctx context.Context, who reading.Reader, r Request) (*Measure, error) {
	action := reading.ActAct
	if who.May(action) != nil {
		action, r.Propose = reading.ActPropose, true
	}
	if err := k.cfg.Room.Admit(who, action); err != nil {
		return nil, err
	}
	if err := needReason(who); err != nil {
		return nil, err
	}
	k.deciding.Lock()
	defer k.deciding.Unlock()
	m, why, err := k.prepare(&r)
	if err != nil {
		return nil, err
	}
	if m.Wide && !r.Force {
		return nil, fmt.Errorf("%w: %s is %s: narrow it, or say that you mean it (--force), and have somebody approve it", ErrWide, r.Subject, wide(r.Subject))
	}
	m.By = k.cfg.Room.Pseudonym(who.Name)
	if r.Subject.Principal == m.By {
		return nil, fmt.Errorf("%w: %s is you, as a reader of the record. Measures are for calls at the gateway, and readers make none: gatebook readers revoke and gatebook accounts keep a reader out", reading.ErrArgument, r.Subject)
	}
	if have := k.repeats(m); have != nil {
		return nil, fmt.Errorf("%w: measure %s does that already (%s %s, %s). To have it end later, end it with gatebook undo and decide anew", ErrRepeats, have.ID, have.Kind, have.Subject, have.lasts())
	}
	if r.Propose || why != "" {
		k.propose(m, r.For)
	}
	n, err := k.cfg.Room.DecideAt(ctx, who, action, m.note(), "", m.objects(), m.facts()...)
	if err != nil {
		return nil, err
	}
	m.sealed(n)
	if err := k.apply(ctx, n, m); err != nil {
		return nil, err
	}
	return k.view(m), nil
}

// needReason returns an error if the reader does not say why.
func needReason(who reading.Reader) error {
	if strings.TrimSpace(who.Reason) == "" {
		return fmt.Errorf("%w for what is done about access", reading.ErrReason)
	}
	return nil
}

// prepare makes the measure of a request, and says why it needs approval.
func (k *Keeper) prepare(r *Request) (*kept, string, error) {
	k.mu.Lock()
	rules := k.rules
	k.mu.Unlock()
	if err := r.check(&rules); err != nil {
		return nil, "", err
	}
	if everything(r.Subject) {
		return nil, "", fmt.Errorf("%w: %s is everybody: stop Gatebook, or the API, instead", ErrWide, r.Subject)
	}
	m := &kept{
		ID: newID(), Kind: r.Kind, Subject: r.Subject, Text: r.Subject.String(), State: InForce, DryRun: r.DryRun, Wide: wide(r.Subject) != "",
		Since: k.now(), Rate: r.Rate, Burst: r.Burst, Rule: r.Rule, Incident: r.Incident,
	}
	if r.For > 0 {
		m.Until = m.Since.Add(r.For)
	}
	return m, rules.Approval.approval(r), nil
}

// now is the time as it is read back from the record.
func (k *Keeper) now() time.Time { return k.cfg.Now().UTC().Round(0) }

// propose makes m a proposal.
func (k *Keeper) propose(m *kept, length time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m.State, m.For, m.Until, m.Answer = Proposed, length, time.Time{}, m.Since.Add(k.rules.Approval.wait())
}

// sealed notes the number of the event by which m came to be.
func (m *kept) sealed(n uint64) {
	m.Decision = n
	if m.State == Proposed {
		m.Proposal = &n
	}
}

// Undo ends a measure that is in force.
func (k *Keeper) Undo(ctx context.Context, who reading.Reader, id string) (*Measure, error) {
	if err := k.cfg.Room.Admit(who, reading.ActAct); err != nil {
		return nil, err
	}
	if err := needReason(who); err != nil {
		return nil, err
	}
	k.deciding.Lock()
	defer k.deciding.Unlock()
	m, err := k.open(id, InForce)
	if err != nil {
		return nil, err
	}
	return k.end(ctx, who, reading.ActAct, noteUndo, Undone, m)
}

// end seals the end of a measure, and ends it.
func (k *Keeper) end(ctx context.Context, who reading.Reader, a reading.Action, note string, s State, m *kept) (*Measure, error) {
	now := k.now()
	n, err := k.cfg.Room.DecideAt(ctx, who, a, note, "", m.objects(), m.ending(now)...)
	if err != nil {
		return nil, err
	}
	ended := *m
	ended.end(s, now, n)
	if err := k.apply(ctx, n, &ended); err != nil {
		return nil, err
	}
	return k.view(&ended), nil
}

// open returns the measure with the id, or one that an unambiguous beginning of
// it names, if it is in the state.
func (k *Keeper) open(id string, want State) (*kept, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m, err := k.find(id)
	if err != nil {
		return nil, err
	}
	if m.State != want {
		return nil, fmt.Errorf("%w: measure %s %s", ErrConflict, m.ID, m.was())
	}
	return m, nil
}

// lasts says for people how long m is in force.
func (m *kept) lasts() string {
	switch {
	case m.State == Proposed:
		return "proposed: it waits for approval"
	case m.Until.IsZero():
		return "until it is undone"
	}
	return "until " + m.Until.UTC().Format(time.RFC3339)
}

// was says for people what became of m.
func (m *kept) was() string {
	at := m.Ended.UTC().Format(time.RFC3339)
	switch m.State {
	case Proposed:
		return "is only proposed, and not in force: gatebook approve or gatebook reject answers it"
	case InForce:
		return "is in force: gatebook undo ends it"
	case Undone:
		return "was undone at " + at
	case Expired:
		return "has ended by itself at " + at
	case Rejected:
		return "was proposed, and rejected at " + at
	}
	return "was proposed, and nobody answered until " + at
}

// find returns a measure. It is called with mu held.
func (k *Keeper) find(id string) (*kept, error) {
	id = strings.TrimSpace(id)
	if m := k.measures[id]; m != nil {
		return m, nil
	}
	var found *kept
	for _, m := range k.measures {
		if len(id) >= 4 && strings.HasPrefix(m.ID, id) {
			if found != nil {
				return nil, fmt.Errorf("%w: several measures begin with %q", reading.ErrArgument, id)
			}
			found = m
		}
	}
	if found == nil {
		return nil, fmt.Errorf("measure %q: %w", clip(id), ledger.ErrNotFound)
	}
	return found, nil
}

func clip(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// Lift ends all measures that are in force. It goes on after an error of one.
func (k *Keeper) Lift(ctx context.Context, who reading.Reader) ([]Measure, error) {
	if err := k.cfg.Room.Admit(who, reading.ActAct); err != nil {
		return nil, err
	}
	if err := needReason(who); err != nil {
		return nil, err
	}
	k.deciding.Lock()
	defer k.deciding.Unlock()
	lifted := []Measure{}
	var errs []error
	for _, m := range k.sorted(InForce) {
		ended, err := k.end(ctx, who, reading.ActAct, noteUndo, Undone, m)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		lifted = append(lifted, *ended)
	}
	return lifted, errors.Join(errs...)
}

// Approve puts a proposal in force. Whoever proposed it cannot.
func (k *Keeper) Approve(ctx context.Context, who reading.Reader, id string) (*Measure, error) {
	if err := k.cfg.Room.Admit(who, reading.ActApprove); err != nil {
		return nil, err
	}
	if err := needReason(who); err != nil {
		return nil, err
	}
	k.deciding.Lock()
	defer k.deciding.Unlock()
	p, err := k.open(id, Proposed)
	if err != nil {
		return nil, err
	}
	now := k.now()
	switch {
	case p.By != "" && p.By == k.cfg.Room.Pseudonym(who.Name):
		return nil, fmt.Errorf("%w: %s proposed it", ErrApproval, who.Name)
	case !now.Before(p.Answer):
		return nil, fmt.Errorf("%w: the proposal %s has lapsed", ErrConflict, p.ID)
	}
	k.mu.Lock()
	err = k.rules.refuse(p.Subject) // the configuration may have changed
	k.mu.Unlock()
	if err != nil {
		return nil, err
	}
	m := *p
	m.State, m.Since, m.Until, m.For, m.Answer = InForce, now, time.Time{}, 0, time.Time{}
	if p.For > 0 {
		m.Until = now.Add(p.For)
	}
	n, err := k.cfg.Room.DecideAt(ctx, who, reading.ActApprove, m.note(), "", m.objects(), m.facts()...)
	if err != nil {
		return nil, err
	}
	m.Decision = n
	if err := k.apply(ctx, n, &m); err != nil {
		return nil, err
	}
	return k.view(&m), nil
}

// Reject ends a proposal. Whoever made it can take it back.
func (k *Keeper) Reject(ctx context.Context, who reading.Reader, id string) (*Measure, error) {
	if err := k.cfg.Room.Admit(who, reading.ActPropose); err != nil {
		return nil, err
	}
	if err := needReason(who); err != nil {
		return nil, err
	}
	k.deciding.Lock()
	defer k.deciding.Unlock()
	m, err := k.open(id, Proposed)
	if err != nil {
		return nil, err
	}
	action := reading.ActApprove
	if m.By == k.cfg.Room.Pseudonym(who.Name) {
		action = reading.ActPropose
	}
	return k.end(ctx, who, action, noteReject, Rejected, m)
}
