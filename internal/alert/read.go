package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/internal/reading"
)

// Filter says which incidents are asked for. Zero values do not restrict.
type Filter struct {
	States   []State
	Severity string    // this one or a higher one
	Assignee string    // "-": nobody
	Rule     string    // a name
	About    []string  // about one of these: values of the entity, but of none that comes from a payload
	Text     string    // in the title, the entity or a rule, without regard to case
	Since    time.Time // changed at this time or later
	Limit    int       // 0: 100
}

// Incidents are incidents, those first that changed last.
type Incidents struct {
	Incidents []Incident    `json:"incidents"`
	Counts    map[State]int `json:"counts"` // of all incidents by state, whatever the filter
}

// Incidents returns incidents.
func (b *Book) Incidents(ctx context.Context, who reading.Reader, f Filter) (*Incidents, error) {
	if err := b.cfg.Room.Admit(who, reading.ActAlerts); err != nil {
		return nil, err
	}
	var since int64
	if !f.Since.IsZero() {
		since = f.Since.UnixNano()
	}
	list, err := bodies[Incident](ctx, b.cfg.DB, "SELECT body FROM incidents WHERE severity >= ? AND changed >= ? ORDER BY changed DESC", max(0, rank(f.Severity)), since)
	if err != nil {
		return nil, err
	}
	out := &Incidents{Incidents: []Incident{}, Counts: map[State]int{}}
	rows, err := b.cfg.DB.QueryContext(ctx, "SELECT state, count(*) FROM incidents GROUP BY state")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s State
		var n int
		if err := rows.Scan(&s, &n); err != nil {
			return nil, err
		}
		out.Counts[s] = n
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, i := range list {
		// What is withheld is not searched either: an answer would tell it.
		if i = withheldIncident(who, i); f.means(&i) && len(out.Incidents) < page(f.Limit) {
			out.Incidents = append(out.Incidents, i)
		}
	}
	return out, b.looked(ctx, who, "incidents", event.Fact{Name: "results", Value: strconv.Itoa(len(out.Incidents))})
}

func (f *Filter) means(i *Incident) bool {
	if len(f.States) > 0 && !slices.Contains(f.States, i.State) || f.Rule != "" && !slices.Contains(i.Rules, f.Rule) {
		return false
	}
	if f.Assignee == "-" && i.Assignee != "" || f.Assignee != "" && f.Assignee != "-" && f.Assignee != i.Assignee {
		return false
	}
	if len(f.About) > 0 && !slices.ContainsFunc(i.Entity, func(v detect.Value) bool {
		return slices.Contains(f.About, v.Value) && !strings.HasPrefix(v.Field, "payload.")
	}) {
		return false
	}
	if f.Text == "" {
		return true
	}
	text := i.ID + " " + i.Title + " " + strings.Join(i.Rules, " ")
	for _, v := range i.Entity {
		text += " " + v.Value
	}
	return strings.Contains(strings.ToLower(text), strings.ToLower(f.Text))
}

// withheldIncident leaves out what the reader may not see.
func withheldIncident(who reading.Reader, i Incident) Incident {
	if who.May(reading.ActPayload) == nil {
		return i
	}
	i.Entity = slices.Clone(i.Entity)
	for k, v := range i.Entity {
		if strings.HasPrefix(v.Field, "payload.") {
			i.Entity[k].Value = withheld
		}
	}
	return i
}

// Story is all that is known of an incident.
type Story struct {
	Incident Incident       `json:"incident"`
	Findings []StoryFinding `json:"findings"` // in the order of time
	Events   []StoryEvent   `json:"events"`   // that the findings name, in the order of the ledger, each once; at most 500
	Log      []Entry        `json:"log"`      // what happened to it, oldest first
}

// StoryFinding is a finding of an incident.
type StoryFinding struct {
	detect.Finding
	Standing live.Standing `json:"standing"`
}

// StoryEvent is an event of an incident. Its proof is at
// /api/v1/events/NUMBER/proof: gatebook prove NUMBER.
type StoryEvent struct {
	detect.Ref
	Findings []string `json:"findings"` // ids of those that name it
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (e *StoryEvent) UnmarshalJSON(b []byte) error {
	var rest struct {
		Findings []string `json:"findings"`
	}
	if err := json.Unmarshal(b, &rest); err != nil {
		return err
	}
	e.Findings = rest.Findings
	return json.Unmarshal(b, &e.Ref)
}

// MarshalJSON writes the members of both.
func (e StoryEvent) MarshalJSON() ([]byte, error) {
	m := map[string]any{"id": e.ID, "findings": e.Findings}
	if e.Number >= 0 {
		m["number"] = e.Number
	}
	return json.Marshal(m)
}

const maxStoryEvents = 500

// Incident returns all that is known of an incident. The look names its
// events: what a person learns of them here is as if they had seen them.
func (b *Book) Incident(ctx context.Context, who reading.Reader, id string) (*Story, error) {
	if err := b.cfg.Room.Admit(who, reading.ActAlerts); err != nil {
		return nil, err
	}
	i, _, err := b.find(ctx, id)
	if err != nil {
		return nil, err
	}
	s := &Story{Incident: withheldIncident(who, *i), Findings: []StoryFinding{}, Events: []StoryEvent{}}
	rows, err := b.cfg.DB.QueryContext(ctx, "SELECT standing, body FROM incident_findings WHERE incident = ? ORDER BY at, finding LIMIT 1000", i.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f StoryFinding
		var body string
		if err := rows.Scan(&f.Standing, &body); err != nil {
			return nil, err
		}
		k := live.Kept{Finding: live.Line(body)}
		if err := withhold(who, &k); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(k.Finding, &f.Finding); err != nil {
			return nil, fmt.Errorf("state of incidents: %w", err)
		}
		s.Findings = append(s.Findings, f)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	s.Events = eventsOf(s.Findings)
	if s.Log, err = bodies[Entry](ctx, b.cfg.DB, "SELECT body FROM incident_log WHERE incident = ? ORDER BY id", i.ID); err != nil {
		return nil, err
	}
	return s, b.looked(ctx, who, "incident", event.Fact{Name: "incident", Value: i.ID})
}

// eventsOf returns the events of findings, in the order of the ledger.
func eventsOf(list []StoryFinding) []StoryEvent {
	var out []StoryEvent
	at := map[event.ID]int{}
	for _, f := range list {
		for _, r := range f.Events {
			k, ok := at[r.ID]
			if !ok {
				k = len(out)
				at[r.ID] = k
				out = append(out, StoryEvent{Ref: r})
			}
			out[k].Findings = append(out[k].Findings, f.ID)
		}
	}
	slices.SortStableFunc(out, func(a, b StoryEvent) int { return int(max(min(a.Number-b.Number, 1), -1)) })
	if len(out) > maxStoryEvents {
		out = out[len(out)-maxStoryEvents:]
	}
	if out == nil {
		return []StoryEvent{}
	}
	return out
}

// Explanation is a finding with what its rule says about it.
type Explanation struct {
	Standing    live.Standing  `json:"standing"`
	Found       time.Time      `json:"found"`
	Incident    string         `json:"incident,omitempty"` // that it is in
	Finding     detect.Finding `json:"finding"`
	Description string         `json:"description,omitempty"` // what the rule means; empty: it does not run any more
	Check       []string       `json:"check,omitempty"`
	Act         []string       `json:"act,omitempty"`
	Benign      []string       `json:"falsepositives,omitempty"`
}

// Explain returns a finding by its id: each term of its formula with its value
// and what it had to be.
func (b *Book) Explain(ctx context.Context, who reading.Reader, id string) (*Explanation, error) {
	if err := b.cfg.Room.Admit(who, reading.ActAlerts); err != nil {
		return nil, err
	}
	k, f, err := b.finding(ctx, who, id)
	if err != nil {
		return nil, err
	}
	x := &Explanation{Standing: k.Standing, Found: k.Found, Finding: *f}
	in, err := b.incidentOf(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	x.Incident = in
	if set := b.rules(); set != nil {
		if r := set.Rule(f.RuleID); r != nil {
			x.Description, x.Check, x.Act, x.Benign = r.Description, r.Check, r.Act, r.Benign
		}
	}
	return x, b.looked(ctx, who, "finding", event.Fact{Name: "finding", Value: f.ID})
}

func (b *Book) incidentOf(ctx context.Context, finding string) (string, error) {
	rows, err := b.cfg.DB.QueryContext(ctx, "SELECT incident FROM incident_findings WHERE finding = ?", finding)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var in string
	for rows.Next() {
		if err := rows.Scan(&in); err != nil {
			return "", err
		}
	}
	return in, rows.Err()
}

func (b *Book) rules() *detect.Set {
	if b.cfg.Rules == nil {
		return nil
	}
	return b.cfg.Rules()
}

// RuleState is a rule of the server, and what it did.
type RuleState struct {
	Name     string    `json:"name"`
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Level    string    `json:"level"`
	Status   string    `json:"status"`
	Kind     string    `json:"kind,omitempty"` // of its correlation; empty: it looks at one event
	File     string    `json:"file"`
	Disabled bool      `json:"disabled,omitempty"`
	Inactive bool      `json:"inactive,omitempty"` // it cannot find anything here: it needs the places of addresses
	Findings uint64    `json:"findings"`           // that are kept
	Last     time.Time `json:"last,omitzero"`      // of the event that completed the newest

	Cost time.Duration `json:"cost,omitempty"` // of judging one event, as measured; absent: not measured yet
}

// Rules returns the rules that make findings, or were disabled, with what they
// found.
func (b *Book) Rules(ctx context.Context, who reading.Reader) ([]RuleState, error) {
	if err := b.cfg.Room.Admit(who, reading.ActAlerts); err != nil {
		return nil, err
	}
	tallies, err := b.cfg.Findings.Tallies(ctx)
	if err != nil {
		return nil, err
	}
	list := []RuleState{}
	set := b.rules()
	if set == nil {
		return list, b.looked(ctx, who, "rules")
	}
	var inactive []string
	if b.cfg.Inactive != nil {
		inactive = b.cfg.Inactive()
	}
	var costs map[string]time.Duration
	if b.cfg.Costs != nil {
		costs = b.cfg.Costs()
	}
	for _, r := range set.Rules {
		if r.Quiet && !r.Disabled {
			continue
		}
		t := tallies[r.Name]
		list = append(list, RuleState{r.Name, r.ID, r.Title, r.Level, r.Status, r.Kind, r.File, r.Disabled, slices.Contains(inactive, r.Name), t.Count, t.Last, costs[r.Name]})
	}
	slices.SortFunc(list, func(a, b RuleState) int { return strings.Compare(a.Name, b.Name) })
	return list, b.looked(ctx, who, "rules")
}
