package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/api"
)

func (p *Program) sourcesCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{
		Use:   "sources",
		Short: "List the logs that are followed",
		Long:  "List what comes to a server beside its own calls. Of programs with the middleware: how many calls were recorded since the start, how many they lost, and how long the newest took to come. Of the logs that it follows, by sources in its configuration: how many events came of each since the start, how many lines could not be read and why, and how far behind it is. The exit code is 2 if one cannot be followed.",
		Args:  cobra.NoArgs,
	}
	t.flags(c)
	o.flags(c, "table or json")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if err := o.check("table", "json"); err != nil {
			return err
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var all api.Sources
		if err := from.get(c.Context(), "/api/v1/sources", nil, &all); err != nil {
			return err
		}
		for _, s := range all.Sources {
			if s.Problem != "" {
				p.code = ExitError
			}
		}
		if o.form == "json" {
			return errors.Join(each(p, all.Sources), each(p, all.Edges))
		}
		l := p.look(&o)
		if len(all.Edges) > 0 {
			if err := p.edges(l, all.Edges); err != nil || len(all.Sources) == 0 {
				return err
			}
			fmt.Fprintln(p.Stdout)
		}
		return p.sources(l, all.Sources)
	}
	return c
}

func (p *Program) edges(l look, list []api.EdgeState) error {
	var rows [][]cell
	for _, e := range list {
		at := func(t time.Time) string {
			if t.IsZero() {
				return ""
			}
			return l.time(t)
		}
		rows = append(rows, []cell{{e.Name, bold}, {fmt.Sprint(e.Events), plain}, {fmt.Sprint(e.Lost), plain}, {at(e.Joined), plain}, {at(e.Received), plain}, {fmt.Sprintf("%.1f s", e.Lag), plain}})
	}
	return l.table(p.Stdout, []string{"program", "calls", "lost", "started", "last delivery", "lag"}, rows)
}

func (p *Program) sources(l look, list []api.SourceState) error {
	var rows [][]cell
	for _, s := range list {
		last := ""
		if !s.Last.IsZero() {
			last = l.time(s.Last)
		}
		rows = append(rows, []cell{{s.Name, bold}, {s.File, plain}, {s.Form, plain}, {fmt.Sprint(s.Events), plain}, {fmt.Sprint(s.Skipped), plain}, {fmt.Sprintf("%d bytes", s.Behind), plain}, {last, plain}})
	}
	if err := l.table(p.Stdout, []string{"source", "log", "form", "events", "skipped", "behind", "newest call"}, rows); err != nil {
		return err
	}
	for _, s := range list {
		if s.Problem != "" {
			fmt.Fprintf(p.Stderr, "%s: %s\n", s.Name, clean(s.Problem))
		}
		for _, lost := range s.Lost {
			fmt.Fprintf(p.Stderr, "%s: %s\n", s.Name, clean(lost))
		}
		for _, x := range s.Problems {
			fmt.Fprintf(p.Stderr, "%s: line %d: %s\n", s.Name, x.Line, clean(x.Reason))
		}
		if s.Behind > 0 && s.Lag > time.Minute.Seconds() {
			fmt.Fprintf(p.Stderr, "%s: %.0f s behind\n", s.Name, s.Lag)
		}
	}
	return nil
}
