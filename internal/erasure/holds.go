package erasure

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// Hold is a legal hold: what it means is neither erased nor does it expire
// until the hold is released. It is kept in the what envelope of the decision
// that began it, which it holds too.
type Hold struct {
	ID       string    // made by Gatebook: "h_" and hex digits
	Name     string    // given by whoever began it
	Reason   string    // likewise
	Selector Selector  // what is held
	Since    time.Time // when it began
	Number   uint64    // of the decision

	broken  error // why the decision's envelope cannot be read: then all is held
	matcher matcher
}

// HeldError is the error of an erasure that a legal hold forbids.
type HeldError struct {
	Holds  []HeldBy
	Events uint64 // that are held, of those that were to be erased
	Of     uint64
}

// HeldBy is a hold and how many events it holds.
type HeldBy struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Events uint64 `json:"events"`
}

// Error names the holds.
func (e *HeldError) Error() string {
	var list []string
	for _, h := range e.Holds {
		list = append(list, fmt.Sprintf("%q (%s, %d events)", h.Name, h.ID, h.Events))
	}
	return fmt.Sprintf("nothing was erased: %d of the %d events are under legal hold %s: release the hold first, or erase the others with --except-held", e.Events, e.Of, strings.Join(list, ", "))
}

// The types of objects in the envelope of a hold's decision.
const (
	objHold, objReason, objPrincipal, objAlias, objObject, objEvent, objFrom, objTo = "hold", "reason", "principal", "name", "object", "event", "from", "to"
)

// readHold reads the hold that record n began.
func (k *Keeper) readHold(n uint64, id string, h *event.Header) (*Hold, error) {
	hold := &Hold{ID: id, Name: id, Since: h.Arrived, Number: n}
	s, err := k.cfg.Ledger.Record(n)
	if err != nil {
		return nil, err
	}
	e, err := s.Open()
	if err == nil && e.What == nil {
		err = errors.New("its envelope is missing")
	}
	if err != nil {
		// Whoever takes the envelope away must not gain by it.
		hold.broken = err
		return hold, nil
	}
	sel := &hold.Selector
	sel.Query = e.What.Query
	p := &person{ids: make(map[string]bool)}
	var broken []error
	for _, o := range e.What.Objects {
		switch o.Type {
		case objHold:
			hold.Name = o.ID
		case objReason:
			hold.Reason = o.ID
		case objPrincipal:
			p.ids[o.ID], p.rawIDs = true, append(p.rawIDs, []byte(o.ID))
			sel.Principals = append(sel.Principals, o.ID)
		case objAlias:
			p.names = append(p.names, o.ID)
			sel.Principals = append(sel.Principals, o.ID)
		case objObject:
			sel.Objects = append(sel.Objects, o.ID)
		case objEvent:
			sel.Events = append(sel.Events, o.ID)
		case objFrom, objTo:
			at, err := time.Parse(time.RFC3339Nano, o.ID)
			broken = append(broken, err)
			if o.Type == objFrom {
				sel.From = at
			} else {
				sel.To = at
			}
		}
	}
	switch sel.kind() {
	case "principal":
		p.needles, _ = newNeedles(p.names)
		hold.matcher = held{p}
	case "object":
		hold.matcher = newObjects(sel.Objects)
	case "event":
		hold.matcher, err = newEvents(sel.Events, n)
	case "query":
		var match func(*event.Event) bool
		match, err = reading.Matcher(sel.Query)
		hold.matcher = byQuery(match)
	default:
		err = errors.New("it says nothing of what is held")
	}
	hold.broken = errors.Join(append(broken, err)...)
	return hold, nil
}

// held is a person as a hold means one: also what others did that names the
// person is held.
type held struct{ *person }

func (h held) match(n uint64, s *event.Sealed) (selected, named classes, err error) {
	selected, named, err = h.person.match(n, s)
	for c := range selected {
		selected[c] = selected[c] || named[c]
	}
	return selected, classes{}, err
}

// holds reports whether the record is held.
func (h *Hold) holds(n uint64, s *event.Sealed) (bool, error) {
	if n == h.Number || h.broken != nil {
		return true, nil
	}
	if !h.Selector.From.IsZero() || !h.Selector.To.IsZero() {
		header, err := event.DecodeHeader(s.Header)
		if err != nil || !h.Selector.within(header.Arrived) {
			return false, err
		}
	}
	selected, _, err := h.matcher.match(n, s)
	return selected != classes{}, err
}

// Holds returns the holds that are in force, oldest first.
func (k *Keeper) Holds(ctx context.Context, who reading.Reader) ([]*Hold, error) {
	if err := k.cfg.Room.Admit(who, reading.ActHolds); err != nil {
		return nil, err
	}
	release, err := k.enter(ctx)
	if err != nil {
		return nil, err
	}
	release()
	list := k.held()
	return list, k.cfg.Room.Looked(ctx, who, reading.ActHolds, "list-holds")
}

func (k *Keeper) held() []*Hold {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.holds)
}

// AddHold begins a hold. Its name and the reader's reason are sealed in an
// envelope; who wide is, may have a name that several principals share.
func (k *Keeper) AddHold(ctx context.Context, who reading.Reader, name string, s Selector, wide bool) (*Hold, error) {
	if err := k.cfg.Room.Admit(who, reading.ActHold); err != nil {
		return nil, err
	}
	switch {
	case strings.TrimSpace(who.Reason) == "":
		return nil, fmt.Errorf("%w: a hold needs a reason", reading.ErrArgument)
	case name == "" || len(name) > 200:
		return nil, fmt.Errorf("%w: the name of the hold is missing or longer than 200 bytes", reading.ErrArgument)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	release, err := k.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if slices.ContainsFunc(k.held(), func(h *Hold) bool { return h.Name == name }) {
		return nil, fmt.Errorf("%w: there is a hold of this name: release it first, or choose another name", reading.ErrArgument)
	}
	objects, err := k.holdObjects(ctx, name, &s, wide)
	if err != nil {
		return nil, err
	}
	var random [6]byte
	rand.Read(random[:])
	id := "h_" + hex.EncodeToString(random[:])
	_, err = k.cfg.Room.DecideAt(ctx, who, reading.ActHold, noteHold, s.Query, objects, event.Fact{Name: factHold, Value: id}, event.Fact{Name: "by", Value: s.kind()})
	if err != nil {
		return nil, err
	}
	if err := k.follow(ctx); err != nil {
		return nil, err
	}
	for _, h := range k.held() {
		if h.ID == id {
			return h, h.broken
		}
	}
	return nil, errors.New("the hold was sealed and cannot be read: look at the log")
}

// holdObjects is what the envelope of a hold says of what is held.
func (k *Keeper) holdObjects(ctx context.Context, name string, s *Selector, wide bool) ([]event.Object, error) {
	objects := []event.Object{{Type: objHold, ID: name}}
	size, err := k.size()
	if err != nil {
		return nil, err
	}
	_, p, err := k.matcher(ctx, s, size, wide)
	if err != nil {
		return nil, err
	}
	if p != nil {
		for _, id := range p.pseudonyms() {
			objects = append(objects, event.Object{Type: objPrincipal, ID: id})
		}
		for _, x := range p.names {
			objects = append(objects, event.Object{Type: objAlias, ID: x})
		}
	}
	for _, x := range s.Objects {
		objects = append(objects, event.Object{Type: objObject, ID: x})
	}
	for _, x := range s.Events {
		objects = append(objects, event.Object{Type: objEvent, ID: x})
	}
	if !s.From.IsZero() {
		objects = append(objects, event.Object{Type: objFrom, ID: s.From.UTC().Format(time.RFC3339Nano)})
	}
	if !s.To.IsZero() {
		objects = append(objects, event.Object{Type: objTo, ID: s.To.UTC().Format(time.RFC3339Nano)})
	}
	return objects, nil
}

// ReleaseHold ends the hold with the given id or name.
func (k *Keeper) ReleaseHold(ctx context.Context, who reading.Reader, ref string) (*Hold, error) {
	if err := k.cfg.Room.Admit(who, reading.ActHold); err != nil {
		return nil, err
	}
	if strings.TrimSpace(who.Reason) == "" {
		return nil, fmt.Errorf("%w: releasing a hold needs a reason", reading.ErrArgument)
	}
	release, err := k.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	var hold *Hold
	for _, h := range k.held() {
		if h.ID == ref || h.Name == ref {
			hold = h
		}
	}
	if hold == nil {
		return nil, fmt.Errorf("hold %q: %w", ref, ledger.ErrNotFound)
	}
	_, err = k.cfg.Room.DecideAt(ctx, who, reading.ActHold, noteReleased, "", nil, event.Fact{Name: factHold, Value: hold.ID})
	if err != nil {
		return nil, err
	}
	k.hurry() // for what has expired meanwhile
	return hold, k.follow(ctx)
}
