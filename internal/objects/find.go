package objects

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

func be64(b []byte) uint64 { return binary.BigEndian.Uint64(b) }

// maxGroups bounds the groups of an answer.
const maxGroups = 200_000

// Group is the calls of one combination that touched an object.
type Group struct {
	By
	Calls  uint64
	Asked  uint64    // of these, that named the object in the request
	First  time.Time // arrival of the first
	Last   time.Time // and of the newest
	Newest uint64    // number of the record that was recorded last
}

// Found is the answer to [View.Find].
type Found struct {
	Groups  []Group // in no order
	Covered uint64  // it knows the records before this number
	More    uint64  // calls that are in no group, since there are too many groups
}

// Find returns which calls that arrived in [from, to) touched the object named
// "type/id"; zero means unbounded.
func (v *View) Find(ctx context.Context, name string, from, to time.Time) (*Found, error) {
	q := &lookup{ctx: ctx, hash: v.hash(name), from: math.MinInt64, to: math.MaxInt64, groups: make(map[string]*Group)}
	if !from.IsZero() {
		q.from = nanos(from)
	}
	if !to.IsZero() {
		q.to = nanos(to)
	}
	v.mu.RLock()
	segments, recent, covered := v.segments, *v.recent, v.next
	for _, s := range segments {
		s.use()
	}
	v.mu.RUnlock()
	defer func() {
		for _, s := range segments {
			s.release()
		}
	}()
	for _, s := range segments {
		if err := q.segment(s); err != nil {
			return nil, v.damaged(fmt.Errorf("%s: %w", s.name, err))
		}
	}
	if err := q.recent(&recent); err != nil {
		return nil, err
	}
	found := &Found{Groups: make([]Group, 0, len(q.groups)), Covered: covered, More: q.more}
	for by, g := range q.groups {
		var err error
		if g.By, err = decodeBy(by); err != nil {
			return nil, v.damaged(err)
		}
		found.Groups = append(found.Groups, *g)
	}
	return found, nil
}

// lookup is one question.
type lookup struct {
	ctx      context.Context
	hash     uint64
	from, to int64
	groups   map[string]*Group
	more     uint64
}

// sum is what a segment has of one combination.
type sum struct {
	calls, asked, newest uint64
	first, last          int64
}

// take counts a call, if it is within the time.
func (q *lookup) take(sums map[uint32]*sum, c call, asked bool) {
	if c.at < q.from || c.at >= q.to {
		return
	}
	s := sums[c.by]
	if s == nil {
		s = &sum{first: c.at, last: c.at}
		sums[c.by] = s
	}
	s.calls++
	if asked {
		s.asked++
	}
	s.first, s.last, s.newest = min(s.first, c.at), max(s.last, c.at), max(s.newest, c.number)
}

func (q *lookup) segment(s *segment) error {
	if s.foot.Last < q.from || s.foot.First >= q.to {
		return nil
	}
	sums := make(map[uint32]*sum)
	calls := &reader{table: s.calls(), from: s.file}
	n := 0
	err := s.find(q.hash, func(pos uint64, asked bool) error {
		if n++; n%4096 == 0 && q.ctx.Err() != nil {
			return q.ctx.Err()
		}
		c, err := s.readCall(calls, pos)
		if err == nil {
			q.take(sums, c, asked)
		}
		return err
	})
	if err != nil {
		return err
	}
	ends := &reader{table: s.ends(), from: s.file}
	for by, sum := range sums {
		text, err := s.readBy(ends, uint64(by))
		if err != nil {
			return err
		}
		q.join(text, sum)
	}
	return nil
}

func (q *lookup) recent(r *recent) error {
	sums := make(map[uint32]*sum)
	for _, p := range r.postings {
		if p.hash == q.hash {
			q.take(sums, r.calls[p.pos>>1], p.pos&1 == 1)
		}
	}
	for by, sum := range sums {
		q.join(r.by[by], sum)
	}
	return q.ctx.Err()
}

func (q *lookup) join(by string, s *sum) {
	first, last := time.Unix(0, s.first).UTC(), time.Unix(0, s.last).UTC()
	g := q.groups[by]
	if g == nil {
		if len(q.groups) >= maxGroups {
			q.more += s.calls
			return
		}
		g = &Group{First: first, Last: last}
		q.groups[by] = g
	}
	g.Calls, g.Asked, g.Newest = g.Calls+s.calls, g.Asked+s.asked, max(g.Newest, s.newest)
	if first.Before(g.First) {
		g.First = first
	}
	if last.After(g.Last) {
		g.Last = last
	}
}
