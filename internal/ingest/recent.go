package ingest

import "github.com/gatebook/gatebook/event"

// Recent remembers the newest ids that it was told. It is not safe for
// concurrent use.
type Recent struct {
	ids  map[event.ID]struct{}
	ring []event.ID // in their order; the oldest is at next, once it is full
	next int
}

// NewRecent returns a memory for so many ids.
func NewRecent(size int) *Recent {
	return &Recent{ids: make(map[event.ID]struct{}), ring: make([]event.ID, 0, size)}
}

// Add remembers an id, and forgets the oldest if there are too many.
func (r *Recent) Add(id event.ID) {
	if _, ok := r.ids[id]; ok {
		return
	}
	r.ids[id] = struct{}{}
	if len(r.ring) < cap(r.ring) {
		r.ring = append(r.ring, id)
		return
	}
	delete(r.ids, r.ring[r.next])
	r.ring[r.next] = id
	r.next = (r.next + 1) % len(r.ring)
}

// Known returns those of ids that are remembered.
func (r *Recent) Known(ids []event.ID) map[event.ID]bool {
	known := make(map[event.ID]bool)
	for _, id := range ids {
		if _, ok := r.ids[id]; ok {
			known[id] = true
		}
	}
	return known
}
