package detect

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// maxCount bounds what is counted exactly, and so the memory of a group.
const maxCount = 10000

// counting reads the condition of the correlations that count.
func (r *reader) counting(c *correlation, n, cond *node) {
	const path = "correlation.condition"
	keys := []string{"gte", "gt", "field", "share"}
	switch c.kind {
	case "event_count":
		keys = []string{"gte", "gt", "share"}
	case "value_sum", "value_changes":
		keys = keys[:3]
	}
	if cond.get("lt") != nil || cond.get("lte") != nil || cond.get("eq") != nil {
		r.at(cond, path, "has lt, lte or eq, which hold before anything came: write gte, or sequence_absence for what did not come")
		return
	}
	r.known(cond, path, keys...)
	var f *field
	if c.kind != "event_count" {
		name := r.str(cond, path, "field")
		if f = r.field(orNode(cond.get("field"), cond), path+".field", name); f == nil {
			return
		}
		if c.kind == "value_sum" && f.num == nil || c.kind == "value_changes" && f.list {
			r.at(cond.get("field"), path+".field", "%s is not for %s: it wants a number, or one value", name, c.kind)
			return
		}
	}
	need, share := r.threshold(c, cond, f), r.share(c, n, cond)
	switch c.kind {
	case "event_count":
		c.start = func(limit int, _ Config) correlator {
			s := &countState{table: newTable(limit, func(s *sharing, now int64) float64 { return s.worth(now, int(need), c.span) }), need: int(need), span: c.span, share: share}
			if share > 0 {
				s.among, s.most = len(c.refs)-1, int(float64(need)/share)
			}
			return s
		}
	case "value_sum":
		c.start = func(limit int, _ Config) correlator {
			return &sumState{table: newTable(limit, func(s *summed, now int64) float64 { return s.worth(now, need, c.span) }), need: need, span: c.span, f: f}
		}
	case "value_changes":
		c.start = func(limit int, _ Config) correlator {
			return &changeState{table: newTable(limit, func(s *changing, now int64) float64 { return s.Back.worth(now, int(need), c.span) }), need: int(need), span: c.span, f: f}
		}
	default:
		given, within, only := r.given(n)
		c.start = func(limit int, _ Config) correlator {
			return &valueState{table: newTable(limit, func(s *valued, now int64) float64 { return s.worth(now, int(need), c.span) }),
				need: int(need), span: c.span, f: f, given: given, within: within, only: only, share: share}
		}
	}
}

func (r *reader) threshold(c *correlation, cond *node, f *field) uint64 {
	const path = "correlation.condition"
	key := "gte"
	if cond.get("gt") != nil {
		key = "gt"
	}
	if c.kind == "value_sum" {
		v := cond.get(key)
		if v == nil || v.shape != scalar {
			r.at(cond, path, "is missing gte, the sum from which on it holds")
			return 1
		}
		n, ok := r.number(f, v, path+"."+key)
		if !ok || n == 0 {
			return 1
		}
		if key == "gt" {
			n++
		}
		return n
	}
	n := r.count(cond, path, key, 1, maxCount)
	if key == "gt" {
		n++
	}
	return n
}

// share reads which part of all must count: of the events of the rule that
// among names; of the values, those with the ones that except leaves out; or
// of the values that were given, as from says.
func (r *reader) share(c *correlation, n, cond *node) float64 {
	const path = "correlation.condition"
	of := map[string]string{"event_count": "among", "value_count": "except"}[c.kind]
	if c.kind == "value_count" && n.get("from") != nil {
		of = "from"
	}
	switch has := n.get(of) != nil; {
	case cond.get("share") == nil && of == "among" && has:
		r.at(n.get(of), "correlation.among", "is here and no share, write condition: {share: 0.8}")
		return 0
	case cond.get("share") == nil:
		return 0
	case !has:
		r.at(cond.get("share"), path+".share", "is a share of nothing, write %s: beside condition", of)
		return 0
	}
	share := r.decimal(cond, path, "share")
	if share <= 0 || share > 1 {
		r.at(cond.get("share"), path+".share", "is not between 0 and 1")
		return 1
	}
	return share
}

// given reads which values count, or do not, because the group was given them.
func (r *reader) given(n *node) (f *field, within time.Duration, only bool) {
	key, x := "except", n.get("except")
	if from := n.get("from"); from != nil {
		if x != nil {
			r.at(from, "correlation.from", "is here and except, keep one: the values that the group was given, or the others")
		}
		key, x, only = "from", from, true
	}
	path := "correlation." + key
	if x == nil || !r.known(x, path, "field", "timespan") {
		return nil, 0, only
	}
	f = r.field(orNode(x.get("field"), x), path+".field", r.str(x, path, "field"))
	return f, r.span(x, path, "timespan"), only
}

// sharing is the newest events of a group, and of what a share is asked for.
type sharing struct {
	counted
	Of times
}

// MarshalJSON writes both.
func (s sharing) MarshalJSON() ([]byte, error) {
	return json.Marshal(sharingJSON{s.counted, s.Of})
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (s *sharing) UnmarshalJSON(b []byte) error {
	var j sharingJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	s.counted, s.Of = j.Events, j.Of
	return nil
}

type sharingJSON struct {
	Events counted `json:"events"`
	Of     times   `json:"of"`
}

type countState struct {
	*table[sharing]
	need  int
	span  time.Duration
	share float64 // 0: any
	among int     // the reference that it is a share of
	most  int     // events of it that there may be
}

func (c *countState) observe(o *observation, i int, k *group) func() verdict {
	s := c.get(k, o.at)
	if c.share > 0 && i == c.among {
		s.Of.note(o.at, c.most+1, o.at-int64(c.span))
		return nil
	}
	s.add(o.at, o.ref, c.need, o.at-int64(c.span))
	if s.len() < c.need || c.share > 0 && s.Of.since(s.first()) > c.most {
		return nil
	}
	return func() verdict {
		terms := []Term{{"events in " + spanText(c.span), strconv.Itoa(s.len()), ">= " + strconv.Itoa(c.need)}}
		if c.share > 0 {
			terms = append(terms, Term{"share of all in that time", decimalText(float64(s.len()) / float64(max(s.Of.since(s.first()), s.len()))), ">= " + decimalText(c.share)})
		}
		return verdict{terms, s.before(), uint64(s.len()), s.first()}
	}
}

// sumSlots is how many parts a timespan has in a sum. The sum is of the last
// sumSlots-1 parts and the one that has begun, and so of a little less than
// the timespan.
const sumSlots = 60

// summed is a sum, part by part.
type summed struct {
	Slot int64            `json:"slot"` // number of the newest part
	Sum  [sumSlots]uint64 `json:"sum"`
	N    [sumSlots]uint32 `json:"n"`
	Refs counted          `json:"refs"` // the newest
}

func (s *summed) advance(at int64, span time.Duration) {
	slot := at / max(int64(span)/sumSlots, 1)
	for i := max(s.Slot+1, slot-sumSlots+1); i <= slot; i++ {
		s.Sum[i%sumSlots], s.N[i%sumSlots] = 0, 0
	}
	s.Slot = max(s.Slot, slot)
}

func (s *summed) total() (sum, n uint64) {
	for i := range s.Sum {
		sum, n = sum+s.Sum[i], n+uint64(s.N[i])
	}
	return sum, n
}

func (s *summed) worth(now int64, need uint64, span time.Duration) float64 {
	if s.Refs.len() == 0 || s.Refs.last() < now-int64(span) {
		return -1
	}
	sum, _ := s.total()
	return float64(sum)/float64(need) + recent(s.Refs.last())
}

type sumState struct {
	*table[summed]
	need uint64
	span time.Duration
	f    *field
}

func (c *sumState) observe(o *observation, _ int, k *group) func() verdict {
	v, ok := c.f.num(o.e)
	if !ok || o.at < 0 {
		return nil
	}
	s := c.get(k, o.at)
	s.advance(o.at, c.span)
	i := s.Slot % sumSlots
	s.Sum[i], s.N[i] = s.Sum[i]+min(v, 1<<50), s.N[i]+1
	s.Refs.add(o.at, o.ref, maxRefs, o.at-int64(c.span))
	sum, n := s.total()
	if sum < c.need {
		return nil
	}
	return func() verdict {
		return verdict{[]Term{{"sum of " + c.f.name + " in " + spanText(c.span), strconv.FormatUint(sum, 10), ">= " + strconv.FormatUint(c.need, 10)}},
			s.Refs.before(), n, s.Refs.first()}
	}
}

// value is a value that was seen: when last, and by which event.
type value struct {
	At  int64 `json:"t"`
	Ref Ref   `json:"r"`
}

// valued is the values of a group, by their hash.
type valued struct {
	Seen   smallMap[value] `json:"seen"`
	Except smallMap[int64] `json:"except"` // when last given
	Last   int64           `json:"last"`
	Since  int64           `json:"since"`           // none of the values was last seen before it
	Given  *times          `json:"given,omitempty"` // where a share is asked for, times of what it is of: values that did not count, or values that were given
}

func (s *valued) worth(now int64, need int, span time.Duration) float64 {
	if s.Last < now-int64(span) {
		return -1
	}
	return float64(s.Seen.len())/float64(need) + recent(s.Last)
}

type valueState struct {
	*table[valued]
	need   int
	span   time.Duration
	f      *field
	given  *field // values of it are given to the group; nil: none
	within time.Duration
	only   bool    // only values that were given count; else only the others
	share  float64 // of all values, or of those given, that must count; 0: any
}

func (c *valueState) observe(o *observation, _ int, k *group) func() verdict {
	s := c.get(k, o.at)
	s.Last = o.at
	fresh := false
	for _, h := range o.hashes(c.f) {
		at, ok := s.Except.get(h)
		if given := ok && at >= o.at-int64(c.within); given != c.only {
			if c.share > 0 && given {
				s.note(c, o)
			}
			continue
		}
		if known := s.Seen.ref(h); known != nil {
			*known, fresh = value{o.at, o.ref}, true
			continue
		}
		if s.Seen.len() > c.need { // what is too old must not take the room
			s.expire(o.at - int64(c.span))
		}
		if s.Seen.len() > c.need {
			if c.share == 0 {
				continue
			}
			s.dropOldest() // the share is that of the newest
		}
		s.Seen.set(h, value{o.at, o.ref})
		fresh = true
	}
	if c.given != nil {
		for _, h := range o.hashes(c.given) {
			if at, ok := s.Except.get(h); c.only && c.share > 0 && (!ok || at < o.at-int64(c.within)) {
				s.note(c, o)
			}
			s.give(h, o.at, c.within)
		}
	}
	if !fresh || s.Seen.len() < c.need {
		return nil
	}
	s.expire(o.at - int64(c.span))
	if s.Seen.len() < c.need || c.share > 0 && s.Given.since(c.since(s, o)) > c.most() {
		return nil
	}
	return func() verdict { return s.explain(c, o) }
}

// since is from when on values are counted that the share is of: those that do
// not count, from the first one that does; those given, in all of the timespan.
func (c *valueState) since(s *valued, o *observation) int64 {
	if c.only {
		return o.at - int64(c.span)
	}
	return s.oldest()
}

// expire drops the values of before a time.
func (s *valued) expire(since int64) {
	if s.Since >= since {
		return
	}
	s.Since = s.Last
	s.Seen.keep(func(_ uint64, v *value) bool {
		if v.At < since {
			return false
		}
		s.Since = min(s.Since, v.At)
		return true
	})
}

// most is how many values that do not count there may be beside those that do,
// or how many may have been given.
func (c *valueState) most() int {
	if c.only {
		return int(float64(c.need) / c.share)
	}
	return int(float64(c.need) * (1 - c.share) / c.share)
}

func (s *valued) oldest() int64 {
	at := s.Last
	s.Seen.each(func(_ uint64, v *value) { at = min(at, v.At) })
	return at
}

// dropOldest drops the value that was seen longest ago.
func (s *valued) dropOldest() {
	at, of := int64(math.MaxInt64), uint64(0)
	s.Seen.each(func(h uint64, v *value) {
		if v.At < at || v.At == at && h < of {
			at, of = v.At, h
		}
	})
	s.Seen.remove(of)
}

// note notes a value of those that the share is of.
func (s *valued) note(c *valueState, o *observation) {
	if s.Given == nil {
		s.Given = new(times)
	}
	s.Given.note(o.at, c.most()+1, o.at-int64(c.span))
}

// give notes that a value was given. When there is no room the oldest half is
// forgotten, so that a value may count that should not: the memory of what was
// given is bounded by maxCount.
func (s *valued) give(h uint64, at int64, within time.Duration) {
	if s.Except.len() >= maxCount {
		times := make([]int64, 0, s.Except.len())
		s.Except.each(func(_ uint64, t *int64) { times = append(times, *t) })
		slices.Sort(times)
		limit := max(times[len(times)/2], at-int64(within))
		s.Except.keep(func(_ uint64, t *int64) bool { return *t > limit })
	}
	s.Except.set(h, at)
}

func (s *valued) explain(c *valueState, o *observation) verdict {
	v := verdict{count: 0, from: o.at}
	seen := map[Ref]int64{}
	s.Seen.each(func(_ uint64, x *value) { seen[x.Ref], v.from = x.At, min(v.from, x.At) })
	v.count = uint64(len(seen))
	for ref := range seen {
		if ref != o.ref {
			v.events = append(v.events, ref)
		}
	}
	slices.SortFunc(v.events, func(a, b Ref) int {
		if d := seen[a] - seen[b]; d != 0 {
			return int(max(min(d, 1), -1))
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	v.terms = []Term{{"different values of " + c.f.name + " in " + spanText(c.span), strconv.Itoa(s.Seen.len()), ">= " + strconv.Itoa(c.need)}}
	given := s.Given.since(c.since(s, o))
	switch {
	case c.only && c.share > 0:
		part := float64(s.Seen.len()) / float64(max(given, s.Seen.len()))
		v.terms = append(v.terms, Term{"share of the values that were given in " + c.given.name, decimalText(part), ">= " + decimalText(c.share)})
	case c.given != nil && !c.only:
		v.terms = append(v.terms, Term{"values not counted, because they were given in " + c.given.name + " within " + spanText(c.within), strconv.Itoa(s.Except.len()), ""})
	}
	if c.share > 0 && !c.only {
		v.terms = append(v.terms, Term{"share of the values that count", decimalText(float64(s.Seen.len()) / float64(s.Seen.len()+given)), ">= " + decimalText(c.share)})
	}
	return v
}

// changing is the places that something came from.
type changing struct {
	Now  uint64          `json:"now"`  // the value of the newest event
	Ref  Ref             `json:"ref"`  // the newest event
	Seen smallMap[int64] `json:"seen"` // when each value was last seen
	Back counted         `json:"back"` // returns
}

type changeState struct {
	*table[changing]
	need int
	span time.Duration
	f    *field
}

// maxPlaces bounds the values of a group in value_changes.
const maxPlaces = 64

func (c *changeState) observe(o *observation, _ int, k *group) func() verdict {
	values := o.hashes(c.f)
	if len(values) == 0 {
		return nil
	}
	s, h := c.get(k, o.at), values[0]
	last, known := s.Seen.get(h)
	returned := known && s.Now != h && last >= o.at-int64(c.span)
	if returned {
		s.Back.add(o.at, o.ref, c.need, o.at-int64(c.span))
	}
	if s.Seen.len() >= maxPlaces && !known {
		s.Seen.keep(func(k uint64, _ *int64) bool { return k == s.Now })
	}
	before := s.Ref
	s.Now, s.Ref = h, o.ref
	s.Seen.set(h, o.at)
	if !returned || s.Back.len() < c.need || s.Back.first() < o.at-int64(c.span) {
		return nil
	}
	return func() verdict {
		events := append(s.Back.before(), before)
		return verdict{[]Term{{"returns of " + c.f.name + " to a value it had within " + spanText(c.span), strconv.Itoa(s.Back.len()), ">= " + strconv.Itoa(c.need)}},
			events, uint64(len(events)) + 1, s.Back.first()}
	}
}

// spanText writes a duration as rules do.
func spanText(d time.Duration) string {
	switch day := 24 * time.Hour; {
	case d >= day && d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}

var _ = []json.Marshaler{(*countState)(nil), (*sumState)(nil), (*valueState)(nil), (*changeState)(nil)}
