package revoke

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/redact"
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

// Config is what a [Desk] is made of. What has no default is required.
type Config struct {
	Ledger    *ledger.Ledger // the one that all readers of this process read
	Recorder  Recorder
	Room      *reading.Room // seals what readers decide
	State     *state.DB
	Origin    string     // of the ledger
	Edge      string     // named on its own events
	Key       redact.Key // of fingerprints, as in events
	Providers []Provider // see [Desk.SetProviders]

	Backoff time.Duration    // after the first failure; 0: a second; it doubles up to 5 minutes
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: nothing is logged
}

// Desk decides what access is taken back, and has it done. [Desk.Load] must come
// before anything else. It is safe for concurrent use.
type Desk struct {
	cfg Config

	deciding sync.Mutex        // held by whoever decides: one at a time
	table    *state.View[kept] // set by Load

	mu        sync.Mutex // guards what follows
	providers []Provider
	jobs      map[string]*kept         // by id; a value is replaced, never changed
	next      uint64                   // the records before this number are in jobs
	behind    bool                     // the state file lacks something of them
	tokens    map[string]redact.Secret // of those that are pending, by id; in no file
	inflight  map[string]bool          // providers that are being asked
	failing   map[string]fault         // providers of which the last attempt failed
	changed   chan struct{}            // closed when a revocation has changed
	wake      chan struct{}
}

// fault is how a provider fails.
type fault struct {
	since time.Time
	err   string
}

// New returns a desk. It reads nothing yet.
func New(c Config) *Desk {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Backoff <= 0 {
		c.Backoff = time.Second
	}
	d := &Desk{
		cfg: c, jobs: make(map[string]*kept), tokens: make(map[string]redact.Secret), inflight: make(map[string]bool),
		failing: make(map[string]fault), changed: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	d.SetProviders(c.Providers)
	return d
}

// SetProviders replaces the providers. What is on its way to one ends; what
// waits for one that is gone fails.
func (d *Desk) SetProviders(list []Provider) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.providers = nil
	for _, p := range list {
		d.providers = append(d.providers, p.complete())
	}
	d.poke()
}

// poke makes Run look for work.
func (d *Desk) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// provider returns the provider of a name, or nil. It is called with mu held.
func (d *Desk) provider(name string) *Provider {
	i := slices.IndexFunc(d.providers, func(p Provider) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	p := d.providers[i]
	return &p
}

// Load takes up what was decided before: what the state file has, and what the
// record has beyond it. If the file is lost, or not that of this record, all of
// the record is read.
func (d *Desk) Load(ctx context.Context) error {
	list, next, err := d.load(ctx)
	if err != nil {
		return err
	}
	if next > d.cfg.Recorder.Size() {
		d.cfg.Log.Warn("reading all revocations from the record: the state file is newer than it")
		list, next = make(map[string]*kept), 0
	}
	if next, err = d.follow(ctx, list, next); err != nil {
		return fmt.Errorf("reading the revocations from the record: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.jobs, d.next = list, next
	d.forgetOld()
	return d.save(ctx, true)
}

// forgetOld drops what ended long ago. It is called with mu held.
func (d *Desk) forgetOld() {
	before := d.cfg.Now().Add(-keepEnded)
	for id, k := range d.jobs {
		if !k.State.open() && k.Ended.Before(before) {
			delete(d.jobs, id)
			d.behind = true
		}
	}
}

// apply takes up what was sealed as record n.
func (d *Desk) apply(ctx context.Context, n uint64, k *kept) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.jobs[k.ID] = k
	if k.State != Pending {
		delete(d.tokens, k.ID)
	}
	if !d.behind {
		// Whoever seals holds deciding, so there is nothing before n that is not
		// applied.
		d.next = max(d.next, n+1)
	}
	d.write(ctx, k)
	d.tell()
}

// tell wakes who waits for a change, with mu held.
func (d *Desk) tell() {
	close(d.changed)
	d.changed = make(chan struct{})
	d.poke()
}

// sorted returns the revocations, the newest first. It is called with mu held.
func (d *Desk) sorted() []*kept { return slices.SortedFunc(maps.Values(d.jobs), newest) }
