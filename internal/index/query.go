package index

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Query is a question to the index.
type Query struct {
	// LogsQL is what the user wrote. Empty means everything.
	LogsQL string
	// From and To bound `_time`, From included and To not. Zero means unbounded.
	// They are a convenience, not a limit on what the user may see.
	From, To time.Time
	// Filters are LogsQL filters that every row must match besides the user's
	// query, its subqueries and unions included: the scope of a role belongs here.
	Filters []string
	// Limit is the most rows to return. Zero means 100 for [Client.Search] and no
	// limit for [Client.Run].
	Limit int
	// Offset is how many hits to skip. It is for [Client.Search].
	Offset int
	// Newest sorts hits from new to old; otherwise they go from old to new.
	Newest bool
}

// Hit is one event that matches, by its number in the ledger.
type Hit struct {
	Number uint64
	Time   time.Time // as the index has it
}

// maxReach is how deep into the hits one can page: each page costs memory for
// all before it. Further back one goes by time.
const maxReach = 100_000

// form returns the request for q with pipes appended to the user's query. They
// begin on a new line, so that a comment at its end does not swallow them.
func (q Query) form(pipes string) url.Values {
	text := strings.TrimSpace(q.LogsQL)
	if text == "" {
		text = "*"
	}
	if pipes != "" {
		text += "\n| " + pipes
	}
	v := url.Values{"query": {text}, "start": {formatTime(q.From)}, "end": {formatTime(latest)}}
	if !q.To.IsZero() {
		v.Set("end", formatTime(q.To.Add(-time.Nanosecond)))
	}
	for _, f := range q.Filters {
		if f = strings.TrimSpace(f); f != "" {
			v.Add("extra_filters", f)
		}
	}
	return v
}

// plain refuses a query with pipes, where rows are asked for and not a table.
func (q Query) plain() error {
	if HasPipes(q.LogsQL) {
		return &QueryError{Query: q.LogsQL, Message: "has pipes (|): events are searched without them; run it as a table instead"}
	}
	return nil
}

// HasPipes reports whether a LogsQL query has pipes, outside of quotes,
// parentheses and comments. Such a query gives a table and not events.
func HasPipes(logsQL string) bool {
	depth := 0
	for i := 0; i < len(logsQL); i++ {
		switch c := logsQL[i]; c {
		case '"', '\'', '`':
			for i++; i < len(logsQL) && logsQL[i] != c; i++ {
				if logsQL[i] == '\\' && c != '`' {
					i++
				}
			}
		case '#':
			for i < len(logsQL) && logsQL[i] != '\n' {
				i++
			}
		case '(', '{', '[':
			depth++
		case ')', '}', ']': // "[1, 2)" is a range: any of them closes
			depth--
		case '|':
			if depth <= 0 {
				return true
			}
		}
	}
	return false
}

// Run answers a query that may have pipes, row by row as the engine finds them.
// The fields are in the engine's order and belong to yield. An error of yield
// ends the query and is returned.
func (c *Client) Run(ctx context.Context, q Query, yield func([]Field) error) error {
	v := q.form("")
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return c.table(ctx, q, v, yield)
}

func (c *Client) table(ctx context.Context, q Query, v url.Values, yield func([]Field) error) error {
	return c.query(ctx, q.LogsQL, v, func(line []byte) error {
		fields, err := parseFields(line)
		if err != nil {
			return err
		}
		return yield(fields)
	})
}

// Search returns the numbers of the events that match q, sorted by time and then
// by number. An event that the index has twice is returned once.
func (c *Client) Search(ctx context.Context, q Query) ([]Hit, error) {
	if err := q.plain(); err != nil {
		return nil, err
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	q.Offset = max(q.Offset, 0)
	reach := q.Offset + q.Limit
	if reach > maxReach {
		return nil, &QueryError{Query: q.LogsQL, Message: fmt.Sprintf("reaches beyond the first %d hits: bound it by time instead", maxReach)}
	}
	w, err := c.windows(ctx, q)
	if err != nil {
		return nil, err
	}
	var hits []Hit
	for len(hits) < reach && w.next(hits, reach) {
		some, err := c.fit(ctx, w)
		if err != nil {
			return nil, err
		}
		if !some {
			continue
		}
		part := q
		part.From, part.To = w.from, w.to
		if w.long {
			all, complete, err := c.few(ctx, part, reach-len(hits))
			switch {
			case err != nil:
				return nil, err
			case !complete:
				if err := c.skip(ctx, part, w); err != nil {
					return nil, err
				}
				continue
			}
			hits = append(hits, all...)
			continue
		}
		found, err := c.sorted(ctx, part, reach-len(hits))
		if err != nil {
			return nil, err
		}
		hits = append(hits, found...)
	}
	return hits[min(q.Offset, len(hits)):], nil
}

// fit makes a long window shorter while it has far more rows than were looked
// through before: after a time in which little happened, it may reach deep into
// one in which much did. It reports whether there are rows in it.
func (c *Client) fit(ctx context.Context, w *windows) (bool, error) {
	for w.long {
		rows, err := c.Count(ctx, Query{From: w.from, To: w.to}) // of which the engine reads no fields
		if err != nil {
			return false, err
		}
		if rows <= w.most() {
			w.rows += rows
			return rows > 0, nil
		}
		w.shorten()
	}
	return true, nil
}

// sorted returns the first hits of q in its order, up to limit of them. The
// engine's own limit, without a sort, loses rows when many have the same time.
func (c *Client) sorted(ctx context.Context, q Query, limit int) ([]Hit, error) {
	by := "_time, n"
	if q.Newest {
		by = "_time desc, n desc"
	}
	for rows := limit; ; rows *= 2 {
		all, read, err := c.hits(ctx, q, q.form(fmt.Sprintf("fields n, _time | sort by (%s) limit %d", by, rows)))
		if err != nil {
			return nil, err
		}
		once := slices.CompactFunc(all, sameNumber)
		// An event that is there twice, or a row of others, took the place of one.
		if len(once) >= limit || read < rows {
			return once[:min(limit, len(once))], nil
		}
	}
}

// fewRows is how many rows are read to be sorted here.
const fewRows = 2_000

// few returns the first hits of q in its order, up to limit of them, if it has
// no more than few at all; the engine stops when it has found as many.
func (c *Client) few(ctx context.Context, q Query, limit int) (hits []Hit, complete bool, err error) {
	all, read, err := c.hits(ctx, q, q.form(fmt.Sprintf("fields n, _time | limit %d", fewRows)))
	if err != nil || read >= fewRows {
		return nil, false, err
	}
	slices.SortFunc(all, func(a, b Hit) int {
		order := cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Number, b.Number))
		if q.Newest {
			return -order
		}
		return order
	})
	all = slices.CompactFunc(all, sameNumber)
	return all[:min(limit, len(all))], true, nil
}

// skip has w go on where the first hit of q is, if there is one.
func (c *Client) skip(ctx context.Context, q Query, w *windows) error {
	function := "min"
	if q.Newest {
		function = "max"
	}
	return c.table(ctx, q, q.form("stats "+function+"(_time) first"), func(f []Field) error {
		text := get(f, "first")
		if text == "" {
			return nil
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return fmt.Errorf("row of the index: field %q: %w", "first", err)
		}
		w.skip(at)
		return nil
	})
}

func sameNumber(a, b Hit) bool { return a.Number == b.Number }

// hits returns the hits of a request, and how many rows these were.
func (c *Client) hits(ctx context.Context, q Query, v url.Values) (hits []Hit, rows int, err error) {
	err = c.query(ctx, q.LogsQL, v, func(line []byte) error {
		rows++
		var row struct {
			N    string    `json:"n"`
			Time time.Time `json:"_time"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			return fmt.Errorf("row of the index: %w", err)
		}
		n, err := strconv.ParseUint(row.N, 10, 64)
		if err != nil {
			return nil // not a row of ours: a shared cluster may hold others
		}
		hits = append(hits, Hit{Number: n, Time: row.Time})
		return nil
	})
	return hits, rows, err
}
