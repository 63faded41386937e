package people

import (
	"context"
	"errors"
	"time"
)

// bound is an answer that goes on for as long as its session.
type bound struct{ cancel context.CancelCauseFunc }

// ErrEnded is the cause of a context that ended with its session.
var ErrEnded = errors.New("the session has ended")

// Bind returns a context that ends with the session, for answers that go on. An
// answer that goes on is no request: the session of who only watches ends when
// it was idle for too long. The caller calls release at the end.
func (p *People) Bind(ctx context.Context, s *Session) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	b := &bound{cancel}
	p.mu.Lock()
	if p.open[s.ID] == nil {
		p.open[s.ID] = map[*bound]struct{}{}
	}
	p.open[s.ID][b] = struct{}{}
	p.mu.Unlock()
	go p.watch(ctx, cancel, s.ID, s.Idle)
	return ctx, func() {
		cancel(nil)
		p.mu.Lock()
		defer p.mu.Unlock()
		if delete(p.open[s.ID], b); len(p.open[s.ID]) == 0 {
			delete(p.open, s.ID)
		}
	}
}

// watch ends a context when the session is idle or expires, or is gone.
func (p *People) watch(ctx context.Context, cancel context.CancelCauseFunc, id string, until time.Time) {
	for {
		timer := time.NewTimer(max(until.Sub(p.cfg.Now()), 10*time.Millisecond))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		s, err := p.Session(ctx, id)
		if err != nil {
			cancel(ErrEnded)
			return
		}
		until = s.Idle
		if s.Expires.Before(until) {
			until = s.Expires
		}
	}
}

// cut ends the answers of sessions that have ended.
func (p *People) cut(ids ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		for b := range p.open[id] {
			b.cancel(ErrEnded)
		}
	}
}
