package index

import (
	"context"
	"errors"
	"sync"
)

// Bounds of what is in memory at a time: senders+2 batches.
const (
	batchRows  = 4096
	batchBytes = 4 << 20
	stepRows   = 16 * batchRows // between two looks at the cursor
	senders    = 2              // requests at a time; the engine parses each with one processor
)

// span is the numbers from ≤ n < to.
type span struct{ from, to uint64 }

// feed adds the events of the spans. When it returns nil all were taken; after an
// error any of them may have been.
func (f *Follower) feed(ctx context.Context, spans ...span) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	full := make(chan *batch)
	free := make(chan *batch, senders+2)
	for range cap(free) {
		free <- new(batch)
	}
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for b := range full {
				if err := f.client.insert(ctx, b); err != nil {
					cancel(err) // the first cause is kept
				}
				b.reset()
				free <- b
			}
		})
	}
	err := f.encode(ctx, spans, full, free)
	close(full)
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// encode reads the rows and passes them on in full batches.
func (f *Follower) encode(ctx context.Context, spans []span, full chan<- *batch, free <-chan *batch) error {
	b := <-free
	send := func() error {
		select {
		case full <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
		b = <-free
		return nil
	}
	for _, s := range spans {
		err := f.cfg.Source.Rows(ctx, s.from, s.to, func(r Row) error {
			b.add(r, f.client.cfg.Tenant)
			if b.rows < batchRows && len(b.lines) < batchBytes {
				return nil
			}
			return send()
		})
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			return &sourceError{err}
		}
	}
	if b.rows == 0 {
		return nil
	}
	if err := send(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return ctx.Err()
}
