package cli

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/alert"
)

// rulesExplainCmd explains a finding, or the findings of an incident.
func (p *Program) rulesExplainCmd() *cobra.Command {
	var t target
	var asJSON, utc bool
	c := &cobra.Command{
		Use: "explain FINDING|INCIDENT", Short: "Explain what a server found: each term of the formula with its value, and what to check", Args: cobra.ExactArgs(1),
		Long:    "Explain a finding of a server, or all findings of an incident in their order: each term of the rule's formula with its value and what it had to be, the events, what the rule means, what to check and what to do. FINDING is an id, as gatebook alerts show and gatebook alerts findings print it, or its beginning; an INCIDENT begins with inc_.",
		Example: "  gatebook rules explain c7394451e6ea\n  gatebook rules explain inc_c7394451e6ea",
	}
	t.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, a line for each finding")
	c.Flags().BoolVar(&utc, "utc", false, "times in UTC instead of the local zone")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		ids, err := findingsOf(c.Context(), from, args[0])
		if err != nil {
			return err
		}
		for n, id := range ids {
			var x alert.Explanation
			if err := from.get(c.Context(), "/api/v1/findings/"+url.PathEscape(id), nil, &x); err != nil {
				return err
			}
			if asJSON {
				if err := lines(p.Stdout).Encode(&x); err != nil {
					return err
				}
				continue
			}
			if n > 0 {
				fmt.Fprintln(p.Stdout)
			}
			p.explanation(p.look(&output{form: "table", utc: utc}), &x)
		}
		return nil
	}
	return c
}

// findingsOf returns the ids of the findings that a word means.
func findingsOf(ctx context.Context, from *client, word string) ([]string, error) {
	if !strings.HasPrefix(word, "inc_") {
		return []string{word}, nil
	}
	var s alert.Story
	if err := from.get(ctx, "/api/v1/incidents/"+url.PathEscape(word), nil, &s); err != nil {
		return nil, err
	}
	var ids []string
	for _, f := range s.Findings {
		ids = append(ids, f.ID)
	}
	return ids, nil
}

// explanation prints one finding for people.
func (p *Program) explanation(l look, x *alert.Explanation) {
	f := &x.Finding
	fmt.Fprintf(p.Stdout, "%s\n%s, %s, %s\n\n", clean(f.Title), clean(f.Rule), f.Level, x.Standing)
	for _, v := range f.Entity {
		fmt.Fprintf(p.Stdout, "about     %s %s\n", clean(v.Field), clean(v.Value))
	}
	fmt.Fprintf(p.Stdout, "from      %s\nto        %s\nfound     %s\n", l.time(f.From), l.time(f.At), l.time(x.Found))
	if x.Incident != "" {
		fmt.Fprintf(p.Stdout, "incident  %s\n", x.Incident)
	}
	fmt.Fprintf(p.Stdout, "records   %s\nrisk      %d points, %g together\n\n", records(f.Events), f.Risk.Points, f.Risk.Total)
	p.terms(f.Terms, "")
	if x.Description != "" {
		fmt.Fprintf(p.Stdout, "\n%s\n", clean(strings.TrimSpace(x.Description)))
	}
	for _, part := range []struct {
		head string
		list []string
	}{{"Check", x.Check}, {"Do", x.Act}, {"It can also be", x.Benign}} {
		if len(part.list) > 0 {
			fmt.Fprintf(p.Stdout, "\n%s\n", part.head)
		}
		for _, line := range part.list {
			fmt.Fprintf(p.Stdout, "  - %s\n", clean(line))
		}
	}
}
