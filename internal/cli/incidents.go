package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/api"
)

func (p *Program) alertsCmd() *cobra.Command {
	var t target
	var o output
	var states, severity, assignee, rule, subject, text, since string
	var limit int
	c := &cobra.Command{
		Use:   "alerts",
		Short: "List incidents, and work with them; see where alerts go",
		Long: "List incidents: what the rules of detection found about one entity, together. Without --state, those that are open or acknowledged.\n\n" +
			"Each look is recorded; what is done about an incident is recorded before it is done. docs/alerts.md says what incidents, states and silences are, docs/receivers.md where alerts go.",
		Example: "  gatebook alerts\n  gatebook alerts show inc_3f2a\n  gatebook alerts ack inc_3f2a\n  gatebook alerts resolve inc_3f2a --false-positive --reason 'our own scanner'",
		Args:    cobra.NoArgs,
	}
	t.flags(c)
	f := c.Flags()
	f.StringVar(&states, "state", "open,acknowledged", "the `states`, with commas: open, acknowledged, resolved, false-positive; all")
	f.StringVar(&severity, "severity", "", "only those of this `severity` or a higher one: "+levelsText)
	f.StringVar(&assignee, "assignee", "", "only those that were given to this `person`; - for nobody")
	f.StringVar(&rule, "rule", "", "only those in which the rule of this `name` found something")
	f.StringVar(&subject, "about", "", "only those about one of these `values`, with commas: an id, an app, a fingerprint or an address, as the column about has it")
	f.StringVar(&text, "text", "", "only those with this `text` in the id, the title, the entity or a rule")
	f.StringVar(&since, "since", "", "only those that changed after this `time`: 7d, 2026-01-31")
	f.IntVar(&limit, "limit", 50, "so many at most")
	o.flags(c, "table, json, csv")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if err := o.check("table", "json", "csv"); err != nil {
			return usage(c, err)
		}
		if states == "all" {
			states = ""
		}
		q := url.Values{"limit": {strconv.Itoa(limit)}}
		if err := p.set(q, map[string]string{"state": states, "severity": severity, "assignee": assignee, "rule": rule, "about": subject, "text": text}, map[string]string{"since": since}); err != nil {
			return usage(c, err)
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var list alert.Incidents
		if err := from.get(c.Context(), "/api/v1/incidents", q, &list); err != nil {
			return err
		}
		if o.form == "json" {
			return each(p, list.Incidents)
		}
		l := p.look(&o)
		rows := make([][]cell, 0, len(list.Incidents))
		for _, i := range list.Incidents {
			rows = append(rows, []cell{{i.ID, bold}, {i.Severity, levelStyle(i.Severity)}, {string(i.State), plain}, {about(i.Entity), plain}, {i.Title, plain}, {strconv.Itoa(i.Findings), plain}, {l.time(i.At), dim}, {i.Assignee, plain}})
		}
		return p.rows(&o, []string{"incident", "severity", "state", "about", "title", "findings", "last event", "assignee"}, rows)
	}
	c.AddCommand(p.alertsShowCmd(), p.alertsAckCmd(), p.alertsAssignCmd(), p.alertsNoteCmd(), p.alertsResolveCmd(), p.alertsReopenCmd(), p.alertsTailCmd(),
		p.alertsSilenceCmd(), p.alertsSilencesCmd(), p.alertsUnsilenceCmd(), p.alertsFindingsCmd(),
		p.alertsReceiversCmd(), p.alertsTestCmd(), p.alertsDeliveriesCmd(), p.alertsRetryCmd())
	return c
}

func (p *Program) alertsShowCmd() *cobra.Command {
	var t target
	var asJSON, utc bool
	c := &cobra.Command{
		Use: "show INCIDENT", Short: "Show an incident: its story, why each rule fired, its events, and what was done", Args: cobra.ExactArgs(1),
		Long: "Show an incident: what was found, in order, with the terms of each rule's formula; the events in the ledger that it names, each of which gatebook prove proves; and what was done about it. INCIDENT is an id or its beginning.",
	}
	t.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&utc, "utc", false, "times in UTC instead of the local zone")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var s alert.Story
		if err := from.get(c.Context(), "/api/v1/incidents/"+url.PathEscape(args[0]), nil, &s); err != nil {
			return err
		}
		if asJSON {
			return lines(p.Stdout).Encode(&s)
		}
		return p.story(p.look(&output{form: "table", utc: utc}), &s)
	}
	return c
}

func (p *Program) story(l look, s *alert.Story) error {
	i := &s.Incident
	fact := func(name, text string) {
		if text != "" {
			fmt.Fprintf(p.Stdout, "%-11s %s\n", name, clean(text))
		}
	}
	fact("incident", i.ID)
	fact("title", i.Title)
	fact("severity", l.paint(levelStyle(i.Severity), i.Severity))
	fact("state", string(i.State))
	fact("assignee", i.Assignee)
	for _, v := range i.Entity {
		fact("about", v.Field+" "+v.Value)
	}
	fact("risk", strconv.FormatFloat(i.Risk, 'f', -1, 64)+" points")
	fact("events", fmt.Sprintf("%d, from %s to %s", i.Events, l.time(i.From), l.time(i.At)))
	fact("opened", fmt.Sprintf("%s, sealed as record %d", l.time(i.Opened), i.Decision))
	fact("proposed", strings.Join(i.Response, ", "))
	if i.Erased {
		fact("erased", "what was personal in it was erased")
	}
	for _, f := range s.Findings {
		fmt.Fprintf(p.Stdout, "\n%s  %s  %s\n", l.paint(dim, l.time(f.At)), l.paint(levelStyle(f.Level), f.Level), clean(f.Title))
		standing := ""
		if f.Standing != "current" {
			standing = ", " + string(f.Standing)
		}
		fmt.Fprintf(p.Stdout, "  rule %s, finding %s%s\n", clean(f.Rule), f.ID[:min(12, len(f.ID))], standing)
		p.terms(f.Terms, "  ")
		fmt.Fprintf(p.Stdout, "  records: %s\n", records(f.Events))
	}
	fmt.Fprintln(p.Stdout)
	rows := make([][]cell, 0, len(s.Log))
	for _, e := range s.Log {
		by, record := e.By, ""
		if by == "" {
			by = "gatebook"
		}
		if e.Decision > 0 {
			record = strconv.FormatUint(e.Decision, 10)
		}
		text := e.Text
		switch {
		case e.Erased:
			text = "(erased)"
		case e.What == "assigned":
			text = strings.TrimSpace("to " + e.Assignee + " " + text)
		case text == "" && e.Severity != "":
			text = fmt.Sprintf("%s, %d findings", e.Severity, len(e.Findings))
		}
		rows = append(rows, []cell{{l.time(e.At), dim}, {e.What, plain}, {by, plain}, {text, plain}, {record, dim}})
	}
	if err := l.table(p.Stdout, []string{"time", "what", "by", "", "record"}, rows); err != nil {
		return err
	}
	if n := len(s.Events); n > 0 && s.Events[n-1].Number >= 0 {
		p.note("see an event: gatebook show %d   prove it: gatebook prove %d", s.Events[n-1].Number, s.Events[n-1].Number)
	}
	return nil
}

// step has the server do something about an incident.
func (p *Program) step(ctx context.Context, t *target, id string, s api.IncidentStep, said string) (err error) {
	from, err := p.connect(ctx, t)
	if err != nil {
		return err
	}
	defer from.close(&err)
	var i alert.Incident
	if err := from.post(ctx, "/api/v1/incidents/"+url.PathEscape(id), s, &i); err != nil {
		return err
	}
	p.note(said, i.ID)
	return nil
}

func (p *Program) alertsAckCmd() *cobra.Command {
	var t target
	c := &cobra.Command{
		Use: "ack INCIDENT", Short: "Acknowledge an incident: you work on it", Args: cobra.ExactArgs(1),
		Long: "Acknowledge an incident: you work on it. If it was given to nobody, it is yours.",
		RunE: func(c *cobra.Command, args []string) error {
			return p.step(c.Context(), &t, args[0], api.IncidentStep{Do: "acknowledge"}, "%s is acknowledged")
		},
	}
	t.flags(c)
	return c
}

func (p *Program) alertsAssignCmd() *cobra.Command {
	var t target
	c := &cobra.Command{
		Use: "assign INCIDENT PERSON", Short: "Give an incident to somebody; - for nobody", Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return p.step(c.Context(), &t, args[0], api.IncidentStep{Do: "assign", Assignee: strings.TrimPrefix(args[1], "-")}, "%s was assigned")
		},
	}
	t.flags(c)
	return c
}

func (p *Program) alertsNoteCmd() *cobra.Command {
	var t target
	c := &cobra.Command{
		Use: "note INCIDENT TEXT", Short: "Add a note to an incident", Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return p.step(c.Context(), &t, args[0], api.IncidentStep{Do: "note", Note: args[1]}, "the note was added to %s")
		},
	}
	t.flags(c)
	return c
}

// withReason refuses what has to say why.
func withReason(c *cobra.Command, t *target, what string) error {
	if strings.TrimSpace(t.reason) == "" {
		return usage(c, fmt.Errorf("--reason is missing: %s needs one, and it is recorded", what))
	}
	return nil
}

func (p *Program) alertsResolveCmd() *cobra.Command {
	var t target
	var wrong bool
	c := &cobra.Command{Use: "resolve INCIDENT", Short: "Close an incident", Args: cobra.ExactArgs(1)}
	t.flags(c)
	c.Flags().BoolVar(&wrong, "false-positive", false, "it was no attack and no mistake")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := withReason(c, &t, "closing an incident"); err != nil {
			return err
		}
		s := api.IncidentStep{Do: "resolve"}
		if wrong {
			s.Do = "false-positive"
		}
		return p.step(c.Context(), &t, args[0], s, "%s is closed")
	}
	return c
}

func (p *Program) alertsReopenCmd() *cobra.Command {
	var t target
	c := &cobra.Command{Use: "reopen INCIDENT", Short: "Open an incident again", Args: cobra.ExactArgs(1)}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := withReason(c, &t, "reopening an incident"); err != nil {
			return err
		}
		return p.step(c.Context(), &t, args[0], api.IncidentStep{Do: "reopen"}, "%s is open again")
	}
	return c
}

func (p *Program) alertsTailCmd() *cobra.Command {
	var t target
	var o output
	var limit int
	c := &cobra.Command{Use: "tail", Short: "Show changes of incidents as they happen, until interrupted", Args: cobra.NoArgs}
	t.flags(c)
	c.Flags().IntVar(&limit, "limit", 0, "end after this many changes; 0: go on")
	o.flags(c, "table or json")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if err := o.check("table", "json"); err != nil {
			return usage(c, err)
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		res, err := from.do(c.Context(), http.MethodGet, "/api/v1/alerts/tail", nil, nil)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		l, shown := p.look(&o), 0
		err = serverEvents(res.Body, func(name string, data []byte) error {
			if name == "error" {
				var f failure
				if err := json.Unmarshal(data, &f.Problem); err != nil {
					return fmt.Errorf("reading the tail: %w", err)
				}
				return &f
			}
			if name != "notice" {
				return nil
			}
			var n alert.Notice
			if err := json.Unmarshal(data, &n); err != nil {
				return fmt.Errorf("reading the tail: %w", err)
			}
			if o.form == "json" {
				err = lines(p.Stdout).Encode(&n)
			} else {
				_, err = fmt.Fprintf(p.Stdout, "%s  %-9s %s  %s  %s  %s\n", l.paint(dim, l.time(n.Found)), n.Change, l.paint(bold, n.Incident), l.paint(levelStyle(n.Severity), n.Severity), clean(about(n.Entity)), clean(n.Title))
			}
			if shown++; err == nil && shown == limit {
				return io.EOF
			}
			return err
		})
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case c.Context().Err() != nil:
			return c.Context().Err()
		case err == nil:
			return errors.New("the server ended the tail: it is stopping")
		}
		return err
	}
	return c
}

func (p *Program) alertsSilenceCmd() *cobra.Command {
	var t target
	var s api.NewSilence
	c := &cobra.Command{
		Use: "silence", Short: "Keep findings quiet for a while: they open no incident", Args: cobra.NoArgs,
		Long:    "Keep findings quiet for a while: they are kept, and open, raise and join no incident. Say of which rule, about whom, or both.",
		Example: "  gatebook alerts silence --rule forced-browsing --about 198.51.100.0/24 --for 2h --reason 'our own scan, ticket 812'",
	}
	t.flags(c)
	f := c.Flags()
	f.StringVar(&s.Rule, "rule", "", "only findings of the rule of this `name`")
	f.StringVar(&s.Entity, "about", "", "only findings about this `entity`: a value as gatebook alerts shows it")
	f.StringVar(&s.Level, "level", "high", "the highest `level` that is kept quiet: "+levelsText)
	f.StringVar(&s.For, "for", "", "how `long`, such as 2h or 7d; at most 90d")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if err := withReason(c, &t, "a silence"); err != nil {
			return err
		}
		if s.For == "" {
			return usage(c, errors.New("--for is missing: a silence ends by itself"))
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var made alert.Silence
		if err := from.post(c.Context(), "/api/v1/silences", s, &made); err != nil {
			return err
		}
		p.note("%s, until %s", made.ID, p.look(&output{}).time(made.Until))
		return nil
	}
	return c
}

func (p *Program) alertsSilencesCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{Use: "silences", Short: "List silences, also those that have ended", Args: cobra.NoArgs}
	t.flags(c)
	o.flags(c, "table, json, csv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := listed[alert.Silence](p, c, &t, &o, "/api/v1/silences")
		if err != nil || o.form == "json" {
			return err
		}
		l := p.look(&o)
		rows := make([][]cell, 0, len(list))
		for _, s := range list {
			until := s.Until
			if !s.Ended.IsZero() {
				until = s.Ended
			}
			rows = append(rows, []cell{{s.ID, bold}, {s.Rule, plain}, {s.Entity, plain}, {s.Level, plain}, {l.time(until), plain}, {strconv.Itoa(s.Quiet), plain}, {s.By, plain}, {s.Reason, plain}})
		}
		return p.rows(&o, []string{"silence", "rule", "about", "up to", "until", "quiet", "by", "reason"}, rows)
	}
	return c
}

func (p *Program) alertsUnsilenceCmd() *cobra.Command {
	return p.deleteCmd("unsilence SILENCE", "End a silence before its time", "/api/v1/silences/", "the silence %s has ended")
}

// rulesLiveCmd lists the rules of a server.
func (p *Program) rulesLiveCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{
		Use: "live", Short: "List the rules that a server runs, and what they found", Args: cobra.NoArgs,
		Long: "List the rules that a server runs, how many findings of each are kept, when the newest was, and how long it takes to judge an event, measured on one event of 64. A rule that is inactive cannot find anything there: it needs the places of addresses, by detect.places of the configuration.",
	}
	t.flags(c)
	o.flags(c, "table, json, csv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := listed[alert.RuleState](p, c, &t, &o, "/api/v1/rules")
		if err != nil || o.form == "json" {
			return err
		}
		l := p.look(&o)
		rows := make([][]cell, 0, len(list))
		for _, r := range list {
			state := cell{"runs", green}
			switch {
			case r.Disabled:
				state = cell{"disabled", dim}
			case r.Inactive:
				state = cell{"inactive: no places", yellow}
			}
			cost := ""
			if r.Cost > 0 {
				cost = r.Cost.String()
			}
			rows = append(rows, []cell{{r.Name, plain}, {r.Level, levelStyle(r.Level)}, state, {strconv.FormatUint(r.Findings, 10), plain}, {l.time(r.Last), dim}, {cost, dim}, {r.Title, plain}})
		}
		return p.rows(&o, []string{"name", "level", "state", "findings", "last", "cost", "title"}, rows)
	}
	return c
}
