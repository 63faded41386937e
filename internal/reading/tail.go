package reading

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatebook/gatebook/event"
)

// Tail says what to follow.
type Tail struct {
	Query
	Backlog int // begin with so many of the newest matching events; at most [MaxLimit]

	// Most is how many events a second are shown of those that were answered
	// well, and as many of the others; 0: all. What is left out is in no look.
	Most int
	// Passed, if Most is set, is told what matched, shown or not; not nil then.
	Passed func(Passed) error
}

// Tail calls yield for each new event that matches t, as it is sealed, until
// ctx ends (its error is returned) or yield fails. Before that it calls opened,
// once the query is accepted and the look recorded, and then yields the
// backlog. A record that does not check is passed as a problem. Only queries
// that can be matched in process can be followed: others are a [QueryError].
func (r *Room) Tail(ctx context.Context, who Reader, t Tail, opened func() error, yield func(*Record, *Problem) error) error {
	p, who, err := r.open(who, ActTail, t.Query)
	if err != nil {
		return err
	}
	if p.match == nil || p.text.pipes != "" {
		return p.whyNotLive()
	}
	from, err := r.sealed()
	if err != nil {
		return err
	}
	res := &Result{Meta: Meta{Sealed: from}}
	if t.Backlog > 0 {
		s := Search{Query: t.Query, Limit: min(t.Backlog, MaxLimit)}
		if err := r.scanPage(ctx, who, p, s, nil, res); err != nil {
			return err
		}
	}
	if err := r.look(ctx, who, ActTail, t.LogsQL, nil); err != nil {
		return err
	}
	if err := opened(); err != nil {
		return err
	}
	g := &tailing{room: r, who: who, query: t.LogsQL, yield: yield, passed: t.Passed, sampler: sampler{most: uint64(max(t.Most, 0))}}
	for i := len(res.Hits) - 1; i >= 0 && err == nil; i-- {
		err = g.show(ctx, &res.Hits[i], nil)
	}
	if err == nil {
		err = g.follow(ctx, p, from)
	}
	return errors.Join(err, g.seal(context.WithoutCancel(ctx), "tailed"))
}

// tailing is a tail that has begun.
type tailing struct {
	room  *Room
	who   Reader
	query string
	yield func(*Record, *Problem) error
	seen  shown

	sampler sampler
	passed  func(Passed) error
}

// follow shows the matching records from number from on, as they are sealed.
func (t *tailing) follow(ctx context.Context, p *plan, from uint64) error {
	r := t.room
	for {
		if _, err := r.cfg.Feed.Wait(ctx, from); err != nil {
			return err
		}
		to, err := r.sealed()
		if err != nil {
			return err
		}
		err = r.each(ctx, from, to, func(n uint64, e *event.Event, bad *Problem) error {
			if bad != nil {
				return t.show(ctx, nil, bad)
			}
			if !p.wants(e) || !t.sampler.take(e, r.cfg.Now()) {
				return nil
			}
			rec, _, bad := r.read(t.who, n)
			return t.show(ctx, rec, bad)
		})
		if err == nil {
			err = t.tell()
		}
		if err != nil {
			return err
		}
		from = to
	}
}

// tell says what passed, if that is asked for.
func (t *tailing) tell() error {
	if t.sampler.most == 0 || t.sampler.passed.Total() == 0 {
		return nil
	}
	return t.passed(t.sampler.told())
}

// show passes one record on.
func (t *tailing) show(ctx context.Context, rec *Record, bad *Problem) error {
	if rec != nil && t.seen.add(rec.Number) {
		if err := t.seal(ctx, "tailed-part"); err != nil {
			return err
		}
	}
	if rec != nil && t.who.NoPayload {
		rec.leaveOutPayload()
	}
	return t.yield(rec, bad)
}

// seal records what was shown since the last time.
func (t *tailing) seal(ctx context.Context, name Action) error {
	facts := t.seen.facts()
	t.seen = shown{}
	return t.room.look(ctx, t.who, name, t.query, nil, facts...)
}

// whyNotLive says why a query cannot be matched in process.
func (p *plan) whyNotLive() error {
	if p.text.pipes != "" {
		return &QueryError{p.LogsQL, len(p.LogsQL) - len(p.text.pipes), "a live tail has no pipes"}
	}
	return &QueryError{p.LogsQL, -1, fmt.Sprintf("it cannot be followed live, only searched: %v", p.rich)}
}
