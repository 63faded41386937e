package reading

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Refusals are recorded up to refusalBurst at once and one each refusalEvery
// after that, for each reader, and for all together who are not known. The
// others are counted, and the next that is recorded, or [Room.Run], says how
// many there were: who is refused cannot fill the ledger.
const (
	refusalBurst = 10
	refusalEvery = 10 * time.Second
	maxRefused   = 1000 // readers that are told apart
)

// refusals is what was refused and is not recorded yet.
type refusals struct {
	mu      sync.Mutex
	readers map[string]*refused
}

// refused is the state of one reader; a bucket of tokens.
type refused struct {
	who     Reader
	tokens  float64
	at      time.Time
	waiting map[string]uint64 // by reason: how many were not recorded
	since   time.Time         // when the first of them was
}

// take reports whether one more refusal may be recorded, and if so what was
// counted before it. If not, it is counted.
func (r *refusals) take(who Reader, reason string, now time.Time) (counted map[string]uint64, since time.Time, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.readers == nil {
		r.readers = map[string]*refused{}
	}
	name := who.Name
	b := r.readers[name]
	if b == nil && len(r.readers) >= maxRefused {
		name = ""
		b = r.readers[name]
	}
	if b == nil {
		b = &refused{tokens: refusalBurst, at: now, waiting: map[string]uint64{}}
		r.readers[name] = b
	}
	b.who = who
	b.tokens = min(refusalBurst, b.tokens+now.Sub(b.at).Seconds()/refusalEvery.Seconds())
	b.at = now
	if b.tokens < 1 {
		if len(b.waiting) == 0 {
			b.since = now
		}
		b.waiting[reason]++
		return nil, time.Time{}, false
	}
	b.tokens--
	counted, since = b.waiting, b.since
	b.waiting = map[string]uint64{}
	return counted, since, true
}

// drain returns what was counted and not recorded, and forgets it.
func (r *refusals) drain() []*refused {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*refused
	for _, name := range slices.Sorted(maps.Keys(r.readers)) {
		if b := r.readers[name]; len(b.waiting) > 0 {
			list = append(list, &refused{who: b.who, waiting: b.waiting, since: b.since})
			b.waiting = map[string]uint64{}
		}
	}
	return list
}

// Refused records that somebody was refused a look: reason is a stable code
// such as "token", "role" or "reason", asked is what they asked for. A reader
// without a name is one who is not known. When there are too many, they are
// counted and recorded together; see [Room.Run].
func (r *Room) Refused(ctx context.Context, who Reader, reason, asked string) error {
	counted, since, ok := r.refusals.take(who, reason, r.cfg.Now())
	if !ok {
		return nil
	}
	facts := append(countFacts(counted, since), event.Fact{Name: "reason", Value: reason})
	if asked != "" {
		facts = append(facts, event.Fact{Name: "asked", Value: clip(asked, 100)})
	}
	return r.record(ctx, who, event.Look, "refused", "", nil, facts)
}

func countFacts(counted map[string]uint64, since time.Time) []event.Fact {
	var facts []event.Fact
	for reason, n := range counted {
		facts = append(facts, event.Fact{Name: "counted_" + reason, Value: strconv.FormatUint(n, 10)})
	}
	if len(facts) > 0 {
		facts = append(facts, event.Fact{Name: "counted_since", Value: since.UTC().Format(time.RFC3339)})
	}
	return facts
}

// flushEvery is how often what was only counted is recorded.
const flushEvery = time.Minute

// Run records each minute, and at its end, how many were refused a look without
// a record of their own. It returns when ctx ends.
func (r *Room) Run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			short, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return r.flushRefused(short)
		}
		if err := r.flushRefused(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

func (r *Room) flushRefused(ctx context.Context) error {
	var errs []error
	for _, b := range r.refusals.drain() {
		errs = append(errs, r.record(ctx, b.who, event.Look, "refused", "", nil, countFacts(b.waiting, b.since)))
	}
	return errors.Join(errs...)
}
