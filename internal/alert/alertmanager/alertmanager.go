// Package alertmanager sends messages to the API v2 of a Prometheus
// Alertmanager. An incident is one alert, told apart by its labels; it is sent
// again until it is over, since an Alertmanager forgets an alert that it does
// not hear of.
//
// Its labels are alertname, incident, rule (the one that opened it), severity
// and instance. Two alerts with different labels are two: when the severity is
// raised, the alert of the severity before is ended in the request that fires
// the new one.
package alertmanager

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/redact"
)

// Config is what a [Channel] needs. Client is required.
type Config struct {
	Client *egress.Client    // of the URL of the Alertmanager, without /api/v2
	Token  redact.Secret     // sent as a bearer token; empty: none
	Labels map[string]string // added to each alert, such as cluster
	Source string            // the label instance: the name of the ledger
	Now    func() time.Time  // nil: time.Now
}

// Channel is a [deliver.Firer].
type Channel struct{ cfg Config }

var _ deliver.Firer = (*Channel)(nil)

// New returns a channel.
func New(c Config) *Channel {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Channel{c}
}

// maxValue bounds a label or annotation, in characters; our own.
const maxValue = 1000

// maxAlerts bounds the alerts of one request.
const maxAlerts = 200

type alertJSON struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Send implements [deliver.Channel]. A test fires for a minute.
func (c *Channel) Send(ctx context.Context, m *deliver.Message) (string, error) {
	now := c.cfg.Now()
	var list []alertJSON
	for i := range m.Notices {
		n := &m.Notices[i]
		until := now.Add(deliver.FireFor)
		switch {
		case n.Test:
			until = now.Add(time.Minute)
		case n.State.Over():
			until = now
		}
		list = append(list, c.render(n, n.Severity, until))
		if n.Was != "" && n.Was != n.Severity {
			list = append(list, c.render(n, n.Was, now))
		}
	}
	return c.post(ctx, list)
}

// Fire implements [deliver.Firer].
func (c *Channel) Fire(ctx context.Context, ms []*deliver.Message, until time.Time) error {
	var list []alertJSON
	for _, m := range ms {
		for i := range m.Notices {
			list = append(list, c.render(&m.Notices[i], m.Notices[i].Severity, until))
		}
	}
	for part := range slices.Chunk(list, maxAlerts) {
		if _, err := c.post(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func (c *Channel) post(ctx context.Context, list []alertJSON) (string, error) {
	b, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	h := http.Header{}
	if c.cfg.Token != "" {
		h.Set("Authorization", "Bearer "+string(c.cfg.Token))
	}
	a, err := c.cfg.Client.Send(ctx, http.MethodPost, "/api/v2/alerts", nil, b, h)
	return a.String(), err
}

func (c *Channel) render(n *alert.Notice, severity string, until time.Time) alertJSON {
	a := alertJSON{
		Labels: map[string]string{
			"alertname": "GatebookIncident", "incident": n.Incident, "severity": severity, "instance": c.cfg.Source,
		},
		Annotations: map[string]string{"summary": deliver.Cut(deliver.Clean(n.Title), maxValue)},
		StartsAt:    n.From.UTC(), EndsAt: until.UTC(), GeneratorURL: n.Link,
	}
	if len(n.Rules) > 0 {
		a.Labels["rule"] = n.Rules[0] // the one that opened it: the others come later
	}
	for k, v := range c.cfg.Labels {
		a.Labels[k] = v
	}
	if a.StartsAt.After(a.EndsAt) {
		a.StartsAt = a.EndsAt
	}
	for _, f := range deliver.Facts(n) {
		a.Annotations[name(f.Name)] = deliver.Cut(f.Value, maxValue)
	}
	var why []string
	for _, f := range deliver.Reasons(n) {
		why = append(why, f.Name+": "+f.Value)
	}
	if len(why) > 0 {
		a.Annotations["description"] = deliver.Cut(strings.Join(why, "\n"), 4*maxValue)
	}
	return a
}

// name is s as the name of an annotation: letters, digits and underscores.
func name(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, s)
}
