package cli

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/erasure"
)

func (p *Program) holdCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "hold",
		Short: "Keep events from being erased or expiring",
		Long:  "A legal hold outlasts erasure and retention: what it means stays until it is released. It is sealed in the record, its name and its reason in an envelope that it holds itself.",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.holdAddCmd(), p.holdListCmd(), p.holdReleaseCmd())
	return c
}

func (p *Program) holdAddCmd() *cobra.Command {
	var t target
	var s selection
	c := &cobra.Command{
		Use:     "add NAME",
		Short:   "Begin a hold",
		Long:    "Begin a hold on what is there and on what comes, by whoever or whatever is named. With --principal it also holds what others did that names the person.",
		Example: "  gatebook hold add 'case 2026-7' --principal alice@shop.example --reason 'letter of 12 May'\n  gatebook hold add audit --query 'capture.route:=payments' --since 2026-01-01 --reason 'annual audit'",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	s.flags(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		n := api.NewHold{Name: args[0]}
		n.Selection, err = p.selection(&s)
		if err == nil && strings.TrimSpace(t.reason) == "" {
			err = errors.New("--reason is missing: a hold needs one, and it is recorded")
		}
		if err != nil {
			return usage(c, err)
		}
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		var made api.Hold
		if err := to.post(c.Context(), "/api/v1/holds", n, &made); err != nil {
			return err
		}
		p.note("the hold %q (%s) began with event %d", made.Name, made.ID, made.Decision)
		return nil
	}
	return c
}

func (p *Program) holdListCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{Use: "list", Short: "List the holds in force", Args: cobra.NoArgs}
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
		var list []api.Hold
		if err := from.get(c.Context(), "/api/v1/holds", nil, &list); err != nil {
			return err
		}
		l, rows := p.look(&o), make([][]cell, 0, len(list))
		for _, h := range list {
			if o.form == "json" {
				if err := lines(p.Stdout).Encode(h); err != nil {
					return err
				}
			}
			rows = append(rows, []cell{{h.ID, bold}, {h.Name, plain}, {held(&h.Selection), plain}, {l.time(h.Since), dim}, {h.Reason, plain}})
		}
		if o.form == "json" {
			return nil
		}
		return p.rows(&o, []string{"id", "name", "holds", "since", "reason"}, rows)
	}
	return c
}

// held says what a hold means.
func held(s *api.Selection) string {
	var parts []string
	add := func(name string, values ...string) {
		for _, v := range values {
			if v != "" {
				parts = append(parts, name+" "+v)
			}
		}
	}
	add("principal", s.Principals...)
	add("object", s.Objects...)
	add("query", s.Query)
	add("event", s.Events...)
	for _, x := range []struct {
		name string
		at   time.Time
	}{{"since", s.From}, {"until", s.To}} {
		if !x.at.IsZero() {
			add(x.name, x.at.UTC().Format(time.RFC3339))
		}
	}
	return strings.Join(parts, ", ")
}

func (p *Program) holdReleaseCmd() *cobra.Command {
	var t target
	c := &cobra.Command{
		Use: "release NAME|ID", Short: "End a hold", Args: cobra.ExactArgs(1),
		Long: "End a hold. What has expired meanwhile goes at once.",
	}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if strings.TrimSpace(t.reason) == "" {
			return usage(c, errors.New("--reason is missing: releasing a hold needs one, and it is recorded"))
		}
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		res, err := to.do(c.Context(), http.MethodDelete, "/api/v1/holds/"+url.PathEscape(args[0]), nil, nil)
		if err != nil {
			return err
		}
		res.Body.Close()
		p.note("the hold %q is released", args[0])
		return nil
	}
	return c
}

func (p *Program) retentionCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{
		Use:   "retention",
		Short: "Say what goes when",
		Long:  "Say for how long envelopes are kept, what has expired, what goes next, and how much of each class is on the disk. The section retention of the configuration of a running server says it; without a server nothing expires.",
		Args:  cobra.NoArgs,
	}
	t.flags(c)
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
		var r erasure.Retention
		if err := from.get(c.Context(), "/api/v1/retention", nil, &r); err != nil {
			return err
		}
		if o.form == "json" {
			return lines(p.Stdout).Encode(r)
		}
		return p.retention(&o, &r)
	}
	return c
}

func (p *Program) retention(o *output, r *erasure.Retention) error {
	l := p.look(o)
	if len(r.Rules) == 0 {
		fmt.Fprintln(p.Stdout, "envelopes are kept for ever")
	}
	rows := make([][]cell, 0, len(r.Rules))
	for _, k := range r.Rules {
		routes := "all"
		switch {
		case len(k.Routes) > 0:
			routes = strings.Join(k.Routes, ",")
		case len(k.Except) > 0:
			routes = "all but " + strings.Join(k.Except, ",")
		}
		goes := "nothing"
		if k.Next != "" {
			goes = k.Next + " on " + l.time(k.Goes)
		}
		rows = append(rows, []cell{{strings.Join(k.Classes, ","), bold}, {routes, plain}, {fmt.Sprintf("%dd", k.Keep/(24*time.Hour)), plain}, {fmt.Sprint(k.Due), plain}, {goes, plain}})
	}
	if len(rows) > 0 {
		if err := p.rows(o, []string{"classes", "routes", "kept", "expired", "goes next"}, rows); err != nil {
			return err
		}
	}
	rows = rows[:0]
	for _, s := range r.Stored {
		rows = append(rows, []cell{{s.Class, bold}, {fmt.Sprint(s.Files), plain}, {fmt.Sprintf("%.1f MiB", float64(s.Bytes)/(1<<20)), plain}, {s.Oldest, plain}, {s.Newest, plain}})
	}
	fmt.Fprintln(p.Stdout)
	if err := p.rows(o, []string{"class", "files", "on disk", "oldest day", "newest day"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "\n%s not sealed yet, %s in force\n", count(r.Journal, "record"), count(uint64(r.Holds), "hold"))
	for _, d := range []struct {
		name string
		erasure.Decided
	}{{"erased ", r.Erased}, {"expired", r.Expired}} {
		fmt.Fprintf(p.Stdout, "%s  %s by %s\n", d.name, count(d.Envelopes, "envelope"), count(uint64(d.Decisions), "decision"))
	}
	if r.Pending > 0 {
		fmt.Fprintf(p.Stdout, "%s not carried out yet\n", count(uint64(r.Pending), "decision"))
	}
	if r.Problem != "" {
		p.note("the last round failed: %s", clean(r.Problem))
	}
	return nil
}
