package index

import (
	"sync"
	"time"
)

// searchableAfter is longer than an index takes to make rows searchable, on a
// busy machine, too.
const searchableAfter = time.Second

// recent remembers what was added a moment ago: rows become searchable a little
// after they were added. Its methods are safe for concurrent use.
type recent struct {
	mu    sync.Mutex
	shown uint64 // everything below is searchable
	marks []mark // what was added since, oldest first
}

// start says that everything below number is searchable, and that of what is
// above nothing was added yet.
func (r *recent) start(number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown, r.marks = number, nil
}

// add says that everything below number was added now.
func (r *recent) add(number uint64, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle(now)
	if number > r.shown {
		r.marks = append(r.marks, mark{number, now})
	}
}

// searchable returns the number below which everything is searchable.
func (r *recent) searchable(now time.Time) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle(now)
	return r.shown
}

// settle takes the marks that are old enough. Its caller holds mu.
func (r *recent) settle(now time.Time) {
	old := 0
	for old < len(r.marks) && now.Sub(r.marks[old].when) >= searchableAfter {
		r.shown = r.marks[old].number
		old++
	}
	r.marks = r.marks[old:]
}
