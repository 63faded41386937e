package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/reading"
)

// alertRoutes are the endpoints about what detection found, and what people do
// about it.
func alertRoutes() []route {
	return []route{
		get("/api/v1/incidents", "incidents", "Incidents: findings about one entity together. Those first that changed last.", incidents),
		get("/api/v1/incidents/{incident}", "incident", "All that is known of an incident: its findings in order, with the terms of their formulas, its events, and what was done.", oneIncident),
		{
			method: http.MethodPost, path: "/api/v1/incidents/{incident}", id: "handleIncident",
			summary: "Acknowledge, assign, note, resolve or reopen an incident. It is sealed before. Closing and reopening need the header Gatebook-Reason.",
			params:  reflect.TypeFor[incidentParams](), body: reflect.TypeFor[IncidentStep](), result: reflect.TypeFor[alert.Incident](), handle: handleIncident,
		},
		stream[none, alert.Notice]("/api/v1/alerts/tail", "tailAlerts", "text/event-stream", "Changes of incidents as they happen, as server-sent events: notice, or ping.", tailAlerts),
		get("/api/v1/silences", "listSilences", "Silences: what is found and opens no incident.", listSilences),
		{
			method: http.MethodPost, path: "/api/v1/silences", id: "addSilence", summary: "Begin a silence. Needs the header Gatebook-Reason.", status: http.StatusCreated,
			body: reflect.TypeFor[NewSilence](), result: reflect.TypeFor[alert.Silence](), handle: addSilence,
		},
		{
			method: http.MethodDelete, path: "/api/v1/silences/{silence}", id: "endSilence", summary: "End a silence before its time.", params: reflect.TypeFor[silenceParams](), status: http.StatusNoContent,
			handle: withParams(endSilence),
		},
		get("/api/v1/findings", "findings", "What the rules of detection found. No evidence: that is the events that a finding names.", findings),
		get("/api/v1/findings/{finding}", "explainFinding", "One finding: each term of the formula with its value, and what the rule says about it.", explainFinding),
		get("/api/v1/rules", "listRules", "The rules of detection that run here, and what they found.", listRules),
		get("/api/v1/rules/{rule}", "ruleText", "How a rule is written.", ruleText),
		{
			method: http.MethodPost, path: "/api/v1/backtest", id: "backtest", stream: true, media: "application/jsonl",
			summary: "Say what a rule would have found in the record: lines of progress and findings, then the result. Nothing is sent or blocked. The events are exported for it, which is sealed.",
			body:    reflect.TypeFor[Backtest](), result: reflect.TypeFor[BacktestItem](), handle: backtest,
		},
	}
}

// book returns the findings and incidents, or an error where there are none.
func (c *call) book() (*alert.Book, error) {
	if c.cfg.Alerts == nil {
		return nil, &Problem{Status: http.StatusNotImplemented, Type: "alerts", Detail: "nothing is detected here"}
	}
	return c.cfg.Alerts, nil
}

type findingsParams struct {
	Rule  string    `query:"rule" doc:"Name of a rule."`
	Level string    `query:"level" oneof:"informational,low,medium,high,critical" doc:"This level or a higher one."`
	From  time.Time `query:"from" doc:"Findings of which the last event was at this time or later: RFC 3339, a date, today, or a duration before now like 15m or 7d."`
	To    time.Time `query:"to" doc:"Findings of which the last event was before this time."`
	About []string  `query:"about" doc:"About one of these values of the entity, with commas: an id, an app, a fingerprint, an address. Values from payloads are not compared."`
	All   bool      `query:"all" doc:"Also findings that were superseded: they were made early, and did not hold in the order of the ledger."`
	Order string    `query:"order" default:"newest" oneof:"newest,oldest" doc:"Which come first."`
	After string    `query:"cursor" doc:"The member next of the page before."`
	Limit int       `query:"limit" default:"100" min:"1" max:"1000" doc:"Findings."`
}

func findings(c *call, p findingsParams) (*alert.Findings, error) {
	b, err := c.book()
	if err != nil {
		return nil, err
	}
	return b.Findings(c.r.Context(), c.reader, alert.Wanted{
		Rule: p.Rule, Level: p.Level, From: p.From, To: p.To, About: p.About, All: p.All, Newest: p.Order == "newest", After: p.After, Limit: p.Limit,
	})
}

type findingParams struct {
	Finding string `path:"finding" doc:"The finding's id, or its beginning."`
}

func explainFinding(c *call, p findingParams) (*alert.Explanation, error) {
	b, err := c.book()
	if err != nil {
		return nil, err
	}
	return b.Explain(c.r.Context(), c.reader, p.Finding)
}

func listRules(c *call, _ none) ([]alert.RuleState, error) {
	b, err := c.book()
	if err != nil {
		return nil, err
	}
	return b.Rules(c.r.Context(), c.reader)
}

type incidentsParams struct {
	States   []string  `query:"state" doc:"States, with commas: open, acknowledged, resolved, false-positive. Empty: all."`
	Severity string    `query:"severity" oneof:"informational,low,medium,high,critical" doc:"This severity or a higher one."`
	Assignee string    `query:"assignee" doc:"To whom it was given; - for nobody."`
	Rule     string    `query:"rule" doc:"Name of a rule that found something in it."`
	About    []string  `query:"about" doc:"About one of these values of the entity, with commas: an id, an app, a fingerprint, an address. Values from payloads are not compared."`
	Text     string    `query:"text" doc:"Part of the id, the title, the entity or a rule, without regard to case."`
	Since    time.Time `query:"since" doc:"Changed at this time or later."`
	Limit    int       `query:"limit" default:"100" min:"1" max:"1000" doc:"Incidents."`
}

func incidents(c *call, p incidentsParams) (*alert.Incidents, error) {
	b, err := c.book()
	if err != nil {
		return nil, err
	}
	f := alert.Filter{Severity: p.Severity, Assignee: p.Assignee, Rule: p.Rule, About: p.About, Text: p.Text, Since: p.Since, Limit: p.Limit}
	for _, s := range p.States {
		f.States = append(f.States, alert.State(s))
	}
	return b.Incidents(c.r.Context(), c.reader, f)
}

type incidentParams struct {
	Incident string `path:"incident" doc:"The incident's id, or its beginning."`
}

func oneIncident(c *call, p incidentParams) (*alert.Story, error) {
	b, err := c.book()
	if err != nil {
		return nil, err
	}
	return b.Incident(c.r.Context(), c.reader, p.Incident)
}

// IncidentStep is what to do about an incident.
type IncidentStep struct {
	Do       string `json:"do"`                 // acknowledge, assign, note, resolve, false-positive, reopen
	Assignee string `json:"assignee,omitempty"` // of assign: to whom; empty: nobody
	Note     string `json:"note,omitempty"`     // of note: what to remember
}

func handleIncident(c *call) error {
	b, err := c.book()
	if err != nil {
		return err
	}
	var p incidentParams
	if err := c.decode(&p); err != nil {
		return err
	}
	if err := c.cfg.Room.Admit(c.reader, reading.ActHandle); err != nil {
		return err
	}
	var s IncidentStep
	if err := c.body(&s); err != nil {
		return err
	}
	i, err := b.Handle(c.r.Context(), c.reader, p.Incident, alert.Step(s))
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, i)
}

func listSilences(c *call, _ none) ([]alert.Silence, error) {
	b, err := c.book()
	if err != nil {
		return nil, err
	}
	return b.Silences(c.r.Context(), c.reader)
}

// NewSilence is a silence to begin. Rule, entity or both are required.
type NewSilence struct {
	Rule   string `json:"rule,omitempty"`   // name of a rule
	Entity string `json:"entity,omitempty"` // a value of the entity of findings
	Level  string `json:"level,omitempty"`  // the highest level that is kept quiet; empty: high
	For    string `json:"for"`              // how long, such as 2h or 7d; at most 90d
}

func addSilence(c *call) error {
	b, err := c.book()
	if err != nil {
		return err
	}
	if err := c.cfg.Room.Admit(c.reader, reading.ActSilence); err != nil {
		return err
	}
	var n NewSilence
	if err := c.body(&n); err != nil {
		return err
	}
	d, err := ParseDuration(n.For)
	if err != nil {
		return argument("for", err.Error())
	}
	s, err := b.AddSilence(c.r.Context(), c.reader, alert.NewSilence{Rule: n.Rule, Entity: n.Entity, Level: n.Level, For: d})
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, s)
}

type silenceParams struct {
	Silence string `path:"silence" doc:"The silence's id."`
}

func endSilence(c *call, p silenceParams) error {
	b, err := c.book()
	if err != nil {
		return err
	}
	if err := b.EndSilence(c.r.Context(), c.reader, p.Silence); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func tailAlerts(c *call, _ none) error {
	b, err := c.book()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.r.Context())
	defer cancel()
	var mu sync.Mutex // guards the connection
	rc := http.NewResponseController(c.w)
	send := func(name string, v any) error {
		line, err := marshal(v)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if c.w.status == 0 {
			c.w.Header().Set("Content-Type", "text/event-stream")
			c.w.WriteHeader(http.StatusOK)
		}
		rc.SetWriteDeadline(c.cfg.Now().Add(30 * time.Second))
		if _, err := fmt.Fprintf(c.w, "event: %s\ndata: %s\n\n", name, line); err != nil {
			return err
		}
		return rc.Flush()
	}
	var pings sync.WaitGroup
	defer pings.Wait()
	defer cancel()
	opened := false
	err = b.Tail(ctx, c.reader, func() error {
		opened = true
		pings.Go(func() { ping(ctx, cancel, send) })
		return send("ping", struct{}{})
	}, func(n *alert.Notice) error { return send("notice", n) })
	if !opened {
		return err
	}
	if !errors.Is(err, context.Canceled) {
		send("error", problemOf(err))
	}
	return nil
}
