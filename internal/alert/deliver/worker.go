package deliver

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/gatebook/gatebook/internal/alert/egress"
)

// worker sends to one receiver.
type worker struct {
	o *Outbox
	r Receiver

	before <-chan struct{} // closed when the worker that this one replaces has ended; nil: there is none
	wake   chan struct{}
	quit   chan struct{} // closed: send nothing more
	ended  chan struct{} // closed when run has ended
	done   chan outcome  // of what is on its way

	// Owned by run.
	inflight map[int64]bool // deliveries on their way, or not yet marked; fireID: a refire
	unmarked []outcome      // that could not be written
	paused   time.Time      // nothing is sent before
	refire   time.Time      // when the receiver is told again of what is there
	rate     window

	mu    sync.Mutex // guards stats
	stats stats
}

// stats are counted since the worker was made.
type stats struct {
	delivered, failures uint64
	last                time.Time // when one was accepted; zero: none was
	failing             time.Time // since when no attempt worked; zero: the last one did
	row                 int       // failures since then
	err                 string    // of the last attempt that failed
}

// outcome is how an attempt ended.
type outcome struct {
	job
	err       *egress.Error // nil: it was accepted
	abandoned bool          // it was cut short by the end of this process
	at        time.Time
}

// fireID stands for a refire among the deliveries on their way.
const fireID = -1

const (
	maxBackoff = 5 * time.Minute
	idle       = time.Minute     // after it a worker looks by itself
	grace      = 3 * time.Second // for what is on its way when the process ends
)

func newWorker(o *Outbox, r Receiver) *worker {
	return &worker{
		o: o, r: r, wake: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{}), done: make(chan outcome),
		inflight: make(map[int64]bool),
	}
}

// poke makes the worker look for work.
func (w *worker) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run sends until ctx ends or the receiver is replaced.
func (w *worker) run(ctx context.Context) {
	defer close(w.ended)
	if w.before != nil {
		select {
		case <-w.before:
		case <-ctx.Done():
			return
		}
	}
	// What is sent outlives ctx for a moment.
	sending, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			time.AfterFunc(grace, abort)
			w.drain(sending)
			return
		case <-w.quit:
			defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, abort) })()
			w.drain(sending)
			return
		case <-w.wake:
		case <-timer.C:
		case out := <-w.done:
			w.settle(ctx, out)
		}
		timer.Reset(w.step(ctx, sending))
	}
}

// drain waits for what is on its way.
func (w *worker) drain(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	for len(w.inflight) > len(w.unmarked) {
		w.settle(ctx, <-w.done)
	}
	w.mark(ctx)
}

// step starts what can be sent now, and returns how long there is nothing to
// do unless something comes in between.
func (w *worker) step(ctx, sending context.Context) time.Duration {
	now := time.Now()
	w.mark(ctx)
	if len(w.unmarked) > 0 {
		return time.Second // the disk is in trouble: what is sent now could not be marked
	}
	if wait := w.paused.Sub(now); wait > 0 {
		return wait
	}
	limit := w.r.Concurrency
	if !w.healthy() {
		limit = 1 // one attempt says whether it is well again
	}
	wait := idle
	if f, ok := w.r.Channel.(Firer); ok {
		if w.refire.IsZero() {
			w.refire = now.Add(w.o.cfg.Refire)
		}
		if !now.Before(w.refire) && !w.inflight[fireID] && len(w.inflight) < limit {
			w.fire(ctx, sending, f, now)
		}
		wait = min(wait, max(w.refire.Sub(now), time.Second))
	}
	held, err := w.gather(ctx, now)
	if held > 0 {
		return min(wait, held)
	}
	if w.r.Rate > 0 {
		limit = min(limit, w.rate.left(w.r.Rate))
	}
	var jobs []job
	if err == nil && len(w.inflight) < limit {
		jobs, err = w.o.due(ctx, w.r.Name, now, limit+len(w.inflight))
	}
	for _, j := range jobs {
		if !w.inflight[j.id] && len(w.inflight) < limit {
			w.rate.taken++
			w.start(sending, j)
		}
	}
	var due time.Time
	var n int
	if err == nil {
		n, due, err = w.o.waiting(ctx, w.r.Name, now)
	}
	switch {
	case err != nil:
		if ctx.Err() == nil {
			w.o.cfg.Log.Error("the outbox cannot be read", "receiver", w.r.Name, "error", err)
		}
		return time.Second
	case !due.IsZero():
		wait = min(wait, max(due.Sub(now), time.Millisecond))
	case n > 0 && len(w.inflight) == 0:
		wait = min(wait, time.Second)
	}
	return wait
}

// gather folds what is to be sent together. It returns how long all is held
// back; 0: it is not.
func (w *worker) gather(ctx context.Context, now time.Time) (time.Duration, error) {
	if w.r.Digest > 0 {
		ripe, err := w.o.ripe(ctx, w.r.Name, now)
		switch {
		case err != nil || !ripe:
			return 0, err
		case len(w.inflight) > 0:
			return idle, nil // their outcome wakes
		}
		return 0, w.fold(ctx, Digest)
	}
	if w.r.Rate == 0 {
		return 0, nil
	}
	n, _, err := w.o.waiting(ctx, w.r.Name, now)
	if err != nil {
		return 0, err
	}
	switch w.rate.look(now, w.o.cfg.Window, n-len(w.inflight), w.r.Rate) {
	case hold:
		return max(w.rate.start.Add(w.o.cfg.Window).Sub(now), time.Millisecond), nil
	case sum:
		if len(w.inflight) > 0 {
			return idle, nil // their outcome wakes
		}
		if err := w.fold(ctx, Summary); err != nil {
			return 0, err
		}
		w.rate.begin(now, !w.r.Lifecycle)
	}
	return 0, nil
}

// fold puts what waits into one message.
func (w *worker) fold(ctx context.Context, kind Kind) error {
	return w.o.cfg.DB.Write(ctx, func(tx *sql.Tx) error {
		_, err := foldPending(tx, &w.r, kind, time.Now())
		return err
	})
}

// start sends j.
func (w *worker) start(ctx context.Context, j job) {
	w.inflight[j.id] = true
	go func() {
		sub, cancel := context.WithTimeout(ctx, w.r.Timeout)
		defer cancel()
		_, err := w.r.Channel.Send(sub, j.m)
		w.done <- outcome{job: j, err: egress.Wrap(err), abandoned: err != nil && ctx.Err() != nil, at: time.Now()}
	}()
}

// fire tells the receiver again of what is there.
func (w *worker) fire(ctx, sending context.Context, f Firer, now time.Time) {
	w.refire = now.Add(w.o.cfg.Refire)
	ms, err := w.o.firing(ctx, w.r.Name)
	if err != nil || len(ms) == 0 {
		return // an error shows at the next step, too
	}
	w.inflight[fireID] = true
	go func() {
		sub, cancel := context.WithTimeout(sending, w.r.Timeout)
		defer cancel()
		err := f.Fire(sub, ms, now.Add(FireFor))
		w.done <- outcome{job: job{id: fireID}, err: egress.Wrap(err), abandoned: err != nil && sending.Err() != nil, at: time.Now()}
	}()
}

// FireFor is how long an incident counts as there for a [Firer] that is not
// told again.
const FireFor = 4 * time.Minute

// settle notes how an attempt ended, and how the receiver is.
func (w *worker) settle(ctx context.Context, out outcome) {
	if out.abandoned {
		delete(w.inflight, out.id) // it is pending as before
		return
	}
	row := w.count(&out)
	switch {
	case out.err == nil || out.err.Permanent:
		w.paused = time.Time{}
	default:
		w.paused = out.at.Add(max(w.backoff(row), out.err.After))
		w.rate.taken = max(0, w.rate.taken-1) // nobody was disturbed
	}
	if out.id == fireID {
		delete(w.inflight, fireID)
		return
	}
	w.unmarked = append(w.unmarked, out)
	w.mark(ctx)
}

// mark writes how attempts ended. What cannot be written is kept, and not sent
// again while this process lives.
func (w *worker) mark(ctx context.Context) {
	if len(w.unmarked) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	err := w.o.cfg.DB.Write(ctx, func(tx *sql.Tx) error {
		for i := range w.unmarked {
			if err := w.markOne(tx, &w.unmarked[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.o.cfg.Log.Error("what became of deliveries cannot be written", "receiver", w.r.Name, "deliveries", len(w.unmarked), "error", err)
		return
	}
	for _, out := range w.unmarked {
		delete(w.inflight, out.id)
	}
	w.unmarked = nil
}

func (w *worker) markOne(tx *sql.Tx, out *outcome) error {
	if out.err == nil {
		_, firer := w.r.Channel.(Firer)
		return settled(tx, w.r.Name, firer, &out.job, out.at)
	}
	due := out.at.Add(max(w.backoff(out.attempts+1), out.err.After))
	if out.err.Permanent || out.at.Sub(out.since) >= w.r.GiveUp {
		due = time.Time{}
	}
	return failed(tx, out.id, out.err.Reason, due, out.at)
}

// count counts an attempt, logs when the receiver begins to fail or is well
// again, and returns how many attempts failed in a row.
func (w *worker) count(out *outcome) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.stats
	if out.err == nil {
		if !s.failing.IsZero() {
			w.o.cfg.Log.Info("a receiver of alerts is well again", "receiver", w.r.Name, "kind", w.r.Kind)
		}
		if out.id != fireID {
			s.delivered++
			s.last = out.at
		}
		s.failing, s.row = time.Time{}, 0
		return 0
	}
	s.failures++
	s.err = out.err.Reason
	if out.err.Permanent {
		w.o.cfg.Log.Warn("a receiver refused an alert: see gatebook alerts deliveries --dead", "receiver", w.r.Name, "kind", w.r.Kind, "delivery", out.id, "error", s.err)
		return s.row
	}
	if s.failing.IsZero() {
		s.failing = out.at
		w.o.cfg.Log.Warn("a receiver of alerts does not take them; trying again", "receiver", w.r.Name, "kind", w.r.Kind, "error", s.err)
	}
	s.row++
	return s.row
}

// healthy reports whether the last attempt worked, or there was none.
func (w *worker) healthy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats.failing.IsZero()
}

// backoff is how long to wait after n failures: twice as long each time, with
// jitter, so that many deliveries, or many Gatebooks, do not come at once.
func (w *worker) backoff(n int) time.Duration {
	d := maxBackoff
	if n < 20 {
		d = min(d, w.o.cfg.Backoff<<max(n-1, 0))
	}
	return d/2 + rand.N(d/2+1)
}
