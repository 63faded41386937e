package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gatebook/gatebook/event"
)

// DefaultTolerance is how far clocks, and the time that a record takes to its
// witnesses, may differ before a time is doubted.
const DefaultTolerance = time.Minute

// bound is a cosigned checkpoint as a bound of time: the records before size
// existed by At, and those from size on were not published by First.
type bound struct {
	size      uint64
	first, at time.Time
}

func sortBounds(bounds []bound) []bound {
	slices.SortStableFunc(bounds, func(a, b bound) int {
		if a.size != b.size {
			return compare(a.size, b.size)
		}
		return a.at.Compare(b.at)
	})
	// Of one size the first tells by when it existed, the last how long
	// nothing came after it.
	var out []bound
	for _, b := range bounds {
		if n := len(out); n > 0 && out[n-1].size == b.size {
			if b.first.After(out[n-1].first) {
				out[n-1].first = b.first
			}
			continue
		}
		out = append(out, b)
	}
	return out
}

// doubt is a range of records whose times cannot be.
type doubt struct {
	from, to uint64
	when     int64 // of the record that is worst
	worst    uint64
	by       time.Duration
	bound    time.Time
	size     uint64
}

func (d *doubt) add(n uint64, when int64, by time.Duration) {
	d.to = n
	if by > d.by {
		d.worst, d.when, d.by = n, when, by
	}
}

// maxDoubts bounds the sentences of one kind about times.
const maxDoubts = 20

// clock compares the times that records claim with each other, and with the
// cosignatures before and after them.
func (v *verifier) clock() {
	v.report.Losses = v.facts.losses()
	v.report.Clock = v.facts.clock()
	tolerance := v.opts.Tolerance
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	var late, early []doubt
	var backwards []doubt
	next, last := 0, int64(0)
	v.facts.times(func(n uint64, when int64) {
		for next < len(v.bounds) && v.bounds[next].size <= n {
			next++
		}
		t := time.Unix(0, when)
		if next < len(v.bounds) {
			b := v.bounds[next]
			// A cosignature counts whole seconds.
			if by := t.Sub(b.at.Add(time.Second)); by > tolerance {
				late = grow(late, n, when, by, b.at, b.size)
			}
		}
		if next > 0 {
			b := v.bounds[next-1]
			if by := b.first.Sub(t); by > tolerance {
				early = grow(early, n, when, by, b.first, b.size)
			}
		}
		if by := time.Duration(last - when); last != 0 && by > tolerance {
			backwards = append(backwards, doubt{from: n, when: when, by: by, bound: time.Unix(0, last)})
		}
		last = when
	})
	for _, d := range first(late) {
		v.wrong("time", d.records(), "record %d claims to be from %s, but a checkpoint that covers it (%d records) was cosigned at %s: the ledger's clock was %s ahead, or the time was made up", d.worst, stamp(d.when), d.size, d.bound.Format(time.RFC3339), d.by.Round(time.Second))
	}
	for _, d := range first(early) {
		v.wrong("time", d.records(), "record %d claims to be from %s, but the checkpoint before it (%d records) was cosigned at %s, without it: the ledger's clock was %s behind, or the record was dated back", d.worst, stamp(d.when), d.size, d.bound.Format(time.RFC3339), d.by.Round(time.Second))
	}
	for _, d := range first(backwards) {
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("time runs backwards at record %d: it is from %s, %s before the record ahead of it: the clock was set back, or the record was dated back", d.from, stamp(d.when), d.by.Round(time.Second)))
	}
	if n := len(late) + len(early) + len(backwards); n > 3*maxDoubts {
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("of %d ranges of records with doubtful times the first of each kind are named", n))
	}
}

func first(d []doubt) []doubt { return d[:min(len(d), maxDoubts)] }

// grow adds a record to the last doubt, if that is about the same bound, or
// begins another.
func grow(list []doubt, n uint64, when int64, by time.Duration, at time.Time, size uint64) []doubt {
	if k := len(list); k > 0 && list[k-1].size == size {
		list[k-1].add(n, when, by)
		return list
	}
	d := doubt{from: n, bound: at, size: size}
	d.add(n, when, by)
	return append(list, d)
}

func (d *doubt) records() string {
	if d.from == d.to {
		return fmt.Sprintf("record %d", d.from)
	}
	return fmt.Sprintf("records %d to %d", d.from, d.to)
}

func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000Z") }

// ClockState is something that is worth knowing of the clock that the records'
// times are from, as its "clock" events tell it.
type ClockState struct {
	From, To time.Time // To is zero if the record ends before the state does
	Record   uint64    // the event that tells of it
	What     string    // a clause, such as "no source"
}

// clock returns the times at which the clock had no source, and its steps.
func (f *facts) clock() []ClockState {
	var out []ClockState
	open := -1 // of out: the state that has not ended
	for _, n := range slices.Sorted(maps.Keys(f.told)) {
		h := f.told[n]
		if h.Note == nil || h.Note.Name != "clock" {
			continue
		}
		at := h.Arrived.UTC()
		said := make(map[string]string)
		for _, fact := range h.Note.Facts {
			said[fact.Name] = fact.Value
		}
		if ns, err := strconv.ParseInt(said["step_ns"], 10, 64); err == nil && ns != 0 {
			out = append(out, step(h, n, time.Duration(ns)))
		}
		what := lack(said)
		if open >= 0 && out[open].What != what {
			out[open].To, open = at, -1
		}
		if open < 0 && what != "" {
			open = len(out)
			out = append(out, ClockState{From: at, Record: n, What: what})
		}
	}
	return out
}

// step is the state of a clock that was set.
func step(h *event.Header, n uint64, by time.Duration) ClockState {
	at := h.Arrived.UTC()
	what := fmt.Sprintf("the clock was set forward by %s", by.Abs())
	if by < 0 {
		what = fmt.Sprintf("the clock was set back by %s", by.Abs())
	}
	return ClockState{From: at.Add(-by), To: at, Record: n, What: what}
}

// lack says what a clock event says is missing; empty: nothing.
func lack(said map[string]string) string {
	switch {
	case said["source"] == "unknown" || said["source"] == "":
		return "its state could not be read"
	case said["synchronized"] != "true":
		return "it had no source: nothing held it to the time of others"
	}
	return ""
}
