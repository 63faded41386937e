package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/reading"
)

func (p *Program) whoCmd() *cobra.Command {
	var t target
	var o output
	var s span
	var looked, looks, objects bool
	var limit int
	c := &cobra.Command{
		Use:   "who PRINCIPAL|EVENT",
		Short: "Sum up what a principal did, or who looked",
		Long: "Sum up what a principal did: identities, first and last event, and counts by operation, status, client, address and level. The principal is named by pseudonym, subject, e-mail, name, client, key id, or the fingerprint of a credential. Counts come from the index; the first and the last event are read from the ledger.\n\n" +
			"With --objects: which objects it touched, through which app, how often, when first and last.\n\n" +
			"With --looked: who looked at the event with this number or id, when, how and why. With --looks: what this reader looked at; the reader is named as the token is. Both need the role auditor or administrator.",
		Example: "  gatebook who alice@example.com --since 7d\n  gatebook who alice@example.com --objects --since 30d\n  gatebook who p_0123456789abcdef0123456789abcdef\n  gatebook who 4711 --looked\n  gatebook who 'Ada Quist' --looks --since 30d",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	s.flags(c)
	c.Flags().BoolVar(&looked, "looked", false, "who looked at this event (number or id)")
	c.Flags().BoolVar(&looks, "looks", false, "what this reader looked at")
	c.Flags().BoolVar(&objects, "objects", false, "which objects it touched")
	c.MarkFlagsMutuallyExclusive("looked", "looks", "objects")
	c.Flags().IntVarP(&limit, "limit", "n", 100, "with --objects: at most so many, up to 1000")
	o.flags(c, "table or json")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		q := url.Values{"principal": {args[0]}}
		err = o.check("table", "json")
		if err == nil {
			err = p.span(&s, q, o.utc)
		}
		if err != nil {
			return usage(c, err)
		}
		api, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer api.close(&err)
		switch {
		case looked:
			return p.looks(c, &o, api, "/api/v1/events/"+url.PathEscape(args[0])+"/looks", nil)
		case objects:
			q.Set("limit", strconv.Itoa(limit))
			return p.touched(c, &o, api, q)
		case looks:
			q.Set("reader", q.Get("principal"))
			q.Del("principal")
			return p.looks(c, &o, api, "/api/v1/looks", q)
		}
		var who reading.Person
		if err := api.get(c.Context(), "/api/v1/who", q, &who); err != nil {
			return err
		}
		p.problems(who.Problems)
		if o.form == "json" {
			return lines(p.Stdout).Encode(&who)
		}
		if len(who.Identities) == 0 {
			return p.unknown(c.Context(), api, &o, who.Asked)
		}
		return p.who(&o, &who)
	}
	return c
}

// unknown tells of a name that is nobody's whose name it is a part of.
func (p *Program) unknown(ctx context.Context, from *client, o *output, name string) error {
	var found reading.Candidates
	err := from.get(ctx, "/api/v1/measures/candidates", url.Values{"name": {name}}, &found)
	if f := new(failure); err != nil && !errors.As(err, &f) {
		return err
	}
	if len(found.Candidates) == 0 { // also if they cannot be looked up, or not by this reader
		p.note("nothing is known of %s; search looks into paths and bodies too", name)
		return nil
	}
	p.note("nothing is known of exactly %s, but of:", name)
	l, rows := p.look(o), make([][]cell, 0, len(found.Candidates))
	for _, c := range found.Candidates {
		_, id, _ := strings.Cut(c.Subject, ":")
		name := c.Name
		if c.Kind == "user" || c.Kind == "service" || c.Kind == "machine" {
			id = cmp.Or(name, id)
		}
		if name == id {
			name = ""
		}
		rows = append(rows, []cell{{id, bold}, {c.Kind, plain}, {name, plain}, {strconv.FormatUint(c.Calls, 10), plain}, {l.time(c.Last), dim}})
	}
	return l.table(p.Stdout, []string{"who", "kind", "name", "calls", "last seen"}, rows)
}

func (p *Program) who(o *output, w *reading.Person) error {
	l := p.look(o)
	var rows [][]cell
	for _, i := range w.Identities {
		name := i.Subject
		if i.Email != "" && i.Email != i.Subject {
			name = strings.TrimSpace(name + " " + i.Email)
		}
		rows = append(rows, []cell{{name, bold}, {i.Kind, plain}, {i.ID, dim}, {i.Issuer, plain}, {i.Client, plain}, {i.Fingerprint, dim}, {strconv.FormatUint(i.Count, 10), plain}})
	}
	if err := l.table(p.Stdout, []string{"who", "kind", "pseudonym", "issuer", "app", "credential", "events"}, rows); err != nil {
		return err
	}
	for _, end := range []struct {
		name string
		rec  *reading.Record
	}{{"first", w.First}, {"last", w.Last}} {
		if end.rec == nil {
			continue
		}
		e, err := end.rec.Event()
		if err != nil {
			return err
		}
		fmt.Fprintf(p.Stdout, "%-5s  %s  record %d\n", end.name, l.time(e.Arrived), end.rec.Number)
	}
	for _, f := range w.Counts {
		if len(f.Values) == 0 {
			continue
		}
		fmt.Fprintln(p.Stdout)
		rows = rows[:0]
		for _, v := range f.Values {
			value := cell{v.Value, plain}
			if v.Value == "" {
				value = cell{"(none)", dim}
			}
			rows = append(rows, []cell{{strconv.FormatUint(v.Count, 10), plain}, value})
		}
		if err := l.table(p.Stdout, []string{"events", f.Field}, rows); err != nil {
			return err
		}
	}
	p.note("%d events, %s; counted by the index (%s): no evidence", w.Calls, w.Meta.Took.Round(time.Millisecond), w.Meta.Index)
	return nil
}

// looks prints who looked.
func (p *Program) looks(c *cobra.Command, o *output, from *client, path string, q url.Values) error {
	var got reading.Looks
	if err := from.get(c.Context(), path, q, &got); err != nil {
		return err
	}
	p.problems(got.Problems)
	if o.form == "json" {
		return lines(p.Stdout).Encode(&got)
	}
	l, rows := p.look(o), make([][]cell, 0, len(got.Looks))
	for _, k := range got.Looks {
		reader := cell{k.Reader, bold}
		if k.Reader == "" {
			reader = cell{"not known", yellow}
		}
		how := k.Action
		if k.How != "" {
			how = k.How + " by " + k.Action
		}
		what := k.Query
		switch {
		case got.Event != nil:
		case k.Event != "":
			what = "record " + k.Event
		case k.Count > 0:
			what = strings.TrimSpace(fmt.Sprintf("%s (records %s)", what, k.Shown))
		}
		rows = append(rows, []cell{{strconv.FormatUint(k.Number, 10), plain}, {l.time(k.At), dim}, reader, {k.Role, plain}, {how, plain}, {what, plain}, {k.Reason, plain}, {k.Address, dim}})
	}
	if len(rows) > 0 {
		if err := l.table(p.Stdout, []string{"number", "time", "reader", "role", "how", "what", "why", "from"}, rows); err != nil {
			return err
		}
	}
	p.note("%d looks, %s", got.Total, got.Meta.Took.Round(time.Millisecond))
	if n := got.Total - uint64(len(got.Looks)); n > 0 {
		p.note("the oldest %d are left out: gatebook export 'kind:=look'", n)
	}
	if got.Possible > 0 {
		p.note("%d more looks were at counts or rows of the index, and may have shown it: gatebook search 'kind:=look note.facts:form'", got.Possible)
	}
	if !got.Meta.Complete {
		p.note("not complete: %s; the index is %s", got.Meta.Note, got.Meta.Index)
	}
	return nil
}
