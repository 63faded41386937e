package detect

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
)

// The engine's time is the time of the stream, which never goes back. Clocks
// do, and they go wrong: an event with a wrong clock must not take the time of
// all others with it. So time moves on by itself only as far as leapLeast, or
// twice the lateness. Beyond that an event waits, ahead of the others, until
// it is known whether time has passed (a quiet night) or a clock is wrong:
//
//   - confirmAhead more events ahead than in the present, or [Engine.Advance],
//     say that time has passed. It moves on, at once.
//   - refuteAhead events in the present say that the clock is wrong. The event
//     is judged in the present.
//
// Events that are older than oldAge cannot be put in their place, and to judge
// them in the present would make one moment of hours. Only rules that look at
// one event judge them, until agreeOld more of them than of the present follow
// each other: then the present is wrong (a clock was set back), or a part of
// the past is being read (an import), and time goes on from there, at the
// distance of Shift, at the pace of the events, until those of the present come
// back. All this depends on the stream only.
const (
	leapLeast    = int64(time.Minute)
	oldAge       = int64(10 * time.Minute)
	confirmAhead = 8
	refuteAhead  = 8
	agreeOld     = 64
)

// clock says when an event counts for.
type clock struct {
	Started bool  `json:"started"`
	Newest  int64 `json:"newest"` // time of the newest event
	Shift   int64 `json:"shift"`  // added to the time of each event; never negative
	Left    int64 `json:"left"`   // time of the newest event before it was set back, unshifted
	Ahead   int   `json:"ahead"`  // events ahead, less those in the present
	Old     int   `json:"old"`    // old events that agree, less those in the present
	OldAt   int64 `json:"oldAt"`  // time of the newest of them, unshifted
	Serial  int64 `json:"serial"` // of the newest event that came late
}

// turn is the place of an event in the order in which they are judged.
type turn struct {
	At     int64    `json:"t"`
	Serial int64    `json:"serial,omitempty"` // of those that came late, which are judged in the order in which they came; 0: it did not
	ID     event.ID `json:"id,omitzero"`
}

func (p turn) compare(q turn) int {
	return cmp.Or(cmp.Compare(p.At, q.At), cmp.Compare(p.Serial, q.Serial), slices.Compare(p.ID[:], q.ID[:]))
}

// waiting is an event that waits for those that may come before it, or ahead
// of the others.
type waiting struct {
	e       *event.Event
	pos     turn
	raw     int64 // its own time
	number  int64 // in the ledger; -1: it is in none
	old     bool  // only rules that look at one event judge it
	present int   // events in the present since it came, of one that is ahead
}

func (e *Engine) leap() int64 { return max(leapLeast, 2*int64(e.cfg.Lateness)) }

// late is the time up to which everything was judged, or would have been.
func (e *Engine) late() int64 { return e.clock.Newest - int64(e.cfg.Lateness) }

// take puts an event in its place.
func (e *Engine) take(w waiting) {
	c := &e.clock
	if !c.Started {
		c.Started, c.Newest = true, w.raw
	}
	switch at := w.raw + c.Shift; {
	case at > c.Newest+e.leap():
		e.held = append(e.held, w)
		e.ids[w.e.ID] = true
		if c.Ahead++; c.Ahead >= confirmAhead {
			e.timePassed()
		}
	case at < c.Newest-max(oldAge, int64(e.cfg.Lateness)):
		e.takeOld(w)
	default:
		e.place(w)
		c.Ahead, c.Old = max(c.Ahead-1, 0), max(c.Old-1, 0)
		e.refute()
	}
}

// place puts an event in the present, and moves it on.
func (e *Engine) place(w waiting) {
	w.pos = turn{w.raw + e.clock.Shift, 0, w.e.ID}
	if w.pos.At <= e.late() {
		e.asLate(w, &e.stats.Late)
		return
	}
	if w.pos.compare(e.judged) <= 0 {
		e.asLate(w, &e.stats.Overtaken)
		return
	}
	e.clock.Newest = max(e.clock.Newest, w.pos.At)
	e.ids[w.e.ID] = true
	e.waiting.push(w)
}

// asLate puts an event in the present that belongs elsewhere, and counts it.
func (e *Engine) asLate(w waiting, count *uint64) {
	c := &e.clock
	if w.raw+c.Shift <= e.forgotten {
		e.stats.TooLate++
		delete(e.ids, w.e.ID)
		return
	}
	*count++
	c.Serial++
	w.pos = turn{max(c.Newest, e.judged.At), c.Serial, w.e.ID}
	e.ids[w.e.ID] = true
	e.waiting.push(w)
}

// takeOld counts the old events that agree, and sets the clock back if they
// are many.
func (e *Engine) takeOld(w waiting) {
	c := &e.clock
	switch {
	case c.Old > 0 && w.raw >= c.OldAt-oldAge:
		c.Old++
		c.OldAt = max(c.OldAt, w.raw)
	case c.Old > 0:
		c.Old--
	default:
		c.Old, c.OldAt = 1, w.raw
	}
	if c.Old >= agreeOld {
		c.Left = max(c.Left, c.Newest-c.Shift)
		c.Shift = c.Newest - c.OldAt
		c.Old, c.Ahead = 0, 0
		e.place(w)
		return
	}
	w.old = true
	e.asLate(w, &e.stats.Old)
}

// refute tells the events that are ahead of one in the present.
func (e *Engine) refute() {
	if len(e.held) == 0 {
		return
	}
	rest := e.held[:0]
	var near, wrong []waiting
	for _, w := range e.held {
		w.present++
		switch {
		case w.raw+e.clock.Shift <= e.clock.Newest+e.leap():
			near = append(near, w)
		case w.present >= refuteAhead:
			wrong = append(wrong, w)
		default:
			rest = append(rest, w)
		}
	}
	clear(e.held[len(rest):])
	e.held = rest
	for _, w := range near {
		e.place(w)
	}
	for _, w := range wrong {
		e.asLate(w, &e.stats.Ahead)
	}
	if len(near) > 0 {
		e.follow()
	}
}

// timePassed moves the time on to the first of the events that are ahead, and
// places those that follow it; then to the next, while as many are left as say
// that time has passed: in a sparse stream each event is ahead of the one before.
func (e *Engine) timePassed() {
	for e.moveOn(); len(e.held) >= confirmAhead; {
		e.moveOn()
	}
}

// moveOn moves the time on to the first of the events that are ahead.
func (e *Engine) moveOn() {
	c := &e.clock
	first := int64(math.MaxInt64)
	for _, w := range e.held {
		first = min(first, w.raw)
	}
	if c.Shift > 0 && first >= c.Left-oldAge {
		// Back from a part of the past: no time has passed.
		c.Shift = max(min(c.Shift, c.Newest-first), 0)
	}
	c.Newest = max(c.Newest, first+c.Shift)
	c.Ahead, c.Old = 0, 0
	e.follow()
}

// follow places the events that are no longer ahead, in the order in which
// they came.
func (e *Engine) follow() {
	order := slices.Clone(e.held)
	slices.SortStableFunc(order, func(a, b waiting) int { return cmp.Compare(a.raw, b.raw) })
	end := e.clock.Newest
	for _, w := range order {
		if w.raw+e.clock.Shift > end+e.leap() {
			break
		}
		end = max(end, w.raw+e.clock.Shift)
	}
	rest := e.held[:0]
	var near []waiting
	for _, w := range e.held {
		if w.raw+e.clock.Shift <= end {
			near = append(near, w)
		} else {
			rest = append(rest, w)
		}
	}
	clear(e.held[len(rest):])
	e.held = rest
	if len(near) > 0 {
		// As if the first of them had moved the time: it is not late.
		e.clock.Newest = max(e.clock.Newest, near[0].raw+e.clock.Shift)
	}
	for _, w := range near {
		e.place(w)
	}
}
