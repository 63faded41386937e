package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/ledger"
)

// Config says where and how to record. Zero values mean the stated defaults.
type Config struct {
	Dir         string        // folder of the ledger; made if it is not there. Required unless Disk is set
	Disk        Disk          // instead of Dir; it is not locked
	Signer      note.Signer   // signs the checkpoints; its name is the ledger's origin. Required
	Key         string        // the signer's public key, as C2SP signed-note writes it. Required
	Keys        Keys          // encrypts the envelopes; nil: they are in clear
	Anchor      Anchor        // a second place for the newest checkpoint; nil: none
	Edge        string        // named on the recorder's own events
	SegmentSize int64         // bytes of a journal segment; 64 MiB
	SealAfter   time.Duration // age at which a journal segment is sealed though it is not full, as soon as it completes a block; 10 minutes
	Linger      time.Duration // how long an event nobody waits for may wait for others; 5 ms
	Publish     time.Duration // at most this long after a commit is the checkpoint published; 500 ms
	Queue       int           // events that may wait for the commit; 16384
	QueueBytes  int64         // bytes that may wait for the commit; 128 MiB
	Now         func() time.Time
	Log         *slog.Logger
}

// Anchor keeps the newest checkpoint in a place that does not share the fate of
// the ledger, so that a ledger restored from a backup is noticed before it
// signs a second history.
type Anchor interface {
	// Load returns the newest signed checkpoint, or nil if there is none yet.
	Load() ([]byte, error)
	// Store replaces old by new. It fails if the newest is not old.
	Store(old, new []byte) error
}

func (c *Config) setDefaults() {
	set(&c.SegmentSize, 64<<20)
	set(&c.SealAfter, 10*time.Minute)
	set(&c.Linger, 5*time.Millisecond)
	set(&c.Publish, 500*time.Millisecond)
	set(&c.Queue, 16384)
	set(&c.QueueBytes, 128<<20)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Disk == nil {
		c.Disk = Dir(c.Dir)
	}
}

func set[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// ErrStopped is the error of an event that cannot be recorded now. The error
// that wraps it says why.
var ErrStopped = errors.New("not recording")

// ErrRollback is the error of a ledger that has less, or other, records than a
// checkpoint that it once signed.
var ErrRollback = errors.New("the ledger is not the one that its newest checkpoint was signed for")

// Recorder records events. Make one with [Open], start it with [Recorder.Run].
// Append, Put, Size, Wait and Stats are safe for concurrent use.
type Recorder struct {
	cfg    Config
	unlock io.Closer // nil if cfg.Disk was given

	queue  chan *item
	queued atomic.Int64 // bytes
	size   atomic.Uint64
	failed atomic.Pointer[error] // why nothing can be recorded now; nil: all is well
	stats  counters

	mu      sync.Mutex // guards what follows
	changed chan struct{}
	lost    []event.Lost // by reason, not yet sealed

	// Owned by the goroutine of Run.
	w       *writer   // nil after an error, until the ledger was opened again
	retried time.Time // when that was last tried

	sealMu sync.Mutex // held while segments are sealed, or the ledger is opened

	rolls    chan chan error // requests to finish the active segment, served by Run
	ended    chan struct{}   // closed when Run serves none any more
	removing sync.Mutex      // held by the one removal of envelopes that may run
}

// item is an event on its way to the commit.
type item struct {
	sealed *event.Sealed
	leaf   ledger.Hash
	size   int64
	at     time.Time
	done   chan result // nil: nobody waits
	gap    *event.Lost // of a gap event, nil for others
}

type result struct {
	receipt capture.Receipt
	err     error
}

var _ capture.Sink = (*Recorder)(nil)

// Open opens the ledger, or makes a new one, and recovers what a crash left
// behind. It fails with [ErrLocked], [ErrRollback], a [ledger.EvidenceError],
// or an error of the disk.
func Open(cfg Config) (*Recorder, error) {
	r := &Recorder{changed: make(chan struct{}), rolls: make(chan chan error), ended: make(chan struct{})}
	if cfg.Disk == nil {
		if err := Dir(cfg.Dir).MakeDir("."); err != nil {
			return nil, fmt.Errorf("making the ledger's folder: %w", err)
		}
		var err error
		if r.unlock, err = disk.Lock(cfg.Dir); err != nil {
			return nil, err
		}
	}
	cfg.setDefaults()
	r.cfg = cfg
	r.queue = make(chan *item, cfg.Queue)
	w, err := openWriter(&r.cfg)
	if err != nil {
		if r.unlock != nil {
			r.unlock.Close()
		}
		return nil, err
	}
	r.w = w
	r.size.Store(w.tree.Size())
	return r, nil
}

// Size returns the number of durable records.
func (r *Recorder) Size() uint64 { return r.size.Load() }

// Wait returns when the ledger has more than size records, with their number,
// or when ctx ends.
func (r *Recorder) Wait(ctx context.Context, size uint64) (uint64, error) {
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		if n := r.Size(); n > size {
			return n, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return r.Size(), ctx.Err()
		}
	}
}

// Append implements [capture.Sink].
func (r *Recorder) Append(ctx context.Context, e *event.Event) (capture.Receipt, error) {
	it, err := r.seal(e)
	if err != nil {
		return capture.Receipt{}, err
	}
	it.done = make(chan result, 1)
	if err := r.failure(); err != nil {
		return capture.Receipt{}, err
	}
	if r.queued.Add(it.size) > r.cfg.QueueBytes {
		r.queued.Add(-it.size)
		return capture.Receipt{}, fmt.Errorf("%w: more than %d bytes wait for the disk", ErrStopped, r.cfg.QueueBytes)
	}
	select {
	case r.queue <- it:
	case <-ctx.Done():
		r.queued.Add(-it.size)
		return capture.Receipt{}, ctx.Err()
	}
	select {
	case res := <-it.done:
		return res.receipt, res.err
	case <-ctx.Done():
		return capture.Receipt{}, ctx.Err()
	}
}

// AppendAll records events one after the other, in their order, and returns
// when all are durable, with the receipt of each. After an error the first of
// them may be recorded and the others not. It leaves most of the queue to calls.
func (r *Recorder) AppendAll(ctx context.Context, events []*event.Event) ([]capture.Receipt, error) {
	items := make([]*item, 0, len(events))
	for _, e := range events {
		it, err := r.seal(e)
		if err != nil {
			return nil, err
		}
		it.done = make(chan result, 1)
		items = append(items, it)
	}
	waiting := int64(0)
	for i, it := range items {
		if err := r.failure(); err != nil {
			return nil, err
		}
		if i > 0 && waiting+it.size > r.cfg.QueueBytes/4 {
			if res, err := await(ctx, items[i-1]); err != nil || res.err != nil {
				return nil, errors.Join(err, res.err)
			}
			waiting = 0
		}
		waiting += it.size
		r.queued.Add(it.size)
		select {
		case r.queue <- it:
		case <-ctx.Done():
			r.queued.Add(-it.size)
			return nil, ctx.Err()
		}
	}
	receipts := make([]capture.Receipt, len(items))
	for i, it := range items {
		res, err := await(ctx, it)
		if err != nil || res.err != nil {
			return nil, errors.Join(err, res.err)
		}
		receipts[i] = res.receipt
	}
	return receipts, nil
}

// await returns what became of an item. It can be asked again.
func await(ctx context.Context, it *item) (result, error) {
	select {
	case res := <-it.done:
		it.done <- res
		return res, nil
	case <-ctx.Done():
		return result{}, ctx.Err()
	}
}

// Put implements [capture.Sink].
func (r *Recorder) Put(e *event.Event) {
	arrived := e.Arrived
	it, err := r.seal(e)
	if err != nil {
		r.cfg.Log.Error("an event could not be encoded", "error", err)
		r.lose("not-encodable", arrived)
		return
	}
	if r.failure() != nil {
		r.lose(r.lossReason(), arrived)
		return
	}
	if r.queued.Add(it.size) > r.cfg.QueueBytes {
		r.queued.Add(-it.size)
		r.lose("queue-full", arrived)
		return
	}
	select {
	case r.queue <- it:
	default:
		r.queued.Add(-it.size)
		r.lose("queue-full", arrived)
	}
}

func (r *Recorder) seal(e *event.Event) (*item, error) {
	var salts [event.Classes]event.Salt
	for i := range salts {
		rand.Read(salts[i][:])
	}
	s, err := e.Seal(&salts)
	if err != nil {
		return nil, err
	}
	for c, env := range s.Envelopes {
		if env != nil && len(env.Data) > ledger.MaxEnvelope {
			return nil, fmt.Errorf("event %s: its %s envelope has %d bytes, the limit is %d", e.ID, event.Class(c), len(env.Data), ledger.MaxEnvelope)
		}
	}
	return &item{sealed: s, leaf: ledger.RecordHash(s.Header), size: int64(s.Size()), at: e.Arrived}, nil
}

// failure returns why nothing can be recorded now, or nil.
func (r *Recorder) failure() error {
	if p := r.failed.Load(); p != nil {
		return fmt.Errorf("%w: %w", ErrStopped, *p)
	}
	return nil
}

// lose counts an event that will not be recorded.
func (r *Recorder) lose(reason string, at time.Time) {
	r.stats.lost.Add(1)
	r.addLost(event.Lost{Count: 1, Reason: reason, From: at, To: at})
}

// announce tells everybody that records are durable.
func (r *Recorder) announce(size uint64) {
	r.size.Store(size)
	r.mu.Lock()
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
}

// counters are the recorder's statistics.
type counters struct {
	records, bytes, commits, lost, sealedSegments atomic.Uint64
}

// Stats is a snapshot of what a recorder did since it was opened.
type Stats struct {
	Size           uint64 // durable records in the ledger
	Records        uint64 // recorded by this process
	Bytes          uint64 // of journal written
	Commits        uint64 // groups of records
	Lost           uint64 // events that were not recorded
	SealedSegments uint64 // journal segments compressed
	Queued         int    // events that wait for the commit
	QueuedBytes    int64
	Failure        string // why nothing can be recorded now; empty: all is well
}

// Stats returns a snapshot.
func (r *Recorder) Stats() Stats {
	s := Stats{
		Size: r.Size(), Records: r.stats.records.Load(), Bytes: r.stats.bytes.Load(), Commits: r.stats.commits.Load(),
		Lost: r.stats.lost.Load(), SealedSegments: r.stats.sealedSegments.Load(), Queued: len(r.queue), QueuedBytes: r.queued.Load(),
	}
	if p := r.failed.Load(); p != nil {
		s.Failure = (*p).Error()
	}
	return s
}
