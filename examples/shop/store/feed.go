package store

import "sync"

const (
	remembered = 256 // events that a late subscriber can still have
	buffered   = 64  // events that a slow subscriber may be behind
)

// An Event says that something happened to an order.
type Event struct {
	// Number counts from one.
	Number uint64 `json:"number"`
	// Type is order.placed, order.cancelled or order.refunded.
	Type string `json:"type"`
	// Order as it is now.
	Order Order `json:"order"`
}

// feed hands events to subscribers. One that does not keep up is cut off: its
// channel is closed, and it can subscribe again after the last it saw.
type feed struct {
	mu   sync.Mutex // guards what follows
	last []Event    // oldest first, at most remembered
	next uint64
	subs map[chan Event]struct{}
}

func newFeed() *feed { return &feed{next: 1, subs: map[chan Event]struct{}{}} }

func (f *feed) publish(kind string, o Order) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := Event{Number: f.next, Type: kind, Order: o}
	f.next++
	if len(f.last) == remembered {
		f.last = f.last[1:]
	}
	f.last = append(f.last, e)
	for c := range f.subs {
		select {
		case c <- e:
		default:
			delete(f.subs, c)
			close(c)
		}
	}
}

// Subscribe returns the events after a number that are still remembered (zero
// means none of them), a channel of those to come, and the function that ends
// the subscription. The channel is closed if its reader is too slow.
func (s *Store) Subscribe(after uint64) ([]Event, <-chan Event, func()) {
	f := s.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	var missed []Event
	for _, e := range f.last {
		if after > 0 && e.Number > after {
			missed = append(missed, e)
		}
	}
	c := make(chan Event, buffered)
	f.subs[c] = struct{}{}
	return missed, c, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.subs, c)
	}
}
