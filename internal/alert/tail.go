package alert

import (
	"context"

	"github.com/gatebook/gatebook/internal/reading"
)

// tailBuffer is how many notices wait for a reader that is slow; then it is let
// go.
const tailBuffer = 256

// publish gives a notice to all who tail. nil is nothing.
func (b *Book) publish(n *Notice) {
	if n == nil {
		return
	}
	b.tails.Lock()
	defer b.tails.Unlock()
	for ch := range b.listening {
		select {
		case ch <- n:
		default: // too slow: it is told by the closed channel
			delete(b.listening, ch)
			close(ch)
		}
	}
}

// Tail calls yield for each change of an incident from now on, until ctx ends
// or yield fails. begun is called once the reader is admitted and the look is
// sealed. A reader that is too slow is let go.
func (b *Book) Tail(ctx context.Context, who reading.Reader, begun func() error, yield func(*Notice) error) error {
	if err := b.looked(ctx, who, "tail-incidents"); err != nil {
		return err
	}
	ch := make(chan *Notice, tailBuffer)
	b.tails.Lock()
	b.listening[ch] = true
	b.tails.Unlock()
	defer func() {
		b.tails.Lock()
		defer b.tails.Unlock()
		delete(b.listening, ch)
	}()
	if err := begun(); err != nil {
		return err
	}
	for {
		select {
		case n, ok := <-ch:
			if !ok {
				return ErrSlow
			}
			shown := *n
			if who.May(reading.ActPayload) != nil {
				shown.Findings = nil // their terms can be of payloads
			}
			if err := yield(&shown); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
