package objects

import (
	"context"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Forget removes what was erased from the ledger: of the days (2006-01-02) for
// which match says so, it looks at each call again, and drops the postings of
// those whose what envelope is gone, and the names that are from who envelopes
// that are. Call it when the ledger gives the erased no more. When it returns,
// neither files nor memory have it.
func (v *View) Forget(ctx context.Context, match func(day string) bool) error {
	v.work.Lock()
	defer v.work.Unlock()
	v.merge.Lock()
	defer v.merge.Unlock()
	if err := v.names.forget(ctx, match); err != nil {
		return err
	}
	days := dayMatch(match)
	v.mu.RLock()
	segments := v.segments
	v.mu.RUnlock()
	for _, s := range segments {
		if err := v.forgetSegment(ctx, s, days); err != nil {
			return v.damaged(err)
		}
	}
	return v.forgetRecent(ctx, days)
}

// dayMatch makes a match of times of one of days, and remembers the last day.
// Times at the bounds stand for all beyond them, and always match.
func dayMatch(match func(day string) bool) func(at int64) bool {
	const day = int64(24 * time.Hour)
	last, matched := int64(-1), false
	return func(at int64) bool {
		if at <= earliest.UnixNano() || at >= latest.UnixNano() {
			return true
		}
		if at/day != last {
			last, matched = at/day, match(time.Unix(0, at).UTC().Format(dayForm))
		}
		return matched
	}
}

// near is how far apart records may be to be read together.
const near = 256

// gone returns which of the records, in order, have no envelope of the class.
func (v *View) gone(ctx context.Context, numbers []uint64, class event.Class) (map[uint64]bool, error) {
	out := make(map[uint64]bool)
	for len(numbers) > 0 {
		n := 1
		for n < len(numbers) && numbers[n]-numbers[n-1] < near {
			n++
		}
		some := numbers[:n]
		numbers = numbers[n:]
		err := v.cfg.Ledger.ReadRange(some[0], some[n-1]+1, []event.Class{class}, func(number uint64, s *event.Sealed) error {
			if len(some) > 0 && some[0] == number {
				some = some[1:]
				if s.Envelopes[class] == nil {
					out[number] = true
				}
			}
			return ctx.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// forgetSome is how many calls are looked at together.
const forgetSome = 1 << 16

func (v *View) forgetSegment(ctx context.Context, s *segment, match func(at int64) bool) error {
	var numbers, positions []uint64
	drop := make(map[uint64]bool)
	look := func() error {
		gone, err := v.gone(ctx, numbers, event.ClassWhat)
		for i, n := range numbers {
			if gone[n] {
				drop[positions[i]] = true
			}
		}
		numbers, positions = numbers[:0], positions[:0]
		return err
	}
	calls := &reader{table: s.calls(), from: s.file}
	for pos := range s.foot.Calls {
		c, err := s.readCall(calls, pos)
		if err != nil {
			return err
		}
		if match(c.at) {
			numbers, positions = append(numbers, c.number), append(positions, pos)
		}
		if len(numbers) == forgetSome {
			if err := look(); err != nil {
				return err
			}
		}
	}
	if err := look(); err != nil || len(drop) == 0 {
		return err
	}
	return v.rewrite(ctx, []*part{{seg: s, drop: func(pos uint64) bool { return drop[pos] }}})
}

func (v *View) forgetRecent(ctx context.Context, match func(at int64) bool) error {
	r := v.recent
	var numbers []uint64
	for _, c := range r.calls {
		if match(c.at) {
			numbers = append(numbers, c.number)
		}
	}
	gone, err := v.gone(ctx, numbers, event.ClassWhat)
	if err != nil || len(gone) == 0 {
		return err
	}
	kept := *r
	kept.postings = slices.DeleteFunc(slices.Clone(r.postings), func(p posting) bool { return gone[r.calls[p.pos>>1].number] })
	v.mu.Lock()
	v.recent = &kept
	v.mu.Unlock()
	return nil
}

// forget drops the names that are from who envelopes that are gone.
func (n *names) forget(ctx context.Context, match func(day string) bool) error {
	n.mu.Lock()
	n.erased++ // what is being read is not added
	var numbers []uint64
	for _, k := range n.of {
		if match(k.Day) {
			numbers = append(numbers, k.Number)
		}
	}
	n.mu.Unlock()
	slices.Sort(numbers)
	gone, err := n.view.gone(ctx, slices.Compact(numbers), event.ClassWho)
	if err != nil {
		return err
	}
	n.mu.Lock()
	for id, k := range n.of {
		if gone[k.Number] {
			delete(n.of, id)
			n.dirty = true
		}
	}
	n.mu.Unlock()
	return n.save()
}
