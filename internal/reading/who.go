package reading

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// Person sums up what one principal did.
type Person struct {
	Asked      string    `json:"asked"`           // as the reader named the principal
	Identities []Ident   `json:"identities"`      // what the record knows under that name, most frequent first; derived
	Calls      uint64    `json:"calls"`           // events; derived
	First      *Record   `json:"first,omitempty"` // the first event, read from the ledger
	Last       *Record   `json:"last,omitempty"`  // the newest event, read from the ledger
	Counts     []Facet   `json:"counts"`          // by operation, status, client, method of the credential, address, level; derived
	Problems   []Problem `json:"problems"`        // events that were found and could not be shown
	Query      string    `json:"query"`           // the query that finds the events
	Meta       Meta      `json:"meta"`
}

// Ident is one combination of what identifies a principal.
type Ident struct {
	ID          string `json:"id,omitempty"`          // pseudonym
	Kind        string `json:"kind,omitempty"`        // user, service, machine, anonymous, unknown
	Issuer      string `json:"issuer,omitempty"`      // who vouches
	Subject     string `json:"subject,omitempty"`     // as the issuer names it
	Name        string `json:"name,omitempty"`        // for people
	Email       string `json:"email,omitempty"`       // as the issuer states it
	Fingerprint string `json:"fingerprint,omitempty"` // of the credential
	Client      string `json:"client,omitempty"`      // the app (OAuth client) that presented it
	Count       uint64 `json:"count"`                 // events; derived
}

var identFields = []string{"principal.id", "principal.kind", "principal.issuer", "who.subject", "who.name", "who.email", "credential.fingerprint", "credential.client"}

var whoCounts = []string{"operation.route", "operation.method", "outcome.status", "credential.client", "credential.method", "who.address", "principal.level", "who.user_agent"}

// whoFields are the fields that can name a principal.
var whoFields = []string{"principal.id", "who.subject", "who.email", "who.name", "credential.fingerprint", "credential.client", "credential.key_id"}

// Who sums up what a principal did. It is named by its pseudonym, subject,
// e-mail, name, client, key id, or the fingerprint of a credential. A name
// under which nothing is known gives a Person without calls.
func (r *Room) Who(ctx context.Context, who Reader, name string, q Query) (*Person, error) {
	who, err := r.admit(who, ActWho)
	if err != nil {
		return nil, err
	}
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 512 {
		return nil, fmt.Errorf("%w: name the principal by pseudonym, subject, e-mail, client or fingerprint, in at most 512 bytes", ErrArgument)
	}
	start := r.cfg.Now()
	q.LogsQL = principalQuery(name)
	p, m, err := r.counts(who, q, nil)
	if err != nil {
		return nil, err
	}
	out := &Person{Asked: name, Identities: []Ident{}, Counts: []Facet{}, Problems: []Problem{}, Query: q.LogsQL, Meta: m}
	rows, err := r.count(ctx, p, identFields, 50)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		v := row.Values
		out.Identities = append(out.Identities, Ident{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], row.Count})
	}
	if len(rows) > 0 {
		if err := r.whoDetails(ctx, who, p, out); err != nil {
			return nil, err
		}
	}
	var seen shown
	for _, rec := range []*Record{out.First, out.Last} {
		if rec != nil {
			seen.add(rec.Number)
		}
	}
	facts := append(append(seen.facts(), q.bounds()...), event.Fact{Name: "results", Value: strconv.FormatUint(out.Calls, 10)})
	err = r.look(ctx, who, ActWho, q.LogsQL, []event.Object{{Type: "principal", ID: name}}, facts...)
	if err != nil {
		return nil, err
	}
	out.Meta.Took = r.cfg.Now().Sub(start)
	return out, nil
}

func (r *Room) whoDetails(ctx context.Context, who Reader, p *plan, out *Person) error {
	total, err := r.count(ctx, p, nil, 1)
	if err != nil {
		return err
	}
	if len(total) > 0 {
		out.Calls = total[0].Count
	}
	for _, f := range whoCounts {
		rows, err := r.count(ctx, p, []string{f}, 10)
		if err != nil {
			return err
		}
		facet := Facet{Field: f, Values: []Count{}}
		for _, row := range rows {
			facet.Values = append(facet.Values, Count{row.Values[0], row.Count})
		}
		out.Counts = append(out.Counts, facet)
	}
	for _, end := range []struct {
		to     **Record
		newest bool
	}{{&out.First, false}, {&out.Last, true}} {
		q := p.index()
		q.Limit, q.Newest = 1, end.newest
		hits, err := r.cfg.Index.Search(ctx, q)
		if err != nil {
			return indexError(err)
		}
		for _, h := range hits {
			rec, e, bad := r.read(who, h.Number)
			if r.stale(p, rec, e) {
				continue
			}
			if bad != nil {
				out.Problems = append(out.Problems, *bad)
			}
			*end.to = rec
		}
	}
	return nil
}

// principalQuery returns the query for a principal by any of its names.
func principalQuery(name string) string {
	fields := whoFields
	if strings.HasPrefix(name, "p_") && len(name) == 34 {
		fields = []string{"principal.id", "credential.delegation"}
	}
	terms := make([]string, len(fields))
	for i, f := range fields {
		terms[i] = f + ":=" + quote(name)
		if f == "credential.delegation" {
			terms[i] = f + ":" + quote(name) // one of several
		}
	}
	return strings.Join(terms, " or ")
}
