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

func (p *Program) whoCmd() *cobra.Command {
	var t target
	var o output
	var s span
	c := &cobra.Command{
		Use:     "who PRINCIPAL",
		Short:   "Sum up what a principal did",
		Long:    "Sum up what a principal did: identities, first and last event, and counts by operation, status, client, address and level. The principal is named by pseudonym, subject, e-mail, name, client, key id, or the fingerprint of a credential. Counts come from the index; the first and the last event are read from the ledger.",
		Example: "  gatebook who alice@example.com --since 7d\n  gatebook who p_0123456789abcdef0123456789abcdef",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	s.flags(c)
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
		var who reading.Person
		if err := api.get(c.Context(), "/api/v1/who", q, &who); err != nil {
			return err
		}
		p.problems(who.Problems)
		if o.form == "json" {
			return lines(p.Stdout).Encode(&who)
		}
		return p.who(&o, &who)
	}
	return c
}

func (p *Program) who(o *output, w *reading.Person) error {
	if len(w.Identities) == 0 {
		p.note("nothing is known of %s; search looks into paths and bodies too", w.Asked)
		return nil
	}
	l := p.look(o)
	var rows [][]cell
	for _, i := range w.Identities {
		name := i.Subject
		if i.Email != "" && i.Email != i.Subject {
			name = strings.TrimSpace(name + " " + i.Email)
		}
		rows = append(rows, []cell{{name, bold}, {i.Kind, plain}, {i.ID, dim}, {i.Issuer, plain}, {i.Fingerprint, dim}, {strconv.FormatUint(i.Count, 10), plain}})
	}
	if err := l.table(p.Stdout, []string{"who", "kind", "pseudonym", "issuer", "credential", "events"}, rows); err != nil {
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
