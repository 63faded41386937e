package reading

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/policy"
)

// Met is what a measure on a subject would have met, had it been in force.
type Met struct {
	Subject  string    `json:"subject"`  // as a measure writes it
	From     time.Time `json:"from"`     // of the time that was looked at
	Calls    uint64    `json:"calls"`    // derived
	People   int       `json:"people"`   // principals that made them; derived
	Apps     int       `json:"apps"`     // OAuth clients through which; derived
	Most     bool      `json:"most"`     // there are more people or apps than are counted: these are the most frequent
	Counts   []Facet   `json:"counts"`   // by principal, app, operation and status, the most frequent; derived
	Last     []Record  `json:"last"`     // the newest of the calls, read from the ledger
	Problems []Problem `json:"problems"` // calls that were found and could not be shown
	Query    string    `json:"query"`    // the query that finds the calls
	Meta     Meta      `json:"meta"`
}

// metCounts are the fields that calls are counted by, the people and the apps
// first.
var metCounts = []string{"principal.id", "credential.client", "operation.route", "outcome.status"}

// Bounds of a preview.
const (
	metShown = 10  // values of a field
	metLast  = 5   // calls
	metMost  = 500 // values that are counted
)

// Met returns what a measure on the subject would have met since a time. Counts
// come from the index; the calls are read from the ledger.
func (r *Room) Met(ctx context.Context, who Reader, s policy.Subject, since time.Time) (*Met, error) {
	start := r.cfg.Now()
	text, err := subjectQuery(s)
	if err != nil {
		return nil, err
	}
	q := Query{LogsQL: text, From: since}
	p, m, err := r.counts(who, q, nil)
	if err != nil {
		return nil, err
	}
	out := &Met{Subject: s.String(), From: since, Counts: []Facet{}, Last: []Record{}, Problems: []Problem{}, Query: text, Meta: m}
	total, err := r.count(ctx, p, nil, 1)
	if err != nil {
		return nil, err
	}
	if len(total) > 0 {
		out.Calls = total[0].Count
	}
	var seen shown
	if out.Calls > 0 {
		if err := r.metDetails(ctx, who, p, out, &seen); err != nil {
			return nil, err
		}
	}
	facts := append(append(seen.facts(), q.bounds()...), event.Fact{Name: "form", Value: "preview"}, event.Fact{Name: "results", Value: strconv.FormatUint(out.Calls, 10)})
	if err := r.look(ctx, who, ActSearch, text, nil, facts...); err != nil {
		return nil, err
	}
	out.Meta.Took = r.cfg.Now().Sub(start)
	return out, nil
}

func (r *Room) metDetails(ctx context.Context, who Reader, p *plan, out *Met, seen *shown) error {
	for i, f := range metCounts {
		rows, err := r.count(ctx, p, []string{f}, metMost)
		if err != nil {
			return err
		}
		facet, n := Facet{Field: f, Values: []Count{}}, 0
		for _, row := range rows {
			if row.Values[0] == "" {
				continue
			}
			if n++; len(facet.Values) < metShown {
				facet.Values = append(facet.Values, Count{row.Values[0], row.Count})
			}
		}
		out.Counts = append(out.Counts, facet)
		switch i {
		case 0:
			out.People = n
		case 1:
			out.Apps = n
		}
		out.Most = out.Most || i < 2 && len(rows) == metMost
	}
	q := p.index()
	q.Limit, q.Newest = metLast, true
	hits, err := r.cfg.Index.Search(ctx, q)
	if err != nil {
		return indexError(err)
	}
	for _, h := range hits {
		rec, e, bad := r.read(who, h.Number)
		switch {
		case r.stale(p, rec, e):
		case bad != nil:
			out.Problems = append(out.Problems, *bad)
		default:
			rec.leaveOutPayload()
			seen.add(rec.Number)
			out.Last = append(out.Last, *rec)
		}
	}
	return nil
}

// subjectQuery returns the query that finds the calls of a subject.
func subjectQuery(s policy.Subject) (string, error) {
	terms := []string{`kind:="access"`}
	add := func(field, value string) { terms = append(terms, field+":="+quote(value)) }
	for _, p := range s.Parts() {
		switch p.Name {
		case policy.PartCredential:
			add("credential.fingerprint", p.Value)
		case policy.PartKey:
			add("credential.key_id", p.Value)
			add("credential.method", "api-key")
		case policy.PartPrincipal:
			add("principal.id", p.Value)
		case policy.PartApp: // only what is proven counts
			add("credential.client", p.Value)
			terms = append(terms, fmt.Sprintf("principal.level:>=%d", event.LevelAsserted))
		case policy.PartRoute:
			add("capture.route", p.Value)
		case policy.PartOperation:
			method, template, ok := strings.Cut(p.Value, " ")
			if !ok {
				template = p.Value
			} else {
				add("operation.method", method)
			}
			add("operation.route", template)
		case policy.PartAddress:
			switch a := s.Address; {
			case a.IsSingleIP():
				add("who.address", p.Value)
			case a.Addr().Is4():
				terms = append(terms, "who.address:ipv4_range("+quote(p.Value)+")")
			default:
				return "", fmt.Errorf("%w: the index cannot count a range of IPv6 addresses such as %s: look at single addresses", ErrArgument, p.Value)
			}
		}
	}
	return strings.Join(terms, " "), nil
}
