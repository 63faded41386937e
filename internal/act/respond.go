package act

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/policy"
)

// Response is what a rule may do by itself. What means very many calls, and
// what the configuration wants approved, it can only propose.
type Response struct {
	Rule    string        // its name; "*": any
	Levels  []string      // of findings
	Kind    policy.Kind   // what is done; zero: as the rule proposes
	For     time.Duration // how long; required
	DryRun  bool          // events say what would be done, and nothing is done
	Propose bool          // for a person to approve
}

// Trigger is a response that a rule proposes to a finding.
type Trigger struct {
	Response string // the rule's word: block, throttle, rate-limit, step-up, revoke, hold, …
	Rule     string // its name
	Level    string // of the finding
	Finding  string // its id
	Incident string // id; may be empty
	Entity   []Named
}

// Named is a field of an event and its value.
type Named struct{ Field, Value string }

// kinds says what the words of rules mean here. Those that are missing
// (notify-owner, review) are for people alone. A token cannot be revoked here,
// so that what brings it is blocked; and what is to be held for a look is
// blocked too, until somebody has looked.
var kinds = map[string]policy.Kind{
	"block": policy.Block, "revoke": policy.Block, "hold": policy.Block,
	"throttle": policy.Throttle, "rate-limit": policy.Throttle,
	"step-up": policy.Reauthenticate,
}

// maxByRules bounds the measures of rules that are open: a rule that has gone
// wrong must not block everybody.
const maxByRules = 1000

// Respond does what the configuration lets the rule do; nothing, unless it
// lists the rule. The same trigger does nothing again. An error says why
// nothing was done that was to be done.
func (k *Keeper) Respond(ctx context.Context, t Trigger) error {
	kind, ok := kinds[t.Response]
	if !ok {
		return nil
	}
	k.mu.Lock()
	rules := k.rules
	k.mu.Unlock()
	i := slices.IndexFunc(rules.Respond, func(r Response) bool {
		return (r.Rule == "*" || r.Rule == t.Rule) && slices.Contains(r.Levels, t.Level)
	})
	if i < 0 {
		return nil
	}
	may := rules.Respond[i]
	if may.Kind != "" {
		kind = may.Kind
	}
	subject := subjectOf(t.Entity)
	if subject.IsZero() {
		return fmt.Errorf("rule %s proposes to %s, and its finding %s is about nothing that can be: %s", t.Rule, t.Response, t.Finding, fields(t.Entity))
	}
	k.deciding.Lock()
	defer k.deciding.Unlock()
	id := idOf(t.Finding, kind)
	if stop, err := k.done(id, kind, subject); stop {
		return err
	}
	r := Request{Kind: kind, Subject: subject, For: may.For, DryRun: may.DryRun, Rule: t.Rule, Incident: t.Incident}
	m, why, err := k.prepare(&r)
	if err != nil {
		return fmt.Errorf("rule %s, finding %s: %w", t.Rule, t.Finding, err)
	}
	m.ID = id
	if may.Propose || why != "" {
		k.propose(m, r.For)
	}
	n, err := k.seal(ctx, event.Decision, m.note(), m.objects(), m.facts())
	if err != nil {
		return err
	}
	m.sealed(n)
	return k.apply(ctx, n, m)
}

// done reports whether nothing is to be done: it was already, or there is a
// measure of the same kind on the same subject, or rules have done too much.
func (k *Keeper) done(id string, kind policy.Kind, subject policy.Subject) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	byRules := 0
	for _, m := range k.measures {
		switch {
		case m.ID == id, m.State.open() && m.Kind == kind && m.Subject == subject:
			return true, nil
		case m.State.open() && m.Rule != "" && m.Rule != LogoutRule:
			byRules++
		}
	}
	if byRules >= maxByRules {
		return true, fmt.Errorf("%d measures of rules are open: rules do nothing more until some have ended", byRules)
	}
	return false, nil
}

// idOf returns the id of the measure by which a finding is answered, so that
// it is answered once.
func idOf(finding string, kind policy.Kind) string {
	sum := sha256.Sum256([]byte(finding + " " + string(kind)))
	return "m_" + hex.EncodeToString(sum[:6])
}

// subjectOf returns the first value of the entity that can be acted on.
func subjectOf(entity []Named) policy.Subject {
	for _, v := range entity {
		if v.Value == "" {
			continue
		}
		switch v.Field {
		case "principal.id":
			return policy.Subject{Principal: v.Value}
		case "credential.fingerprint":
			return policy.Subject{Credential: v.Value}
		case "credential.client":
			return policy.Subject{App: v.Value}
		case "who.address", "who.peer", "who.network", "who.network.wide":
			if p, err := policy.ParsePrefix(v.Value); err == nil {
				return policy.Subject{Address: p}
			}
		}
	}
	return policy.Subject{}
}

func fields(entity []Named) string {
	var list []string
	for _, v := range entity {
		list = append(list, v.Field)
	}
	return strings.Join(list, ", ")
}
