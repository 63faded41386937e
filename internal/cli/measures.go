package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/policy"
)

// subjectHelp says how a subject is written.
const subjectHelp = `SUBJECT says whose calls are meant: principal:PSEUDONYM, app:CLIENT, key:ID (of
an API key), credential:FINGERPRINT, address:ADDRESS or address:RANGE,
route:NAME, operation:"GET /customers/{id}"; or several of these at once, joined
by " and ". gatebook who and gatebook show name them.`

// measureFlags are the flags of the verbs that decide.
type measureFlags struct {
	target
	length, incident string
	dryRun           bool
	force, propose   bool
	rate             string
	burst            int
	asJSON           bool
	preview          bool
	since            string
}

func (p *Program) measureCmd(kind policy.Kind, use, short, long, example string) *cobra.Command {
	var m measureFlags
	c := &cobra.Command{
		Use: use + " SUBJECT", Short: short, Args: cobra.ExactArgs(1), Example: example,
		Long: long + "\n\nIt is sealed in the record first, and in force when this verb ends. " + subjectHelp + "\n\nWith a name instead of a subject nothing is done: what it can mean is listed, to choose from.",
	}
	m.target.flags(c)
	f := c.Flags()
	f.StringVar(&m.length, "for", "", "how long, like 15m, 1h or 7d; without: until it is undone")
	f.StringVar(&m.incident, "incident", "", "the `id` of the incident that it is about")
	f.BoolVar(&m.dryRun, "dry-run", false, "do nothing, but say in each event what would have been done")
	f.BoolVar(&m.preview, "preview", false, "decide nothing, and show which calls it would have met, had it been in force")
	f.StringVar(&m.since, "since", "7d", "for --preview: the `time` from when on calls count: 7d, 2026-01-31, 2026-01-31T12:00")
	f.BoolVar(&m.force, "force", false, "although very many calls are meant; somebody else must approve it then")
	f.BoolVar(&m.propose, "propose", false, "for somebody else to approve")
	f.BoolVar(&m.asJSON, "json", false, "print JSON")
	if kind == policy.Throttle {
		f.StringVar(&m.rate, "rate", "1/s", "how many calls, like 5/s, 30/m or 100/h")
		f.IntVar(&m.burst, "burst", 0, "how many may come at once; without: as many as come in a second")
	}
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		n, err := m.request(kind, args[0])
		if err != nil {
			return usage(c, err)
		}
		to, err := p.connect(c.Context(), &m.target)
		if err != nil {
			return err
		}
		defer to.close(&err)
		switch {
		case unclear(args[0]):
			return p.candidates(c.Context(), to, use, args[0])
		case m.preview:
			return p.previewed(c.Context(), to, kind, args[0], m.since, m.asJSON)
		}
		var made act.Measure
		if err := to.post(c.Context(), "/api/v1/measures", n, &made); err != nil {
			return err
		}
		if m.asJSON {
			return lines(p.Stdout).Encode(made)
		}
		p.decided(&made)
		p.strange(c.Context(), to, &made)
		return nil
	}
	return c
}

// request makes what the API is asked for.
func (m *measureFlags) request(kind policy.Kind, subject string) (n api.NewMeasure, err error) {
	n = api.NewMeasure{Kind: string(kind), Subject: subject, DryRun: m.dryRun, Force: m.force, Propose: m.propose, Incident: m.incident, Burst: m.burst}
	if _, err := policy.ParseSubject(subject); err != nil && !unclear(subject) {
		return n, err
	}
	if m.preview || unclear(subject) {
		return n, nil // nothing is decided
	}
	if err := needsReason(m.reason, "what is done about access"); err != nil {
		return n, err
	}
	if m.length != "" {
		if n.For, err = api.ParseDuration(m.length); err != nil {
			return n, fmt.Errorf("--for %w", err)
		}
	}
	if kind == policy.Throttle {
		if n.Rate, err = parseRate(m.rate); err != nil {
			return n, fmt.Errorf("--rate %w", err)
		}
	}
	return n, nil
}

func needsReason(reason, what string) error {
	if strings.TrimSpace(reason) == "" {
		return fmt.Errorf("--reason is missing: %s needs one, and it is recorded", what)
	}
	return nil
}

// parseRate reads "30/m" as calls a second.
func parseRate(text string) (float64, error) {
	count, unit, ok := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(count, 64)
	per := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	if !ok || err != nil || per == 0 || !(n > 0) {
		return 0, fmt.Errorf("%q: want a rate like 5/s, 30/m or 100/h", text)
	}
	return n / per, nil
}

// decided tells people what came of their wish.
func (p *Program) decided(m *act.Measure) {
	what := map[policy.Kind]string{policy.Block: "blocked", policy.Throttle: "throttled to " + rateText(m), policy.Reauthenticate: "asked to authenticate anew"}[m.Kind]
	dry := ""
	if m.DryRun {
		dry = " (dry: nothing is done, events say what would have been)"
	}
	switch m.State {
	case act.Proposed:
		fmt.Fprintf(p.Stdout, "%s  proposed: %s would be %s\n", m.ID, clean(m.Subject), what)
		p.note("somebody else must approve it: gatebook approve %s --reason TEXT; until %s", m.ID, m.Answer.In(p.Zone).Format("2006-01-02 15:04"))
	default:
		until := "until it is undone"
		if !m.Until.IsZero() {
			until = "until " + m.Until.In(p.Zone).Format("2006-01-02 15:04:05")
		}
		fmt.Fprintf(p.Stdout, "%s  %s is %s %s%s\n", m.ID, clean(m.Subject), what, until, dry)
		p.note("sealed as event %d; to undo it: gatebook undo %s --reason TEXT", m.Decision, m.ID)
	}
}

// rateText says a throttle's rate for people.
func rateText(m *act.Measure) string {
	unit, rate := "s", m.Rate
	for _, u := range []string{"m", "h"} {
		if rate >= 1 {
			break
		}
		unit, rate = u, rate*60
	}
	return strconv.FormatFloat(rate, 'g', 4, 64) + "/" + unit
}

func (p *Program) blockCmd() *cobra.Command {
	return p.measureCmd(policy.Block, "block", "Refuse calls at the gateway",
		"Refuse the calls of a subject at the gateway, with 403. What is under way ends, too.",
		"  gatebook block principal:p_140d1e8c05dd48b4e95df5152a438150 --for 1h --reason 'case 2026-7: token stolen'\n  gatebook block 'app:crm-sync and route:export' --reason 'exfiltration, see case 2026-7' --dry-run")
}

func (p *Program) throttleCmd() *cobra.Command {
	return p.measureCmd(policy.Throttle, "throttle", "Slow calls down at the gateway",
		"Let only so many calls of a subject through, and refuse the others with 429 and Retry-After.",
		"  gatebook throttle address:203.0.113.0/24 --rate 30/m --for 1h --reason scraping")
}

func (p *Program) reauthCmd() *cobra.Command {
	return p.measureCmd(policy.Reauthenticate, "reauth", "Demand newer credentials at the gateway",
		"Refuse the calls of a subject, with 401 and a challenge, until they bring a credential that is newer than this decision: a token for which its holder has authenticated anew, an API key or a certificate that was made later.",
		"  gatebook reauth principal:p_140d1e8c05dd48b4e95df5152a438150 --for 12h --reason 'session in two countries'")
}

// measureVerb is a verb about one measure that is there.
func (p *Program) measureVerb(use, short, long, what, method, suffix string, done func(*act.Measure) string) *cobra.Command {
	var t target
	c := &cobra.Command{Use: use + " ID", Short: short, Long: long, Args: cobra.ExactArgs(1)}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if err := needsReason(t.reason, what); err != nil {
			return usage(c, err)
		}
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		var m act.Measure
		if err := to.ask(c.Context(), method, "/api/v1/measures/"+url.PathEscape(args[0])+suffix, &m); err != nil {
			return err
		}
		fmt.Fprintln(p.Stdout, clean(done(&m)))
		return nil
	}
	return c
}

// ask makes a request without a body, and reads the answer into v.
func (c *client) ask(ctx context.Context, method, path string, v any) error {
	res, err := c.do(ctx, method, path, nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return decode(res.Body, v)
}

func (p *Program) undoCmd() *cobra.Command {
	return p.measureVerb("undo", "End a measure", "End a block, a throttle or a demand to authenticate anew. It is sealed first.", "undoing a measure",
		http.MethodDelete, "", func(m *act.Measure) string { return m.ID + "  undone: " + m.Subject })
}

func (p *Program) approveCmd() *cobra.Command {
	return p.measureVerb("approve", "Put in force what somebody else proposed", "Put a proposed measure in force. Whoever proposed it cannot approve it.", "approving a measure",
		http.MethodPost, "/approve", func(m *act.Measure) string {
			return fmt.Sprintf("%s  in force: %s %s, by event %d", m.ID, m.Kind, m.Subject, m.Decision)
		})
}

func (p *Program) rejectCmd() *cobra.Command {
	return p.measureVerb("reject", "Say no to what was proposed", "Say no to a proposed measure, or take back what you proposed.", "rejecting a measure",
		http.MethodPost, "/reject", func(m *act.Measure) string { return m.ID + "  rejected: " + m.Subject })
}

func (p *Program) liftCmd() *cobra.Command {
	var t target
	var yes bool
	c := &cobra.Command{
		Use: "lift-all", Short: "End all measures in force, at once", Args: cobra.NoArgs,
		Long: "End all blocks, throttles and demands to authenticate anew, at once. This is for an emergency: each end is sealed first. It works with the token in the data directory, whoever is blocked, and also when no server runs.",
	}
	t.flags(c)
	c.Flags().BoolVar(&yes, "yes", false, "really all of them")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if err := needsReason(t.reason, "lifting all measures"); err != nil {
			return usage(c, err)
		}
		if !yes {
			return usage(c, errors.New("this ends all measures in force (gatebook measures lists them): say --yes if you mean it"))
		}
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		var list []act.Measure
		if err := to.ask(c.Context(), http.MethodDelete, "/api/v1/measures", &list); err != nil {
			return err
		}
		for i := range list {
			fmt.Fprintf(p.Stdout, "%s  undone: %s %s\n", list[i].ID, list[i].Kind, clean(list[i].Subject))
		}
		p.note("%s lifted", count(uint64(len(list)), "measure"))
		return nil
	}
	return c
}

func (p *Program) measuresCmd() *cobra.Command {
	var all bool
	c := p.listCmd("measures", "List what is blocked, throttled, or must authenticate anew", "List what is in force and what is proposed; with --all also what ended in the last 90 days.", func() string {
		if all {
			return "all"
		}
		return "open"
	})
	c.Flags().BoolVar(&all, "all", false, "also those that have ended")
	show := &cobra.Command{Use: "show ID", Short: "Show one measure", Args: cobra.ExactArgs(1)}
	var t target
	t.flags(show)
	show.RunE = func(c *cobra.Command, args []string) (err error) {
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var m act.Measure
		if err := from.get(c.Context(), "/api/v1/measures/"+url.PathEscape(args[0]), nil, &m); err != nil {
			return err
		}
		e := lines(p.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(m)
	}
	c.AddCommand(show)
	return c
}

func (p *Program) approvalsCmd() *cobra.Command {
	return p.listCmd("approvals", "List what waits for a second person's approval", "List the measures that are proposed. gatebook approve and gatebook reject answer them. Deactivations that are proposed: gatebook revoke list --state proposed.", func() string { return "proposed" })
}

// listCmd lists measures of the states that which names when the verb runs.
func (p *Program) listCmd(use, short, long string, which func() string) *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{Use: use, Short: short, Long: long, Args: cobra.NoArgs}
	t.flags(c)
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if err := o.check("table", "json", "csv"); err != nil {
			return usage(c, err)
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var list []act.Measure
		if err := from.get(c.Context(), "/api/v1/measures", url.Values{"state": {which()}}, &list); err != nil {
			return err
		}
		l, rows := p.look(&o), make([][]cell, 0, len(list))
		for i := range list {
			m := &list[i]
			if o.form == "json" {
				if err := lines(p.Stdout).Encode(m); err != nil {
					return err
				}
			}
			rows = append(rows, l.measure(m))
		}
		if o.form == "json" {
			return nil
		}
		return p.rows(&o, []string{"id", "state", "kind", "subject", "since", "until", "calls", "by", "reason"}, rows)
	}
	return c
}

// measure returns the row of a measure.
func (l look) measure(m *act.Measure) []cell {
	state, kind, until, by := string(m.State), string(m.Kind), "undone", m.By
	if m.DryRun {
		state += " (dry)"
	}
	if m.Kind == policy.Throttle {
		kind += " " + rateText(m)
	}
	at := func(t time.Time) string { return l.time(t) }
	switch {
	case !m.Ended.IsZero():
		until = at(m.Ended)
	case m.State == act.Proposed:
		until = at(m.Answer)
	case !m.Until.IsZero():
		until = at(m.Until)
	}
	if m.Rule != "" {
		by = "rule " + m.Rule
	}
	return []cell{{m.ID, bold}, {state, plain}, {kind, plain}, {m.Subject, plain}, {at(m.Since), dim}, {until, dim}, {strconv.FormatUint(m.Calls, 10), plain}, {by, plain}, {m.Reason, plain}}
}
