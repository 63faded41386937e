package objects

import (
	"cmp"
	"slices"
)

// recent is what is not in a segment yet. What is in its slices is not changed,
// so that a reader may go on with those that it has seen.
type recent struct {
	from     uint64 // the first record
	calls    []call
	by       []string
	postings []posting
	numbers  map[string]uint32 // of by
}

func newRecent(from uint64) *recent {
	return &recent{from: from, numbers: make(map[string]uint32)}
}

// add notes that a call touched objects, given by their hashes.
func (r *recent) add(number uint64, at int64, by string, objects []posting) {
	n, ok := r.numbers[by]
	if !ok {
		n = uint32(len(r.by))
		r.by = append(r.by, by)
		r.numbers[by] = n
	}
	pos := uint32(len(r.calls)) << 1
	r.calls = append(r.calls, call{number, at, n})
	for _, p := range objects {
		r.postings = append(r.postings, posting{p.hash, pos | p.pos})
	}
}

// content is what a segment of the records before to is written from.
func (r *recent) content(to uint64) content {
	order := make([]uint32, len(r.by)) // of by, sorted
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(r.by[a], r.by[b]) })
	place := make([]uint32, len(order))
	for i, n := range order {
		place[n] = uint32(i)
	}
	postings := slices.Clone(r.postings)
	slices.SortFunc(postings, func(a, b posting) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.pos, b.pos)) })
	return content{
		from: r.from, to: to,
		calls: func(yield func(call) bool) {
			for _, c := range r.calls {
				c.by = place[c.by]
				if !yield(c) {
					return
				}
			}
		},
		by: func(yield func(string) bool) {
			for _, n := range order {
				if !yield(r.by[n]) {
					return
				}
			}
		},
		postings: slices.Values(postings),
		err:      func() error { return nil },
	}
}
