package erasure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// Policy says how long envelopes are kept, by class. The zero value keeps
// them for ever.
type Policy struct {
	Keep   [event.Classes]time.Duration // zero: for ever
	Routes []RoutePolicy                // exceptions, each route once
}

// RoutePolicy says how long the envelopes of one route are kept.
type RoutePolicy struct {
	Route string
	Keep  [event.Classes]time.Duration // zero: as for all others
}

// rule is one sentence of a policy: the envelopes of these classes and routes
// are kept so long.
type rule struct {
	classes classes
	routes  []string // of these only; empty: see except
	except  []string // of all but these
	keep    time.Duration
}

// rules returns the policy as sentences that do not overlap.
func (p Policy) rules() []rule {
	var list []rule
	add := func(r rule, c event.Class) {
		for i := range list {
			if x := &list[i]; x.keep == r.keep && slices.Equal(x.routes, r.routes) && slices.Equal(x.except, r.except) {
				x.classes[c] = true
				return
			}
		}
		r.classes[c] = true
		list = append(list, r)
	}
	for c := range event.Class(event.Classes) {
		byTime := make(map[time.Duration][]string)
		var own []string
		for _, r := range p.Routes {
			if keep := r.Keep[c]; keep > 0 && keep != p.Keep[c] {
				own = append(own, r.Route)
				byTime[keep] = append(byTime[keep], r.Route)
			}
		}
		slices.Sort(own)
		if p.Keep[c] > 0 {
			add(rule{except: own, keep: p.Keep[c]}, c)
		}
		for keep, routes := range byTime {
			slices.Sort(routes)
			add(rule{routes: routes, keep: keep}, c)
		}
	}
	slices.SortFunc(list, func(a, b rule) int {
		return strings.Compare(fmt.Sprint(a.classes, a.routes, a.keep), fmt.Sprint(b.classes, b.routes, b.keep))
	})
	return list
}

// until returns the last day of which all envelopes have been kept for long
// enough.
func (r *rule) until(now time.Time) string {
	return ledger.Day(now.Add(-r.keep).UTC().Truncate(24 * time.Hour).Add(-time.Nanosecond))
}

// removal returns the decision to let expire what the rule means, of the days
// up to until and the records before below. Without a first day it covers
// nothing.
func (r *rule) removal(until string, below uint64) *ledger.Removal {
	return &ledger.Removal{
		Name: ledger.NoteExpire, Number: below, Classes: r.classes, From: "0000-01-01", Until: until, Below: below, Routes: r.routes, RoutesExcept: r.except,
	}
}

// expire decides what has expired, and removes it.
func (k *Keeper) expire(ctx context.Context) error {
	k.mu.Lock()
	policy := k.policy
	k.mu.Unlock()
	size, err := k.size()
	if err != nil {
		return err
	}
	var decided []uint64
	for _, r := range policy.rules() {
		due, err := k.due(ctx, &r, size)
		if err != nil {
			return err
		}
		for _, d := range due {
			n, err := k.seal(ctx, event.Decision, d.Name, append(d.Facts(), event.Fact{Name: "by", Value: "retention"}))
			if err != nil {
				return err
			}
			decided = append(decided, n)
		}
	}
	if len(decided) == 0 {
		return nil
	}
	if err := k.follow(ctx); err != nil {
		return err
	}
	_, err = k.complete(ctx, decided)
	return err
}

// due returns the decisions by which all envelopes of a rule go that have
// expired and are not held. There are several if more are held than fit into
// one decision.
func (k *Keeper) due(ctx context.Context, r *rule, size uint64) ([]*ledger.Removal, error) {
	d := r.removal(r.until(k.cfg.Now()), size)
	// A day that was looked at once has nothing more to give, unless holds
	// have changed.
	held := k.held()
	key := fmt.Sprint(*r, d.Until, len(held), held)
	if k.settled[key] {
		return nil, nil
	}
	found, err := k.present(ctx, d)
	if err != nil {
		return nil, err
	}
	if found.count == 0 {
		k.settled[key] = true
		return nil, nil
	}
	d.From, d.Until, d.Number, d.Count = found.first, found.last, 0, found.count
	parts := split(found.held)
	if len(parts) <= 1 {
		d.Except = found.held
		return []*ledger.Removal{d}, nil
	}
	// Too many are held for one decision: erase decisions name what goes.
	var list []*ledger.Removal
	for set, numbers := range found.numbers {
		for _, records := range split(ledger.RangesOf(numbers)) {
			list = append(list, &ledger.Removal{Name: ledger.NoteErase, Classes: set, Records: records})
		}
	}
	slices.SortFunc(list, func(a, b *ledger.Removal) int { return int(int64(a.Records[0].From - b.Records[0].From)) })
	return list, nil
}

// found is what a removal would remove.
type found struct {
	first, last string // days
	count       uint64 // envelopes
	bytes       int64  // of files that would go as a whole
	held        ledger.Ranges
	numbers     map[classes][]uint64 // records, by class; only if something is held
}

func (f *found) day(day string) {
	if f.first == "" || day < f.first {
		f.first = day
	}
	f.last = max(f.last, day)
}

// present looks for the envelopes that are there and that d covers.
func (k *Keeper) present(ctx context.Context, d *ledger.Removal) (*found, error) {
	f := &found{numbers: make(map[classes][]uint64)}
	files, err := k.cfg.Ledger.EnvelopeFiles()
	if err != nil {
		return nil, err
	}
	var held []uint64
	holds := len(k.held()) > 0
	segments := make(map[uint64]uint64) // that must be looked at record by record
	for _, file := range files {
		switch {
		case file.End == 0 || !d.Touches(file.Class, file.Segment, file.End, file.Day):
		case !holds && d.CoversAll(file.Class, file.Segment, file.End, file.Day):
			n, err := k.cfg.Ledger.CountEnvelopes(file.Name)
			if err != nil {
				return nil, err
			}
			f.day(file.Day)
			f.count += n
			f.bytes += file.Size
		default:
			segments[file.Segment] = file.End
		}
	}
	// What is not sealed yet is looked at, too.
	sealed, _ := k.cfg.Ledger.Segments()
	if sealed < d.Below {
		segments[sealed] = d.Below
	}
	for from, to := range segments {
		err := k.cfg.Ledger.Range(from, min(to, d.Below), func(n uint64, s *event.Sealed) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return k.presentIn(f, d, n, s, holds, from < sealed, &held)
		})
		if err != nil {
			return nil, err
		}
	}
	f.held = ledger.RangesOf(held)
	return f, nil
}

// presentIn counts the envelopes of one record.
func (k *Keeper) presentIn(f *found, d *ledger.Removal, n uint64, s *event.Sealed, holds, sealed bool, held *[]uint64) error {
	day, route := ledger.DayOf(s.Header), ledger.RouteOf(s.Header)
	count := uint64(0)
	var set classes
	for c := range event.Class(event.Classes) {
		// Of a sealed segment whose file of this class goes as a whole the
		// envelopes were counted already.
		whole := sealed && !holds && d.CoversAll(c, n, n+1, day)
		if s.Envelopes[c] != nil && !whole && d.Covers(c, n, day, route) {
			set[c] = true
			count++
		}
	}
	if count == 0 {
		return nil
	}
	for _, h := range k.held() {
		on, err := h.holds(n, s)
		if err != nil {
			return err
		}
		if on {
			*held = append(*held, n)
			return nil
		}
	}
	f.day(day)
	f.count += count
	if holds {
		f.numbers[set] = append(f.numbers[set], n)
	}
	return nil
}

// Kept says how a rule of the policy stands.
type Kept struct {
	Classes []string      `json:"classes"`
	Routes  []string      `json:"routes,omitempty"` // of these only
	Except  []string      `json:"except,omitempty"` // of all but these
	Keep    time.Duration `json:"keep"`             // nanoseconds
	Due     uint64        `json:"due"`              // envelopes that have expired, are not held, and go with the next round
	Next    string        `json:"next,omitempty"`   // the oldest day of which envelopes are there
	Goes    time.Time     `json:"goes,omitzero"`    // when that day expires
}

// Stored says what is on the disk of one class of envelopes.
type Stored struct {
	Class  string `json:"class"`
	Files  int    `json:"files"`            // of sealed records
	Bytes  int64  `json:"bytes"`            // in them
	Oldest string `json:"oldest,omitempty"` // day
	Newest string `json:"newest,omitempty"` // day
}

// Retention says what goes when.
type Retention struct {
	Rules    []Kept    `json:"rules"`             // empty: envelopes are kept for ever
	Stored   []Stored  `json:"stored"`            // sealed envelopes; those of the newest records are in the journal
	Journal  uint64    `json:"journal"`           // records that are not sealed yet
	Holds    int       `json:"holds"`             // in force
	Pending  int       `json:"pending"`           // decisions that are not carried out yet
	Last     time.Time `json:"last,omitzero"`     // when it was last looked at
	Problem  string    `json:"problem,omitempty"` // why the last round failed
	Erased   Decided   `json:"erased"`            // by erase decisions
	Expired  Decided   `json:"expired"`           // by expire decisions
	Every    string    `json:"every"`             // between two looks
	policies Policy
}

// Decided sums up decisions.
type Decided struct {
	Decisions int    `json:"decisions"`
	Envelopes uint64 `json:"envelopes"` // that they were to remove
}

// Retention returns how things stand.
func (k *Keeper) Retention(ctx context.Context, who reading.Reader) (*Retention, error) {
	if err := k.cfg.Room.Admit(who, reading.ActRetention); err != nil {
		return nil, err
	}
	release, err := k.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	files, err := k.cfg.Ledger.EnvelopeFiles()
	if err != nil {
		return nil, err
	}
	size, err := k.size()
	if err != nil {
		return nil, err
	}
	sealed, _ := k.cfg.Ledger.Segments()
	k.mu.Lock()
	r := &Retention{Rules: []Kept{}, Stored: stored(files), Journal: size - min(sealed, size), Holds: len(k.holds), Pending: len(k.open), Last: k.last, Every: k.cfg.Every.String(), policies: k.policy}
	if k.lastErr != nil {
		r.Problem = k.lastErr.Error()
	}
	for _, x := range k.removals {
		d := &r.Erased
		if x.Name == ledger.NoteExpire {
			d = &r.Expired
		}
		d.Decisions++
		d.Envelopes += x.Count
	}
	k.mu.Unlock()
	for _, rule := range r.policies.rules() {
		kept, err := k.kept(ctx, &rule, files, size)
		if err != nil {
			return nil, err
		}
		r.Rules = append(r.Rules, *kept)
	}
	return r, k.cfg.Room.Looked(ctx, who, reading.ActRetention, "retention")
}

func (k *Keeper) kept(ctx context.Context, r *rule, files []ledger.EnvelopeFile, size uint64) (*Kept, error) {
	due, err := k.present(ctx, r.removal(r.until(k.cfg.Now()), size))
	if err != nil {
		return nil, err
	}
	kept := &Kept{Routes: r.routes, Except: r.except, Keep: r.keep, Due: due.count}
	for c, in := range r.classes {
		if !in {
			continue
		}
		kept.Classes = append(kept.Classes, event.Class(c).String())
		for _, f := range files {
			if f.Class == event.Class(c) && (kept.Next == "" || f.Day < kept.Next) {
				kept.Next = f.Day
			}
		}
	}
	if day, err := time.Parse(time.DateOnly, kept.Next); err == nil {
		kept.Goes = day.Add(24*time.Hour + r.keep)
	}
	return kept, nil
}

func stored(files []ledger.EnvelopeFile) []Stored {
	list := make([]Stored, event.Classes)
	for c := range list {
		list[c].Class = event.Class(c).String()
	}
	for _, f := range files {
		s := &list[f.Class]
		s.Files++
		s.Bytes += f.Size
		if s.Oldest == "" || f.Day < s.Oldest {
			s.Oldest = f.Day
		}
		s.Newest = max(s.Newest, f.Day)
	}
	return list
}
