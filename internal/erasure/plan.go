package erasure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// Request asks for an erasure.
type Request struct {
	Selector
	Classes    []string // of envelopes; empty: what and payload for objects, else all
	Mentions   bool     // also what others did that names what is meant
	Wide       bool     // all principals that have a name, if they are several
	ExceptHeld bool     // leave out what is held, instead of doing nothing
	Number     string   // of the person's request, say; not personal; may be empty
}

// Plan is what an erasure does, or did.
type Plan struct {
	Events     uint64            `json:"events"`             // that lose an envelope
	Envelopes  map[string]uint64 `json:"envelopes"`          // by class
	Kinds      map[string]uint64 `json:"kinds"`              // of the events
	From       time.Time         `json:"from,omitzero"`      // arrival of the first
	To         time.Time         `json:"to,omitzero"`        // arrival of the last
	Below      uint64            `json:"below"`              // the records before this number were looked at
	Held       []HeldBy          `json:"held"`               // holds on some of them
	HeldEvents uint64            `json:"held_events"`        // events that are held, and not among Events
	Elsewhere  Elsewhere         `json:"elsewhere"`          // what names it besides, and stays
	Identities []Identity        `json:"identities"`         // principals that are meant
	Keys       []string          `json:"keys,omitempty"`     // ids of API keys named like the person; they are no part of the record
	Searches   int               `json:"searches,omitempty"` // saved searches that name the person, which are deleted; they are no part of the record
	Notes      []string          `json:"notes,omitempty"`    // worth knowing
	groups     map[classes]*group
	person     *person
}

// Elsewhere counts events of others that name what is meant.
type Elsewhere struct {
	Events  uint64            `json:"events"`
	Classes map[string]uint64 `json:"classes"` // by class of the envelope
}

// group is the records that lose the same classes of envelopes.
type group struct {
	numbers []uint64
	counts  []byte // envelopes of each
}

// Plan says what an erasure would do, and changes nothing. progress may be nil.
func (k *Keeper) Plan(ctx context.Context, who reading.Reader, r Request, progress func(done, total uint64)) (*Plan, error) {
	if err := k.cfg.Room.Admit(who, reading.ActErase); err != nil {
		return nil, err
	}
	release, err := k.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	p, err := k.plan(ctx, r, progress)
	if err != nil {
		return nil, err
	}
	if err := p.discreet(who, &r); err != nil {
		return nil, err
	}
	facts := append(p.about(&r), event.Fact{Name: "events", Value: strconv.FormatUint(p.Events, 10)})
	return p, k.cfg.Room.Looked(ctx, who, reading.ActErase, "erase-plan", facts...)
}

// about says what was asked for, without anything personal.
func (p *Plan) about(r *Request) []event.Fact {
	facts := []event.Fact{{Name: "by", Value: r.kind()}}
	if p.person != nil && len(p.person.ids) > 0 {
		facts = append(facts, event.Fact{Name: "principal", Value: strings.Join(p.person.pseudonyms(), ",")})
	}
	return facts
}

// discreet refuses a reason or a number that names who is erased: it would
// stay in the record.
func (p *Plan) discreet(who reading.Reader, r *Request) error {
	if p.person == nil {
		return nil
	}
	if p.person.needles.in([]byte(who.Reason)) {
		return fmt.Errorf("%w: the reason names whom the erasure is about, and would stay in the record: leave the name out", reading.ErrArgument)
	}
	if p.person.needles.in([]byte(r.Number)) {
		return fmt.Errorf("%w: the number of the request names whom the erasure is about, and would stay in the record", reading.ErrArgument)
	}
	return nil
}

func (r *Request) check() (classes, error) {
	if err := r.Selector.check(); err != nil {
		return classes{}, err
	}
	if len(r.Number) > 64 || strings.ContainsFunc(r.Number, func(c rune) bool {
		return c > 'z' || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-", c)
	}) {
		return classes{}, fmt.Errorf("%w: the number of the request has more than 64 characters, or others than letters, digits and . _ / -", reading.ErrArgument)
	}
	if len(r.Classes) == 0 {
		return classes{event.ClassWho: r.kind() != "object", event.ClassWhat: true, event.ClassPayload: true}, nil
	}
	var want classes
	for _, name := range r.Classes {
		c, err := event.ParseClass(name)
		if err != nil {
			return want, fmt.Errorf("%w: %w", reading.ErrArgument, err)
		}
		want[c] = true
	}
	return want, nil
}

// plan looks through the record.
func (k *Keeper) plan(ctx context.Context, r Request, progress func(done, total uint64)) (*Plan, error) {
	want, err := r.check()
	if err != nil {
		return nil, err
	}
	size, err := k.size()
	if err != nil {
		return nil, err
	}
	m, person, err := k.matcher(ctx, &r.Selector, size, r.Wide)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		Envelopes: map[string]uint64{}, Kinds: map[string]uint64{}, Held: []HeldBy{}, Elsewhere: Elsewhere{Classes: map[string]uint64{}},
		Identities: []Identity{}, Below: size, groups: make(map[classes]*group), person: person,
	}
	if person != nil {
		p.Identities = append(p.Identities, person.list...)
		if k.cfg.Keys != nil {
			p.Keys = k.cfg.Keys(person.names)
		}
		if p.Searches, err = k.searches(ctx, person, false); err != nil {
			return nil, err
		}
		for _, x := range person.short {
			p.Notes = append(p.Notes, fmt.Sprintf("%q is too short to be looked for inside of texts: what others wrote about it is not counted", x))
		}
	}
	// What the person does meanwhile is looked at, too, as far as it came
	// before the end of the look.
	for from := uint64(0); from < size; {
		err := k.scan(ctx, &r.Selector, from, size, progress, func(n uint64, s *event.Sealed) error {
			return k.consider(p, &r, m, want, n, s)
		})
		if err != nil {
			return nil, err
		}
		from = size
		p.Below = size
		if now, err := k.size(); err == nil && now-size > 4096 {
			size = now
		}
	}
	return p, nil
}

// consider adds one record to the plan.
func (k *Keeper) consider(p *Plan, r *Request, m matcher, want classes, n uint64, s *event.Sealed) error {
	selected, named, err := m.match(n, s)
	if err != nil {
		return err
	}
	if r.Mentions {
		for c := range named {
			selected[c] = selected[c] || named[c]
		}
		named = classes{}
	}
	set, envelopes, elsewhere := classes{}, uint64(0), false
	for c := range event.Class(event.Classes) {
		if named[c] && s.Envelopes[c] != nil {
			p.Elsewhere.Classes[c.String()]++
			elsewhere = true
		}
		if set[c] = selected[c] && want[c]; set[c] && s.Envelopes[c] != nil {
			envelopes++
		}
	}
	if elsewhere {
		p.Elsewhere.Events++
	}
	if envelopes == 0 {
		return nil
	}
	is, err := k.isHeld(p, n, s)
	if err != nil || is {
		return err
	}
	h, err := event.DecodeHeader(s.Header)
	if err != nil {
		return fmt.Errorf("record %d: %w", n, err)
	}
	p.add(h, set, envelopes, n, s)
	return nil
}

func (p *Plan) add(h *event.Header, set classes, envelopes uint64, n uint64, s *event.Sealed) {
	p.Events++
	p.Kinds[string(h.Kind)]++
	if p.From.IsZero() || h.Arrived.Before(p.From) {
		p.From = h.Arrived
	}
	if h.Arrived.After(p.To) {
		p.To = h.Arrived
	}
	for c := range event.Class(event.Classes) {
		if set[c] && s.Envelopes[c] != nil {
			p.Envelopes[c.String()]++
		}
	}
	g := p.groups[set]
	if g == nil {
		g = new(group)
		p.groups[set] = g
	}
	g.numbers = append(g.numbers, n)
	g.counts = append(g.counts, byte(envelopes))
}

// isHeld reports whether a hold is on the record, and counts it.
func (k *Keeper) isHeld(p *Plan, n uint64, s *event.Sealed) (bool, error) {
	is := false
	for _, h := range k.held() {
		on, err := h.holds(n, s)
		if err != nil {
			return false, err
		}
		if !on {
			continue
		}
		is = true
		i := slices.IndexFunc(p.Held, func(x HeldBy) bool { return x.ID == h.ID })
		if i < 0 {
			i = len(p.Held)
			p.Held = append(p.Held, HeldBy{ID: h.ID, Name: h.Name})
		}
		p.Held[i].Events++
	}
	if is {
		p.HeldEvents++
	}
	return is, nil
}

// Result is what an erasure did.
type Result struct {
	Plan
	Decisions []uint64 `json:"decisions"` // numbers of the sealed decisions
	Index     string   `json:"index"`     // "forgotten", "none", or "remote": it must be done by hand
}

// maxRecords is the length of the text of the records of one decision; a
// header has 65,535 bytes.
const maxRecords = 40_000

// Erase decides to remove what is meant, and removes it. If something of it is
// held, it does nothing and the error is a [HeldError], unless the request
// says to leave that out. Once decided it goes on when ctx ends.
func (k *Keeper) Erase(ctx context.Context, who reading.Reader, r Request, progress func(done, total uint64)) (*Result, error) {
	if err := k.cfg.Room.Admit(who, reading.ActErase); err != nil {
		return nil, err
	}
	if strings.TrimSpace(who.Reason) == "" {
		return nil, fmt.Errorf("%w: an erasure needs a reason", reading.ErrArgument)
	}
	release, err := k.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	p, err := k.plan(ctx, r, progress)
	if err != nil {
		return nil, err
	}
	if err := p.discreet(who, &r); err != nil {
		return nil, err
	}
	if p.HeldEvents > 0 && !r.ExceptHeld {
		held := &HeldError{p.Held, p.HeldEvents, p.HeldEvents + p.Events}
		facts := append(p.about(&r), event.Fact{Name: "held", Value: strconv.FormatUint(p.HeldEvents, 10)})
		return nil, errors.Join(k.cfg.Room.Looked(ctx, who, reading.ActErase, "erase-refused", facts...), held)
	}
	res := &Result{Plan: *p, Decisions: []uint64{}, Index: "none"}
	ctx = context.WithoutCancel(ctx)
	decideErr := k.decide(ctx, who, &r, res)
	if decideErr == nil {
		_, decideErr = k.searches(ctx, p.person, true)
	}
	if len(res.Decisions) > 0 {
		err := k.follow(ctx)
		if err == nil {
			res.Index, err = k.complete(ctx, res.Decisions)
		}
		decideErr = errors.Join(decideErr, err)
	}
	return res, decideErr
}

// searches counts the saved searches that name a person, or deletes them. A
// name that is too short to be looked for inside of texts is not.
func (k *Keeper) searches(ctx context.Context, of *person, remove bool) (int, error) {
	if k.cfg.Searches == nil || of == nil {
		return 0, nil
	}
	names := slices.Concat(of.names, of.asked, slices.Sorted(maps.Keys(of.ids)))
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(of.short, n) })
	return k.cfg.Searches(ctx, names, remove)
}

// decide seals the decisions.
func (k *Keeper) decide(ctx context.Context, who reading.Reader, r *Request, res *Result) error {
	sets := make([]classes, 0, len(res.groups))
	for set := range res.groups {
		sets = append(sets, set)
	}
	slices.SortFunc(sets, func(a, b classes) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	for _, set := range sets {
		g := res.groups[set]
		counts := g.counts
		for _, records := range split(ledger.RangesOf(g.numbers)) {
			d := ledger.Removal{Name: ledger.NoteErase, Classes: set, Records: records, Request: r.Number}
			for _, c := range counts[:records.Len()] {
				d.Count += uint64(c)
			}
			counts = counts[records.Len():]
			facts := append(d.Facts(), res.about(r)...)
			if res.HeldEvents > 0 {
				facts = append(facts, event.Fact{Name: "held", Value: strconv.FormatUint(res.HeldEvents, 10)})
			}
			n, err := k.cfg.Room.DecideAt(ctx, who, reading.ActErase, ledger.NoteErase, "", nil, facts...)
			if err != nil {
				return err
			}
			res.Decisions = append(res.Decisions, n)
		}
	}
	return nil
}

// split cuts a set of numbers into parts that fit into a decision.
func split(r ledger.Ranges) []ledger.Ranges {
	var parts []ledger.Ranges
	for len(r) > 0 {
		length, i := 0, 0
		for i < len(r) && length < maxRecords {
			length += len(r[i:i+1].String()) + 1
			i++
		}
		parts = append(parts, r[:i:i])
		r = r[i:]
	}
	return parts
}
