package act

import (
	"context"
	"errors"
	"time"

	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/reading"
)

// Preview is what a measure would have met, and what would come of asking for
// it.
type Preview struct {
	reading.Met
	Refused  string `json:"refused,omitempty"`  // why it would be refused; absent: it would not
	Approval string `json:"approval,omitempty"` // why somebody else would have to approve it; absent: nobody must
}

// Preview returns what a measure would have met since a time. Nothing is
// decided.
func (k *Keeper) Preview(ctx context.Context, who reading.Reader, r Request, since time.Time) (*Preview, error) {
	met, err := k.cfg.Room.Met(ctx, who, r.Subject, since)
	if err != nil {
		return nil, err
	}
	out := &Preview{Met: *met}
	m, why, err := k.prepare(&r)
	switch {
	case errors.Is(err, ErrProtected), errors.Is(err, ErrWide), errors.Is(err, reading.ErrArgument):
		out.Refused = err.Error()
	case err != nil:
		return nil, err
	case m.Wide && !r.Force:
		out.Refused = ErrWide.Error() + ": it is " + wide(r.Subject) + ", and must be forced (--force)"
		fallthrough
	default:
		out.Approval = why
		if who.May(reading.ActAct) != nil {
			out.Approval = "your role proposes"
		}
	}
	return out, nil
}

// Candidates returns what a name can mean that is no subject. See
// [reading.Room.Candidates].
func (k *Keeper) Candidates(ctx context.Context, who reading.Reader, name string, since time.Time) (*reading.Candidates, error) {
	return k.cfg.Room.Candidates(ctx, who, name, since)
}

// repeats returns the measure in force that already does what m would do; nil:
// none does. A new demand to authenticate anew always does something: it is
// newer.
func (k *Keeper) repeats(m *kept) *kept {
	if m.Kind == policy.Reauthenticate {
		return nil
	}
	for _, have := range k.sorted(InForce, Proposed) {
		lasts := have.Until.IsZero() || !m.Until.IsZero() && !have.Until.Before(m.Until)
		if have.State == Proposed {
			lasts = have.For == 0 || !m.Until.IsZero() && have.For >= m.Until.Sub(m.Since)
		}
		if have.Kind == m.Kind && have.Subject == m.Subject && have.DryRun == m.DryRun && have.Rate == m.Rate && have.Burst == m.Burst && !have.Broken && lasts {
			return have
		}
	}
	return nil
}
