package index

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// windows divide the time that a query is about into parts that follow one
// another, from where its first hits are: the engine reads all of what it sorts,
// and the first hundred of millions lie in a small part. A part is as long as the
// hits so far say that it must be. However long they are, together they are all
// of the time, and no moment is in two.
type windows struct {
	from, to time.Time // of the window to look at; zero: unbounded
	long     bool      // there may be much in it

	query  Query
	now    time.Time
	near   time.Time     // where the window begins, in the order of the query
	edge   time.Time     // and ends: between what was looked at and what was not
	width  time.Duration // of the window; 0: it says nothing of the next one
	found  int           // hits when it began
	rows   uint64        // in the long windows so far
	quick  uint64        // so many are looked through in any case
	oldest time.Time     // before it there is little or nothing
	begun  bool
	done   bool
}

// A question more costs the engine a fraction of a millisecond, a tenth more of
// five million rows ten times that: windows are rather too short than too long.
const (
	firstWidth = 4 * time.Second
	leastWidth = time.Second
	growth     = 16 // of the next window, if nothing is found
	spare      = 1.1
	longest    = 100 * 365 * 24 * time.Hour

	// long is how long a window may be that the engine sorts without a look at
	// how much is in it.
	long = 2 * time.Minute

	// quickRows is how many rows are looked through in a few milliseconds.
	quickRows = 300_000
)

// windows are the windows of q.
func (c *Client) windows(ctx context.Context, q Query) (*windows, error) {
	if c.earliest.get().IsZero() {
		if err := c.findEarliest(ctx, q.Filters); err != nil {
			return nil, err
		}
	}
	w := &windows{query: q, now: time.Now(), oldest: c.earliest.get(), quick: c.quick}
	if w.oldest.Before(earliest) {
		w.oldest = earliest
	}
	switch {
	case q.Newest && !q.To.IsZero() && q.To.Before(w.now):
		w.edge = q.To
	case q.Newest:
		w.edge = w.now
	case q.From.After(w.oldest):
		w.edge = q.From
	default:
		w.edge = w.oldest
	}
	return w, nil
}

// findEarliest asks for the time of the oldest row that the filters let through,
// which the engine mostly knows without reading rows.
func (c *Client) findEarliest(ctx context.Context, filters []string) error {
	q := Query{Filters: filters}
	return c.table(ctx, q, q.form("stats min(_time) oldest"), func(f []Field) error {
		text := get(f, "oldest")
		if text == "" {
			return nil // there are no rows
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return fmt.Errorf("row of the index: field %q: %w", "oldest", err)
		}
		c.earliest.set(at)
		return nil
	})
}

// next goes on to the next window; hits, of reach, were found in those before.
// It is false when there is none.
func (w *windows) next(hits []Hit, reach int) bool {
	if w.done {
		return false
	}
	found := len(hits)
	got := found - w.found
	if got > 0 && w.found == 0 {
		// How long there was nothing before the first hit says nothing of how
		// far the next ones are apart.
		w.width = max(hits[0].Time.Sub(w.edge).Abs(), leastWidth)
	}
	switch {
	case w.width == 0:
		w.width = firstWidth
	case got > 0:
		// There may be more of them than these say, which are few by chance.
		often := float64(got) + math.Sqrt(float64(got))
		guess := float64(w.width) * spare * float64(reach-found) / often
		w.width = max(time.Duration(min(guess, float64(longest))), leastWidth)
	default:
		w.width = min(w.width, longest/growth) * growth
	}
	w.found, w.near = found, w.edge
	w.place()
	w.begun = true
	return true
}

// most is how many rows a long window may have.
func (w *windows) most() uint64 { return w.quick + growth*w.rows }

// shorten makes the window that next gave a quarter of itself.
func (w *windows) shorten() {
	w.width /= 4
	w.place()
}

// skip goes on at the time of a hit, before which there is none.
func (w *windows) skip(at time.Time) {
	w.edge, w.width, w.done = at, 0, false
	if w.query.Newest {
		w.edge = at.Add(time.Nanosecond)
	}
}

// place puts a window of the width where those before it end.
func (w *windows) place() {
	w.done = false
	if w.query.Newest {
		w.back()
	} else {
		w.forth()
	}
	w.long = w.width > long
}

func (w *windows) back() {
	from := w.near.Add(-w.width)
	w.from, w.to, w.edge = from, w.near, from
	if !w.begun {
		w.to = w.query.To
	}
	if !from.After(w.query.From) || !from.After(w.oldest) {
		w.from, w.done = w.query.From, true
		end := w.oldest
		if w.query.From.After(end) {
			end = w.query.From
		}
		w.width = min(w.width, max(w.near.Sub(end), leastWidth))
	}
}

func (w *windows) forth() {
	to := w.near.Add(w.width)
	w.from, w.to, w.edge = w.near, to, to
	if !w.begun {
		w.from = w.query.From
	}
	end := w.query.To
	if end.IsZero() || end.After(w.now) {
		end = w.now
	}
	if !to.Before(end) {
		w.to, w.done = w.query.To, true
		w.width = min(w.width, max(end.Sub(w.near), leastWidth))
	}
}

// moment is a time that many may set. The zero value is no time.
type moment struct{ ns atomic.Int64 }

func (m *moment) get() time.Time {
	if ns := m.ns.Load(); ns != 0 {
		return time.Unix(0, ns)
	}
	return time.Time{}
}

func (m *moment) set(t time.Time) { m.ns.Store(t.UnixNano()) }
