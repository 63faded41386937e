package act

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/policy"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/ledger"
)

// Recorder is the only writer of the record. [record.Recorder] is one.
type Recorder interface {
	// Size returns the number of durable records.
	Size() uint64
	// Append returns when e is durable, or with the reason why it will not be.
	Append(ctx context.Context, e *event.Event) (capture.Receipt, error)
}

// Config is what a keeper is made of. What has no default is required.
type Config struct {
	Ledger   *ledger.Ledger // the one that all readers of this process read
	Recorder Recorder
	Room     *reading.Room // seals what readers decide, and counts calls for a preview
	State    *state.DB
	Live     *policy.Live     // gets the measures in force
	Origin   string           // of the ledger
	Edge     string           // named on its own events
	Rules    Rules            // see [Keeper.SetRules]
	Off      bool             // nothing is put in force: the last resort when operators are locked out
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: nothing is logged
}

// Keeper decides, and knows what is in force. [Keeper.Load] must come before
// anything else. It is safe for concurrent use.
type Keeper struct {
	cfg Config

	deciding sync.Mutex        // held by whoever decides: one at a time
	table    *state.View[kept] // set by Load; nil: it could not be read

	mu       sync.Mutex // guards what follows
	rules    Rules
	measures map[string]*kept // by id; a value is replaced, never changed
	next     uint64           // the records before this number are in measures
	behind   bool             // the state file lacks something of them
	blind    bool             // they could not be read, and the file must stay as it is
	wake     chan struct{}    // the next end of a measure may have changed
}

// New returns a keeper. It reads nothing yet.
func New(c Config) *Keeper {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Keeper{cfg: c, rules: c.Rules, measures: make(map[string]*kept), wake: make(chan struct{}, 1)}
}

// SetRules changes what is protected and who may do what. What is in force
// stays so, but for calls that are now protected.
func (k *Keeper) SetRules(r Rules) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	before := k.rules
	k.rules = r
	if err := k.enforce(); err != nil {
		k.rules = before
		return err
	}
	return nil
}

// Load puts in force what was when the process ended: what the state file has,
// and what the record has beyond it. If the file is lost or contradicts the
// record, all of the record is read. It is called before the gateway answers
// its first call. With Config.Off it is no error that they cannot be read.
func (k *Keeper) Load(ctx context.Context) error {
	err := k.restore(ctx)
	if err == nil || !k.cfg.Off {
		return err
	}
	k.cfg.Log.Error("the measures could not be read", "error", err)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.blind = true
	return nil
}

func (k *Keeper) restore(ctx context.Context) error {
	list, next, err := k.load(ctx)
	if err != nil {
		return err
	}
	again := ""
	if next > k.cfg.Recorder.Size() {
		again = "the state file is newer than the record"
	} else if bad := k.contradicted(list); bad != "" {
		again = "the record does not have it as the state file does: measure " + bad
	}
	if again != "" {
		k.cfg.Log.Warn("reading all measures from the record", "reason", again)
		list, next = make(map[string]*kept), 0
	}
	if next, err = k.follow(ctx, list, next); err != nil {
		return fmt.Errorf("reading the measures from the record: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.measures, k.next = list, next
	k.forgetOld()
	if err := k.enforce(); err != nil {
		return err
	}
	return k.save(ctx, true)
}

// contradicted returns the id of an open measure that the record has
// otherwise; "": there is none.
func (k *Keeper) contradicted(list map[string]*kept) string {
	for id, m := range list {
		if !m.State.open() {
			continue
		}
		sealed := make(map[string]*kept)
		s, err := k.read(m.Decision)
		if err == nil {
			err = k.take(sealed, m.Decision, s.Header)
		}
		if err != nil || sealed[id] == nil || !same(sealed[id], m) {
			return id
		}
	}
	return ""
}

func same(a, b *kept) bool {
	x, y := *a, *b
	x.Since, y.Since = x.Since.UTC(), y.Since.UTC()
	x.Until, y.Until = x.Until.UTC(), y.Until.UTC()
	x.Answer, y.Answer = x.Answer.UTC(), y.Answer.UTC()
	return reflect.DeepEqual(x, y)
}

// enforce hands the measures in force to the gateway. It is called with mu
// held.
func (k *Keeper) enforce() error {
	var list []policy.Measure
	for _, m := range slices.SortedFunc(maps.Values(k.measures), newest) {
		if m.State == InForce && !m.Broken && !k.cfg.Off {
			list = append(list, m.measure())
		}
	}
	set, err := policy.Compile(list, k.rules.Protected, k.cfg.Live.Load())
	if err != nil {
		return err
	}
	k.cfg.Live.Store(set)
	select {
	case k.wake <- struct{}{}:
	default:
	}
	return nil
}

// forgetOld drops what ended long ago. It is called with mu held.
func (k *Keeper) forgetOld() {
	before := k.cfg.Now().Add(-keepEnded)
	for id, m := range k.measures {
		if !m.State.open() && m.Ended.Before(before) {
			delete(k.measures, id)
			k.behind = true
		}
	}
}

// apply puts a decision that was sealed as record n in force, and writes it
// down. That it could not be written is no error: the record has it.
func (k *Keeper) apply(ctx context.Context, n uint64, m *kept) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.measures[m.ID] = m
	if !k.behind {
		// Whoever decides holds deciding, so there is no decision before n that
		// is not applied.
		k.next = max(k.next, n+1)
	}
	if err := k.enforce(); err != nil {
		return err
	}
	k.write(ctx, m)
	return nil
}

// write saves, with mu held. After an error the next write saves all.
func (k *Keeper) write(ctx context.Context, changed ...*kept) {
	if k.blind {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := k.save(ctx, k.behind, changed...)
	if k.behind = err != nil; err != nil {
		k.cfg.Log.Error("the state file could not be written; measures are in force, and the record has them", "error", err)
	}
}

// Run ends measures when their time is over, and compares what is in force with
// the record, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	if k.cfg.Off {
		if _, err := k.seal(ctx, event.System, noteOff, nil, nil); err != nil {
			return err
		}
	}
	if err := k.audit(ctx); err != nil && ctx.Err() == nil {
		k.cfg.Log.Error("comparing the measures with the record", "error", err)
	}
	for ctx.Err() == nil {
		pause, err := k.round(ctx)
		if err != nil && ctx.Err() == nil {
			k.cfg.Log.Error("ending measures whose time is over; they are not in force any more", "error", err)
			pause = time.Minute
		}
		select {
		case <-time.After(pause):
		case <-k.wake:
		case <-ctx.Done():
		}
	}
	k.deciding.Lock() // what is under way ends first
	defer k.deciding.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.next = max(k.next, k.cfg.Recorder.Size())
	k.write(ctx)
	return nil
}

// audit reads all decisions from the record, and corrects what is in force if
// it differs: somebody may have changed the state file.
func (k *Keeper) audit(ctx context.Context) error {
	list := make(map[string]*kept)
	next, err := k.follow(ctx, list, 0)
	if err != nil {
		return err
	}
	k.deciding.Lock()
	defer k.deciding.Unlock()
	if next, err = k.follow(ctx, list, next); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	differ := ""
	for _, pair := range [][2]map[string]*kept{{list, k.measures}, {k.measures, list}} {
		for id, m := range pair[0] {
			if other := pair[1][id]; m.State.open() && (other == nil || other.State != m.State || !same(other, m)) {
				differ = id
			}
		}
	}
	if differ == "" {
		return nil
	}
	k.cfg.Log.Error("what was in force was not what the record says, and was corrected: the state file was changed, or is damaged", "measure", differ)
	k.measures, k.next, k.behind = list, next, true
	k.forgetOld()
	err = k.enforce()
	k.write(ctx)
	return err
}

// maxPause is the longest time between two rounds.
const maxPause = time.Minute

// round ends what has come to its end, and returns when the next does.
func (k *Keeper) round(ctx context.Context) (time.Duration, error) {
	k.deciding.Lock()
	defer k.deciding.Unlock()
	now := k.now()
	pause := maxPause
	k.mu.Lock()
	open := slices.SortedFunc(maps.Values(k.measures), newest)
	k.mu.Unlock()
	for _, m := range open {
		name, at := "", time.Time{}
		switch m.State {
		case InForce:
			name, at = noteExpire, m.Until
		case Proposed:
			name, at = noteLapse, m.Answer
		default:
			continue
		}
		erased := false
		if m.Subject.Address.IsValid() && !m.Broken {
			j, err := k.subjectAt(m.Decision)
			erased = err == nil && !j.Address.IsValid()
		}
		if !erased && (at.IsZero() || now.Before(at)) {
			if !at.IsZero() {
				pause = min(pause, at.Sub(now))
			}
			continue
		}
		n, err := k.seal(ctx, event.Decision, name, nil, m.ending(now))
		if err != nil {
			return pause, err
		}
		ended := *m
		ended.end(map[string]State{noteExpire: Expired, noteLapse: Lapsed}[name], now, n)
		if err := k.apply(ctx, n, &ended); err != nil {
			return pause, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forgetOld()
	if size := k.cfg.Recorder.Size(); size > k.next {
		// No decision is under way, so all of them up to here are known.
		k.next = size
		k.write(ctx)
	}
	return max(pause, time.Millisecond), nil
}

// seal seals an event that Gatebook itself decides.
func (k *Keeper) seal(ctx context.Context, kind event.Kind, name string, objects []event.Object, facts []event.Fact) (uint64, error) {
	now := k.cfg.Now().UTC()
	var random [8]byte
	rand.Read(random[:])
	slices.SortFunc(facts, func(a, b event.Fact) int { return strings.Compare(a.Name, b.Name) })
	e := &event.Event{Header: event.Header{
		ID: event.NewID(now, random), Kind: kind, Arrived: now, Completed: now, Edge: k.cfg.Edge,
		Capture: event.Capture{Method: "self", Source: "act", Durability: "recorded"}, Note: &event.Note{Name: name, Facts: facts},
	}}
	if len(objects) > 0 {
		e.What = &event.What{Objects: objects}
	}
	receipt, err := k.cfg.Recorder.Append(ctx, e)
	if err != nil {
		return 0, fmt.Errorf("%w: recording %q: %w", reading.ErrNotRecorded, name, err)
	}
	return receipt.Number, nil
}

// errLogouts is the error of one logout too many.
var errLogouts = errors.New("the measures that follow from logouts are too many already: shorten console.oidc.refuse_calls")

// errNotOpen is the error of a measure of which nothing can come any more.
var errNotOpen = errors.New("it has ended already")
