package reading

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/ledger"
)

// ErrArgument is the error of an argument, other than the query, that makes no
// sense. The error that wraps it says which.
var ErrArgument = errors.New("bad argument")

// Search is a question.
type Search struct {
	Query
	Limit  int    // hits or rows; 0: [DefaultLimit]; at most [MaxLimit]
	Oldest bool   // oldest first; else newest first
	Cursor string // Next of the result before; empty: from the beginning
}

// Result is the answer to a [Search]: hits, or rows if the query has pipes.
type Result struct {
	Hits     []Record            `json:"hits"`              // read from the ledger and checked
	Rows     []map[string]string `json:"rows,omitempty"`    // as the index says, not checked
	Derived  bool                `json:"derived,omitempty"` // the rows come from the index alone and are no evidence
	Problems []Problem           `json:"problems"`          // what was found and could not be shown
	Next     string              `json:"next,omitempty"`    // cursor of the next page; empty: there is none
	Meta     Meta                `json:"meta"`              // how the answer came to be
}

// Meta says how an answer came to be and how much of the record it covers.
type Meta struct {
	Sealed   uint64        `json:"sealed"`         // records in the ledger
	Indexed  uint64        `json:"indexed"`        // records that the index has
	Index    string        `json:"index"`          // "up", "behind by N", or "down since …"
	Source   string        `json:"source"`         // "index", "ledger", "index and ledger", or "objects": the view of objects, of which Indexed and Index are then
	Complete bool          `json:"complete"`       // nothing that matches is left out, up to Sealed
	Note     string        `json:"note,omitempty"` // what is left out, if something is
	Took     time.Duration `json:"took"`           // nanoseconds

	life uint64 // of the index that all this is said of
}

// Search answers s. The error is a [QueryError], or wraps [ErrForbidden],
// [ErrArgument], [ErrIndex], [ErrNotRecorded] or an error of the ledger.
func (r *Room) Search(ctx context.Context, who Reader, s Search) (*Result, error) {
	start := r.cfg.Now()
	p, who, err := r.open(who, ActSearch, s.Query)
	if err != nil {
		return nil, err
	}
	s.Limit = min(max(cmp.Or(s.Limit, DefaultLimit), 1), MaxLimit)
	after, err := parseCursor(s.Cursor)
	if err != nil {
		return nil, err
	}
	res := &Result{Hits: []Record{}, Problems: []Problem{}}
	if res.Meta, err = r.meta(); err != nil {
		return nil, err
	}
	if p.text.pipes != "" {
		err = r.rows(ctx, p, s.Limit, res)
	} else {
		err = r.hits(ctx, who, p, s, after, res)
	}
	if err != nil {
		return nil, err
	}
	if p.text.has("kind") && !who.seesLooks() {
		res.Meta.Note = strings.TrimPrefix(res.Meta.Note+"; look events are not shown to the role "+string(who.Role), "; ")
	}
	if who.NoPayload {
		for i := range res.Hits {
			res.Hits[i].leaveOutPayload()
		}
	}
	var seen shown
	seen.hits(res.Hits)
	facts := append(seen.facts(), event.Fact{Name: "results", Value: strconv.Itoa(len(res.Hits) + len(res.Rows))})
	if res.Derived {
		facts = append(facts, event.Fact{Name: "form", Value: "rows"})
	}
	if err := r.look(ctx, who, ActSearch, s.LogsQL, nil, append(facts, s.bounds()...)...); err != nil {
		return nil, err
	}
	res.Meta.Took = r.cfg.Now().Sub(start)
	return res, nil
}

// open is the beginning of everything that takes a query. The reader that it
// returns is the one to go on with.
func (r *Room) open(who Reader, a Action, q Query) (*plan, Reader, error) {
	who, err := r.admit(who, a)
	if err != nil {
		return nil, who, err
	}
	p, err := r.plan(who, q)
	return p, who, err
}

// bounds are the facts about the time that a query is about.
func (q Query) bounds() []event.Fact {
	var facts []event.Fact
	for _, b := range []struct {
		name string
		at   time.Time
	}{{"from", q.From}, {"to", q.To}} {
		if !b.at.IsZero() {
			facts = append(facts, event.Fact{Name: b.name, Value: b.at.UTC().Format(time.RFC3339Nano)})
		}
	}
	return facts
}

// meta says how things stand.
func (r *Room) meta() (Meta, error) {
	size, err := r.sealed()
	if err != nil {
		return Meta{}, err
	}
	st := r.cfg.Status()
	m := Meta{Sealed: size, Indexed: min(st.Indexed, size), Index: "up", Source: "index", life: st.Life}
	switch {
	case !st.Down.IsZero():
		m.Index = fmt.Sprintf("down since %s: %s", st.Down.UTC().Format(time.RFC3339), st.Reason)
	case m.Indexed < size:
		m.Index = fmt.Sprintf("behind by %d", size-m.Indexed)
	}
	if r.cfg.Removing != nil && r.cfg.Removing() {
		m.Note = "the index may not have forgotten yet all that was erased: it is in no hit, but may be in counts and rows"
	}
	if st.Repairing {
		m.Index += ", repairing"
		m.Note = strings.TrimPrefix(m.Note+"; the index is adding records again that it lost, or that were there with what was erased: some may be missing", "; ")
	}
	return m, nil
}

// steady returns an error if the index was started anew since m was made. What
// it answered since may lack what the start before had in memory only.
func (r *Room) steady(m Meta) error {
	if r.cfg.Status().Life != m.life {
		return fmt.Errorf("%w: it was started anew while it was asked; ask again", ErrIndex)
	}
	return nil
}

// rows answers a query with pipes.
func (r *Room) rows(ctx context.Context, p *plan, limit int, res *Result) error {
	if r.cfg.Index == nil {
		return fmt.Errorf("%w: there is none, and a query with pipes needs it", ErrIndex)
	}
	res.Rows, res.Derived = []map[string]string{}, true
	res.Meta.Complete = res.Meta.Indexed == res.Meta.Sealed && res.Meta.Note == ""
	errEnough := errors.New("enough")
	err := r.cfg.Index.Run(ctx, p.index(), func(fields []index.Field) error {
		if len(res.Rows) == limit {
			res.Meta.Complete, res.Meta.Note = false, fmt.Sprintf("there are more than %d rows", limit)
			return errEnough
		}
		row := make(map[string]string, len(fields))
		for _, f := range fields {
			row[f.Name] = f.Value
		}
		res.Rows = append(res.Rows, row)
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return cmp.Or(indexError(err), r.steady(res.Meta))
}

// hits answers a query for events: from the index and, for what the index
// does not have yet, from the ledger; from the ledger alone if nothing needs
// the index or it does not answer.
func (r *Room) hits(ctx context.Context, who Reader, p *plan, s Search, after *cursor, res *Result) error {
	if p.all && (after == nil || after.ledger) {
		return r.scanPage(ctx, who, p, s, after, res)
	}
	err := error(ErrIndex)
	if r.cfg.Index != nil && (after == nil || !after.ledger) {
		err = r.indexPage(ctx, who, p, s, after, res)
	}
	if !errors.Is(err, ErrIndex) {
		return err
	}
	switch {
	case after != nil && !after.ledger:
		return fmt.Errorf("%w, and the cursor belongs to it: search again without the cursor", err)
	case p.match == nil:
		return fmt.Errorf("%w (%s): while it is down, ask for an event by its number or id, or for the newest without a filter", ErrIndex, res.Meta.Index)
	}
	return r.scanPage(ctx, who, p, s, after, res)
}

// found is a hit before it is read.
type found struct {
	at     time.Time
	number uint64
}

// indexPage answers with a page of hits from the index, and from those records
// that it does not have yet.
func (r *Room) indexPage(ctx context.Context, who Reader, p *plan, s Search, after *cursor, res *Result) error {
	hits, err := r.indexHits(ctx, p, s, after)
	if err := cmp.Or(err, r.steady(res.Meta)); err != nil {
		return err
	}
	res.Meta.Complete = res.Meta.Note == ""
	if res.Meta.Indexed < res.Meta.Sealed {
		tail, err := r.tailHits(ctx, p, s, after, res)
		if err != nil {
			return err
		}
		hits = append(hits, tail...)
	}
	slices.SortFunc(hits, func(a, b found) int {
		order := cmp.Or(a.at.Compare(b.at), cmp.Compare(a.number, b.number))
		if s.Oldest {
			return order
		}
		return -order
	})
	hits = slices.CompactFunc(hits, func(a, b found) bool { return a.number == b.number })
	if len(hits) > s.Limit {
		hits = hits[:s.Limit]
		last := hits[len(hits)-1]
		res.Next = cursor{time: last.at, number: last.number}.String()
	}
	for _, a := range r.readHits(who, hits, p.skipsPayload(who)) {
		if !r.stale(p, a.rec, a.event) {
			res.add(a.rec, a.event, a.bad)
		}
	}
	return ctx.Err()
}

// add takes what read returned.
func (res *Result) add(rec *Record, _ *event.Event, p *Problem) {
	if p != nil {
		res.Problems = append(res.Problems, *p)
		return
	}
	res.Hits = append(res.Hits, *rec)
}

// indexHits returns up to one hit more than asked for.
func (r *Room) indexHits(ctx context.Context, p *plan, s Search, after *cursor) ([]found, error) {
	q := p.index()
	q.Newest = !s.Oldest
	if after != nil && s.Oldest {
		q.From = after.time
	} else if after != nil {
		q.To = after.time.Add(time.Nanosecond)
	}
	// Hits of the same instant as the cursor come again, and are dropped here.
	for q.Limit = s.Limit + 1; ; q.Limit *= 2 {
		all, err := r.cfg.Index.Search(ctx, q)
		if err != nil {
			return nil, indexError(err)
		}
		var hits []found
		for _, h := range all {
			if after.beyond(h.Time, h.Number, s.Oldest) {
				hits = append(hits, found{h.Time.UTC(), h.Number})
			}
		}
		if len(hits) > s.Limit || len(all) < q.Limit {
			return hits[:min(len(hits), s.Limit+1)], nil
		}
	}
}

// tailHits looks through the records that the index does not have yet.
func (r *Room) tailHits(ctx context.Context, p *plan, s Search, after *cursor, res *Result) ([]found, error) {
	m := &res.Meta
	if p.match == nil || m.Sealed-m.Indexed > r.cfg.ScanLimit {
		m.Complete, m.Note = false, fmt.Sprintf("the newest %d records are not indexed yet", m.Sealed-m.Indexed)
		return nil, nil
	}
	m.Source = "index and ledger"
	var hits []found
	err := r.each(ctx, m.Indexed, m.Sealed, func(n uint64, e *event.Event, bad *Problem) error {
		switch {
		case bad != nil:
			res.Problems = append(res.Problems, *bad)
		case p.wants(e) && after.beyond(e.Arrived, n, s.Oldest):
			hits = append(hits, found{e.Arrived.UTC(), n})
		}
		return nil
	})
	return hits, err
}

// indexError makes an error of the index one of this package.
func indexError(err error) error {
	var wrong *index.QueryError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		return &QueryError{wrong.Query, -1, wrong.Message}
	case errors.Is(err, index.ErrUnavailable):
		return fmt.Errorf("%w: %w", ErrIndex, err)
	}
	return err
}

// each calls yield for the records [from, to), in order, with what is wrong
// with those that do not check. It ends with ctx.
func (r *Room) each(ctx context.Context, from, to uint64, yield func(n uint64, e *event.Event, bad *Problem) error) error {
	for n := from; n < to; {
		err := r.cfg.Ledger.Range(n, to, func(i uint64, s *event.Sealed) error {
			n = i + 1
			e, err := s.Open()
			if err != nil {
				return stopped{yield(i, nil, problem(i, err))}.orNil()
			}
			return stopped{cmp.Or(ctx.Err(), yield(i, e, nil))}.orNil()
		})
		var stop stopped
		switch {
		case err == nil:
			return nil
		case errors.As(err, &stop):
			return stop.error
		case errors.Is(err, ledger.ErrNotFound):
			return err
		}
		// A whole block may be unreadable; its records are named one by one.
		if err := cmp.Or(ctx.Err(), yield(n, nil, problem(n, err))); err != nil {
			return err
		}
		n++
	}
	return nil
}

// stopped is an error of yield, told apart from those of the ledger.
type stopped struct{ error }

func (s stopped) orNil() error {
	if s.error == nil {
		return nil
	}
	return s
}
