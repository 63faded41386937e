package report

import (
	"fmt"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// privileged is the report on administrative operations and on what the
// operators of Gatebook decided.
type privileged struct {
	patterns []Pattern
	byAction uint64
	total    stat
	who, ops tally
	list     list
	own      list
	ownCount uint64
}

func newPrivileged(r *Request) (*privileged, error) {
	p := new(privileged)
	if r.Privileged == nil {
		r.Privileged = DefaultPrivileged
	}
	for _, text := range r.Privileged {
		pattern, err := ParsePattern(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRequest, err)
		}
		p.patterns = append(p.patterns, pattern)
	}
	return p, nil
}

func (p *privileged) add(n uint64, e *event.Event) {
	switch e.Kind {
	case event.Decision:
		p.addOwn(n, e)
		return
	case event.System:
		if e.Note != nil && strings.HasPrefix(e.Note.Name, "reload") {
			p.addOwn(n, e)
		}
		return
	case event.Access:
	default:
		return
	}
	why := p.why(e)
	if why == "" {
		return
	}
	p.total.add(e)
	w := p.who.at(whoKey(e), through(e))
	w.add(e)
	w.Name = whoName(e)
	op := p.ops.at(operation(e), why)
	op.add(e)
	op.other(whoKey(e))
	p.list.add(n, stamp(e.Arrived), whoName(e), number(uint64(e.Principal.Level)), operation(e), status(e), why)
}

// why says why a call counts as privileged: the action of its operation, or the
// pattern that takes it.
func (p *privileged) why(e *event.Event) string {
	switch a := e.Operation.Action; a {
	case event.ActionGrant, event.ActionAdminister:
		p.byAction++
		return "action " + string(a)
	}
	path := ""
	if e.What != nil {
		path = e.What.Path
	}
	for _, pattern := range p.patterns {
		if pattern.Match(e.Operation.Method, e.Operation.Route) || pattern.Match(e.Operation.Method, path) {
			return pattern.String()
		}
	}
	return ""
}

// addOwn takes what the operators of Gatebook did.
func (p *privileged) addOwn(n uint64, e *event.Event) {
	p.ownCount++
	who := "the configuration file"
	if e.Kind == event.Decision {
		who = whoName(e)
	}
	p.own.add(n, stamp(e.Arrived), who, e.Note.Name, about(e), reason(e))
}

// about writes what a note was about: its objects and facts.
func about(e *event.Event) string {
	var parts []string
	if e.What != nil {
		for _, o := range e.What.Objects {
			if o.Type != "reason" {
				parts = append(parts, o.Type+" "+o.ID)
			}
		}
		if e.What.Query != "" {
			parts = append(parts, "query "+e.What.Query)
		}
	}
	for _, f := range e.Note.Facts {
		switch f.Name {
		case "tool", "role", "config_sha256", "config_keys", "changes":
		default:
			parts = append(parts, f.Name+": "+f.Value)
		}
	}
	return strings.Join(parts, "; ")
}

// reason returns why somebody did it, in their words.
func reason(e *event.Event) string {
	if e.What != nil {
		for _, o := range e.What.Objects {
			if o.Type == "reason" {
				return o.ID
			}
		}
	}
	return ""
}

func (p *privileged) finish(_ *Builder, d *Document) {
	d.Title = "Privileged operations"
	if p.total.Calls == 0 {
		d.Summary = []string{"No privileged call is in the record of the period."}
	} else {
		d.Summary = []string{
			fmt.Sprintf("%s, by %s, from %s to %s.", count(p.total.Calls, "privileged call", "privileged calls"), count(uint64(p.who.len()), "caller or app", "callers and apps"), moment(p.total.First), moment(p.total.Last)),
			fmt.Sprintf("%s refused or went wrong.", were(p.total.Failed)),
			fmt.Sprintf("%s by callers who were not verified.", were(p.total.Unverified)),
		}
	}
	d.Summary = append(d.Summary, fmt.Sprintf("%s of Gatebook itself: keys, readers, configuration, holds, erasures.", count(p.ownCount, "change or decision", "changes and decisions")))
	who := Table{Title: "By person and app", Columns: []Column{{"who", Text, 32}, {"through", Text, 20}, {"calls", Number, 8}, {"refused or failed", Number, 8}, {"not verified", Number, 8}, {"first", Time, 12}, {"last", Time, 12}}}
	who.Rows, who.Left = rows(p.who.sorted(), func(s *stat) []string {
		return []string{s.Name, s.Key[len(s.Key)-1], number(s.Calls), number(s.Failed), number(s.Unverified), stamp(s.First), stamp(s.Last)}
	})
	ops := Table{Title: "By operation", Columns: []Column{{"operation", Text, 40}, {"why it counts", Text, 20}, {"calls", Number, 8}, {"callers", Number, 8}, {"refused or failed", Number, 8}}}
	ops.Rows, ops.Left = rows(p.ops.sorted(), func(s *stat) []string {
		return []string{s.Key[0], s.Key[len(s.Key)-1], number(s.Calls), atLeast(s), number(s.Failed)}
	})
	for _, t := range []Table{who, ops} {
		if len(t.Rows) > 0 {
			d.Tables = append(d.Tables, t)
		}
	}
	if len(p.list.rows) > 0 {
		p.list.table(d, "Each call", Column{"time", Time, 12}, Column{"who", Text, 24}, Column{"level", Number, 5}, Column{"operation", Text, 28}, Column{"status", Text, 8}, Column{"why it counts", Text, 14})
	}
	if len(p.own.rows) > 0 {
		p.own.table(d, "Changes of Gatebook", Column{"time", Time, 12}, Column{"who", Text, 20}, Column{"what", Text, 14}, Column{"about", Text, 36}, Column{"why", Text, 16})
	}
	var texts []string
	for _, pattern := range p.patterns {
		texts = append(texts, pattern.String())
	}
	d.Method = append(d.Method,
		"A call is privileged if its operation administers or grants, as far as that is known, or if its template or path is taken by one of these patterns: "+strings.Join(texts, ", ")+".",
		"Changes of Gatebook are its decision events and reloads of its configuration, each recorded before it was done.")
	if p.byAction == 0 {
		d.Limits = append(d.Limits, "No call of the period had an operation that was known to administer or grant. If the API has such operations, the patterns alone decided; they are configured as reports.privileged.")
	}
	d.Limits = append(d.Limits, "What is privileged in the API behind Gatebook is what its owner says it is. An operation that no pattern takes is not here.")
}
