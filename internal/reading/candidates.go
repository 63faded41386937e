package reading

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/policy"
)

// Candidate is somebody or something that a name can mean, as the subject of a
// measure.
type Candidate struct {
	Subject string    `json:"subject"`        // what means it, and nothing else
	Kind    string    `json:"kind"`           // user, service or machine; app, key, credential or address
	Name    string    `json:"name,omitempty"` // as the record has it
	Calls   uint64    `json:"calls"`          // in the time that was looked at; derived
	Last    time.Time `json:"last"`           // the newest of them; derived
}

// Candidates is the answer to [Room.Candidates].
type Candidates struct {
	Asked      string      `json:"asked"`
	From       time.Time   `json:"from"`       // of the time that was looked at
	Candidates []Candidate `json:"candidates"` // most calls first
	Total      int         `json:"total"`      // that there are; more than are listed, perhaps
	Meta       Meta        `json:"meta"`
}

// Bounds of the search for candidates.
const (
	maxCandidates    = 20
	candidateRows    = 1000
	maxCandidateName = 200
)

// candidateFields are counted together: what can be named, and by what name.
var candidateFields = []string{"principal.id", "principal.kind", "who.subject", "who.email", "who.name", "credential.client", "credential.method", "credential.key_id", "credential.fingerprint", "who.address", "principal.level"}

// Candidates returns what a name, or a part of one, can mean that was seen since
// a time: principals by subject, e-mail and name, apps, API keys, credentials
// and addresses. It is for people, who know a name and must name exactly one.
func (r *Room) Candidates(ctx context.Context, who Reader, name string, since time.Time) (*Candidates, error) {
	start := r.cfg.Now()
	name = strings.TrimSpace(name)
	if name == "" || len(name) > maxCandidateName || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' }) {
		return nil, fmt.Errorf("%w: give a name, or a part of one, of at most %d bytes", ErrArgument, maxCandidateName)
	}
	var terms []string
	for _, f := range []string{"who.subject", "who.email", "who.name", "credential.client"} {
		terms = append(terms, f+":~"+quote("(?i)"+regexp.QuoteMeta(name)))
	}
	for _, f := range []string{"principal.id", "credential.key_id", "credential.fingerprint", "who.address"} {
		terms = append(terms, f+":="+quote(name))
	}
	q := Query{LogsQL: `kind:="access" (` + strings.Join(terms, " or ") + ")", From: since}
	p, m, err := r.counts(who, q, candidateFields)
	if err != nil {
		return nil, err
	}
	found := candidates{name: strings.ToLower(name), by: map[string]*Candidate{}}
	if err := r.countLast(ctx, p, candidateFields, candidateRows, found.add); err != nil {
		return nil, err
	}
	out := &Candidates{Asked: name, From: since, Candidates: found.list(), Meta: m}
	out.Total = len(out.Candidates)
	out.Candidates = out.Candidates[:min(out.Total, maxCandidates)]
	// The name is personal, perhaps.
	objects := []event.Object{{Type: "principal", ID: name}}
	facts := append(q.bounds(), event.Fact{Name: "form", Value: "candidates"}, event.Fact{Name: "results", Value: strconv.Itoa(out.Total)})
	if err := r.look(ctx, who, ActSearch, "", objects, facts...); err != nil {
		return nil, err
	}
	out.Meta.Took = r.cfg.Now().Sub(start)
	return out, nil
}

// countLast calls yield with the values of fields together, how many events
// have them, and when the newest arrived.
func (r *Room) countLast(ctx context.Context, p *plan, fields []string, limit int, yield func(values map[string]string, n uint64, last time.Time)) error {
	q := p.index()
	quoted := make([]string, len(fields))
	for i, f := range fields {
		quoted[i] = quote(f)
	}
	q.LogsQL += fmt.Sprintf(" | stats by (%s) count() hits, max(_time) last | sort by (hits desc) limit %d", strings.Join(quoted, ", "), limit)
	err := r.cfg.Index.Run(ctx, q, func(got []index.Field) error {
		values := make(map[string]string, len(got))
		for _, f := range got {
			values[f.Name] = f.Value
		}
		n, err := strconv.ParseUint(values["hits"], 10, 64)
		if err != nil {
			return fmt.Errorf("the index counts %q: %w", values["hits"], err)
		}
		last, err := time.Parse(time.RFC3339Nano, values["last"])
		if err != nil {
			return fmt.Errorf("the index says %q for a time: %w", values["last"], err)
		}
		yield(values, n, last)
		return nil
	})
	return cmp.Or(indexError(err), r.steady(p.begun))
}

// candidates are those of a name, put together of what the index counts.
type candidates struct {
	name string // lower case
	by   map[string]*Candidate
}

// add takes the combination of values into all that it can mean.
func (c *candidates) add(v map[string]string, n uint64, last time.Time) {
	part := func(field string) bool { return strings.Contains(strings.ToLower(v[field]), c.name) }
	same := func(field string) bool { return strings.ToLower(v[field]) == c.name }
	person := cmp.Or(v["who.email"], v["who.subject"], v["who.name"])
	if v["principal.id"] != "" && (same("principal.id") || part("who.subject") || part("who.email") || part("who.name")) {
		c.count(policy.Subject{Principal: v["principal.id"]}, v["principal.kind"], person, n, last)
	}
	proven := v["principal.level"] >= strconv.Itoa(int(event.LevelAsserted)) // of an app only that counts; a level is one digit
	if v["credential.client"] != "" && proven && part("credential.client") {
		c.count(policy.Subject{App: v["credential.client"]}, "app", v["credential.client"], n, last)
	}
	if v["credential.method"] == "api-key" && v["credential.key_id"] != "" && (same("credential.key_id") || part("who.name") || part("who.subject")) {
		c.count(policy.Subject{Key: v["credential.key_id"]}, "key", cmp.Or(v["who.name"], v["who.subject"]), n, last)
	}
	if same("credential.fingerprint") {
		c.count(policy.Subject{Credential: v["credential.fingerprint"]}, "credential", person, n, last)
	}
	if same("who.address") {
		if a, err := netip.ParseAddr(v["who.address"]); err == nil {
			c.count(policy.Subject{Address: netip.PrefixFrom(a, a.BitLen())}, "address", "", n, last)
		}
	}
}

func (c *candidates) count(s policy.Subject, kind, name string, n uint64, last time.Time) {
	text := s.String()
	have := c.by[text]
	if have == nil {
		have = &Candidate{Subject: text, Kind: kind, Name: name}
		c.by[text] = have
	}
	have.Calls += n
	if last.After(have.Last) {
		have.Last, have.Name = last, cmp.Or(name, have.Name)
	}
}

// list returns them, those with most calls first.
func (c *candidates) list() []Candidate {
	list := make([]Candidate, 0, len(c.by))
	for _, x := range c.by {
		list = append(list, *x)
	}
	slices.SortFunc(list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Subject, b.Subject))
	})
	return list
}
