package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// FollowerConfig says what a Follower feeds from where.
type FollowerConfig struct {
	// Source is the ledger.
	Source Source
	// Engine is the engine that Gatebook runs. Either it or Remote is given.
	Engine *Supervisor
	// Remote is the client of an index that runs elsewhere.
	Remote *Client
	// Cursor is the file that remembers how far the index has come. It belongs to
	// this index. Empty means "cursor.json" in the directory of Engine.
	Cursor string
	// Margin is how far the cursor stays behind what was added: longer than the
	// index may keep rows in memory. Zero means 15 s.
	Margin time.Duration
	// Interval is the least time between two batches that are not full. Zero means
	// 50 ms.
	Interval time.Duration
	// Log receives what goes wrong and is tried again. Nil discards it.
	Log *slog.Logger
}

// Progress says how far the index has come.
type Progress struct {
	Sealed  uint64 // events in the ledger
	Indexed uint64 // every event below this number was added; the cursor, while a new life of the engine is not checked
	// Searchable is like Indexed, but of what was added so long ago that the index
	// finds it.
	Searchable uint64
	// Life is the life of the engine that all this is about. What the engine
	// answers in another life may miss any event above the cursor. 0 for a remote
	// index.
	Life   uint64
	Cursor uint64 // every event below this number is certainly on its disk
	Lag    uint64 // Sealed - Indexed
	// Behind is for how long the oldest event that is not yet added has been
	// waiting, as far as the follower knows. Zero when there is none.
	Behind time.Duration
	// Repairing says that rows lost by the engine are being added again: results
	// may miss events below Indexed until it is false.
	Repairing bool
	// Duplicates is how many rows too many the last repair found. They make counts
	// wrong, never hits; a rebuild removes them.
	Duplicates uint64
	LastError  string // of the last failed try; "" after a success
}

// Follower feeds an index. Run it once; the other methods may be called at the
// same time.
type Follower struct {
	cfg    FollowerConfig
	client *Client
	log    *slog.Logger

	// work guards who adds rows at the front: Run for one step, or Rebuild.
	work   sync.Mutex
	cursor cursor // by work

	repairs   sync.Mutex                         // one repair at a time: two would add the same rows
	interrupt atomic.Pointer[context.CancelFunc] // ends the newest repair

	next       atomic.Uint64 // every event below it was added
	checked    atomic.Uint64 // the life of the engine, and 1, that has everything below next; 0: none
	recent     recent        // what was added a moment ago
	saved      atomic.Uint64 // the cursor, for Progress
	caughtUp   atomic.Int64  // when Indexed last equalled Sealed, in ns since 1970
	repairing  atomic.Int32
	duplicates atomic.Uint64
	lastError  atomic.Pointer[string]
}

// idleStep is how often a follower with nothing to do saves its cursor.
const idleStep = 2 * time.Second

// NewFollower reads the cursor and returns a follower that does not run yet.
func NewFollower(cfg FollowerConfig) (*Follower, error) {
	if cfg.Source == nil || (cfg.Engine == nil) == (cfg.Remote == nil) {
		return nil, errors.New("index: a follower needs a Source and either Engine or Remote")
	}
	if cfg.Cursor == "" {
		if cfg.Engine == nil {
			return nil, errors.New("index: Cursor is empty: name the file that remembers how far the remote index has come")
		}
		cfg.Cursor = filepath.Join(cfg.Engine.cfg.Dir, "cursor.json")
	}
	if cfg.Margin <= 0 {
		cfg.Margin = 15 * time.Second
	}
	if cfg.Interval <= 0 {
		cfg.Interval = 50 * time.Millisecond
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cur, err := openCursor(cfg.Cursor, cfg.Margin)
	if err != nil {
		return nil, err
	}
	f := &Follower{cfg: cfg, client: cfg.Remote, log: cfg.Log, cursor: cur}
	if cfg.Engine != nil {
		f.client = cfg.Engine.Client()
	}
	f.next.Store(cur.at)
	f.saved.Store(cur.at)
	f.recent.start(cur.at)
	f.caughtUp.Store(time.Now().UnixNano())
	return f, nil
}

// Progress returns how far the index has come.
func (f *Follower) Progress() Progress {
	p := Progress{
		Life:       f.life(),
		Cursor:     f.saved.Load(),
		Repairing:  f.repairing.Load() > 0,
		Duplicates: f.duplicates.Load(),
	}
	p.Indexed, p.Searchable = p.Cursor, p.Cursor
	if f.checked.Load() == p.Life+1 {
		p.Indexed = f.next.Load()
		p.Searchable = min(f.recent.searchable(time.Now()), p.Indexed)
	}
	p.Sealed = max(f.cfg.Source.Size(), p.Indexed)
	if p.Lag = p.Sealed - p.Indexed; p.Lag > 0 {
		p.Behind = time.Since(time.Unix(0, f.caughtUp.Load()))
	}
	if e := f.lastError.Load(); e != nil {
		p.LastError = *e
	}
	return p
}

// Run feeds the index until ctx ends, then returns nil. While the index is not
// available it waits for it; it returns an error only if the ledger cannot be
// read, the cursor cannot be saved, or the index is that of a longer ledger.
func (f *Follower) Run(ctx context.Context) error {
	pause := firstPause
	for {
		before := f.next.Load()
		err := f.session(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var source *sourceError
		if errors.As(err, &source) || errors.Is(err, errStop) {
			return err
		}
		if f.cfg.Engine != nil && errors.Is(err, errTimeout) {
			f.cfg.Engine.abandon()
		}
		f.fail(err)
		if f.next.Load() > before {
			pause = firstPause
		}
		wait(ctx, pause)
		pause = min(2*pause, longestWait)
	}
}

// errStop marks errors that another try does not mend.
var errStop = errors.New("the index cannot be fed")

func (f *Follower) fail(err error) {
	if err == nil {
		return
	}
	text := err.Error()
	f.lastError.Store(&text)
	f.log.Warn("feeding the index was interrupted", "error", err)
}

// session feeds the index through one life of the engine: first it adds what the
// life before has lost, then what is new.
func (f *Follower) session(ctx context.Context) error {
	ctx, cancel, err := f.alive(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	if err := f.begin(ctx); err != nil {
		return err
	}
	f.lastError.Store(nil)

	var repair sync.WaitGroup
	defer repair.Wait()
	defer cancel()
	if f.cfg.Engine != nil {
		if days := f.cfg.Engine.Status().Damaged; len(days) > 0 {
			end := f.next.Load()
			repair.Go(func() { f.refill(ctx, days, end) })
		}
	}
	for {
		if err := f.step(ctx); err != nil {
			return err
		}
		wctx, done := context.WithTimeout(ctx, idleStep)
		err := f.cfg.Source.Wait(wctx, f.next.Load())
		timedOut := wctx.Err() != nil
		done()
		if err != nil && !timedOut {
			return &sourceError{err}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// alive waits until the index answers and returns a context that ends with this
// life of it.
func (f *Follower) alive(ctx context.Context) (context.Context, context.CancelFunc, error) {
	if f.cfg.Engine == nil {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, cancel, nil
	}
	ended, err := f.cfg.Engine.Session(ctx)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-ended:
			cancel(ErrUnavailable)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }, nil
}

// life returns the life of the engine; 0 for a remote index.
func (f *Follower) life() uint64 {
	if f.cfg.Engine == nil {
		return 0
	}
	return f.cfg.Engine.Status().Life
}

// begin goes back to the cursor and adds the events that the index does not have
// up to the highest that it has; what is above is new.
func (f *Follower) begin(ctx context.Context) error {
	f.work.Lock()
	defer f.work.Unlock()
	f.checked.Store(0)
	f.cursor.forget()
	life, size := f.life(), f.cfg.Source.Size()
	if f.cursor.at > size {
		return fmt.Errorf("%w: it holds %d events and the ledger only %d: it belongs to another ledger, rebuild it", errStop, f.cursor.at, size)
	}
	if err := f.client.settle(ctx); err != nil {
		return err
	}
	end, err := f.highest(ctx, f.cursor.at, size)
	if err != nil {
		return err
	}
	added, err := f.repair(ctx, f.cursor.at, end)
	if err != nil {
		return err
	}
	if added > 0 {
		if err := f.client.settle(ctx); err != nil {
			return err
		}
	}
	f.recent.start(end)
	f.advance(end)
	f.checked.Store(life + 1) // if the engine ended since, its life is another
	return f.mark()
}

// step adds what is new, and waits a moment if it was little, so that rows go
// in batches.
func (f *Follower) step(ctx context.Context) error {
	f.work.Lock()
	defer f.work.Unlock()
	from := f.next.Load()
	to := min(f.cfg.Source.Size(), from+stepRows)
	if to > from {
		began := time.Now()
		if err := f.feed(ctx, span{from, to}); err != nil {
			return err
		}
		f.advance(to)
		if to-from < batchRows {
			wait(ctx, f.cfg.Interval-time.Since(began))
		}
	} else {
		f.caughtUp.Store(time.Now().UnixNano())
	}
	return f.mark()
}

func (f *Follower) advance(to uint64) {
	f.recent.add(to, time.Now())
	f.next.Store(to)
	if to >= f.cfg.Source.Size() {
		f.caughtUp.Store(time.Now().UnixNano())
	}
}

// mark moves the cursor. Its owner holds work.
func (f *Follower) mark() error {
	if err := f.cursor.add(f.next.Load(), time.Now()); err != nil {
		return fmt.Errorf("%w: %w", errStop, err)
	}
	f.saved.Store(f.cursor.at)
	return nil
}

// wait waits for d or the end of ctx.
func wait(ctx context.Context, d time.Duration) {
	if d > 0 {
		pause(d)(ctx)
	}
}
