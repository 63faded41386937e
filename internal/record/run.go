package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

const (
	maxGroup      = 2048    // records of a commit
	maxGroupBytes = 8 << 20 // of a commit
	retryAfter    = time.Second
)

// Run commits events until ctx ends; then it commits what is queued, closes
// the ledger and returns. It is called once.
func (r *Recorder) Run(ctx context.Context) error {
	var sealing sync.WaitGroup
	sealCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	sealing.Go(func() { r.runSealer(sealCtx) })
	r.loop(ctx)
	close(r.ended)
	stop()
	sealing.Wait()
	err := r.finish()
	if r.unlock != nil {
		err = errors.Join(err, r.unlock.Close())
	}
	return err
}

// loop takes items until ctx ends.
func (r *Recorder) loop(ctx context.Context) {
	tick := time.NewTicker(r.cfg.Publish / 2)
	defer tick.Stop()
	for {
		select {
		case it := <-r.queue:
			r.commit(r.gather(it, true))
		case <-tick.C:
			r.housekeep()
		case done := <-r.rolls:
			done <- r.rollNow()
		case <-ctx.Done():
			return
		}
	}
}

// finish refuses new events, commits the queued ones, and closes the ledger.
func (r *Recorder) finish() error {
	closing := errors.New("Gatebook is stopping")
	for {
		select {
		case it := <-r.queue:
			r.commit(r.gather(it, false))
			continue
		default:
		}
		break
	}
	r.failed.CompareAndSwap(nil, &closing)
	for { // what came in between
		select {
		case it := <-r.queue:
			r.commit(r.gather(it, false))
			continue
		default:
		}
		break
	}
	if r.w == nil {
		return r.failure()
	}
	if lost := r.takeLost(); len(lost) > 0 {
		if err := r.write(r.gaps(lost)); err != nil {
			r.cfg.Log.Error("sealing what was lost", "error", err)
		}
	}
	if r.w == nil {
		return r.failure()
	}
	return r.w.close()
}

// gather returns a group of items that begins with first. If nobody waits for
// any of them, and linger is allowed, it waits a little for more, so that a
// quiet gateway does not pay a sync for each call.
func (r *Recorder) gather(first *item, linger bool) []*item {
	group := append(make([]*item, 0, 64), first)
	size, waited := first.size, first.done != nil
	var timeout <-chan time.Time
	for len(group) < maxGroup && size < maxGroupBytes {
		select {
		case it := <-r.queue:
			group = append(group, it)
			size += it.size
			waited = waited || it.done != nil
			continue
		default:
		}
		if waited || !linger {
			break
		}
		if timeout == nil {
			timeout = time.After(r.cfg.Linger)
		}
		select {
		case it := <-r.queue:
			group = append(group, it)
			size += it.size
			waited = it.done != nil
			continue
		case <-timeout:
		}
		break
	}
	r.queued.Add(-size)
	return group
}

// commit makes the group durable and answers those who wait.
func (r *Recorder) commit(group []*item) {
	if r.w == nil {
		r.refuse(group, r.failure())
		return
	}
	if lost := r.takeLost(); len(lost) > 0 {
		group = append(group, r.gaps(lost)...)
	}
	if err := r.write(group); err != nil {
		r.refuse(group, err)
	}
}

// write commits the group and answers; after an error nobody was answered.
func (r *Recorder) write(group []*item) error {
	w := r.w
	first := w.tree.Size()
	leaves := make([]ledger.Hash, len(group))
	size := ledger.FrameOverhead
	for i, it := range group {
		size += ledger.RecordSize(it.sealed)
		leaves[i] = it.leaf
	}
	// First the segment, since each has its own key.
	err := w.room(size)
	if err == nil {
		w.frame.Reset(first, w.key)
		for _, it := range group {
			w.frame.Add(it.sealed)
		}
		err = w.commit(leaves)
	}
	if err != nil {
		return r.fail(err)
	}
	r.stats.commits.Add(1)
	r.stats.records.Add(uint64(len(group)))
	r.stats.bytes.Add(uint64(w.frame.Size()))
	r.announce(w.tree.Size())
	for i, it := range group {
		if it.done != nil {
			it.done <- result{receipt: capture.Receipt{Number: first + uint64(i), Checkpoint: w.checkpoint}}
		}
	}
	if r.cfg.Now().Sub(w.publishAt) >= r.cfg.Publish {
		r.publish()
	}
	return nil
}

func (r *Recorder) publish() {
	if err := r.w.publish(); err != nil {
		r.cfg.Log.Error("the checkpoint could not be published; it will be tried again", "error", err)
	}
}

// fail handles an error of the writer: nothing is recorded until the ledger
// could be opened again from what is on the disk.
func (r *Recorder) fail(err error) error {
	r.cfg.Log.Error("recording stopped; it will be tried again", "error", err)
	r.failed.Store(&err)
	r.w.abandon()
	r.w = nil
	return r.failure()
}

// refuse answers the group with an error, and counts those for whom nobody
// waits as lost.
func (r *Recorder) refuse(group []*item, err error) {
	for _, it := range group {
		switch {
		case it.done != nil:
			it.done <- result{err: err}
		case it.gap != nil:
			r.addLost(*it.gap)
		default:
			r.lose(r.lossReason(), it.at)
		}
	}
}

// lossReason is the stable code of why events are lost while the recorder does
// not record.
func (r *Recorder) lossReason() string {
	p := r.failed.Load()
	switch {
	case p == nil:
		return "queue-full"
	case errors.Is(*p, syscall.ENOSPC) || errors.Is(*p, syscall.EDQUOT):
		return "disk-full"
	default:
		return "disk-error"
	}
}

// housekeep publishes the checkpoint, opens the ledger again after an error,
// and seals losses when there is no traffic to seal them with.
func (r *Recorder) housekeep() {
	if r.w == nil {
		r.reopen()
	}
	if r.w == nil {
		return
	}
	if lost := r.takeLost(); len(lost) > 0 {
		if gaps := r.gaps(lost); r.write(gaps) != nil {
			r.refuse(gaps, nil)
			return
		}
	}
	if r.cfg.Now().Sub(r.w.publishAt) >= r.cfg.Publish {
		r.publish()
	}
	r.rollOld()
}

// rollOld finishes the active segment at its age, however small it is. Without
// room for the next one it goes on with this one, and tries again.
func (r *Recorder) rollOld() {
	if !r.w.old() {
		return
	}
	if err := r.rollNow(); err != nil && r.w != nil {
		r.cfg.Log.Error("the journal segment is old, and could not be finished; it will be tried again", "error", err)
		r.w.since = r.cfg.Now().Add(retryAfter - r.cfg.SealAfter)
	}
}

// reopen tries to go on after an error, at most once a second.
func (r *Recorder) reopen() {
	if r.cfg.Now().Sub(r.retried) < retryAfter {
		return
	}
	r.retried = r.cfg.Now()
	r.sealMu.Lock()
	defer r.sealMu.Unlock()
	w, err := openWriter(&r.cfg)
	if err != nil {
		r.cfg.Log.Error("still not recording", "error", err)
		return
	}
	r.w = w
	r.failed.Store(nil)
	r.announce(w.tree.Size())
	r.cfg.Log.Info("recording again", "records", w.tree.Size())
}

func (r *Recorder) takeLost() []event.Lost {
	r.mu.Lock()
	defer r.mu.Unlock()
	lost := r.lost
	r.lost = nil
	return lost
}

// addLost adds to the losses that are not yet sealed.
func (r *Recorder) addLost(l event.Lost) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.lost {
		if m := &r.lost[i]; m.Reason == l.Reason {
			m.Count += l.Count
			if l.From.Before(m.From) {
				m.From = l.From
			}
			if l.To.After(m.To) {
				m.To = l.To
			}
			return
		}
	}
	r.lost = append(r.lost, l)
}

// gaps returns the gap events for what was lost.
func (r *Recorder) gaps(lost []event.Lost) []*item {
	var items []*item
	for i := range lost {
		now := r.cfg.Now()
		var random [8]byte
		rand.Read(random[:])
		e := &event.Event{Header: event.Header{
			ID: event.NewID(now, random), Kind: event.Gap, Arrived: now, Completed: now,
			Edge: r.cfg.Edge, Capture: event.Capture{Method: "self"}, Lost: &lost[i],
		}}
		it, err := r.seal(e)
		if err != nil {
			panic(fmt.Sprintf("record: a gap event that we made is not valid: %v", err))
		}
		it.gap = &lost[i]
		items = append(items, it)
	}
	return items
}
