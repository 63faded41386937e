package reading

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// disorder is how far the time of a record may lie behind that of a later one:
// records are sealed about when their calls complete.
const disorder = time.Minute

// scanPage answers from the ledger alone, in the order of the numbers.
func (r *Room) scanPage(ctx context.Context, who Reader, p *plan, s Search, after *cursor, res *Result) error {
	res.Meta.Source, res.Meta.Complete, res.Meta.Note = "ledger", true, ""
	low, high := uint64(0), res.Meta.Sealed
	if after != nil && s.Oldest {
		low = after.number + 1
	} else if after != nil {
		high = min(high, after.number)
	}
	if !p.From.IsZero() {
		n, err := r.position(p.From.Add(-disorder))
		if err != nil {
			return err
		}
		low = max(low, n)
	}
	var next, scanned uint64
	for low < high && scanned < r.cfg.ScanLimit {
		from, to := low, min(low+ledger.BlockRecords, high)
		if !s.Oldest {
			from, to = max(low, (high-1)/ledger.BlockRecords*ledger.BlockRecords), high
		}
		more, err := r.scanBlock(ctx, who, p, s, from, to, res, &next)
		if err != nil {
			return err
		}
		if more {
			res.Next = cursor{ledger: true, number: next}.String()
			return nil
		}
		scanned += to - from
		if s.Oldest {
			low = to
		} else {
			high = from
		}
	}
	if low < high {
		res.Meta.Complete, res.Meta.Note = false, fmt.Sprintf("only %d records were looked through; ask for the next page to go on", scanned)
		res.Next = cursor{ledger: true, number: high}.String()
		if s.Oldest {
			res.Next = cursor{ledger: true, number: low - 1}.String()
		}
	}
	return nil
}

// scanBlock adds the hits of the records [from, to). It reports whether there
// are more than asked for; then next is the number of the last hit shown.
func (r *Room) scanBlock(ctx context.Context, who Reader, p *plan, s Search, from, to uint64, res *Result, next *uint64) (bool, error) {
	var hits []uint64
	err := r.each(ctx, from, to, func(n uint64, e *event.Event, bad *Problem) error {
		if bad != nil {
			res.Problems = append(res.Problems, *bad)
		} else if p.wants(e) {
			hits = append(hits, n)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if !s.Oldest {
		slices.Reverse(hits)
	}
	for _, n := range hits {
		if len(res.Hits) == s.Limit {
			return true, nil
		}
		res.add(r.read(who, n))
		*next = n
	}
	return false, nil
}

// position returns the number of the first record whose call ended at t or
// later, by bisection: exact where records are in order of time, and near it
// elsewhere.
func (r *Room) position(t time.Time) (uint64, error) {
	low, high := uint64(0), min(r.cfg.Ledger.Size(), r.cfg.Feed.Size())
	for low < high {
		mid := low + (high-low)/2
		s, err := r.cfg.Ledger.Read(mid)
		if err != nil {
			return 0, err
		}
		h, err := event.DecodeHeader(s.Header)
		if err != nil {
			return 0, err
		}
		end := h.End()
		if end.IsZero() {
			end = h.Arrived
		}
		if end.Before(t) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, nil
}
