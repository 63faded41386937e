package index

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Value is one value of a field and how many of the matching events have it.
type Value struct {
	Value string
	Hits  uint64
}

// Facet is a field with its most frequent values.
type Facet struct {
	Field  string
	Values []Value // most frequent first
}

// Bucket is a span of time and how many matching events it has.
type Bucket struct {
	Start time.Time
	Group string // the value of the field grouped by, if one was asked for
	Hits  uint64
}

// Count returns how many rows match q.
func (c *Client) Count(ctx context.Context, q Query) (uint64, error) {
	if err := q.plain(); err != nil {
		return 0, err
	}
	var n uint64
	err := c.table(ctx, q, q.form("stats count() hits"), func(f []Field) (err error) {
		n, err = number(f, "hits")
		return err
	})
	return n, err
}

// Histogram counts the events that match q in steps of time, which begin at
// multiples of step since 1970. Empty buckets are left out. If by is not empty
// each bucket is divided by the values of that field. Sorted by start and group.
func (c *Client) Histogram(ctx context.Context, q Query, step time.Duration, by string) ([]Bucket, error) {
	if err := q.plain(); err != nil {
		return nil, err
	}
	if step < time.Millisecond {
		return nil, &QueryError{Query: q.LogsQL, Message: "the step of a histogram must be at least 1ms"}
	}
	group := fmt.Sprintf("_time:%dms", step.Milliseconds())
	if by != "" {
		group += ", " + strconv.Quote(by)
	}
	var buckets []Bucket
	err := c.table(ctx, q, q.form("stats by ("+group+") count() hits"), func(f []Field) error {
		hits, err := number(f, "hits")
		if err != nil {
			return err
		}
		start, err := time.Parse(time.RFC3339Nano, get(f, timeField))
		if err != nil {
			return fmt.Errorf("bucket of the index: %w", err)
		}
		b := Bucket{Start: start.UTC(), Hits: hits}
		if by != "" {
			b.Group = get(f, by)
		}
		buckets = append(buckets, b)
		return nil
	})
	slices.SortFunc(buckets, func(a, b Bucket) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Group, b.Group))
	})
	return buckets, err
}

// Facets returns the most frequent values, up to limit, of each of the fields, in
// their order; of every field that has few and short values if none are named.
// Fields without values are left out. The engine counts no more than 1,000
// different values of a field, and leaves out fields that have more.
func (c *Client) Facets(ctx context.Context, q Query, limit int, fields ...string) ([]Facet, error) {
	if err := q.plain(); err != nil {
		return nil, err
	}
	only := "delete n, _time, _msg, _stream, _stream_id"
	if len(fields) > 0 {
		only = "fields " + quoteAll(fields)
	}
	pipes := fmt.Sprintf("%s | facets %d max_values_per_field 1000 max_value_len 256 keep_const_fields", only, max(limit, 1))
	var facets []Facet
	at := map[string]int{}
	err := c.table(ctx, q, q.form(pipes), func(f []Field) error {
		hits, err := number(f, "hits")
		if err != nil {
			return err
		}
		name := get(f, "field_name")
		i, ok := at[name]
		if !ok {
			i = len(facets)
			at[name] = i
			facets = append(facets, Facet{Field: name})
		}
		facets[i].Values = append(facets[i].Values, Value{get(f, "field_value"), hits})
		return nil
	})
	for i := range facets {
		sortValues(facets[i].Values)
	}
	slices.SortFunc(facets, func(a, b Facet) int {
		return cmp.Or(cmp.Compare(slices.Index(fields, a.Field), slices.Index(fields, b.Field)), cmp.Compare(a.Field, b.Field))
	})
	return facets, err
}

// FieldNames returns the names of the fields that the matching events have, in
// alphabetical order, with the number of events that have them.
func (c *Client) FieldNames(ctx context.Context, q Query) ([]Value, error) {
	return c.values(ctx, q, "field_names as name", "name")
}

// FieldValues returns up to limit values of a field that begin with prefix, the
// most frequent first.
func (c *Client) FieldValues(ctx context.Context, q Query, field, prefix string, limit int) ([]Value, error) {
	if prefix != "" {
		q.Filters = append(slices.Clone(q.Filters), strconv.Quote(field)+":="+strconv.Quote(prefix)+"*")
	}
	f := strconv.Quote(field)
	vs, err := c.values(ctx, q, fmt.Sprintf("stats by (%s) count() hits | sort by (hits desc) limit %d", f, max(limit, 1)), field)
	sortValues(vs)
	return vs, err
}

func (c *Client) values(ctx context.Context, q Query, pipes, name string) ([]Value, error) {
	if err := q.plain(); err != nil {
		return nil, err
	}
	var vs []Value
	err := c.table(ctx, q, q.form(pipes), func(f []Field) error {
		hits, err := number(f, "hits")
		if err != nil {
			return err
		}
		if v := get(f, name); v != "" {
			vs = append(vs, Value{v, hits})
		}
		return nil
	})
	slices.SortFunc(vs, func(a, b Value) int { return cmp.Compare(a.Value, b.Value) })
	return vs, err
}

func sortValues(vs []Value) {
	slices.SortFunc(vs, func(a, b Value) int {
		return cmp.Or(cmp.Compare(b.Hits, a.Hits), cmp.Compare(a.Value, b.Value))
	})
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	return strings.Join(quoted, ", ")
}

func number(fields []Field, name string) (uint64, error) {
	n, err := strconv.ParseUint(get(fields, name), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("row of the index: field %q: %w", name, err)
	}
	return n, nil
}
