package act

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/reading"
)

// Rules say what may be done. The zero Rules protect nothing, ask for approval
// of what is wide only, and let no rule act by itself.
type Rules struct {
	Protected []policy.Subject // nothing is done to calls of these
	Approval  Approval
	MaxFor    time.Duration // the longest time that a measure may be in force; 0: any, also without end
	Routes    []string      // the names of the configured routes; nil: any name is taken
	Respond   []Response    // what rules may do by themselves; the first that fits counts
}

// Approval says what a second person must approve, beside what is wide.
type Approval struct {
	Kinds  []policy.Kind // all measures of these kinds
	Parts  []string      // all measures whose subject has nothing but these parts, of [policy.Parts]
	Longer time.Duration // all measures that are longer in force than this, or without end; 0: none
	Wait   time.Duration // how long a proposal waits; 0: DefaultWait
}

// DefaultWait is how long a proposal waits for an answer.
const DefaultWait = 24 * time.Hour

// Errors of what may not be done. The errors that wrap them say why.
var (
	ErrProtected = errors.New("protected")                 // the configuration forbids it
	ErrWide      = errors.New("that means too many calls") // and it was not forced
	ErrApproval  = errors.New("somebody else must approve it")
	ErrConflict  = errors.New("not possible any more") // it has ended, or is in force already
	ErrRepeats   = errors.New("nothing was decided")   // a measure in force does the same
)

// Request is what somebody wants to be done.
type Request struct {
	Kind     policy.Kind
	Subject  policy.Subject
	For      time.Duration // 0: until it is undone
	Rate     float64       // throttle; 0: [DefaultRate]
	Burst    int           // throttle; 0: as many as come in one second, at least 1
	DryRun   bool
	Force    bool   // although it is wide
	Propose  bool   // even if it could be decided at once
	Incident string // what it is about; may be empty
	Rule     string // that wants it; empty: a person does
}

// DefaultRate is the rate of a throttle, in calls a second.
const DefaultRate = 1

// maxIncident bounds the id of an incident, in bytes.
const maxIncident = 64

// check completes r, and says what is wrong with it.
func (r *Request) check(rules *Rules) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", reading.ErrArgument, fmt.Sprintf(format, args...))
	}
	switch {
	case !slices.Contains(policy.Kinds, r.Kind):
		return bad("there is no measure %q: use block, throttle or reauthenticate", r.Kind)
	case r.Subject.IsZero():
		return bad("whose calls are meant is missing: give a subject like principal:p_0b6c… or address:203.0.113.7")
	case r.For < 0 || r.For > 0 && r.For < time.Second:
		return bad("the time in force must be a second at least")
	case rules.MaxFor > 0 && (r.For == 0 || r.For > rules.MaxFor):
		return bad("a measure may be in force for %s at most here (act.max_duration): say for how long", rules.MaxFor)
	case r.Kind != policy.Throttle && (r.Rate != 0 || r.Burst != 0):
		return bad("a rate is for throttles only")
	case len(r.Incident) > maxIncident || strings.ContainsFunc(r.Incident, func(c rune) bool { return c <= ' ' || c > '~' }):
		return bad("that is no id of an incident")
	case r.Subject.Route != "" && rules.Routes != nil && !slices.Contains(rules.Routes, r.Subject.Route):
		return bad("there is no route %q: the routes are %s; a template of an operation is meant with operation:", r.Subject.Route, strings.Join(rules.Routes, ", "))
	}
	if r.Kind == policy.Throttle {
		if r.Rate == 0 {
			r.Rate = DefaultRate
		}
		if r.Burst == 0 {
			r.Burst = max(int(r.Rate), 1)
		}
		if r.Rate < policy.MinRate || r.Rate > policy.MaxRate || r.Burst < 1 || r.Burst > policy.MaxBurst {
			return bad("the rate must be between one call an hour and %d a second, and the burst between 1 and %d", policy.MaxRate, policy.MaxBurst)
		}
	}
	return rules.refuse(r.Subject)
}

// refuse returns why nothing may be done to the subject.
func (r *Rules) refuse(s policy.Subject) error {
	for _, p := range r.Protected {
		if s.Within(p) {
			return fmt.Errorf("%w: %s is listed under act.protect in the configuration, and nothing may be done to it", ErrProtected, p)
		}
	}
	return nil
}

// The shortest lengths of address ranges that are not wide.
const (
	narrow4 = 16
	narrow6 = 32
)

// wide returns why the subject means very many calls; "": it does not.
func wide(s policy.Subject) string {
	parts := s.Parts()
	if len(parts) != 1 {
		return ""
	}
	switch a := s.Address; {
	case a.IsValid() && a.Addr().Is4() && a.Bits() < narrow4:
		return fmt.Sprintf("a range of addresses shorter than /%d", narrow4)
	case a.IsValid() && a.Addr().Is6() && a.Bits() < narrow6:
		return fmt.Sprintf("a range of addresses shorter than /%d", narrow6)
	case s.Route != "":
		return "a route with all who call it"
	case s.Operation != "":
		return "an operation with all who call it"
	}
	return ""
}

// everything reports whether the subject means all calls there can be. No force
// helps.
func everything(s policy.Subject) bool {
	return len(s.Parts()) == 1 && s.Address.IsValid() && s.Address.Bits() == 0
}

// approval returns why a second person must approve r; "": nobody must. What
// is dry does nothing, and needs no approval.
func (a *Approval) approval(r *Request) string {
	if r.DryRun {
		return ""
	}
	only := len(a.Parts) > 0
	for _, p := range r.Subject.Parts() {
		only = only && slices.Contains(a.Parts, p.Name)
	}
	switch why := wide(r.Subject); {
	case why != "":
		return "it means " + why
	case slices.Contains(a.Kinds, r.Kind):
		return "the configuration asks for it for each " + string(r.Kind)
	case only:
		return "the configuration asks for it for each " + r.Subject.Parts()[0].Name
	case a.Longer > 0 && (r.For == 0 || r.For > a.Longer):
		return "it is longer in force than " + a.Longer.String()
	}
	return ""
}

func (a *Approval) wait() time.Duration {
	if a.Wait == 0 {
		return DefaultWait
	}
	return a.Wait
}
