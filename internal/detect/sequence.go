package detect

import (
	"slices"
	"strconv"
	"time"
)

// step is the beginning of a pattern: the events of its steps so far.
type step struct {
	At   int64   `json:"t"` // of the first event; 0 in an empty step
	Refs []Ref   `json:"r"`
	Ats  []int64 `json:"ts"`
}

// steps is, for each rule of a pattern, the best beginning that ends with it:
// the one that began last.
type steps struct {
	Steps []step `json:"steps"`
	Last  int64  `json:"last"`
}

func startTemporal(c *correlation) func(int, Config) correlator {
	return func(limit int, _ Config) correlator {
		t := newTable(limit, func(s *steps, now int64) float64 {
			n := 0
			for _, x := range s.Steps {
				if len(x.Refs) > 0 && x.At >= now-int64(c.span) {
					n++
				}
			}
			if n == 0 {
				return -1
			}
			return float64(n) + recent(s.Last)
		})
		return &temporalState{table: t, c: c, ordered: c.kind == "temporal_ordered"}
	}
}

type temporalState struct {
	*table[steps]
	c       *correlation
	ordered bool
}

func (t *temporalState) observe(o *observation, i int, k *group) func() verdict {
	s := t.get(k, o.at)
	if len(s.Steps) == 0 {
		s.Steps = make([]step, len(t.c.refs))
	}
	s.Last = o.at
	since := o.at - int64(t.c.span)
	if !t.ordered {
		s.Steps[i] = step{o.at, []Ref{o.ref}, []int64{o.at}}
		for _, x := range s.Steps {
			if len(x.Refs) == 0 || x.At < since {
				return nil
			}
		}
		return func() verdict { return t.explain(s.Steps, o) }
	}
	if i == 0 {
		s.Steps[0] = step{o.at, []Ref{o.ref}, []int64{o.at}}
		return nil
	}
	before := s.Steps[i-1]
	if len(before.Refs) == 0 || before.At < since || slices.Contains(before.Refs, o.ref) {
		return nil
	}
	s.Steps[i] = step{before.At, append(slices.Clone(before.Refs), o.ref), append(slices.Clone(before.Ats), o.at)}
	if i < len(s.Steps)-1 {
		return nil
	}
	return func() verdict { return t.explain(s.Steps[i:], o) }
}

func (t *temporalState) explain(list []step, o *observation) verdict {
	v := verdict{from: o.at}
	type seen struct {
		at  int64
		ref Ref
	}
	var all []seen
	for _, x := range list {
		v.from = min(v.from, x.At)
		for j := range x.Refs {
			all = append(all, seen{x.Ats[j], x.Refs[j]})
		}
	}
	slices.SortStableFunc(all, func(a, b seen) int {
		if a.at != b.at {
			return int(max(min(a.at-b.at, 1), -1))
		}
		return slices.Compare(a.ref.ID[:], b.ref.ID[:])
	})
	for _, x := range slices.Compact(all) {
		v.count++
		if x.ref != o.ref {
			v.events = append(v.events, x.ref)
		}
	}
	how := "rules that matched, in any order"
	if t.ordered {
		how = "rules that matched, in this order"
	}
	v.terms = []Term{{how, t.c.names(), "all of them"}, {"time from the first to the last", time.Duration(o.at - v.from).String(), "<= " + spanText(t.c.span)}}
	return v
}

// absence reads a correlation of what did not come before.
func (r *reader) absence(c *correlation, n, cond *node) {
	const path = "correlation.condition"
	r.known(cond, path, "known", "learn_span")
	a := absenceRule{c: c, known: r.str(cond, path, "known") == "true", self: n.get("without") == nil, among: n.get("among") != nil}
	rules := len(c.refs)
	if a.among {
		rules--
	}
	switch {
	case a.among && !a.self:
		r.at(n.get("among"), "correlation.among", "is here and without, keep one")
	case a.self && rules != 1:
		r.at(n, "correlation.without", "is missing, name the rule that must come before; without it the one rule in rules must not have come itself")
	case a.among != (cond.get("learn_span") != nil):
		r.at(cond, path+".learn_span", "goes with among: for how long the events of that rule must have come")
	case a.among:
		a.learn = r.span(cond, path, "learn_span")
	}
	c.start = func(limit int, _ Config) correlator {
		worth := func(s *absent, now int64) float64 { return max(float64(s.Last), float64(s.First), 0) }
		return &absenceState{table: newTable(limit, worth), absenceRule: a}
	}
}

// absent is when a group's preceding event was seen.
type absent struct {
	Last  int64 `json:"last"`
	Ref   Ref   `json:"ref"`
	N     int   `json:"n"`               // how often
	First int64 `json:"first,omitempty"` // when the group was first seen, where that matters
}

// absenceRule is what a rule says.
type absenceRule struct {
	c     *correlation
	known bool          // a group whose preceding event was never seen is left alone
	self  bool          // what must come before is the same: the event is of something that was idle, or that is no habit
	among bool          // the last reference says since when a group is known
	learn time.Duration // for how long it must be
}

// absenceState finds an event that another did not precede.
type absenceState struct {
	*table[absent]
	absenceRule
	Begin int64 // when watching began; before that nothing can be said
}

func (a *absenceState) observe(o *observation, i int, k *group) func() verdict {
	if a.Begin == 0 {
		a.Begin = o.at
	}
	if a.among && i == len(a.c.refs)-1 {
		if s := a.get(k, o.at); s.First == 0 {
			s.First = o.at
		}
		return nil
	}
	span := int64(a.c.span)
	preceding := a.self || i == len(a.c.refs)-1
	var before absent
	if s := a.find(k); s != nil {
		before = *s
	}
	if preceding {
		s := a.get(k, o.at)
		s.Last, s.Ref, s.N = o.at, o.ref, s.N+1
		if !a.self {
			return nil
		}
	}
	switch {
	case a.among:
		if before.First == 0 || o.at-before.First < int64(a.learn) {
			return nil
		}
	case before.N == 0 && (a.known || o.at-a.Begin < span):
		return nil
	}
	if before.N > 0 && o.at-before.Last < span {
		return nil
	}
	return func() verdict {
		v := verdict{count: 1, from: o.at}
		term := Term{"since the last event that should come before", "never seen", ">= " + spanText(a.c.span)}
		if a.self {
			term.Name = "since the last such event"
		}
		if before.N > 0 {
			term.Value = time.Duration(o.at - before.Last).Round(time.Second).String()
			v.events, v.count, v.from = []Ref{before.Ref}, 2, before.Last
		}
		v.terms = []Term{term, {"such events before", strconv.Itoa(before.N), ""}}
		if a.among {
			v.terms = append(v.terms, Term{"time since the group's first event", time.Duration(o.at - before.First).Round(time.Second).String(), ">= " + spanText(a.learn)})
		}
		return v
	}
}

func (a *absenceState) MarshalJSON() ([]byte, error) { return marshalWith(a.table, a.Begin) }
func (a *absenceState) UnmarshalJSON(b []byte) error { return unmarshalWith(b, a.table, &a.Begin) }
