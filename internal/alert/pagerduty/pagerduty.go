// Package pagerduty sends messages to the Events API v2 of PagerDuty: an
// incident triggers, acknowledges and resolves one alert, whose dedup_key is the
// id of the incident. A message that comes again changes nothing there.
package pagerduty

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/redact"
)

// DefaultURL is the API of the service regions US; that of the EU is
// https://events.eu.pagerduty.com.
const DefaultURL = "https://events.pagerduty.com"

// Config is what a [Channel] needs. All of it is required.
type Config struct {
	Client     *egress.Client // of [DefaultURL], or another region's
	RoutingKey redact.Secret  // the integration key of the service, 32 characters
	Source     string         // what PagerDuty shows as the affected system: the name of the ledger
}

// Channel is a [deliver.Channel].
type Channel struct{ cfg Config }

var _ deliver.Channel = (*Channel)(nil)

// New returns a channel.
func New(c Config) *Channel { return &Channel{c} }

// Limits of the API, in characters and bytes.
const (
	maxSummary = 1024
	maxKey     = 255
	maxBytes   = 512 << 10
	maxDetail  = 2000 // of one custom detail; our own
	maxList    = 50
)

type event struct {
	RoutingKey string   `json:"routing_key"`
	Action     string   `json:"event_action"`
	DedupKey   string   `json:"dedup_key"`
	Client     string   `json:"client,omitempty"`
	ClientURL  string   `json:"client_url,omitempty"`
	Payload    *payload `json:"payload,omitempty"`
	Links      []link   `json:"links,omitempty"`
}

type payload struct {
	Summary   string            `json:"summary"`
	Source    string            `json:"source"`
	Severity  string            `json:"severity"`
	Timestamp string            `json:"timestamp"`
	Component string            `json:"component,omitempty"`
	Group     string            `json:"group,omitempty"`
	Class     string            `json:"class,omitempty"`
	Details   map[string]string `json:"custom_details,omitempty"`
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// Send implements [deliver.Channel]. A test triggers an alert and resolves it.
func (c *Channel) Send(ctx context.Context, m *deliver.Message) (string, error) {
	e := c.render(m)
	answer, err := c.post(ctx, e)
	if err != nil || m.Kind != deliver.Test {
		return answer, err
	}
	return c.post(ctx, event{RoutingKey: e.RoutingKey, Action: "resolve", DedupKey: e.DedupKey})
}

func (c *Channel) post(ctx context.Context, e event) (string, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	if len(b) > maxBytes {
		e.Payload.Details = nil
		if b, err = json.Marshal(e); err != nil {
			return "", err
		}
	}
	a, err := c.cfg.Client.Send(ctx, http.MethodPost, "/v2/enqueue", nil, b, nil)
	return a.String(), err
}

func (c *Channel) render(m *deliver.Message) event {
	e := event{RoutingKey: string(c.cfg.RoutingKey), Action: "trigger", DedupKey: deliver.Cut(m.ID, maxKey)}
	n := m.Single()
	if n != nil {
		e.DedupKey = deliver.Cut(n.Incident, maxKey)
		e.Action = action(n)
	}
	if e.Action != "trigger" {
		return e
	}
	e.Client = "Gatebook"
	p := &payload{
		Summary: deliver.Cut(m.Headline(), maxSummary), Source: c.cfg.Source, Severity: severity(m.Severity()),
		Timestamp: m.Time.UTC().Format(time.RFC3339), Details: make(map[string]string),
	}
	e.Payload = p
	if n == nil {
		p.Class = string(m.Kind)
		p.Details["Incidents"] = m.Tally()
		for i := range m.Notices[:min(len(m.Notices), maxList)] {
			p.Details[m.Notices[i].Incident] = deliver.Cut(deliver.Line(&m.Notices[i]), maxDetail)
		}
		return e
	}
	p.Timestamp = n.At.UTC().Format(time.RFC3339)
	if len(n.Rules) > 0 {
		p.Class = n.Rules[0]
	}
	for _, f := range deliver.Facts(n) {
		p.Details[f.Name] = deliver.Cut(f.Value, maxDetail)
	}
	for _, f := range deliver.Reasons(n) {
		p.Details["Finding: "+deliver.Cut(f.Name, 200)] = deliver.Cut(f.Value, maxDetail)
	}
	if n.Link != "" {
		e.ClientURL = n.Link
		e.Links = []link{{n.Link, "Open the incident"}}
	}
	return e
}

func action(n *alert.Notice) string {
	switch {
	case n.State.Over():
		return "resolve"
	case n.Change == alert.Taken && n.State == alert.Acknowledged:
		return "acknowledge"
	}
	return "trigger"
}

// severity is ours in the words of the API.
func severity(s string) string {
	switch s {
	case "critical":
		return "critical"
	case "high":
		return "error"
	case "medium":
		return "warning"
	}
	return "info"
}
