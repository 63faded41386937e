package reading

import (
	"cmp"
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
	readers map[refusedKey]*refused
}

// refusedKey is who is told apart from others.
type refusedKey struct {
	what refusal
	name string
}

// refused is the state of one reader; a bucket of tokens.
type refused struct {
	what    refusal
	who     Reader
	tokens  float64
	at      time.Time
	waiting map[string]uint64 // by reason: how many were not recorded
	since   time.Time         // when the first of them was
}

// refusal is a kind of refusal, with the event that tells of it.
type refusal struct {
	kind event.Kind
	name string
}

var (
	refusedLook  = refusal{event.Look, "refused"}
	failedSignIn = refusal{event.Decision, "sign-in-failed"}
)

// take reports whether one more refusal may be recorded, and if so what was
// counted before it. If not, it is counted.
func (r *refusals) take(what refusal, who Reader, reason string, now time.Time) (counted map[string]uint64, since time.Time, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.readers == nil {
		r.readers = map[refusedKey]*refused{}
	}
	key := refusedKey{what, who.Name}
	b := r.readers[key]
	if b == nil && len(r.readers) >= maxRefused {
		key.name = ""
		b = r.readers[key]
	}
	if b == nil {
		b = &refused{what: what, tokens: refusalBurst, at: now, waiting: map[string]uint64{}}
		r.readers[key] = b
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
	keys := slices.SortedFunc(maps.Keys(r.readers), func(a, b refusedKey) int {
		return cmp.Or(cmp.Compare(a.what.name, b.what.name), cmp.Compare(a.name, b.name))
	})
	for _, key := range keys {
		if b := r.readers[key]; len(b.waiting) > 0 {
			list = append(list, &refused{what: b.what, who: b.who, waiting: b.waiting, since: b.since})
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
	return r.refuse(ctx, refusedLook, who, reason, nil, event.Fact{Name: "asked", Value: clip(asked, 100)})
}

// SignInFailed records that somebody, who has no name yet, did not sign in:
// account is the one that they tried, nil if there is none, since what they
// typed then may be anything, a password too. As [Room.Refused] it counts what
// is too much.
func (r *Room) SignInFailed(ctx context.Context, who Reader, reason string, account *event.Object) error {
	var about []event.Object
	if account != nil {
		about = append(about, *account)
	}
	return r.refuse(ctx, failedSignIn, who, reason, about)
}

func (r *Room) refuse(ctx context.Context, what refusal, who Reader, reason string, about []event.Object, more ...event.Fact) error {
	counted, since, ok := r.refusals.take(what, who, reason, r.cfg.Now())
	if !ok {
		return nil
	}
	facts := append(countFacts(counted, since), event.Fact{Name: "reason", Value: reason})
	for _, f := range more {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	return r.record(ctx, who, what.kind, what.name, "", about, facts)
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
		errs = append(errs, r.record(ctx, b.who, b.what.kind, b.what.name, "", nil, countFacts(b.waiting, b.since)))
	}
	return errors.Join(errs...)
}
