package revoke

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/redact"
)

// Action is what a provider is asked for.
type Action string

// The actions.
const (
	Deactivate Action = "deactivate"   // an account: nobody can sign in with it
	Activate   Action = "activate"     // the undo
	Token      Action = "revoke-token" // it is not valid any more; there is no undo
)

// Job is one request to a provider.
type Job struct {
	ID       string    // the same whenever it is sent
	Action   Action    // what is wanted
	User     string    // the account, as the provider names it; of Deactivate and Activate
	Incident string    // what it is about; may be empty
	Decision uint64    // number of the sealed event by which it was decided
	Decided  time.Time // when

	// Of Token:

	Token       redact.Secret // empty for a channel that needs none
	Hint        string        // access_token or refresh_token; empty: not known
	Fingerprint string        // of the token, as in events
}

// Channel asks one provider. It is safe for concurrent use.
type Channel interface {
	// Do returns once the provider has done what is wanted, with what there is
	// to say of that for people, without personal data. An error is best an
	// *egress.Error; if it is not permanent the job is tried again. What was
	// done already is no error. It returns soon after ctx ends.
	Do(ctx context.Context, j *Job) (detail string, err error)
}

// Provider is where access is taken back.
type Provider struct {
	Name    string // unique
	Kind    string // scim, token, webhook: for people
	Channel Channel

	Actions   []Action // that it can be asked for
	NeedToken bool     // Token is sent the token itself, not only its fingerprint

	Protect  []string      // accounts that are never deactivated, as the provider names them
	Approval bool          // a second person must approve each deactivation
	Answer   time.Duration // how long a proposal waits for them; 0: 24h
	Timeout  time.Duration // of one attempt; 0: 10s
	GiveUp   time.Duration // age at which what fails is given up; 0: 24h
}

// can reports whether the provider can be asked for a.
func (p *Provider) can(a Action) bool { return slices.Contains(p.Actions, a) }

// protects reports whether the account is never deactivated.
func (p *Provider) protects(user string) bool {
	return slices.ContainsFunc(p.Protect, func(s string) bool { return strings.EqualFold(s, user) })
}

// complete fills in the defaults.
func (p Provider) complete() Provider {
	if p.Timeout <= 0 {
		p.Timeout = 10 * time.Second
	}
	if p.Answer <= 0 {
		p.Answer = 24 * time.Hour
	}
	if p.GiveUp <= 0 {
		p.GiveUp = 24 * time.Hour
	}
	return p
}
