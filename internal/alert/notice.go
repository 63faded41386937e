package alert

import (
	"context"
	"database/sql"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
)

// Change says what happened to an incident.
type Change string

// The changes that there are notices of.
const (
	Opened   Change = "opened"   // it is new
	Raised   Change = "raised"   // its severity is higher than before
	Joined   Change = "joined"   // findings were added, and its severity is as it was
	Taken    Change = "taken"    // somebody acknowledged it, or it was given to somebody
	Closed   Change = "closed"   // it was resolved, or was no attack; [Notice].State says which
	Reopened Change = "reopened" // it is open again
)

// Changes lists the changes, in the order of an incident's life.
var Changes = []Change{Opened, Raised, Joined, Taken, Closed, Reopened}

// State is how far people are with an incident.
type State string

// The states.
const (
	Open          State = "open"           // nobody has it
	Acknowledged  State = "acknowledged"   // somebody works on it
	Resolved      State = "resolved"       // it was an attack, or a mistake, and is over
	FalsePositive State = "false-positive" // it was neither
)

// States lists the states.
var States = []State{Open, Acknowledged, Resolved, FalsePositive}

// Over reports whether nothing more joins an incident in this state.
func (s State) Over() bool { return s == Resolved || s == FalsePositive }

// maxNoticeFindings bounds the findings in a notice.
const maxNoticeFindings = 20

// Notice says that an incident changed. It is complete: whoever delivers it
// asks nobody. Entity, Terms of findings, By and Reason can be personal.
//
// History: since 1 all of it.
type Notice struct {
	ID       string `json:"id"`       // unique, and the same when it is delivered again
	Sequence uint64 `json:"sequence"` // 1, 2, … within the incident
	Change   Change `json:"change"`
	Test     bool   `json:"test,omitempty"` // nothing happened: somebody tries a channel

	Incident string `json:"incident"`           // its id: "inc_" and 12 hex digits
	Title    string `json:"title"`              // one line; not personal
	Severity string `json:"severity"`           // one of [detect.Levels]
	Was      string `json:"was,omitempty"`      // severity before, if Raised
	State    State  `json:"state"`              // after the change
	Assignee string `json:"assignee,omitempty"` // to whom it was given; empty: nobody

	Risk     float64          `json:"risk"`              // points of the entity, after the newest finding
	Entity   []detect.Value   `json:"entity"`            // about whom or what
	Rules    []string         `json:"rules"`             // names, in the order in which they joined
	Tags     []string         `json:"tags,omitempty"`    // of the rules, sorted: attack.*, owasp.*
	Findings []detect.Finding `json:"findings"`          // what this change is about, oldest first; the newest 20, the first when it opened
	More     int              `json:"more,omitempty"`    // findings of the incident that are not in Findings
	Response []string         `json:"response,omitzero"` // of [detect.Responses], what the rules propose, sorted

	From     time.Time `json:"from"`              // of the incident's first event
	At       time.Time `json:"at"`                // of the event that completed the newest finding: the gateway's clock
	Seen     time.Time `json:"seen,omitzero"`     // when that event was seen to be sealed; zero: before this process started
	Found    time.Time `json:"found"`             // when the newest finding was made
	Decision *uint64   `json:"decision,omitzero"` // number of the sealed event by which this change was decided; nil: Joined has none

	By     string `json:"by,omitempty"`     // reader who made the change; empty: Gatebook itself
	Reason string `json:"reason,omitempty"` // why, in their words

	Link string `json:"link,omitempty"` // to the incident in the console; empty: where that is is not configured
	API  string `json:"api"`            // path of the incident in the API
}

// Deliver takes a notice on for delivery. It is called in the transaction that
// changes the incident, so that both are durable or neither is; it must write
// with tx only, and not wait for anything else. An error undoes the change,
// which is then tried again. n must not be changed, or kept after the call.
type Deliver func(ctx context.Context, tx *sql.Tx, n *Notice) error

// Proposal is a response that a rule proposes to a finding.
type Proposal struct {
	Response string         // of [detect.Responses]
	Incident string         // id of the incident that the finding is in
	Finding  detect.Finding // the reason
}

// Respond is told what rules propose, once the incident is durable: at least
// once for each finding and response, and with the same finding id if again.
// What it does about it is its own business. An error is logged, and is not
// tried again.
type Respond func(ctx context.Context, p Proposal) error
