package api

import (
	"net/http"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
)

// alertRoutes are the endpoints about what detection found.
func alertRoutes() []route {
	return []route{
		get("/api/v1/findings", "findings", "What the rules of detection found, in the order in which it was found. No evidence: that is the events that a finding names.", findings),
	}
}

// alerts returns the findings and incidents, or an error where there are none.
func (c *call) alerts() (*alert.Book, error) {
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
	All   bool      `query:"all" doc:"Also findings that were superseded: they were made early, and did not hold in the order of the ledger."`
	Order string    `query:"order" default:"newest" oneof:"newest,oldest" doc:"Which come first."`
	After string    `query:"cursor" doc:"The member next of the page before."`
	Limit int       `query:"limit" default:"100" min:"1" max:"1000" doc:"Findings."`
}

func findings(c *call, p findingsParams) (*alert.Findings, error) {
	b, err := c.alerts()
	if err != nil {
		return nil, err
	}
	return b.Findings(c.r.Context(), c.reader, alert.Wanted{
		Rule: p.Rule, Level: p.Level, From: p.From, To: p.To, All: p.All, Newest: p.Order == "newest", After: p.After, Limit: p.Limit,
	})
}
