package reading

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatebook/gatebook/event"
)

// Tail calls yield for each new event that matches q, as it is sealed, until
// ctx ends (its error is returned) or yield fails. Before that it calls opened,
// once the query is accepted and the look recorded, and then yields the newest
// backlog matching events (at most [MaxLimit]). A record that does not check is
// passed as a problem. Only queries that can be matched in process can be
// followed: others are a [QueryError].
func (r *Room) Tail(ctx context.Context, who Reader, q Query, backlog int, opened func() error, yield func(*Record, *Problem) error) error {
	p, who, err := r.open(who, ActTail, q)
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
	if backlog > 0 {
		s := Search{Query: q, Limit: min(backlog, MaxLimit)}
		if err := r.scanPage(ctx, who, p, s, nil, res); err != nil {
			return err
		}
	}
	if err := r.look(ctx, who, ActTail, q.LogsQL, nil); err != nil {
		return err
	}
	if err := opened(); err != nil {
		return err
	}
	t := &tailing{room: r, who: who, query: q.LogsQL, yield: yield}
	for i := len(res.Hits) - 1; i >= 0 && err == nil; i-- {
		err = t.show(ctx, &res.Hits[i], nil)
	}
	if err == nil {
		err = t.follow(ctx, p, from)
	}
	return errors.Join(err, t.seal(context.WithoutCancel(ctx), "tailed"))
}

// tailing is a tail that has begun.
type tailing struct {
	room  *Room
	who   Reader
	query string
	yield func(*Record, *Problem) error
	seen  shown
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
			if !p.wants(e) {
				return nil
			}
			rec, _, bad := r.read(t.who, n)
			return t.show(ctx, rec, bad)
		})
		if err != nil {
			return err
		}
		from = to
	}
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
