package deliver

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/state"
)

// Config is what an [Outbox] needs. DB is required.
type Config struct {
	DB *state.DB

	// Receivers get the messages. Names are unique.
	Receivers []Receiver

	// Pseudonym stands, after [Anonymous], for a personal value of a field in
	// messages without personal data: the same for the same value, and no way
	// back. nil: one word for all.
	Pseudonym func(field, value string) string

	MaxPending int           // deliveries of one receiver; 0: 10,000
	Refire     time.Duration // how often a [Firer] is told again; 0: a minute
	Window     time.Duration // in which Receiver.Rate messages are sent; 0: a minute
	Backoff    time.Duration // after the first failure; 0: a second; it doubles up to 5 minutes

	Log *slog.Logger // nil: nothing is logged
}

// Outbox holds the deliveries. Make one with [New], then [Outbox.Run] it. It is
// safe for concurrent use.
type Outbox struct {
	cfg Config

	swapping sync.Mutex // held by Swap

	mu      sync.Mutex         // guards what follows; no transaction is waited for with it
	workers map[string]*worker // by receiver
	order   []string           // names of receivers, as configured
	start   func(*worker)      // nil: Run does not run

	waking atomic.Bool // somebody waits for the transactions before it, to wake the workers
}

// ErrUnknown is the error of a receiver or delivery that is not there.
var ErrUnknown = errors.New("not found")

// ErrNotDead is the error of a delivery that cannot be tried again, since it is
// pending or was delivered.
var ErrNotDead = errors.New("only a dead delivery can be tried again")

// New makes the tables if they are not there.
func New(ctx context.Context, c Config) (*Outbox, error) {
	if c.Pseudonym == nil {
		c.Pseudonym = func(string, string) string { return "withheld" }
	}
	if c.MaxPending <= 0 {
		c.MaxPending = 10_000
	}
	if c.Refire <= 0 {
		c.Refire = time.Minute
	}
	if c.Window <= 0 {
		c.Window = time.Minute
	}
	if c.Backoff <= 0 {
		c.Backoff = time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if err := c.DB.Migrate(ctx, "outbox", steps...); err != nil {
		return nil, err
	}
	o := &Outbox{cfg: c, workers: make(map[string]*worker)}
	names, err := check(c.Receivers)
	if err != nil {
		return nil, err
	}
	o.replace(c.Receivers, names)
	return o, nil
}

// check returns the names of receivers.
func check(receivers []Receiver) ([]string, error) {
	var names []string
	for _, r := range receivers {
		if slices.Contains(names, r.Name) || r.Channel == nil {
			return nil, fmt.Errorf("outbox: receiver %q is there twice, or has no channel", r.Name)
		}
		names = append(names, r.Name)
	}
	return names, nil
}

// Deliver implements [alert.Deliver].
func (o *Outbox) Deliver(_ context.Context, tx *sql.Tx, n *alert.Notice) error {
	now := time.Now()
	added := false
	for _, w := range o.list() {
		if !w.r.wants(n) {
			continue
		}
		m := &Message{ID: n.ID, Kind: Incident, Time: now.UTC(), Notices: []alert.Notice{*n}, Total: 1}
		if n.Test {
			m.Kind = Test
		}
		if w.r.Detail == Minimal {
			m.Notices[0] = reduce(*n, o.cfg.Pseudonym)
		}
		_, is, err := insert(tx, w.r.Name, m, now, now.Add(w.r.Digest))
		if err == nil {
			err = trim(tx, w.r.Name, o.cfg.MaxPending, now)
		}
		if err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		added = added || is
	}
	if added {
		o.wakeAfter()
	}
	return nil
}

// wakeAfter wakes the workers when the transaction that runs has ended: before,
// they would not see what it added.
func (o *Outbox) wakeAfter() {
	if !o.waking.CompareAndSwap(false, true) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		// Changes run one after the other: this one, which changes nothing,
		// has its turn after the one before.
		err := o.cfg.DB.Write(ctx, func(*sql.Tx) error { o.waking.Store(false); return nil })
		o.waking.Store(false)
		if err != nil {
			return // the file is closed; or the workers look again by themselves
		}
		for _, w := range o.list() {
			w.poke()
		}
	}()
}

// list returns the workers in the order of the receivers.
func (o *Outbox) list() []*worker {
	o.mu.Lock()
	defer o.mu.Unlock()
	ws := make([]*worker, 0, len(o.order))
	for _, name := range o.order {
		ws = append(ws, o.workers[name])
	}
	return ws
}

// Run sends until ctx ends. What is on its way then has a moment to arrive. It
// is called once.
func (o *Outbox) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	o.mu.Lock()
	o.start = func(w *worker) { wg.Go(func() { w.run(ctx) }) }
	for _, w := range o.workers {
		o.start(w)
	}
	o.mu.Unlock()
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := errors.Join(o.abandon(ctx), o.prune(ctx, time.Now())); err != nil && ctx.Err() == nil {
			o.cfg.Log.Warn("old deliveries could not be deleted", "error", err)
		}
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}
		break
	}
	o.mu.Lock()
	o.start = nil
	o.mu.Unlock()
	wg.Wait()
	return nil
}

// Swap replaces the receivers. Deliveries that are on their way to one that
// changed end before the new one sends; those of one that is gone are dead. On
// an error nothing has changed.
func (o *Outbox) Swap(ctx context.Context, receivers []Receiver) error {
	o.swapping.Lock()
	defer o.swapping.Unlock()
	names, err := check(receivers)
	if err != nil {
		return err
	}
	o.replace(receivers, names)
	// A transaction that knew the old receivers only is over before this one.
	if err := o.abandon(ctx); err != nil {
		o.cfg.Log.Warn("deliveries of receivers that are gone could not be given up", "error", err)
	}
	return nil
}

// replace replaces the workers of receivers that changed.
func (o *Outbox) replace(receivers []Receiver, names []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	workers := make(map[string]*worker, len(receivers))
	for _, r := range receivers {
		r = r.complete()
		old := o.workers[r.Name]
		if old != nil && old.r.same(r) {
			workers[r.Name] = old
			continue
		}
		w := newWorker(o, r)
		if old != nil && o.start != nil {
			w.before = old.ended
		}
		workers[r.Name] = w
	}
	for name, old := range o.workers {
		if workers[name] != old {
			close(old.quit)
		}
	}
	for name, w := range workers {
		if o.workers[name] != w && o.start != nil {
			o.start(w)
		}
	}
	o.workers, o.order = workers, names
}

// abandon makes dead what waits for a receiver that is not configured.
func (o *Outbox) abandon(ctx context.Context) error {
	return o.cfg.DB.Write(ctx, func(tx *sql.Tx) error {
		ws := o.list()
		known := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(ws)), ", ") + ")"
		args := []any{ms(time.Now()), "the receiver is not configured any more"}
		for _, w := range ws {
			args = append(args, w.r.Name)
		}
		if _, err := tx.Exec("UPDATE deliveries SET state = 'dead', folded = NULL, ended = ?, error = ? WHERE state = 'pending' AND receiver NOT IN "+known, args...); err != nil {
			return err
		}
		_, err := tx.Exec("DELETE FROM firing WHERE receiver NOT IN "+known, args[2:]...)
		return err
	})
}

// Test sends a message to a receiver at once, past the outbox, and returns what
// it said. A receiver that is not there is [ErrUnknown].
func (o *Outbox) Test(ctx context.Context, receiver string) (string, error) {
	o.mu.Lock()
	w := o.workers[receiver]
	o.mu.Unlock()
	if w == nil {
		return "", fmt.Errorf("receiver %q: %w", receiver, ErrUnknown)
	}
	var random [8]byte
	rand.Read(random[:])
	ctx, cancel := context.WithTimeout(ctx, w.r.Timeout)
	defer cancel()
	return w.r.Channel.Send(ctx, TestMessage("test_"+hex.EncodeToString(random[:]), time.Now()))
}

// Minimise takes what is personal out of everything that waits, was given up or
// is told of again, as if all receivers had asked for [Minimal]: for an erasure
// of which nobody says which incidents it is about. What was sent cannot be
// taken back.
func (o *Outbox) Minimise(ctx context.Context) error {
	changed := 0
	err := o.cfg.DB.Write(ctx, func(tx *sql.Tx) (err error) {
		changed, err = minimise(tx, o.cfg.Pseudonym)
		return err
	})
	if err != nil || changed == 0 {
		return err
	}
	return o.cfg.DB.Purge(ctx)
}

// Forget deletes all that is kept of the incidents, for an erasure. What was
// sent cannot be taken back.
func (o *Outbox) Forget(ctx context.Context, incidents []string) error {
	return o.cfg.DB.Write(ctx, func(tx *sql.Tx) error { return forget(tx, incidents) })
}
