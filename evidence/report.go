package evidence

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/query"
)

// Report is what [Verify] found.
type Report struct {
	Statement *Statement `json:"statement,omitempty"` // what the look says; nil: there is none that could be read
	Origin    string     `json:"origin"`              // names the ledger; empty: no checkpoint could be read
	Key       string     `json:"key"`                 // that the checkpoint was checked with
	KeyGiven  bool       `json:"key_given"`           // it did not come from the pack
	Size      uint64     `json:"size"`                // records under the checkpoint
	Root      string     `json:"root"`                // of its tree, base64
	Events    uint64     `json:"events"`              // that the pack holds
	Envelopes uint64     `json:"envelopes"`           // that it discloses, of these events
	Headers   uint64     `json:"headers"`             // records that were searched here again
	Findings  []Finding  `json:"findings"`            // what was checked, in order
	Unchecked []string   `json:"unchecked"`           // what was asked for and could not be checked
	Limits    []string   `json:"limits"`              // what the pack does not prove, and what the findings rest on
}

// Finding is one thing that was checked.
type Finding struct {
	Holds bool   `json:"holds"`
	Text  string `json:"text"` // a sentence with a full stop, that can be quoted
}

// OK reports whether everything holds.
func (r *Report) OK() bool {
	for _, f := range r.Findings {
		if !f.Holds {
			return false
		}
	}
	return len(r.Findings) > 0
}

func (r *Report) holds(format string, args ...any) {
	r.Findings = append(r.Findings, Finding{true, fmt.Sprintf(format, args...)})
}

func (r *Report) fails(format string, args ...any) {
	r.Findings = append(r.Findings, Finding{false, fmt.Sprintf(format, args...)})
}

func (r *Report) limit(format string, args ...any) {
	r.Limits = append(r.Limits, fmt.Sprintf(format, args...))
}

// Statement is the look in words. It is proven only if the report says so.
type Statement struct {
	Record    uint64    `json:"record"`             // number of the look
	Made      time.Time `json:"made"`               // by the clock of whoever runs the ledger
	By        string    `json:"by"`                 // the reader, as Gatebook knows them
	Reason    string    `json:"reason,omitempty"`   // why they looked, in their words
	Case      string    `json:"case,omitempty"`     // what it is for, in their words
	Query     string    `json:"query"`              // LogsQL
	Words     string    `json:"words"`              // the same for people
	Since     time.Time `json:"since,omitzero"`     // arrival at this time or later
	Until     time.Time `json:"until,omitzero"`     // arrival before this time
	From      uint64    `json:"from"`               // the records from this one on were searched
	To        uint64    `json:"to"`                 // up to and without this one
	Results   uint64    `json:"results"`            // records that match
	NoLooks   bool      `json:"no_looks,omitempty"` // events of looks at the record are left out, whatever the query says
	Disclosed []string  `json:"disclosed"`          // classes of envelopes
	Complete  bool      `json:"complete"`           // the headers of all that was searched are in the pack
	Source    string    `json:"source"`             // what found the records
	Continues []uint64  `json:"continues,omitzero"` // sizes of older ledgers that the proof shows to be a beginning of this one
}

// state is the look, decoded.
type state struct {
	*Claim
	record Record
	event  *event.Event
	query  *query.Query // nil: it cannot be judged here
}

// knownField reports whether a query of a pack can have the field.
func knownField(name string) bool { return event.Lookup(name) != nil }

func (s *state) statement() *Statement {
	st := &Statement{
		Record: s.record.Number, Made: s.event.Arrived, Since: s.Since, Until: s.Until, From: s.From, To: s.To, Results: s.Results, NoLooks: s.HideLooks,
		Disclosed: []string{}, Complete: s.Complete, Source: s.EvaluatedBy,
	}
	if s.event.Who != nil {
		st.By = s.event.Who.Subject
	}
	if w := s.event.What; w != nil {
		st.Query = w.Query
		for _, o := range w.Objects {
			switch o.Type {
			case "reason":
				st.Reason = o.ID
			case "case":
				st.Case = o.ID
			}
		}
	}
	for _, c := range s.Disclosed {
		st.Disclosed = append(st.Disclosed, c.String())
	}
	st.Words = s.words(st.Query)
	return st
}

// words says what was asked.
func (s *state) words(logsQL string) string {
	var b strings.Builder
	b.WriteString("All events")
	q, err := query.Parse(query.Config{}, logsQL)
	switch {
	case strings.TrimSpace(logsQL) == "" || logsQL == "*":
	case err == nil:
		b.WriteString(" of which " + q.Words())
	default:
		b.WriteString(" that the query " + strconv.Quote(logsQL) + " finds")
	}
	switch {
	case !s.Since.IsZero() && !s.Until.IsZero():
		fmt.Fprintf(&b, ", that arrived from %s until before %s", moment(s.Since), moment(s.Until))
	case !s.Since.IsZero():
		fmt.Fprintf(&b, ", that arrived at %s or later", moment(s.Since))
	case !s.Until.IsZero():
		fmt.Fprintf(&b, ", that arrived before %s", moment(s.Until))
	}
	return b.String() + "."
}

// moment is a time for people: no more digits than it has.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999999 UTC") }

// asksOnly reports whether the query can be judged, and asks for fields of the
// header and the given classes only.
func (s *state) asksOnly(classes []event.Class) bool {
	if s.query == nil {
		return false
	}
	for _, name := range s.query.Fields() {
		f := event.Lookup(name)
		if f == nil {
			return false
		}
		if f.Part == "header" {
			continue
		}
		c, err := event.ParseClass(f.Part)
		known := false
		for _, have := range classes {
			known = known || have == c
		}
		if err != nil || !known {
			return false
		}
	}
	return true
}

// wants reports whether the look's question means the event.
func (s *state) wants(e *event.Event) bool {
	return (!s.HideLooks || e.Kind != event.Look) &&
		(s.Since.IsZero() || !e.Arrived.Before(s.Since)) &&
		(s.Until.IsZero() || e.Arrived.Before(s.Until)) &&
		s.query.Match(eventFields{e})
}

// eventFields is an event as package query matches it.
type eventFields struct{ *event.Event }

func (f eventFields) Value(name string) (string, bool) {
	v := event.Lookup(name).Text(f.Event)
	return v, v != ""
}

// count writes a number with commas, and the noun in singular or plural.
func count(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return commas(n) + " " + noun + "s"
}

func commas(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// span names the records [from, to).
func span(from, to uint64) string {
	switch to - from {
	case 0:
		return "no records"
	case 1:
		return "the record " + commas(from)
	}
	return "the records " + commas(from) + " to " + commas(to-1)
}

// listed joins names as a sentence does.
func listed(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func classNames(classes []event.Class) []string {
	var names []string
	for _, c := range classes {
		names = append(names, c.String())
	}
	return names
}
