package reading

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
)

// Count is one value of a field and how many events have it.
type Count struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// Facet is a field with its most frequent values.
type Facet struct {
	Field  string  `json:"field"`
	Values []Count `json:"values"` // most frequent first
}

// Facets is the answer to [Room.Facets].
type Facets struct {
	Facets  []Facet `json:"facets"`
	Derived bool    `json:"derived"` // always true: counts come from the index and are no evidence
	Meta    Meta    `json:"meta"`
}

// defaultFacets are the fields that help most to narrow a search.
var defaultFacets = []string{
	"kind", "principal.kind", "principal.level", "who.subject", "credential.method", "credential.client", "operation.method",
	"operation.route", "outcome.status", "outcome.decision", "who.address", "edge",
}

// maxFields bounds the fields of one question.
const maxFields = 20

// Facets returns the most frequent values of fields, up to limit (at most 100)
// of each; with no fields, of those that help most.
func (r *Room) Facets(ctx context.Context, who Reader, q Query, fields []string, limit int) (*Facets, error) {
	if len(fields) == 0 {
		fields = defaultFacets
	}
	p, m, err := r.counts(who, q, fields)
	if err != nil {
		return nil, err
	}
	start := r.cfg.Now()
	found, err := r.cfg.Index.Facets(ctx, p.index(), min(max(limit, 1), 100), fields...)
	if err := cmp.Or(indexError(err), r.steady(m)); err != nil {
		return nil, err
	}
	out := &Facets{Facets: []Facet{}, Derived: true, Meta: m}
	for _, f := range found {
		facet := Facet{Field: f.Field}
		for _, v := range f.Values {
			facet.Values = append(facet.Values, Count{v.Value, v.Hits})
		}
		out.Facets = append(out.Facets, facet)
	}
	err = r.look(ctx, who, ActSearch, q.LogsQL, nil, append(q.bounds(), event.Fact{Name: "form", Value: "facets"}, event.Fact{Name: "results", Value: strconv.Itoa(len(found))})...)
	if err != nil {
		return nil, err
	}
	out.Meta.Took = r.cfg.Now().Sub(start)
	return out, nil
}

// Bucket is a span of time and how many events arrived in it.
type Bucket struct {
	Start time.Time `json:"start"`
	Group string    `json:"group,omitempty"` // value of the field that divides
	Count uint64    `json:"count"`
}

// Histogram is the answer to [Room.Histogram].
type Histogram struct {
	Step    time.Duration `json:"step"`    // nanoseconds
	Buckets []Bucket      `json:"buckets"` // in order of time; empty ones are left out
	Derived bool          `json:"derived"` // always true: counts come from the index and are no evidence
	Meta    Meta          `json:"meta"`
}

// maxBuckets bounds a histogram before it is divided.
const maxBuckets = 2000

// Histogram counts events in steps of time, divided by a field if by is not
// empty. With step 0 it takes one that makes about sixty buckets. A query
// without bounds means the last 24 hours.
func (r *Room) Histogram(ctx context.Context, who Reader, q Query, step time.Duration, by string) (*Histogram, error) {
	start := r.cfg.Now()
	if q.To.IsZero() {
		q.To = start
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-24 * time.Hour)
	}
	var fields []string
	if by != "" {
		fields = []string{by}
	}
	p, m, err := r.counts(who, q, fields)
	if err != nil {
		return nil, err
	}
	if step == 0 {
		step = niceStep(q.To.Sub(q.From) / 60)
	}
	if step < time.Millisecond || q.To.Sub(q.From)/step > maxBuckets {
		return nil, fmt.Errorf("%w: a step of %s makes more than %d buckets of the time from %s to %s", ErrArgument, step, maxBuckets, q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	}
	found, err := r.cfg.Index.Histogram(ctx, p.index(), step, by)
	if err := cmp.Or(indexError(err), r.steady(m)); err != nil {
		return nil, err
	}
	out := &Histogram{Step: step, Buckets: make([]Bucket, 0, len(found)), Derived: true, Meta: m}
	for _, b := range found {
		out.Buckets = append(out.Buckets, Bucket{b.Start, b.Group, b.Hits})
	}
	err = r.look(ctx, who, ActSearch, q.LogsQL, nil, append(q.bounds(), event.Fact{Name: "form", Value: "histogram"}, event.Fact{Name: "results", Value: strconv.Itoa(len(found))})...)
	if err != nil {
		return nil, err
	}
	out.Meta.Took = r.cfg.Now().Sub(start)
	return out, nil
}

// niceStep returns the smallest step that people count in and that is at least
// d.
func niceStep(d time.Duration) time.Duration {
	const day = 24 * time.Hour
	for _, s := range []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 7 * day,
	} {
		if s >= d {
			return s
		}
	}
	return (d/(30*day) + 1) * 30 * day
}

// StatsRow is one line of a table of counts.
type StatsRow struct {
	Values []string `json:"values"` // of the fields, in their order; empty: none
	Count  uint64   `json:"count"`
}

// Stats is the answer to [Room.Stats].
type Stats struct {
	Fields  []string   `json:"fields"`
	Rows    []StatsRow `json:"rows"`    // most frequent first
	Derived bool       `json:"derived"` // always true: counts come from the index and are no evidence
	Meta    Meta       `json:"meta"`
}

// Stats counts events by the values of fields together, and returns the most
// frequent, up to limit (at most [MaxLimit]). Without fields it counts all.
func (r *Room) Stats(ctx context.Context, who Reader, q Query, fields []string, limit int) (*Stats, error) {
	p, m, err := r.counts(who, q, fields)
	if err != nil {
		return nil, err
	}
	start := r.cfg.Now()
	out := &Stats{Fields: fields, Derived: true, Meta: m}
	if out.Rows, err = r.count(ctx, p, fields, min(max(limit, 1), MaxLimit)); err != nil {
		return nil, err
	}
	err = r.look(ctx, who, ActSearch, q.LogsQL, nil, append(q.bounds(), event.Fact{Name: "form", Value: "stats"}, event.Fact{Name: "results", Value: strconv.Itoa(len(out.Rows))})...)
	if err != nil {
		return nil, err
	}
	out.Meta.Took = r.cfg.Now().Sub(start)
	return out, nil
}

// counts is the beginning of everything that counts: it refuses pipes, and
// fields that do not exist or that the reader does not see.
func (r *Room) counts(who Reader, q Query, fields []string) (*plan, Meta, error) {
	p, who, err := r.open(who, ActSearch, q)
	if err != nil {
		return nil, Meta{}, err
	}
	if p.text.pipes != "" {
		return nil, Meta{}, &QueryError{q.LogsQL, len(q.LogsQL) - len(p.text.pipes), "pipes are for search, not for what counts"}
	}
	if len(fields) > maxFields {
		return nil, Meta{}, fmt.Errorf("%w: %d fields, the limit is %d", ErrArgument, len(fields), maxFields)
	}
	for _, name := range fields {
		f := event.Lookup(name)
		if f == nil {
			return nil, Meta{}, fmt.Errorf("%w: there is no field %q%s", ErrArgument, clip(name, 60), suggest(name))
		}
		if !who.seesPayload() && !rolePart(f) {
			return nil, Meta{}, fmt.Errorf("%w: the role %s does not see %s", ErrForbidden, who.Role, name)
		}
	}
	m, err := r.meta()
	if err != nil {
		return nil, Meta{}, err
	}
	if r.cfg.Index == nil {
		return nil, Meta{}, fmt.Errorf("%w: there is none, and only it can count", ErrIndex)
	}
	m.Complete = m.Indexed == m.Sealed && m.Note == ""
	p.begun = m
	return p, m, nil
}

// count returns the most frequent combinations of the values of fields.
func (r *Room) count(ctx context.Context, p *plan, fields []string, limit int) ([]StatsRow, error) {
	q := p.index()
	q.LogsQL += " | stats "
	if len(fields) > 0 {
		quoted := make([]string, len(fields))
		for i, f := range fields {
			quoted[i] = quote(f)
		}
		q.LogsQL += "by (" + strings.Join(quoted, ", ") + ") "
	}
	q.LogsQL += fmt.Sprintf("count() hits | sort by (hits desc) limit %d", limit)
	rows := []StatsRow{}
	err := r.cfg.Index.Run(ctx, q, func(got []index.Field) error {
		row := StatsRow{Values: make([]string, len(fields))}
		for _, f := range got {
			if f.Name == "hits" {
				n, err := strconv.ParseUint(f.Value, 10, 64)
				if err != nil {
					return fmt.Errorf("the index counts %q: %w", f.Value, err)
				}
				row.Count = n
				continue
			}
			for i, name := range fields {
				if name == f.Name {
					row.Values[i] = f.Value
				}
			}
		}
		rows = append(rows, row)
		return nil
	})
	return rows, cmp.Or(indexError(err), r.steady(p.begun))
}
