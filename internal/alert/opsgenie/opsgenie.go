// Package opsgenie sends messages to the Alert API v2 of Opsgenie, which Jira
// Service Management speaks as well: an incident is one alert, whose alias is
// the id of the incident. A message that comes again adds to the count of the
// alert and makes no second one.
package opsgenie

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/redact"
)

// DefaultURL is the API of the US; that of the EU is
// https://api.eu.opsgenie.com.
const DefaultURL = "https://api.opsgenie.com"

// Config is what a [Channel] needs. Client and Key are required.
type Config struct {
	Client *egress.Client // of [DefaultURL], or another region's
	Key    redact.Secret  // of an API integration
	Source string         // what Opsgenie shows as the source: the name of the ledger
}

// Channel is a [deliver.Channel].
type Channel struct{ cfg Config }

var _ deliver.Channel = (*Channel)(nil)

// New returns a channel.
func New(c Config) *Channel { return &Channel{c} }

// Limits of the API, in characters.
const (
	maxMessage     = 130
	maxAlias       = 512
	maxDescription = 15_000
	maxDetails     = 8_000 // of all names and values together
	maxTags        = 20
	maxTag         = 50
	maxEntity      = 512
	maxSource      = 100
	maxNote        = 25_000
)

type create struct {
	Message     string            `json:"message"`
	Alias       string            `json:"alias"`
	Description string            `json:"description,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Details     map[string]string `json:"details,omitempty"`
	Entity      string            `json:"entity,omitempty"`
	Source      string            `json:"source,omitempty"`
	Priority    string            `json:"priority"`
}

type change struct {
	Source string `json:"source,omitempty"`
	Note   string `json:"note,omitempty"`
}

// Send implements [deliver.Channel]. A test makes an alert and closes it.
func (c *Channel) Send(ctx context.Context, m *deliver.Message) (string, error) {
	n := m.Single()
	if n == nil || m.Kind == deliver.Test {
		answer, err := c.post(ctx, "/v2/alerts", nil, c.create(m))
		if err == nil && m.Kind == deliver.Test {
			answer, err = c.change(ctx, n, "close")
		}
		return answer, err
	}
	switch {
	case n.State.Over():
		return c.change(ctx, n, "close")
	case n.Change == alert.Taken && n.State == alert.Acknowledged:
		return c.change(ctx, n, "acknowledge")
	}
	return c.post(ctx, "/v2/alerts", nil, c.create(m))
}

func (c *Channel) change(ctx context.Context, n *alert.Notice, verb string) (string, error) {
	note := deliver.Clean(string(n.State) + " " + n.Reason)
	return c.post(ctx, "/v2/alerts/"+url.PathEscape(n.Incident)+"/"+verb, url.Values{"identifierType": {"alias"}},
		change{Source: deliver.Cut(c.cfg.Source, maxSource), Note: deliver.Cut(note, maxNote)})
}

func (c *Channel) post(ctx context.Context, path string, query url.Values, v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	a, err := c.cfg.Client.Send(ctx, http.MethodPost, path, query, b, http.Header{"Authorization": {"GenieKey " + string(c.cfg.Key)}})
	return a.String(), err
}

func (c *Channel) create(m *deliver.Message) create {
	a := create{
		Message: deliver.Cut(m.Headline(), maxMessage), Alias: deliver.Cut(m.ID, maxAlias),
		Source: deliver.Cut(c.cfg.Source, maxSource), Priority: priority(m.Severity()),
	}
	n := m.Single()
	if n == nil {
		lines := []string{m.Tally()}
		for i := range m.Notices {
			lines = append(lines, deliver.Line(&m.Notices[i]))
		}
		a.Description = deliver.Cut(strings.Join(lines, "\n"), maxDescription)
		return a
	}
	a.Alias = deliver.Cut(n.Incident, maxAlias)
	for _, t := range n.Tags {
		if len(a.Tags) < maxTags {
			a.Tags = append(a.Tags, deliver.Cut(t, maxTag))
		}
	}
	var entity []string
	for _, v := range n.Entity {
		entity = append(entity, deliver.Clean(v.Value))
	}
	a.Entity = deliver.Cut(strings.Join(entity, ", "), maxEntity)
	a.Details = details(n)
	var lines []string
	for _, f := range deliver.Reasons(n) {
		lines = append(lines, f.Name+": "+f.Value)
	}
	if n.Link != "" {
		lines = append([]string{n.Link}, lines...)
	}
	a.Description = deliver.Cut(strings.Join(lines, "\n"), maxDescription)
	return a
}

func details(n *alert.Notice) map[string]string {
	d, left := make(map[string]string), maxDetails
	for _, f := range deliver.Facts(n) {
		value := deliver.Cut(f.Value, 1000)
		if left -= utf8.RuneCountInString(f.Name) + utf8.RuneCountInString(value); left < 0 {
			break
		}
		d[f.Name] = value
	}
	return d
}

// priority is a severity in the words of the API.
func priority(s string) string {
	switch s {
	case "critical":
		return "P1"
	case "high":
		return "P2"
	case "medium":
		return "P3"
	case "low":
		return "P4"
	}
	return "P5"
}
