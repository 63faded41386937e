package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/reading"
)

// Backtest asks what a rule would have found.
type Backtest struct {
	Rule  string `json:"rule,omitempty"`  // name; empty: the only one of the text
	Text  string `json:"text,omitempty"`  // YAML of the rule; empty: the text of the rule that runs
	Query string `json:"query,omitempty"` // LogsQL; empty: all events but looks
	From  string `json:"from,omitempty"`  // as for search: RFC 3339, a date, or a duration before now; empty: the beginning
	To    string `json:"to,omitempty"`    // the same; empty: now
}

// BacktestItem is a line of the answer to a [Backtest]; one member is set.
type BacktestItem struct {
	Progress *alert.TriedProgress `json:"progress,omitempty"`
	Finding  *detect.Finding      `json:"finding,omitempty"` // the first 500 of them
	Result   *alert.TriedResult   `json:"result,omitempty"`  // the last line
	Problem  *Problem             `json:"problem,omitempty"` // it broke off; the last line
}

func backtest(c *call) error {
	b, err := c.book()
	if err != nil {
		return err
	}
	var ask Backtest
	if err := c.body(&ask); err != nil {
		return err
	}
	t := alert.Backtest{Rule: ask.Rule, Text: ask.Text, Query: reading.Query{LogsQL: ask.Query}}
	for _, bound := range []struct {
		name, text string
		at         *time.Time
	}{{"from", ask.From, &t.Query.From}, {"to", ask.To, &t.Query.To}} {
		if bound.text == "" {
			continue
		}
		if *bound.at, err = ParseTime(bound.text, c.cfg.Now()); err != nil {
			return argument(bound.name, err.Error())
		}
	}
	rc := http.NewResponseController(c.w)
	send := func(item BacktestItem) error {
		line, err := marshal(item)
		if err != nil {
			return err
		}
		if c.w.status == 0 {
			c.w.Header().Set("Content-Type", "application/jsonl")
			c.w.WriteHeader(http.StatusOK)
		}
		rc.SetWriteDeadline(c.cfg.Now().Add(30 * time.Second))
		if _, err := c.w.Write(append(line, '\n')); err != nil {
			return err
		}
		return rc.Flush()
	}
	err = b.Backtest(c.r.Context(), c.reader, t, func(item *alert.Tried) error {
		return send(BacktestItem{Progress: item.Progress, Finding: item.Finding, Result: item.Result})
	})
	if err == nil || c.w.status == 0 {
		return err
	}
	p := *problemOf(err)
	p.Type = ProblemPrefix + p.Type
	return errors.Join(err, send(BacktestItem{Problem: &p}))
}

type ruleParams struct {
	Rule string `path:"rule" doc:"Name of a rule."`
}

func ruleText(c *call, p ruleParams) (*alert.RuleText, error) {
	b, err := c.book()
	if err != nil {
		return nil, err
	}
	return b.RuleText(c.r.Context(), c.reader, p.Rule)
}
