package objects

import (
	"context"
	"errors"
	"math"
	"slices"
)

const (
	fanIn      = 8       // neighbours of a level that are made one
	maxCalls   = 1 << 24 // of a segment that is made of others
	levelCalls = 1 << 13 // of a segment of the lowest level, at most
)

// runMerge makes one segment of neighbours, whenever there are enough of a
// level, until ctx ends. What could not be written is tried again when the next
// segment is there.
func (v *View) runMerge(ctx context.Context) {
	for {
		select {
		case <-v.full:
		case <-ctx.Done():
			return
		}
		for {
			did, err := v.mergeSome(ctx)
			if err != nil && ctx.Err() == nil {
				v.cfg.Log.Error("segments of the view of objects could not be merged", "error", v.damaged(err))
			}
			if err != nil || !did {
				break
			}
		}
	}
}

// level is how many times more calls than a segment of the lowest level this
// one has, as a logarithm.
func level(calls uint64) int {
	l := 0
	for n := uint64(levelCalls); n < calls; n *= fanIn {
		l++
	}
	return l
}

// choose returns which neighbours to make one, given their calls: of the lowest
// level that has enough of them side by side, the oldest.
func choose(calls []uint64) (from, to int, ok bool) {
	for l := 0; l <= level(maxCalls); l++ {
		from, sum := 0, uint64(0)
		for i, n := range calls {
			if level(n) > l {
				from, sum = i+1, 0
				continue
			}
			for sum += n; sum > maxCalls; from++ {
				sum -= calls[from]
			}
			if i+1-from == fanIn {
				return from, i + 1, true
			}
		}
	}
	return 0, 0, false
}

// mergeSome makes one segment of some, if there are enough. It reports whether
// it did.
func (v *View) mergeSome(ctx context.Context) (bool, error) {
	v.merge.Lock()
	defer v.merge.Unlock()
	v.mu.RLock()
	segments := v.segments
	v.mu.RUnlock()
	calls := make([]uint64, len(segments))
	for i, s := range segments {
		calls[i] = s.foot.Calls
	}
	from, to, ok := choose(calls)
	if !ok || segments[to-1].foot.To-segments[from].foot.From > math.MaxUint32 {
		return false, nil
	}
	var parts []*part
	for _, s := range segments[from:to] {
		parts = append(parts, &part{seg: s})
	}
	return true, v.rewrite(ctx, parts)
}

// rewrite puts one segment in place of those of the parts, which are neighbours.
// The caller holds merge.
func (v *View) rewrite(ctx context.Context, parts []*part) error {
	m, err := newMerge(ctx, parts)
	if err != nil {
		return err
	}
	s, err := v.write(m.content())
	if err != nil {
		return err
	}
	v.commit.Lock()
	defer v.commit.Unlock()
	i := slices.Index(v.segments, parts[0].seg) // added to since, at the end
	segments := slices.Concat(v.segments[:i], []*segment{s}, v.segments[i+len(parts):])
	if err := v.replace(v.saved, v.lastID, segments); err != nil {
		s.file.Close()
		return err
	}
	v.mu.Lock()
	v.segments = segments
	v.mu.Unlock()
	// Who still reads them has them open.
	for _, p := range parts {
		err = errors.Join(err, v.cfg.Disk.Remove(p.seg.name))
		p.seg.release()
	}
	return errors.Join(err, v.cfg.Disk.SyncDir("."))
}
