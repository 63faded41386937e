package reading

import (
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// Removal is a decision by which envelopes of a record are gone.
type Removal struct {
	Classes  []string  `json:"classes"`           // of the envelopes
	Decision uint64    `json:"decision"`          // its number
	Name     string    `json:"name"`              // "erase" or "expire"
	At       time.Time `json:"at"`                // when it was decided
	Request  string    `json:"request,omitempty"` // what it answers
}

// explain adds to a record by which decisions its envelopes are gone.
func (r *Room) explain(rec *Record) {
	if r.cfg.Removal == nil {
		return
	}
	day, route := ledger.DayOf(rec.Header), ledger.RouteOf(rec.Header)
	for _, name := range rec.Erased {
		c, err := event.ParseClass(name)
		if err != nil {
			continue
		}
		d := r.cfg.Removal(c, rec.Number, day, route)
		if d == nil {
			continue // the verifier tells of it
		}
		i := slices.IndexFunc(rec.Removals, func(x Removal) bool { return x.Decision == d.Number })
		if i < 0 {
			i = len(rec.Removals)
			rec.Removals = append(rec.Removals, Removal{Decision: d.Number, Name: d.Name, At: d.At, Request: d.Request})
		}
		rec.Removals[i].Classes = append(rec.Removals[i].Classes, name)
	}
}

// stale reports whether a record must not be shown as a hit of the index: it
// has lost envelopes, and what is left of it does not match. The index may not
// have forgotten yet what it was found by, and to show it would tell.
func (r *Room) stale(p *plan, rec *Record, e *event.Event) bool {
	switch {
	case rec == nil || len(rec.Erased) == 0:
		return false
	case p.match != nil:
		return !p.match(e)
	}
	return r.cfg.IndexKeeps || r.cfg.Removing != nil && r.cfg.Removing()
}

// Matcher returns what a query means for an event, by all of its fields. As
// for a search, look events are meant only if the query names their kind. The
// error is a [QueryError] if the query is wrong, or can be answered by the
// index only.
func Matcher(q string) (func(*event.Event) bool, error) {
	t, err := parse(q)
	if err != nil {
		return nil, err
	}
	if t.pipes != "" {
		return nil, &QueryError{q, -1, "pipes choose no events: leave them out"}
	}
	parsed, err := parseFilter(t.filter, true)
	if err != nil {
		return nil, &QueryError{q, -1, "each event must be looked at here, and only the search index understands this query: " + err.Error()}
	}
	hide := !t.has("kind")
	return func(e *event.Event) bool { return (!hide || e.Kind != event.Look) && parsed.Match(fieldsOf{e}) }, nil
}
