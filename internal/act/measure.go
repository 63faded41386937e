package act

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/gatebook/gatebook/internal/policy"
)

// State says how far a measure is.
type State string

// The states. Those after InForce are final.
const (
	Proposed State = "proposed" // somebody else must approve it
	InForce  State = "in-force" // the gateway asks it
	Undone   State = "undone"   // somebody ended it
	Expired  State = "expired"  // its time was over
	Rejected State = "rejected" // it was proposed, and somebody said no, or took it back
	Lapsed   State = "lapsed"   // it was proposed, and nobody answered in time
)

// open reports whether something can still come of the measure.
func (s State) open() bool { return s == Proposed || s == InForce }

// Measure is a measure for people.
type Measure struct {
	ID      string        `json:"id"`                // "m_" and 12 hex digits
	Kind    policy.Kind   `json:"kind"`              // block, throttle or reauthenticate
	Subject string        `json:"subject"`           // whose calls; an address that was erased is missing
	State   State         `json:"state"`             // proposed, in-force, undone, expired, rejected, lapsed
	DryRun  bool          `json:"dry_run,omitempty"` // events say what it would do, and nothing is done
	Wide    bool          `json:"wide,omitempty"`    // it was forced: it means very many calls
	Since   time.Time     `json:"since"`             // when it was decided, or proposed
	Until   time.Time     `json:"until,omitzero"`    // when it ends; absent: when it is undone
	For     time.Duration `json:"for,omitempty"`     // of a proposal: how long it would be in force
	Rate    float64       `json:"rate,omitempty"`    // throttle: calls a second
	Burst   int           `json:"burst,omitempty"`   // throttle: calls that may come at once

	Reason   string `json:"reason,omitempty"`   // in the words of who decided it; absent if it was erased
	By       string `json:"by,omitempty"`       // who decided it; absent: a rule, or erased
	Approved string `json:"approved,omitempty"` // who approved it, if somebody had to
	Rule     string `json:"rule,omitempty"`     // the rule that decided or proposed it
	Incident string `json:"incident,omitempty"` // what it is about
	Decision uint64 `json:"decision"`           // number of the sealed event by which it came in force, or was proposed

	Answer  time.Time `json:"answer_by,omitzero"` // of a proposal: when it lapses
	Ended   time.Time `json:"ended,omitzero"`     // when
	EndedBy string    `json:"ended_by,omitempty"` // who; absent: nobody
	Ending  uint64    `json:"ending,omitempty"`   // number of the sealed event by which it ended
	Why     string    `json:"why,omitempty"`      // it ended, as who ended it says

	Calls uint64 `json:"calls,omitempty"` // that it has refused, or would have, since Gatebook started
}

// kept is a measure as it follows from the headers of decisions, beside its
// address.
type kept struct {
	ID       string         `json:"id"`
	Kind     policy.Kind    `json:"kind"`
	Subject  policy.Subject `json:"-"`       // as text in Text
	Text     string         `json:"subject"` // without the address once the measure has ended
	State    State          `json:"state"`
	DryRun   bool           `json:"dry_run,omitempty"`
	Wide     bool           `json:"wide,omitempty"`
	Since    time.Time      `json:"since"`
	Until    time.Time      `json:"until,omitzero"`
	For      time.Duration  `json:"for,omitempty"`
	Rate     float64        `json:"rate,omitempty"`
	Burst    int            `json:"burst,omitempty"`
	Rule     string         `json:"rule,omitempty"`
	Incident string         `json:"incident,omitempty"`
	By       string         `json:"by,omitempty"` // pseudonym of who decided or proposed it; empty: a rule
	Decision uint64         `json:"decision"`
	Proposal *uint64        `json:"proposal,omitempty"` // number of the event by which it was proposed
	Answer   time.Time      `json:"answer_by,omitzero"`
	Ended    time.Time      `json:"ended,omitzero"`
	Ending   uint64         `json:"ending,omitempty"`
	Broken   bool           `json:"broken,omitempty"` // its address was erased, so that it cannot be in force
}

// measure returns m for the gateway.
func (m *kept) measure() policy.Measure {
	return policy.Measure{ID: m.ID, Kind: m.Kind, Subject: m.Subject, DryRun: m.DryRun, Since: m.Since, Until: m.Until, Rate: m.Rate, Burst: m.Burst}
}

// newest orders measures, the newest first.
func newest(a, b *kept) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(b.ID, a.ID)) }

func newID() string {
	var b [6]byte
	rand.Read(b[:])
	return "m_" + hex.EncodeToString(b[:])
}
