package people

import (
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// Throttled is the error of an attempt that comes too early after others.
type Throttled struct{ After time.Duration }

// Error implements error.
func (t *Throttled) Error() string {
	return fmt.Sprintf("too many attempts to sign in: try again in %s", t.After.Round(time.Second))
}

// limit says how attempts are slowed down: the first ones are free, then each
// doubles the wait until the next, up to a longest.
type limit struct {
	free           int
	first, longest time.Duration
}

// The limits. That of a name is short: it is what a stranger can make the owner
// wait in a browser in which they never signed in. In one that is known only
// its own attempts count.
var (
	limitPair    = limit{5, 2 * time.Second, 15 * time.Minute} // a name from an address
	limitName    = limit{20, time.Second, 30 * time.Second}    // a name, from anywhere
	limitAddress = limit{30, time.Second, time.Minute}         // an address, whatever the name: many people can be behind it
	limitKnown   = limit{10, 2 * time.Second, 5 * time.Minute} // a name in a known browser
	forget       = time.Hour                                   // after so long without an attempt it is all forgotten
	maxThrottled = 20_000                                      // keys that are told apart; what has rested longest goes first
)

// throttle counts attempts by keys. The zero value is ready for use.
type throttle struct {
	mu   sync.Mutex
	keys map[string]*attempts
}

type attempts struct {
	n     int
	last  time.Time
	until time.Time
}

type limited struct {
	key string
	limit
}

// take counts one attempt under all keys, before it is made, so that many at
// once do not slip through; or returns how long to wait, and counts nothing.
func (t *throttle) take(now time.Time, keys ...limited) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys == nil {
		t.keys = map[string]*attempts{}
	}
	var wait time.Duration
	for _, k := range keys {
		if a := t.keys[k.key]; a != nil {
			wait = max(wait, a.until.Sub(now))
		}
	}
	if wait > 0 {
		return &Throttled{After: wait}
	}
	for _, k := range keys {
		a := t.keys[k.key]
		if a == nil {
			t.makeRoom(now)
			a = new(attempts)
			t.keys[k.key] = a
		} else if now.Sub(a.last) > forget {
			*a = attempts{}
		}
		a.n++
		a.last = now
		if over := a.n - k.free; over >= 0 {
			a.until = now.Add(min(k.longest, k.first<<min(over, 20)))
		}
	}
	return nil
}

// makeRoom deletes what is forgotten, or else what has rested longest. The
// caller holds mu.
func (t *throttle) makeRoom(now time.Time) {
	if len(t.keys) < maxThrottled {
		return
	}
	oldest := ""
	for k, a := range t.keys {
		if now.Sub(a.last) > forget {
			delete(t.keys, k)
		} else if oldest == "" || a.last.Before(t.keys[oldest].last) {
			oldest = k
		}
	}
	if len(t.keys) >= maxThrottled {
		delete(t.keys, oldest)
	}
}

// succeeded forgets the attempts under the first key, which is the owner's
// alone, and takes back this one under the others.
func (t *throttle) succeeded(keys []limited) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, k := range keys {
		a := t.keys[k.key]
		switch {
		case a == nil:
		case i == 0 || a.n <= 1:
			delete(t.keys, k.key)
		default:
			if a.n--; a.n < k.free {
				a.until = time.Time{}
			}
		}
	}
}

// network returns what counts as one address: an IPv6 network of 64 bits is
// one customer's.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap(); a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.String()
	}
	return a.String()
}
