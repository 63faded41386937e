package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// View is a report and the events, for a page that shows them.
type View struct {
	OK     bool    `json:"ok"`
	Report *Report `json:"report,omitempty"`
	Error  string  `json:"error,omitempty"` // why the pack could not be read; Report is absent
	Events []Shown `json:"events"`
}

// Shown is an event as a page shows it.
type Shown struct {
	Number   uint64            `json:"number"`
	Time     time.Time         `json:"time"`
	Who      string            `json:"who"`   // as it is known best: subject, pseudonym, or what was claimed
	Known    string            `json:"known"` // how that is known
	Level    int               `json:"level"` // 0 to 4
	What     string            `json:"what"`
	Outcome  string            `json:"outcome"`
	Wrong    string            `json:"wrong,omitempty"` // with the event alone
	Header   string            `json:"header"`          // as sealed
	Envelope map[string]string `json:"envelope"`        // by class, as sealed
	Missing  map[string]string `json:"missing"`         // by class: "erased", or "not disclosed"
}

// MaxShown is the number of events that a view holds.
const MaxShown = 5000

// Look verifies a pack and returns its [View] as JSON.
func Look(pack []byte, o Options) []byte {
	v := View{Events: []Shown{}}
	o.Event = func(r *Record, e *event.Event, wrong string) {
		if len(v.Events) < MaxShown {
			v.Events = append(v.Events, shown(r, e, wrong))
		}
	}
	rep, err := Verify(bytes.NewReader(pack), int64(len(pack)), o)
	if err != nil {
		v.Error = err.Error()
	} else {
		v.OK, v.Report = rep.OK(), rep
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	if err := enc.Encode(&v); err != nil {
		panic("evidence: a view cannot be encoded: " + err.Error()) // it has texts and numbers only
	}
	return b.Bytes()
}

func shown(r *Record, e *event.Event, wrong string) Shown {
	s := Shown{Number: r.Number, Wrong: wrong, Header: string(r.Header), Envelope: map[string]string{}, Missing: map[string]string{}}
	for c := range event.Class(event.Classes) {
		if env := r.Envelopes[c]; env != nil {
			s.Envelope[c.String()] = string(env.Data)
		} else if e != nil && !e.Commit.Of(c).IsZero() {
			s.Missing[c.String()] = "not disclosed"
		}
	}
	for _, c := range r.Erased {
		s.Missing[c.String()] = "erased"
	}
	if e == nil {
		return s
	}
	s.Time, s.Level = e.Arrived, int(e.Principal.Level)
	s.Who, s.Known = whoOf(e)
	s.What, s.Outcome = whatOf(e), outcomeOf(e)
	return s
}

// whoOf says who it was, and how that is known.
func whoOf(e *event.Event) (who, known string) {
	p := e.Principal
	switch {
	case e.Who != nil && e.Who.Subject != "":
		who = e.Who.Subject
	case p.ID != "":
		who = p.ID
	case e.Who != nil && e.Who.Claimed != "":
		who = e.Who.Claimed
	default:
		who = string(p.Kind)
	}
	known = [...]string{"not known", "claimed, not verified", "asserted by a trusted proxy", "verified", "verified and bound to the sender"}[min(max(int(p.Level), 0), 4)]
	if p.Kind == "" {
		return who, "does not apply"
	}
	var how []string
	for _, s := range []string{e.Credential.Method, p.Reason, p.Issuer} {
		if s != "" {
			how = append(how, s)
		}
	}
	if len(how) > 0 {
		known += " (" + strings.Join(how, ", ") + ")"
	}
	return who, known
}

func whatOf(e *event.Event) string {
	o := e.Operation
	switch {
	case e.Note != nil:
		return string(e.Kind) + ": " + e.Note.Name
	case e.Lost != nil:
		return fmt.Sprintf("%d calls were not recorded: %s", e.Lost.Count, e.Lost.Reason)
	}
	what := o.Route
	if e.What != nil && e.What.Path != "" {
		what = e.What.Path
		if e.What.Query != "" {
			what += "?" + e.What.Query
		}
	}
	if what == "" {
		what = o.Name
	}
	return strings.TrimSpace(strings.TrimSpace(o.Method+" "+what) + " " + o.Host)
}

func outcomeOf(e *event.Event) string {
	var parts []string
	if e.Outcome.Status != 0 {
		parts = append(parts, fmt.Sprint(e.Outcome.Status))
	}
	for _, s := range []string{e.Outcome.Decision, e.Outcome.Reason, e.Outcome.Error} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}
