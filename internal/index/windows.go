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
	edge   time.Time     // between what was looked at and what was not
	width  time.Duration // of the last window; 0: it says nothing of the next one
	found  int           // hits when it began
	oldest time.Time     // before it there is little or nothing
	expect time.Time     // where the newest hits may begin; zero: not known
	begun  bool
	done   bool
}

// A question more costs the engine a fraction of a millisecond, a tenth more of
// five million rows ten times that: windows are rather too short than too long.
const (
	firstWidth = 4 * time.Second
	leastWidth = time.Second
	growth     = 8 // of the next window, if nothing is found
	spare      = 1.1
	longest    = 100 * 365 * 24 * time.Hour

	// long is how long a window may be that the engine sorts without a look at
	// how much is in it.
	long = 2 * time.Minute
)

// windows are the windows of q.
func (c *Client) windows(ctx context.Context, q Query) (*windows, error) {
	if c.earliest.get().IsZero() {
		if err := c.findEnds(ctx, q.Filters); err != nil {
			return nil, err
		}
	}
	w := &windows{query: q, now: time.Now(), oldest: c.earliest.get()}
	if w.oldest.Before(earliest) {
		w.oldest = earliest
	}
	switch {
	case q.Newest && !q.To.IsZero() && q.To.Before(w.now):
		w.edge, w.expect = q.To, c.latest.get()
	case q.Newest:
		w.edge, w.expect = w.now, c.latest.get()
	case q.From.After(w.oldest):
		w.edge = q.From
	default:
		w.edge = w.oldest
	}
	return w, nil
}

// findEnds asks for the times of the oldest and the newest row that the filters
// let through, which the engine mostly knows without reading rows.
func (c *Client) findEnds(ctx context.Context, filters []string) error {
	q := Query{Filters: filters}
	return c.table(ctx, q, q.form("stats min(_time) oldest, max(_time) newest"), func(f []Field) error {
		for name, end := range map[string]*moment{"oldest": &c.earliest, "newest": &c.latest} {
			text := get(f, name)
			if text == "" {
				continue // there are no rows
			}
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				return fmt.Errorf("row of the index: field %q: %w", name, err)
			}
			end.set(at)
		}
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
	w.found = found
	if w.query.Newest {
		w.back()
	} else {
		w.forth()
	}
	w.begun = true
	return true
}

// skip goes on at the time of a hit, before which there is none.
func (w *windows) skip(at time.Time) {
	w.edge, w.width, w.expect, w.done = at, 0, time.Time{}, false
	if w.query.Newest {
		w.edge = at.Add(time.Nanosecond)
	}
}

func (w *windows) back() {
	from := w.edge.Add(-w.width)
	if w.begun && w.found == 0 && !w.expect.IsZero() {
		// Between the newest hit that was ever found and now there are few.
		if w.expect.Before(w.edge.Add(-firstWidth)) {
			from, w.width = w.expect.Add(time.Nanosecond), 0
		}
		w.expect = time.Time{}
	}
	w.from, w.to, w.long = from, w.edge, w.edge.Sub(from) > long
	if !w.begun {
		w.to = w.query.To
	}
	w.edge = from
	if !from.After(w.query.From) || !from.After(w.oldest) {
		w.from, w.done = w.query.From, true
	}
}

func (w *windows) forth() {
	to := w.edge.Add(w.width)
	w.from, w.to, w.long = w.edge, to, w.width > long
	if !w.begun {
		w.from = w.query.From
	}
	w.edge = to
	if to.After(w.now) || !w.query.To.IsZero() && !to.Before(w.query.To) {
		w.to, w.done = w.query.To, true
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
