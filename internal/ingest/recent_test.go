package ingest

import (
	"testing"

	"github.com/gatebook/gatebook/event"
)

func TestRecent(t *testing.T) {
	id := func(n byte) (id event.ID) { id[15] = n; return id }
	r := NewRecent(3)
	for _, n := range []byte{1, 2, 2, 3, 4, 5} {
		r.Add(id(n))
	}
	known := r.Known([]event.ID{id(1), id(2), id(3), id(4), id(5), id(6)})
	if len(known) != 3 || !known[id(3)] || !known[id(4)] || !known[id(5)] {
		t.Errorf("got %v, want the last three", known)
	}
}
