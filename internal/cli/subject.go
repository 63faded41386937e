package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/reading"
)

// unclear reports whether a text is no subject, but a name by which people know
// somebody or something: there is no part before a colon.
func unclear(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return true
	}
	return strings.TrimSpace(text) != "" && (!strings.Contains(text, ":") || strings.HasPrefix(text, "fp:") || strings.HasPrefix(text, "sha256:"))
}

// candidates shows what a name can mean, and returns an error: nothing is done
// until exactly one subject is named. verb is what was to be done.
func (p *Program) candidates(ctx context.Context, to *client, verb, name string) error {
	if prefix, err := netip.ParsePrefix(name); err == nil {
		return fmt.Errorf("%q is a range of addresses: write it as address:%s", name, prefix)
	}
	var found reading.Candidates
	err := to.get(ctx, "/api/v1/measures/candidates", url.Values{"name": {name}}, &found)
	var f *failure
	switch {
	case errors.As(err, &f) && f.Type == "index":
		return fmt.Errorf("%q is no subject, and what it can mean cannot be looked up: %s\n%s", name, f.Detail, subjectHelp)
	case err != nil:
		return err
	}
	since := found.From.In(p.Zone).Format("2006-01-02")
	if len(found.Candidates) == 0 {
		return fmt.Errorf("nothing that was seen since %s is called %q, and nothing was done\n%s", since, name, subjectHelp)
	}
	l, rows := p.look(&output{}), make([][]cell, 0, len(found.Candidates))
	for _, c := range found.Candidates {
		rows = append(rows, []cell{{c.Subject, bold}, {c.Kind, plain}, {c.Name, plain}, {strconv.FormatUint(c.Calls, 10), plain}, {l.time(c.Last), dim}})
	}
	if err := l.table(p.Stderr, []string{"subject", "kind", "name", "calls", "last seen"}, rows); err != nil {
		return err
	}
	means := fmt.Sprintf("can mean each of these %d", len(found.Candidates))
	switch {
	case found.Total > len(found.Candidates):
		means = fmt.Sprintf("can mean %d things, of which these have most calls", found.Total)
	case len(found.Candidates) == 1:
		means = "is probably this"
	}
	return fmt.Errorf("%q %s (seen since %s); nothing was done. Name exactly one:\n  gatebook %s '%s' --reason TEXT", name, means, since, verb, clean(found.Candidates[0].Subject))
}

// previewed shows what a measure would have met.
func (p *Program) previewed(ctx context.Context, to *client, kind policy.Kind, subject, since string, asJSON bool) error {
	from, err := p.ago(since)
	if err != nil {
		return fmt.Errorf("--since %w", err)
	}
	var v act.Preview
	q := url.Values{"subject": {subject}, "kind": {string(kind)}, "since": {from.Format(time.RFC3339Nano)}}
	if err := to.get(ctx, "/api/v1/measures/preview", q, &v); err != nil {
		return err
	}
	if asJSON {
		return lines(p.Stdout).Encode(&v)
	}
	l := p.look(&output{})
	most := ""
	if v.Most {
		most = " or more"
	}
	fmt.Fprintf(p.Stdout, "%s: %s since %s, by %s%s, through %s%s\n", clean(v.Subject), count(v.Calls, "call"), l.time(v.From), principals(v.People), most, count(uint64(v.Apps), "app"), most)
	for _, f := range v.Counts {
		var list []string
		for _, c := range f.Values {
			list = append(list, fmt.Sprintf("%s %d", c.Value, c.Count))
		}
		if len(list) > 0 {
			fmt.Fprintf(p.Stdout, "%-18s %s\n", f.Field, clean(strings.Join(list, ", ")))
		}
	}
	if len(v.Last) > 0 {
		fmt.Fprintf(p.Stdout, "\nThe newest of them:\n")
		cols, err := columns(nil)
		if err != nil {
			return err
		}
		if err := p.records(&output{form: "table"}, cols, v.Last); err != nil {
			return err
		}
	}
	p.problems(v.Problems)
	p.note("nothing was decided; the calls are counted in the index")
	switch {
	case v.Refused != "":
		p.note("it would be refused: %s", v.Refused)
	case v.Approval != "":
		p.note("it would only be proposed: %s", v.Approval)
	}
	if !v.Meta.Complete {
		p.note("not complete: %s; the index is %s", v.Meta.Note, v.Meta.Index)
	}
	return nil
}

func principals(n int) string { return count(uint64(n), "principal") }

// strange tells people if nothing that was seen lately is meant by a measure:
// they may have mistyped it. That it cannot be said is no error: the measure is
// decided.
func (p *Program) strange(ctx context.Context, to *client, m *act.Measure) {
	var v act.Preview
	q := url.Values{"subject": {m.Subject}, "since": {"30d"}}
	if to.get(ctx, "/api/v1/measures/preview", q, &v) == nil && v.Calls == 0 && v.Meta.Note == "" { // the index may lack the decision itself
		p.note("no call of the last 30 days is meant by that: if it is not for calls to come, compare it with gatebook who or gatebook show")
	}
}
