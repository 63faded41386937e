package report

import (
	"fmt"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// person is the report on one principal.
type person struct {
	req *Request

	total                                                     stat
	names, credentials, ops, objects, places, days, delegated tally
	list                                                      list
}

func (p *person) add(n uint64, e *event.Event) {
	if e.Kind != event.Access || !isPrincipal(e, strings.TrimSpace(p.req.Principal)) {
		return
	}
	p.total.add(e)
	name := p.names.at(whoKey(e), fmt.Sprint(e.Principal.Kind), e.Principal.Issuer, fmt.Sprint(e.Principal.Level))
	name.add(e)
	name.Name = whoName(e)
	fingerprint := e.Credential.Fingerprint
	if e.Credential.Method == "api-key" && e.Credential.KeyID != "" {
		fingerprint = e.Credential.KeyID
	}
	p.credentials.at(through(e), fingerprint).add(e)
	p.ops.at(operation(e)).add(e)
	p.days.at(e.Arrived.UTC().Format("2006-01-02")).add(e)
	if e.Who != nil {
		p.places.at(e.Who.Address, e.Who.UserAgent).add(e)
	}
	if e.What != nil {
		for _, o := range e.What.Objects {
			p.objects.at(o.Type + "/" + o.ID).add(e)
		}
		if len(e.What.Objects) == 0 && e.What.Path != "" {
			p.objects.at("path " + e.What.Path).add(e)
		}
	}
	p.list.add(n, stamp(e.Arrived), through(e), operation(e), status(e), dataOf(e), number(e.Response.Bytes))
}

// dataOf writes the classes of data in the answer.
func dataOf(e *event.Event) string {
	var s stat
	for _, d := range e.Data {
		s.data(d.Class, d.Count)
	}
	return s.classes()
}

func (p *person) finish(_ *Builder, d *Document) {
	d.Title = "What " + p.req.Principal + " accessed"
	d.Scope = append(d.Scope, Pair{"Principal", p.req.Principal})
	d.Summary = p.summary()
	table := func(title, note string, t *tally, columns []Column, cells func(*stat) []string) {
		tab := Table{Title: title, Note: note, Columns: columns}
		tab.Rows, tab.Left = rows(t.sorted(), cells)
		if len(tab.Rows) > 0 {
			d.Tables = append(d.Tables, tab)
		}
	}
	span := []Column{{"calls", Number, 7}, {"first", Time, 12}, {"last", Time, 12}}
	table("Known as", "", &p.names, append([]Column{{"who", Text, 28}, {"pseudonym", Text, 24}, {"kind", Text, 8}, {"vouched for by", Text, 20}, {"level", Number, 5}}, span...), func(s *stat) []string {
		return []string{s.Name, s.Key[0], s.Key[1], s.Key[2], s.Key[3], number(s.Calls), stamp(s.First), stamp(s.Last)}
	})
	table("Credentials and apps", "A fingerprint is a keyed hash: the same credential has the same one, and nothing can be learned from it.", &p.credentials, append([]Column{{"through", Text, 22}, {"fingerprint or id", Text, 26}}, span...), func(s *stat) []string {
		return []string{s.Key[0], s.Key[1], number(s.Calls), stamp(s.First), stamp(s.Last)}
	})
	table("Operations", "", &p.ops, []Column{{"operation", Text, 34}, {"calls", Number, 7}, {"refused or failed", Number, 8}, {"records", Number, 8}, {"data returned", Text, 20}}, func(s *stat) []string {
		return []string{s.Key[0], number(s.Calls), number(s.Failed), number(s.Records), s.classes()}
	})
	table("Objects touched", "Objects as they were recognised in calls; where none were, the path.", &p.objects, append([]Column{{"object", Text, 40}}, span...), func(s *stat) []string {
		return []string{s.Key[0], number(s.Calls), stamp(s.First), stamp(s.Last)}
	})
	table("From where", "", &p.places, append([]Column{{"address", Text, 16}, {"program, as it says", Text, 34}}, span...), func(s *stat) []string {
		return []string{s.Key[0], s.Key[1], number(s.Calls), stamp(s.First), stamp(s.Last)}
	})
	table("By day", "The busiest day first.", &p.days, []Column{{"day", Text, 20}, {"calls", Number, 10}, {"refused or failed", Number, 12}, {"bytes returned", Number, 14}}, func(s *stat) []string {
		return []string{s.Key[0], number(s.Calls), number(s.Failed), number(s.Bytes)}
	})
	p.list.table(d, "Each call", Column{"time", Time, 12}, Column{"through", Text, 14}, Column{"operation", Text, 28}, Column{"status", Text, 7}, Column{"data returned", Text, 14}, Column{"bytes", Number, 8})
	d.Method = append(d.Method, "A call counts if its pseudonym, subject, e-mail, name, fingerprint, client or API key is exactly what was asked for, or if the principal is an actor in its chain of delegation. Claims that were not verified do not count.")
	d.Limits = append(d.Limits, "A person who used a credential of somebody else, or none, is not recognised. A credential that was used by several people counts for all of them.")
}

func (p *person) summary() []string {
	if p.total.Calls == 0 {
		return []string{fmt.Sprintf("No call of %s is in the record of the period.", p.req.Principal)}
	}
	s := []string{
		fmt.Sprintf("%s by %s, on %s, from %s to %s.", count(p.total.Calls, "call", "calls"), p.req.Principal, count(uint64(p.days.len()), "day", "days"), moment(p.total.First), moment(p.total.Last)),
		fmt.Sprintf("%s, through %s, from %s.", count(uint64(p.ops.len()), "different operation", "different operations"), count(uint64(p.credentials.len()), "credential or app", "credentials or apps"), count(uint64(p.places.len()), "place", "places (address and program)")),
		fmt.Sprintf("%s refused or went wrong.", were(p.total.Failed)),
	}
	if c := p.total.classes(); c != "" {
		s = append(s, "Values of these classes were in the answers: "+c+".")
	}
	if p.names.len() > 1 {
		s = append(s, fmt.Sprintf("%s match: see the table Known as.", count(uint64(p.names.len()), "identity", "different identities or levels")))
	}
	return s
}
