package erasure

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/ledger"
)

// Recorder is the only writer of the record. [record.Recorder] is one.
type Recorder interface {
	// Size returns the number of durable records.
	Size() uint64
	// Wait returns when there are more than size records, or when ctx ends.
	Wait(ctx context.Context, size uint64) (uint64, error)
	// Append returns when e is durable, or with the reason why it will not be.
	Append(ctx context.Context, e *event.Event) (capture.Receipt, error)
	// CarryOut removes what the decisions with the given numbers cover.
	CarryOut(ctx context.Context, decisions ...uint64) (record.Carried, error)
}

// Index is the search index, which holds a copy of what is searchable.
type Index interface {
	// Forget deletes the days (2006-01-02) for which match says so, and has
	// them added again from the ledger. [ErrRemote] says that this must be
	// done by hand.
	Forget(ctx context.Context, match func(day string) bool) error
}

// Objects is the view of objects, which holds what can be erased, too.
type Objects interface {
	// Forget removes what the ledger gives no more of the days (2006-01-02)
	// for which match says so.
	Forget(ctx context.Context, match func(day string) bool) error
}

// ErrRemote is the error of an index of which nothing can be deleted from here.
var ErrRemote = errors.New("the search index is a remote one")

// Config is what a keeper is made of. What has no default is required.
type Config struct {
	Ledger   *ledger.Ledger // the one that all readers of this process read
	Recorder Recorder
	Room     *reading.Room // seals what readers decide
	Index    Index         // nil: there is none
	Objects  Objects       // nil: there is none
	Policy   Policy        // what expires when; the zero Policy: nothing does
	// Copies takes what was removed out of what else was made of the record,
	// such as findings of detection. An error is tried again. nil: there is
	// nothing.
	Copies func(ctx context.Context, removals []*ledger.Removal) error
	// Keys returns the ids of the API keys that are named like a person; nil:
	// there are none. They are no part of the record.
	Keys func(names []string) []string
	// Searches returns how many saved searches name a person, and deletes them
	// if remove. nil: there are none. They are no part of the record.
	Searches func(ctx context.Context, names []string, remove bool) (int, error)
	Edge     string           // named on its own events
	Every    time.Duration    // between two looks at what has expired; an hour
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: nothing is logged
}

// Keeper decides and carries out what is removed. It is safe for concurrent
// use once Run was called.
type Keeper struct {
	cfg   Config
	ready chan struct{} // closed when the decisions of the past are known

	wake    chan struct{}   // a round is wanted now
	work    chan struct{}   // held by whoever decides and removes: one at a time
	settled map[string]bool // owned by the holder of work: rules and days of which nothing is left

	mu       sync.Mutex // guards what follows
	read     uint64     // the records before this number were looked at
	removals []*ledger.Removal
	open     map[uint64]bool // removals that were not carried out
	holds    []*Hold
	policy   Policy
	last     time.Time // when retention was last looked at
	lastErr  error
}

// New returns a keeper that does not run yet.
func New(c Config) *Keeper {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Every = cmp.Or(c.Every, time.Hour)
	k := &Keeper{cfg: c, ready: make(chan struct{}), wake: make(chan struct{}, 1), work: make(chan struct{}, 1), open: make(map[uint64]bool), settled: make(map[string]bool), policy: c.Policy}
	return k
}

// Keeps returns how long the envelopes of each class are kept by default, zero is
// for ever, and whether a hold is in force.
func (k *Keeper) Keeps() (keep [event.Classes]time.Duration, held bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.policy.Keep, len(k.holds) > 0
}

// SetPolicy changes what expires when, and has it looked at now.
func (k *Keeper) SetPolicy(p Policy) {
	k.mu.Lock()
	k.policy = p
	k.mu.Unlock()
	k.hurry()
}

// hurry asks for a round now instead of at its time.
func (k *Keeper) hurry() {
	select {
	case k.wake <- struct{}{}:
	default: // asked for already
	}
}

// Run reads what was decided in the past, carries out what was not, and then
// lets expire what has become too old, until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	if err := k.start(ctx); err != nil {
		return err
	}
	for {
		err := k.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		k.mu.Lock()
		k.last, k.lastErr = k.cfg.Now(), err
		k.mu.Unlock()
		pause := k.cfg.Every
		if err != nil {
			k.cfg.Log.Error("removing envelopes; it will be tried again", "error", err)
			pause = min(pause, time.Minute)
		}
		select {
		case <-time.After(pause):
		case <-k.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// start reads the decisions of the past. While the record cannot be read it
// tries again: nothing is removed without knowing what is held.
func (k *Keeper) start(ctx context.Context) error {
	for {
		err := k.follow(ctx)
		if err == nil {
			close(k.ready)
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
		k.cfg.Log.Error("reading what was decided about envelopes; nothing is removed until it could be read", "error", err)
		select {
		case <-time.After(time.Minute):
		case <-ctx.Done():
			return nil
		}
	}
}

// round carries out what is open, and what has expired.
func (k *Keeper) round(ctx context.Context) error {
	select {
	case <-k.ready:
	default:
		return nil // ctx has ended
	}
	release, err := k.begin(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := k.follow(ctx); err != nil {
		return err
	}
	if open := k.unfinished(); len(open) > 0 {
		k.cfg.Log.Info("taking up the removal of envelopes again", "decisions", len(open))
		if _, err := k.complete(ctx, open); err != nil {
			return err
		}
	}
	return k.expire(ctx)
}

// ErrBusy is the error of what must wait for a removal that is under way.
var ErrBusy = errors.New("envelopes are being removed already, or what was decided in the past is still being read: try again in a while")

// begin makes this caller the only one that decides and removes.
func (k *Keeper) begin(ctx context.Context) (release func(), err error) {
	select {
	case k.work <- struct{}{}:
		return func() { <-k.work }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// enter is begin for readers, who do not wait for long.
func (k *Keeper) enter(ctx context.Context) (release func(), err error) {
	short, cancel := context.WithTimeoutCause(ctx, 10*time.Second, ErrBusy)
	defer cancel()
	select {
	case <-k.ready:
	case <-short.Done():
		return nil, context.Cause(short)
	}
	if release, err = k.begin(short); err != nil {
		return nil, context.Cause(short)
	}
	if err := k.follow(ctx); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// complete carries out the decisions, everywhere, and seals that it did.
func (k *Keeper) complete(ctx context.Context, decisions []uint64) (how string, err error) {
	did, err := k.cfg.Recorder.CarryOut(ctx, decisions...)
	if err != nil {
		return "", err
	}
	// From here on nobody reads them from the ledger, so that the index cannot
	// get them again.
	if err := k.cfg.Ledger.Forget(); err != nil {
		return "", err
	}
	if how, err = k.forget(ctx, decisions); err != nil {
		return "", err
	}
	if k.cfg.Copies != nil {
		if err := k.cfg.Copies(ctx, k.removalsOf(decisions)); err != nil {
			return "", fmt.Errorf("removing from what was made of the record: %w", err)
		}
	}
	for _, n := range decisions {
		facts := []event.Fact{{Name: "decision", Value: strconv.FormatUint(n, 10)}, {Name: "index", Value: how}}
		if err := k.note(ctx, noteRemoved, facts...); err != nil {
			return "", err
		}
		k.finished(n)
	}
	k.cfg.Log.Info("envelopes were removed", "decisions", len(decisions), "envelopes", did.Envelopes, "files", did.Files, "journals", did.Journals, "index", how)
	return how, nil
}

// forget removes from the views, and says how that went with the index.
func (k *Keeper) forget(ctx context.Context, decisions []uint64) (string, error) {
	if k.cfg.Index == nil && k.cfg.Objects == nil {
		return "none", nil
	}
	days := make(map[string]bool)
	var expired []*ledger.Removal
	for _, r := range k.removalsOf(decisions) {
		if r.Name == ledger.NoteExpire {
			expired = append(expired, r)
			continue
		}
		if err := k.daysOf(ctx, r.Records, days); err != nil {
			return "", err
		}
	}
	match := func(day string) bool {
		return days[day] || slices.ContainsFunc(expired, func(r *ledger.Removal) bool { return r.From <= day && day <= r.Until })
	}
	if k.cfg.Objects != nil {
		if err := k.cfg.Objects.Forget(ctx, match); err != nil {
			return "", fmt.Errorf("removing from the view of objects: %w", err)
		}
	}
	if k.cfg.Index == nil {
		return "none", nil
	}
	err := k.cfg.Index.Forget(ctx, match)
	switch {
	case err == nil:
		return "forgotten", nil
	case errors.Is(err, ErrRemote):
		return "remote", nil
	}
	return "", fmt.Errorf("removing from the search index: %w", err)
}

// daysOf adds the days on which the records arrived.
func (k *Keeper) daysOf(ctx context.Context, records ledger.Ranges, days map[string]bool) error {
	const near = 4096 // what lies between is read, too
	for i := 0; i < len(records); {
		last := i
		for last+1 < len(records) && records[last+1].From-records[last].To < near {
			last++
		}
		err := k.cfg.Ledger.Headers(records[i].From, records[last].To+1, func(n uint64, header []byte) error {
			if records.Contains(n) {
				days[ledger.DayOf(header)] = true
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
		i = last + 1
	}
	return nil
}

// note seals a system event.
func (k *Keeper) note(ctx context.Context, name string, facts ...event.Fact) error {
	_, err := k.seal(ctx, event.System, name, facts)
	return err
}

// seal seals an event of the keeper's own.
func (k *Keeper) seal(ctx context.Context, kind event.Kind, name string, facts []event.Fact) (uint64, error) {
	now := k.cfg.Now().UTC()
	var random [8]byte
	rand.Read(random[:])
	slices.SortFunc(facts, func(a, b event.Fact) int { return strings.Compare(a.Name, b.Name) })
	receipt, err := k.cfg.Recorder.Append(ctx, &event.Event{Header: event.Header{
		ID: event.NewID(now, random), Kind: kind, Arrived: now, Completed: now, Edge: k.cfg.Edge,
		Capture: event.Capture{Method: "self", Source: "erasure", Durability: "recorded"}, Note: &event.Note{Name: name, Facts: facts},
	}})
	if err != nil {
		return 0, fmt.Errorf("recording %q: %w", name, err)
	}
	return receipt.Number, nil
}
