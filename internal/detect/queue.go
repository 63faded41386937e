package detect

import "github.com/gatebook/gatebook/event"

// queue is a heap by position. Events come nearly in order, and then a push
// moves nothing.
type queue []waiting

func (q queue) less(i, j int) bool { return q[i].pos.compare(q[j].pos) < 0 }

func (q *queue) push(w waiting) {
	*q = append(*q, w)
	h := *q
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.less(i, up) {
			return
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

// pop removes the first; there must be one.
func (q *queue) pop() waiting {
	h := *q
	first, last := h[0], len(h)-1
	h[0], h[last] = h[last], waiting{}
	h = h[:last]
	*q = h
	for i := 0; ; {
		least := i
		for down := 2*i + 1; down <= 2*i+2 && down < len(h); down++ {
			if h.less(down, least) {
				least = down
			}
		}
		if least == i {
			return first
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// lower keeps the lower number of an event that was given twice.
func (q queue) lower(id event.ID, number int64) {
	if number < 0 {
		return
	}
	for i := range q {
		if q[i].e.ID == id {
			if q[i].number < 0 || number < q[i].number {
				q[i].number = number
			}
			return
		}
	}
}
