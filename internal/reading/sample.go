package reading

import (
	"time"

	"github.com/gatebook/gatebook/event"
)

// Passed counts what matched a tail since the last time it was told, shown or
// not. It says of nobody what they did, and is no look.
type Passed struct {
	Answered uint64 `json:"answered"` // calls that were answered well
	Refused  uint64 `json:"refused"`  // calls that the API refused
	Failed   uint64 `json:"failed"`   // calls that Gatebook denied or that failed, and gaps
	Every    uint64 `json:"every"`    // of those answered well, 1 in so many is shown; 1: all
	Others   uint64 `json:"others"`   // the same of the others
}

// Total is how many there were.
func (p Passed) Total() uint64 { return p.Answered + p.Refused + p.Failed }

// sampler chooses which records of a tail are shown when there are more than
// can be read. What was answered well and what was not are sampled apart, so
// that a few failures are all seen among many successes. It is evenly spread:
// the second before decides how many are left out of this one.
type sampler struct {
	most   uint64 // a second of each sort; 0: all
	sorts  [2]sampled
	passed Passed // since it was told
}

// sampled is one sort.
type sampled struct {
	second int64  // of the clock; what follows is of it
	seen   uint64 // in this second
	shown  uint64 // in this second
	every  uint64 // 1 in so many; 0 is 1
}

// take counts a record, and reports whether to show it.
func (s *sampler) take(e *event.Event, now time.Time) bool {
	sort := 1
	switch outcomeOf(e) {
	case well:
		s.passed.Answered++
		sort = 0
	case turnedDown:
		s.passed.Refused++
	default:
		s.passed.Failed++
	}
	return s.most == 0 || s.sorts[sort].take(s.most, now.Unix())
}

func (s *sampled) take(most uint64, second int64) bool {
	if second != s.second {
		rate := s.seen
		if second != s.second+1 {
			rate = 0 // a pause: nothing is known of what comes
		}
		s.every = max(1, (rate+most-1)/most)
		s.second, s.seen, s.shown = second, 0, 0
	}
	nth := s.seen
	s.seen++
	// The first of a second is always shown. A sudden crowd, which the second
	// before did not have, ends at the double.
	if nth%max(1, s.every) != 0 || s.shown >= 2*most {
		return false
	}
	s.shown++
	return true
}

// told returns what passed since the last time.
func (s *sampler) told() Passed {
	p := s.passed
	p.Every, p.Others = max(1, s.sorts[0].every), max(1, s.sorts[1].every)
	s.passed = Passed{}
	return p
}

// outcome is how a record ended, as far as it is told apart at a glance.
type outcome int

const (
	well outcome = iota
	turnedDown
	broken
)

func outcomeOf(e *event.Event) outcome {
	switch o := &e.Outcome; {
	case e.Kind == event.Gap:
		return broken
	case e.Kind != event.Access:
		return well
	case o.Decision == "denied" || o.Status == 0 || o.Status >= 500:
		return broken
	case o.Status >= 400 || o.RPCStatus != "" && o.RPCStatus != "OK":
		return turnedDown
	}
	return well
}
