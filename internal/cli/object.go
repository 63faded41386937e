package cli

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/reading"
)

func (p *Program) objectCmd() *cobra.Command {
	var t target
	var o output
	var s span
	c := &cobra.Command{
		Use:   "object TYPE/ID",
		Short: "Say who touched an object",
		Long: "Say who touched an object, through which app, how often, when first and last, what was done, and which classes of data the answers held. " +
			"\"Asked\" counts the calls that named the object; the others had it in their answer. Two apps of one person are two lines. The numbers come from a view of the record that is kept for this question.",
		Example: "  gatebook object customer/4711 --since 30d\n  gatebook object repo/octo/hello --json",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	s.flags(c)
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		q := url.Values{"object": {args[0]}}
		err = o.check("table", "json", "csv")
		if err == nil {
			err = p.span(&s, q, o.utc)
		}
		if err != nil {
			return usage(c, err)
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var got reading.Object
		if err := from.get(c.Context(), "/api/v1/object", q, &got); err != nil {
			return err
		}
		if o.form == "json" {
			return lines(p.Stdout).Encode(&got)
		}
		return p.object(&o, &got)
	}
	return c
}

func (p *Program) object(o *output, got *reading.Object) error {
	l := p.look(o)
	rows := make([][]cell, 0, len(got.Touchers))
	for _, w := range got.Touchers {
		app := w.Client
		if app == "" && w.Key != "" {
			app = "key " + w.Key
		}
		rows = append(rows, []cell{
			{toucherName(&w), bold}, {app, plain}, {strconv.FormatUint(w.Calls, 10), plain}, {strconv.FormatUint(w.Asked, 10), plain}, {countText(w.Actions), plain},
			{strings.Join(w.Data, " "), yellow}, {l.time(w.First), dim}, {l.time(w.Last), dim},
		})
	}
	if len(rows) > 0 || o.form == "csv" {
		if err := p.rows(o, []string{"who", "app", "calls", "asked", "did", "data", "first", "last"}, rows); err != nil {
			return err
		}
	}
	p.note("%d calls touched %s/%s, %d asked for it, %s; counted by the view of objects (%s): no evidence", got.Calls, got.Type, got.ID, got.Asked, got.Meta.Took.Round(time.Millisecond), got.Meta.Index)
	if got.More > 0 {
		p.note("%d more are left out: bound it by time", got.More)
	}
	p.incomplete(got.Meta)
	return nil
}

// toucherName names a principal for people.
func toucherName(w *reading.Toucher) string {
	for _, name := range []string{w.Email, w.Subject, w.Name, w.Principal, w.Kind} {
		if name != "" {
			return name
		}
	}
	return "nobody is known"
}

// countText writes counts in words: "read 12, update 1".
func countText(list []reading.Count) string {
	var parts []string
	for _, c := range list {
		parts = append(parts, c.Value+" "+strconv.FormatUint(c.Count, 10))
	}
	return strings.Join(parts, ", ")
}

// incomplete says what an answer of the index or of another view may lack.
func (p *Program) incomplete(m reading.Meta) {
	if m.Complete {
		return
	}
	var why []string
	if behind := m.Sealed - m.Indexed; behind > 0 && m.Source != "objects" { // whose note says so
		why = append(why, fmt.Sprintf("the newest %d of %d records are not in the index yet", behind, m.Sealed))
	}
	if m.Note != "" {
		why = append(why, m.Note)
	}
	p.note("not complete: %s", strings.Join(why, "; "))
}

// touched prints what a principal touched.
func (p *Program) touched(c *cobra.Command, o *output, from *client, q url.Values) error {
	var got reading.Touched
	if err := from.get(c.Context(), "/api/v1/touched", q, &got); err != nil {
		return err
	}
	if o.form == "json" {
		return lines(p.Stdout).Encode(&got)
	}
	l := p.look(o)
	rows := make([][]cell, 0, len(got.Objects))
	for _, x := range got.Objects {
		rows = append(rows, []cell{
			{x.Object, bold}, {x.Client, plain}, {strconv.FormatUint(x.Calls, 10), plain}, {strconv.FormatUint(x.Asked, 10), plain}, {countText(x.Actions), plain},
			{strings.Join(x.Data, " "), yellow}, {l.time(x.First), dim}, {l.time(x.Last), dim},
		})
	}
	if len(rows) > 0 {
		if err := p.rows(o, []string{"object", "app", "calls", "asked", "did", "data", "first", "last"}, rows); err != nil {
			return err
		}
	}
	p.note("%d objects in %d calls of %s (%s), %s; counted by the index (%s): no evidence", got.Distinct, got.Calls, got.Asked, countText(got.Types), got.Meta.Took.Round(time.Millisecond), got.Meta.Index)
	if got.More || uint64(len(got.Objects)) < got.Distinct {
		p.note("the most frequent are shown: bound it by time, or raise --limit")
	}
	p.incomplete(got.Meta)
	return nil
}
