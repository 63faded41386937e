package index

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// window is how many numbers are compared with the index at a time.
const window = 1 << 16

// Repair compares the events from ≤ number < to with the index and adds those
// that it does not have; it returns how many. It may run beside Run for numbers
// below [Progress].Indexed, for instance once a day over everything.
func (f *Follower) Repair(ctx context.Context, from, to uint64) (added uint64, err error) {
	if indexed := f.next.Load(); to > indexed {
		to = indexed
	}
	if from >= to {
		return 0, nil
	}
	ctx, cancel, err := f.alive(ctx)
	if err != nil {
		return 0, err
	}
	defer cancel()
	return f.repair(ctx, from, to)
}

// repair does the work of Repair. Nobody else may add events of the range.
func (f *Follower) repair(ctx context.Context, from, to uint64) (added uint64, err error) {
	if from >= to {
		return 0, nil
	}
	f.repairs.Lock()
	defer f.repairs.Unlock()
	f.repairing.Add(1)
	defer f.repairing.Add(-1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.interrupt.Store(&cancel)
	if err := f.client.settle(ctx); err != nil {
		return 0, err
	}
	var tooMany uint64
	whole, err := f.whole(ctx, from, to)
	if err != nil {
		return 0, err
	}
	for a := from; a < to; {
		b := min((a/window+1)*window, to)
		if !whole[a/window] {
			n, twice, err := f.repairWindow(ctx, a, b)
			if err != nil {
				return added, err
			}
			added += n
			tooMany += twice
		}
		a = b
	}
	if tooMany > 0 || from == 0 {
		f.duplicates.Store(tooMany)
	}
	if added > 0 || tooMany > 0 {
		f.log.Info("index repaired", "from", from, "to", to, "added", added, "duplicates", tooMany)
	}
	return added, nil
}

// whole returns which windows lie completely within the range and have every
// number once, told by their count and sum: one quick query for millions of rows.
func (f *Follower) whole(ctx context.Context, from, to uint64) (map[uint64]bool, error) {
	whole := map[uint64]bool{}
	if to-from < window {
		return whole, nil
	}
	q := Query{LogsQL: between(from, to)}
	pipes := fmt.Sprintf("stats by (n:%d) count() hits, sum(n) total", window)
	err := f.client.table(ctx, q, q.form(pipes), func(row []Field) error {
		start, err := number(row, numberField)
		if err != nil {
			return err
		}
		hits, err := number(row, "hits")
		if err != nil {
			return err
		}
		total, err := strconv.ParseFloat(get(row, "total"), 64)
		if err != nil {
			return fmt.Errorf("row of the index: %w", err)
		}
		want := float64(window)*float64(start) + float64(window)*(window-1)/2
		if hits == window && math.Abs(total-want) < 0.5+want*1e-12 {
			whole[start/window] = true
		}
		return nil
	})
	return whole, err
}

// highest returns the first number such that the index has none from it on
// below to; from if it has none at all.
func (f *Follower) highest(ctx context.Context, from, to uint64) (uint64, error) {
	end := from
	q := Query{LogsQL: between(from, to)}
	err := f.client.table(ctx, q, q.form("stats count() hits, max(n) top"), func(row []Field) error {
		if hits, err := number(row, "hits"); err != nil || hits == 0 {
			return err
		}
		top, err := number(row, "top")
		end = top + 1
		return err
	})
	return end, err
}

// between is the filter for a range of numbers.
func between(from, to uint64) string { return fmt.Sprintf("n:>=%d n:<%d", from, to) }

// repairWindow asks for each number of the range and adds what is missing.
func (f *Follower) repairWindow(ctx context.Context, from, to uint64) (added, tooMany uint64, err error) {
	seen := make([]bool, to-from)
	q := Query{LogsQL: between(from, to)}
	err = f.client.table(ctx, q, q.form("fields n"), func(row []Field) error {
		n, err := number(row, numberField)
		if err != nil || n < from || n >= to {
			return err
		}
		if seen[n-from] {
			tooMany++
		}
		seen[n-from] = true
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	var missing []span
	for i, ok := range seen {
		n := from + uint64(i)
		switch last := len(missing) - 1; {
		case ok:
		case last >= 0 && missing[last].to == n:
			missing[last].to++
			added++
		default:
			missing = append(missing, span{n, n + 1})
			added++
		}
	}
	if added == 0 {
		return 0, tooMany, nil
	}
	return added, tooMany, f.feed(ctx, missing...)
}

// refill adds the events of damaged days again, beside the work at the front,
// until it succeeds or this life of the engine ends.
func (f *Follower) refill(ctx context.Context, days []string, end uint64) {
	for retry := firstPause; ctx.Err() == nil; retry = min(2*retry, longestWait) {
		_, err := f.repair(ctx, 0, end)
		if err == nil {
			// What was just added may be lost until the margin has passed.
			wait(ctx, f.cfg.Margin)
			if ctx.Err() != nil {
				return
			}
			err = f.cfg.Engine.filled(days)
		}
		if err == nil {
			f.log.Info("damaged days of the index are filled again", "days", days)
			return
		}
		f.fail(err)
		wait(ctx, retry)
	}
}

// Rebuild deletes the index and adds every event of the ledger again. Searches
// meanwhile find what was added so far. progress, if not nil, is told after each
// step how many events were done of how many. Run waits until it ends; without
// Run it works too, but the engine must run. After an error it can be called
// again, or Run goes on from where it came to.
//
// A remote index has no deletion: point the client to an empty tenant instead
// (Account, Project) and delete the cursor.
func (f *Follower) Rebuild(ctx context.Context, progress func(done, total uint64)) error {
	if f.cfg.Engine == nil {
		return errors.New("index: a remote index cannot be emptied: choose an unused account or project and delete the cursor file")
	}
	f.work.Lock()
	defer f.work.Unlock()
	f.checked.Store(0)
	f.cursor.forget()
	if err := f.cursor.save(0); err != nil {
		return err
	}
	f.next.Store(0)
	f.saved.Store(0)
	f.duplicates.Store(0)
	if err := f.cfg.Engine.Drop(ctx); err != nil {
		return err
	}
	f.repairs.Lock() // a repair of the old data ends with its engine
	f.repairs.Unlock()
	ctx, cancel, err := f.alive(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	f.recent.start(0)
	f.checked.Store(f.life() + 1) // it is empty, and so has everything below 0
	for {
		done, total := f.next.Load(), f.cfg.Source.Size()
		if progress != nil {
			progress(done, total)
		}
		if done >= total {
			break
		}
		to := min(done+stepRows, total)
		if err := f.feed(ctx, span{done, to}); err != nil {
			return fmt.Errorf("rebuilding the index at event %d of %d: %w", done, total, err)
		}
		f.advance(to)
		if err := f.mark(); err != nil {
			return err
		}
	}
	flushed, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	return f.client.settle(flushed)
}
