package revoke

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"time"
)

// State says how far a revocation is.
type State string

// The states.
const (
	Proposed State = "proposed" // somebody else must approve it
	Pending  State = "pending"  // it waits for the provider, or is on its way
	Done     State = "done"     // the provider has done it
	Failed   State = "failed"   // it was refused or given up; it can be tried again
	Rejected State = "rejected" // it was proposed, and somebody said no, or took it back
	Lapsed   State = "lapsed"   // it was proposed, and nobody answered in time
)

// open reports whether something can still come of it by itself, or by an
// answer.
func (s State) open() bool { return s == Proposed || s == Pending }

// void reports whether nothing came of it.
func (s State) void() bool { return s == Failed || s == Rejected || s == Lapsed }

// Revocation is a revocation for people.
type Revocation struct {
	ID          string `json:"id"`                    // "r_" and 12 hex digits
	Provider    string `json:"provider"`              // its name in the configuration
	Action      Action `json:"action"`                // deactivate, activate or revoke-token
	User        string `json:"user,omitempty"`        // the account, as the provider names it; absent of a token, or if it was erased
	Fingerprint string `json:"fingerprint,omitempty"` // of the token, as in events
	State       State  `json:"state"`                 // proposed, pending, done, failed, rejected or lapsed

	Reason   string    `json:"reason,omitempty"`   // in the words of who decided it; absent if it was erased
	By       string    `json:"by,omitempty"`       // who decided or proposed it; absent if it was erased
	Approved string    `json:"approved,omitempty"` // who approved it, if it was proposed
	Incident string    `json:"incident,omitempty"` // what it is about
	Decision uint64    `json:"decision"`           // number of the sealed event by which it was decided, or proposed as yet
	Since    time.Time `json:"since"`              // when
	Answer   time.Time `json:"answer_by,omitzero"` // of a proposal: when it lapses

	Undoes   string `json:"undoes,omitempty"`    // the revocation that this one undoes
	UndoneBy string `json:"undone_by,omitempty"` // the one that undoes this one

	Attempts int       `json:"attempts"`            // that were made
	Due      time.Time `json:"due,omitzero"`        // when it is tried next; of one that waits after an error only
	Error    string    `json:"error,omitempty"`     // of the last attempt, if it failed
	Detail   string    `json:"detail,omitempty"`    // what there is to say of one that is done
	Ended    time.Time `json:"ended,omitzero"`      // when it was done or given up
	Ending   uint64    `json:"ending,omitempty"`    // number of the sealed event that says so
	TryAgain bool      `json:"try_again,omitempty"` // it failed, and can be tried again as it is
}

// ProviderStatus is how a provider is.
type ProviderStatus struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`               // scim, token or webhook
	Actions  []Action  `json:"actions"`            // that it can be asked for
	Approval bool      `json:"approval,omitempty"` // a second person must approve each deactivation
	Pending  int       `json:"pending"`            // revocations that wait, or are on their way
	Proposed int       `json:"proposed,omitempty"` // revocations that somebody must approve
	Failed   int       `json:"failed"`             // that were refused or given up, in the last 90 days
	Failing  time.Time `json:"failing,omitzero"`   // since when no attempt worked; absent: the last one did, or there was none
	Error    string    `json:"error,omitempty"`    // of the last attempt that failed
}

// kept is a revocation as it follows from the headers of decisions, and how the
// attempts went since.
type kept struct {
	ID          string    `json:"id"`
	Provider    string    `json:"provider"`
	Action      Action    `json:"action"`
	Fingerprint string    `json:"fingerprint,omitempty"`
	Hint        string    `json:"hint,omitempty"`
	Account     string    `json:"account,omitempty"` // pseudonym of the account at the provider
	State       State     `json:"state"`
	Incident    string    `json:"incident,omitempty"`
	Undoes      string    `json:"undoes,omitempty"`
	Decision    uint64    `json:"decision"`
	By          string    `json:"by,omitempty"`       // pseudonym of who decided or proposed it
	Proposal    *uint64   `json:"proposal,omitempty"` // number of the event by which it was proposed; nil: it was not
	Answer      time.Time `json:"answer_by,omitzero"` // of a proposal: when it lapses
	Since       time.Time `json:"since"`
	From        time.Time `json:"from"` // from when on it counts as failing for too long
	Ended       time.Time `json:"ended,omitzero"`
	Ending      uint64    `json:"ending,omitempty"`
	Error       string    `json:"error,omitempty"`
	Detail      string    `json:"detail,omitempty"`
	Attempts    int       `json:"attempts,omitempty"`

	Due time.Time `json:"due,omitzero"` // when it is tried next; zero: at once
}

// newest orders revocations, the newest first.
func newest(a, b *kept) int { return cmp.Compare(b.Decision, a.Decision) }

func newID() string {
	var b [6]byte
	rand.Read(b[:])
	return "r_" + hex.EncodeToString(b[:])
}
