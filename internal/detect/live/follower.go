package live

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/ledger"
)

// Feed tells of new records. The recorder is one.
type Feed interface {
	// Size returns the number of durable records.
	Size() uint64
	// Wait returns when there are more than size records, with their number,
	// or when ctx ends, with its error.
	Wait(ctx context.Context, size uint64) (uint64, error)
}

// Batch is what changed about findings, in one step.
type Batch struct {
	New        []Found  // were not found before, in the order in which they were found
	Superseded []string // ids of findings that do not hold
	// Keep writes the change. Whoever takes the batch calls it, once, in the
	// transaction of its own changes, so that both are durable or neither is.
	Keep func(*sql.Tx) error
}

// Config is what a [Follower] is made of. What has no default is required.
type Config struct {
	Ledger *ledger.Ledger
	Feed   Feed
	Store  *Store
	Dir    string // of the saved states; it is made
	Origin string // of the ledger
	Rules  Rules

	// Lateness is how far behind the newest event another may be sealed and
	// still be judged in its place. 0: a second.
	Lateness time.Duration
	// Patience is how long an event waits, by the clock, for others that
	// belong before it. A finding comes so much later; an event that comes
	// later still costs that the engine is set back. At most the lateness;
	// 0: a quarter of a second.
	Patience time.Duration
	// History is how many records of before the first start are read. 0: a
	// million.
	History uint64
	// Retain is how long findings are kept. 0: 90 days.
	Retain time.Duration
	// MaxKeys bounds the groups that a rule keeps state of. 0: as the engine.
	MaxKeys int

	// Take is given what was found, and keeps it. An error is tried again:
	// the findings then come again. nil: it is kept, and that is all.
	Take func(context.Context, Batch) error
	// Changed is told the rules that run, before they do, and the sum of the
	// file of places, when they are not those that ran last. nil: nobody is.
	Changed func(ctx context.Context, set *detect.Set, places string) error

	// Budget is what a rule may cost an event on average. One that costs more
	// rests for a while, once Pause has sealed that. 0: none rests.
	Budget time.Duration
	Pause  func(ctx context.Context, p detect.Pause) error // nil: nobody seals it, and none rests
	Clock  func() time.Duration                            // that costs are measured by; nil: of the machine

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: nothing is logged
}

// Bounds of the follower's work.
const (
	batch       = 1024 // records that are read at a time
	tick        = 40 * time.Millisecond
	idleTick    = time.Second      // when nothing waits to be judged
	saveEvery   = 60 * time.Second // how often the state is saved; see also shares
	saveShare   = 50               // saving takes at most one in so many parts of the time
	backShare   = 20               // judging again, likewise
	backPause   = 10 * time.Second // between two times of going back, at least
	retryAfter  = 5 * time.Second  // after an error
	watchRules  = 2 * time.Second  // how often the directory of rules is looked at
	pruneEvery  = time.Hour
	seenBatches = 256
)

// Follower judges the records of a ledger. Make one with [New] and then [Run]
// it.
type Follower struct {
	cfg Config

	want    atomic.Pointer[wanted] // rules that are to run; nil: those that do
	rebuild atomic.Bool            // the state is to be made anew
	wake    chan struct{}

	saving sync.Mutex // guards stale, and the files
	stale  bool       // the state holds what was erased, and is not saved

	// Owned by Run.
	set     *detect.Set
	engine  *detect.Engine // nil: not begun, or given up after an error
	epoch   uint64
	next    uint64 // record that is judged next
	placed  uint64 // findings so far
	target  uint64 // findings of records before it may not be found again yet; 0: all are
	reached time.Time
	live    uint64 // records before it were there before detection first began
	began   uint64 // records before it were there when this process began
	quiet   uint64 // of records before it nothing is found that is not known: they were erased in part
	skip    int    // saved states that are too new to go back to
	side    *side  // a state that is made anew; nil: none
	seen    []seen
	added   time.Time // when the engine was last given an event
	last    lasts
	print   string               // of the directory of rules
	asked   map[string]time.Time // when it was sealed that a rule rests, by its name

	mu     sync.Mutex // guards status
	status Status
}

type wanted struct {
	set   *detect.Set
	rules Rules
}

// seen says when the records before a number were seen to be sealed.
type seen struct {
	before uint64
	at     time.Time
}

type lasts struct {
	saved, pruned, watched time.Time
	saveTook               time.Duration
	savedNext              uint64
	back                   time.Time // when going back ended
	backBegan              time.Time // zero: it is not under way
	backTook               time.Duration
	overtaken              uint64
	due                    bool // going back is due
	rate                   time.Time
	rateNext               uint64
}

// New reads the rules and returns a follower that does not run yet. What is
// recorded from now on is not of the past.
func New(cfg Config) (*Follower, error) {
	cfg.Lateness = cmp.Or(cfg.Lateness, time.Second)
	cfg.Patience = min(cmp.Or(cfg.Patience, 250*time.Millisecond), cfg.Lateness)
	cfg.History = cmp.Or(cfg.History, 1_000_000)
	cfg.Retain = cmp.Or(cfg.Retain, 90*24*time.Hour)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Take == nil {
		cfg.Take = func(ctx context.Context, b Batch) error { return cfg.Store.db.Write(ctx, b.Keep) }
	}
	set, err := cfg.Rules.Load()
	if err != nil {
		return nil, err
	}
	f := &Follower{cfg: cfg, wake: make(chan struct{}, 1), set: set, print: cfg.Rules.print(), began: cfg.Feed.Size(), asked: map[string]time.Time{}}
	f.status.State, f.status.Rules, f.status.set = Starting, len(loud(set)), set
	return f, nil
}

func (f *Follower) hurry() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Swap has other rules run from the next record on. The state of rules of
// which the file is as before is kept. An error says what is wrong with the
// rules; then those that run go on.
func (f *Follower) Swap(rules Rules) error {
	set, err := rules.Load()
	if err != nil {
		f.refused(err)
		return err
	}
	f.want.Store(&wanted{set, rules})
	f.hurry()
	return nil
}

func (f *Follower) refused(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.Refused = err.Error()
}

// engineConfig is that of the engine with the rules that run.
func (f *Follower) engineConfig() detect.Config {
	begun, clock := time.Now(), f.cfg.Clock
	if clock == nil {
		clock = func() time.Duration { return time.Since(begun) }
	}
	var secret detect.Secret
	rand.Read(secret[:]) // never fails
	c := detect.Config{
		Rules: f.set, Secret: secret, Lateness: f.cfg.Lateness, MaxKeys: f.cfg.MaxKeys,
		Clock: clock, Budget: f.cfg.Budget,
	}
	f.cfg.Rules.Places.Configure(&c)
	return c
}

// Run judges what is sealed until ctx ends. After an error it says so in the
// log and begins again from a saved state: detection that has stopped must not
// stop the record.
func (f *Follower) Run(ctx context.Context) error {
	for {
		err := f.follow(ctx)
		if ctx.Err() != nil {
			f.end()
			return nil
		}
		f.engine, f.side = nil, nil
		f.cfg.Log.Error("detection cannot go on; it will be tried again", "record", f.next, "error", err)
		f.setState(Failing, err.Error())
		select {
		case <-time.After(retryAfter):
		case <-ctx.Done():
			return nil
		}
	}
}

// end saves the state, if that does not take long.
func (f *Follower) end() {
	if f.engine == nil || f.last.saveTook > 5*time.Second {
		return
	}
	if err := f.save(); err != nil {
		f.cfg.Log.Error("the state of detection could not be saved; what is since the last time will be judged again", "error", err)
	}
}

func (f *Follower) follow(ctx context.Context) error {
	if err := f.runs(ctx); err != nil {
		return err
	}
	if err := f.begin(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		size, err := f.wait(ctx)
		if err != nil {
			return err
		}
		if err := f.orders(ctx); err != nil {
			return err
		}
		if size > f.next {
			err = f.advance(ctx, min(size, f.next+batch))
		}
		if err == nil && size <= f.next {
			err = f.caughtUp(ctx)
		}
		if err == nil {
			err = f.sideStep(ctx)
		}
		if err == nil {
			err = f.keepHouse(ctx)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// wait returns when there are records to judge, or something else to do.
func (f *Follower) wait(ctx context.Context) (uint64, error) {
	if size := f.cfg.Feed.Size(); size > f.next || f.side != nil {
		return size, nil
	}
	pause := idleTick
	if time.Since(f.added) < 2*f.cfg.Patience+time.Second || f.target > 0 {
		pause = tick
	}
	short, cancel := context.WithTimeout(ctx, pause)
	defer cancel()
	go func() {
		select {
		case <-f.wake:
			cancel()
		case <-short.Done():
		}
	}()
	size, err := f.cfg.Feed.Wait(short, f.next)
	if err != nil && short.Err() != nil {
		return f.cfg.Feed.Size(), ctx.Err()
	}
	return size, err
}

// orders does what was asked for from outside.
func (f *Follower) orders(ctx context.Context) error {
	if w := f.want.Swap(nil); w != nil {
		if err := f.swap(ctx, w); err != nil {
			return err
		}
	}
	if f.rebuild.Swap(false) {
		return f.beginSide(ctx)
	}
	return nil
}

// runs tells who wants to know which rules run, if they are others.
func (f *Follower) runs(ctx context.Context) error {
	if f.cfg.Changed == nil {
		return nil
	}
	places := f.cfg.Rules.Places.Sum()
	sum := int64(sumOf(f.set, places))
	before, err := f.cfg.Store.value(ctx, "rules")
	if err != nil || before == sum {
		return err
	}
	if err := f.cfg.Changed(ctx, f.set, places); err != nil {
		return err
	}
	return f.cfg.Store.db.Write(ctx, func(tx *sql.Tx) error { return setValue(tx, "rules", sum) })
}

func (f *Follower) swap(ctx context.Context, w *wanted) error {
	b, err := f.engine.Snapshot()
	if err != nil {
		return err
	}
	before, rules := f.set, f.cfg.Rules
	f.set, f.cfg.Rules = w.set, w.rules
	if err := f.runs(ctx); err != nil {
		f.set, f.cfg.Rules = before, rules
		f.want.CompareAndSwap(nil, w)
		return err
	}
	e, fresh, err := detect.Restore(f.engineConfig(), b)
	if err != nil {
		f.set, f.cfg.Rules = before, rules
		return err
	}
	f.engine, f.print = e, w.rules.print()
	if f.side != nil { // it is made with the rules that run
		f.side = nil
		f.rebuild.Store(true)
	}
	f.cfg.Log.Info("other rules of detection run", "rules", len(loud(f.set)), "without_state", len(fresh))
	f.mu.Lock()
	f.status.Refused, f.status.Rules, f.status.set = "", len(loud(f.set)), f.set
	f.mu.Unlock()
	// A state that other rules have made is none to go back to.
	if f.last.due || !f.last.backBegan.IsZero() {
		f.last.due, f.last.backBegan = false, time.Time{}
		f.mu.Lock()
		f.status.Unsettled++
		f.mu.Unlock()
	}
	return f.saveOnly()
}

// advance judges the records up to to.
func (f *Follower) advance(ctx context.Context, to uint64) error {
	now := f.cfg.Now()
	if f.seen = append(f.seen, seen{to, now}); len(f.seen) > seenBatches {
		f.seen = append(f.seen[:0], f.seen[len(f.seen)-seenBatches/2:]...)
	}
	var found []detect.Finding
	err := f.read(ctx, f.next, to, func(n uint64, e *event.Event) {
		found = append(found, f.engine.Add(e, int64(n))...)
		f.next = n + 1
	})
	if err != nil {
		return err
	}
	f.next, f.added = to, time.Now()
	f.overtaken()
	return f.keep(ctx, found)
}

// read calls yield for the events from from to to. One that cannot be decoded
// is left out: whoever shows it says what is wrong with it.
func (f *Follower) read(ctx context.Context, from, to uint64, yield func(n uint64, e *event.Event)) error {
	if f.cfg.Ledger.Size() < to {
		if err := f.cfg.Ledger.Refresh(); err != nil {
			return err
		}
	}
	return f.cfg.Ledger.ReadRange(from, to, f.set.Envelopes(), func(n uint64, s *event.Sealed) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, err := s.Open()
		if err != nil {
			f.cfg.Log.Warn("an event is not judged", "number", n, "error", err)
			return nil
		}
		yield(n, e)
		return nil
	})
}

// caughtUp judges what has waited long enough, and settles what was not found
// again.
func (f *Follower) caughtUp(ctx context.Context) error {
	// Judged is what is older than the patience: Advance takes the lateness off.
	if err := f.keep(ctx, f.engine.Advance(f.cfg.Now().Add(f.cfg.Lateness-f.cfg.Patience))); err != nil {
		return err
	}
	if f.target == 0 || f.next < f.target {
		return nil
	}
	switch {
	case f.reached.IsZero():
		f.reached = time.Now()
		return nil
	case time.Since(f.reached) < f.cfg.Patience+tick:
		return nil
	}
	return f.settle(ctx)
}

// keep hands on what was found.
func (f *Follower) keep(ctx context.Context, found []detect.Finding) error {
	if len(found) == 0 {
		return nil
	}
	now := f.cfg.Now()
	var list []placed
	for i := range found {
		f.placed++
		p := placed{Found: Found{Finding: found[i], Found: now}, place: f.placed}
		completed := found[i].Events[len(found[i].Events)-1].Number
		p.History = completed >= 0 && uint64(completed) < f.live
		if completed >= 0 && uint64(completed) >= f.began {
			p.Seen = f.seenAt(completed)
		}
		var err error
		if p.body, err = encode(&p.Finding); err != nil {
			return err
		}
		list = append(list, p)
	}
	fresh, err := f.cfg.Store.unknown(ctx, list)
	if err != nil {
		return err
	}
	b := Batch{}
	for _, p := range fresh {
		if last := p.Finding.Events[len(p.Finding.Events)-1].Number; last >= 0 && uint64(last) < f.quiet {
			list = without(list, p.Finding.ID)
			continue
		}
		b.New = append(b.New, p.Found)
	}
	epoch := f.epoch
	b.Keep = func(tx *sql.Tx) error { return put(tx, epoch, list) }
	if len(b.New) == 0 {
		return f.cfg.Store.db.Write(ctx, b.Keep)
	}
	if err := f.cfg.Take(ctx, b); err != nil {
		return fmt.Errorf("keeping what was found: %w", err)
	}
	return nil
}

func without(list []placed, id string) []placed {
	out := list[:0:0]
	for _, p := range list {
		if p.Finding.ID != id {
			out = append(out, p)
		}
	}
	return out
}

// seenAt returns when a record was seen to be sealed.
func (f *Follower) seenAt(n int64) time.Time {
	for _, s := range f.seen {
		if n >= 0 && uint64(n) < s.before {
			return s.at
		}
	}
	return time.Time{}
}
