package deliver

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/detect"
)

// Kind says what a message is about.
type Kind string

// The kinds of messages.
const (
	Incident Kind = "incident" // one change of one incident
	Digest   Kind = "digest"   // what happened in a while, as the receiver wants it
	Summary  Kind = "summary"  // what was too much to be sent one by one
	Test     Kind = "test"     // nothing happened: somebody tries the receiver
)

// Message is what a receiver gets.
//
// History: since 1 all of it.
type Message struct {
	ID   string    `json:"id"`   // the same whenever it is sent; unique otherwise
	Kind Kind      `json:"kind"` // one of the kinds above
	Time time.Time `json:"time"` // when it was put together

	// Notices are one, except of a digest or summary: there the newest of each
	// incident, the most severe first, at most [MaxListed].
	Notices []alert.Notice `json:"notices"`

	Total  int            `json:"total"`            // incidents
	Counts map[string]int `json:"counts,omitempty"` // incidents by severity; of a digest or summary only
}

// MaxListed bounds the incidents that a digest or summary names one by one.
const MaxListed = 50

// Severity is the highest severity of the notices; one of [detect.Levels].
func (m *Message) Severity() string {
	highest := 0
	for i := range m.Notices {
		highest = max(highest, Rank(m.Notices[i].Severity))
	}
	for s, n := range m.Counts {
		if n > 0 {
			highest = max(highest, Rank(s))
		}
	}
	return detect.Levels[highest]
}

// Rank is the place of a severity among [detect.Levels]; 0 for one that is not
// there.
func Rank(severity string) int { return max(slices.Index(detect.Levels, severity), 0) }

// Single returns the notice of a message about one incident, or nil.
func (m *Message) Single() *alert.Notice {
	if m.Kind == Digest || m.Kind == Summary || len(m.Notices) != 1 {
		return nil
	}
	return &m.Notices[0]
}

// Channel sends messages to one receiver. It is safe for concurrent use.
type Channel interface {
	// Send returns nil once the receiver has accepted m, with what it said,
	// for people. Any other outcome is best an *egress.Error; then the message
	// may have arrived nevertheless. m must not be changed. It returns soon
	// after ctx ends.
	Send(ctx context.Context, m *Message) (answer string, err error)
}

// Firer is a [Channel] whose receiver forgets an incident that it is not told
// of again, such as an Alertmanager.
type Firer interface {
	Channel
	// Fire tells the receiver that the incidents of all messages are still
	// there, and will be until the given time unless it is told again.
	Fire(ctx context.Context, ms []*Message, until time.Time) error
}

// Detail says what of an alert leaves the installation.
type Detail string

// The details.
const (
	// Full is all of the notice.
	Full Detail = "full"
	// Minimal is what is about no person: rule, severity, times, ids of
	// events, and pseudonyms in place of names and addresses.
	Minimal Detail = "minimal"
)

// public lists the fields whose values name no person: they are in the headers
// of events, which are kept when a person is erased.
var public = func() map[string]bool {
	m := make(map[string]bool)
	for _, f := range event.Fields() {
		if f.Part == "header" && !f.Personal {
			m[f.Name] = true
		}
	}
	return m
}()

// reduce returns n without what is personal. pseudonym stands for a value.
func reduce(n alert.Notice, pseudonym func(field, value string) string) alert.Notice {
	n.By, n.Reason, n.Assignee = "", "", ""
	n.Entity = veil(n.Entity, pseudonym)
	findings := make([]detect.Finding, len(n.Findings))
	for i, f := range n.Findings {
		f.Entity, f.Terms = veil(f.Entity, pseudonym), nil
		findings[i] = f
	}
	n.Findings = findings
	return n
}

// Anonymous begins a pseudonym, so that it is not taken for a value, and not
// made into another one.
const Anonymous = "anon_"

func veil(values []detect.Value, pseudonym func(field, value string) string) []detect.Value {
	out := make([]detect.Value, len(values))
	for i, v := range values {
		if !public[v.Field] && !strings.HasPrefix(v.Value, Anonymous) {
			v.Value = Anonymous + pseudonym(v.Field, v.Value)
		}
		out[i] = v
	}
	return out
}

// fold returns one message for several.
func fold(kind Kind, members []*Message, now time.Time) *Message {
	m := &Message{Kind: kind, Time: now, Counts: make(map[string]int)}
	h := sha256.New()
	h.Write([]byte(now.Format(time.RFC3339Nano) + "\n")) // the same may be folded again, by hand
	newest := make(map[string]alert.Notice)
	for _, x := range members {
		h.Write([]byte(x.ID + "\n"))
		for _, n := range x.Notices {
			if have, ok := newest[n.Incident]; !ok || have.Sequence <= n.Sequence {
				newest[n.Incident] = n
			}
		}
	}
	m.ID = "fold_" + hex.EncodeToString(h.Sum(nil)[:12])
	for _, n := range newest {
		m.Counts[n.Severity]++
		n.Findings, n.More = nil, n.More+len(n.Findings) // a list of incidents, not of events
		m.Notices = append(m.Notices, n)
	}
	slices.SortFunc(m.Notices, func(a, b alert.Notice) int {
		return cmp.Or(cmp.Compare(Rank(b.Severity), Rank(a.Severity)), cmp.Compare(b.Risk, a.Risk), a.At.Compare(b.At), cmp.Compare(a.Incident, b.Incident))
	})
	m.Total = len(m.Notices)
	m.Notices = m.Notices[:min(len(m.Notices), MaxListed)]
	return m
}

// TestMessage returns the message by which somebody tries a receiver. id must
// be new.
func TestMessage(id string, now time.Time) *Message {
	now = now.UTC().Truncate(time.Second)
	return &Message{ID: id, Kind: Test, Time: now, Total: 1, Notices: []alert.Notice{{
		ID: id, Sequence: 1, Change: alert.Opened, Test: true, Incident: id,
		Title: "Test of this receiver: nothing happened", Severity: "informational", State: alert.Open,
		Entity: []detect.Value{}, Rules: []string{"test"},
		Findings: []detect.Finding{}, From: now, At: now, Found: now, API: "/api/v1/alerts/receivers",
	}}}
}

var levels = detect.Levels
