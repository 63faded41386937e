package erasure

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// Selector says which events are meant. Exactly one of Principals, Objects,
// Query and Events is given.
type Selector struct {
	Principals []string  // pseudonyms, subjects, e-mail addresses or names
	Objects    []string  // "ID" or "TYPE/ID"
	Query      string    // as for a search, as far as it can be matched event by event
	Events     []string  // numbers or ids
	From, To   time.Time // arrival in [From, To); zero: unbounded
}

// Identity is somebody whom a name may mean.
type Identity struct {
	Principal string `json:"principal"`        // pseudonym
	Issuer    string `json:"issuer,omitempty"` // who vouches
	Events    uint64 `json:"events"`           // that name this principal with what was asked for
}

// AmbiguousError is the error of a name that several principals have.
type AmbiguousError struct{ Identities []Identity }

// Error lists the principals by their pseudonyms.
func (e *AmbiguousError) Error() string {
	var list []string
	for _, i := range e.Identities {
		list = append(list, fmt.Sprintf("%s (%s, %d events)", i.Principal, i.Issuer, i.Events))
	}
	return "several principals have this name: " + strings.Join(list, ", ")
}

// kind is the short code of how events are selected.
func (s *Selector) kind() string {
	switch {
	case len(s.Principals) > 0:
		return "principal"
	case len(s.Objects) > 0:
		return "object"
	case s.Query != "":
		return "query"
	case len(s.Events) > 0:
		return "event"
	}
	return ""
}

func (s *Selector) check() error {
	given := 0
	for _, is := range []bool{len(s.Principals) > 0, len(s.Objects) > 0, s.Query != "", len(s.Events) > 0} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return fmt.Errorf("%w: name what is meant by exactly one of principal, object, query and event", reading.ErrArgument)
	case len(s.Principals) > 20 || len(s.Objects) > 100 || len(s.Events) > 10_000:
		return fmt.Errorf("%w: at most 20 principals, 100 objects or 10,000 events at once", reading.ErrArgument)
	case !s.From.IsZero() && !s.To.IsZero() && !s.From.Before(s.To):
		return fmt.Errorf("%w: its time ends before it begins", reading.ErrArgument)
	}
	for _, text := range slices.Concat(s.Principals, s.Objects, s.Events) {
		if strings.TrimSpace(text) != text || text == "" || len(text) > 512 {
			return fmt.Errorf("%w: a name is empty, has spaces around it, or more than 512 bytes", reading.ErrArgument)
		}
	}
	return nil
}

// within reports whether the event arrived in the time that is meant.
func (s *Selector) within(at time.Time) bool {
	return (s.From.IsZero() || !at.Before(s.From)) && (s.To.IsZero() || at.Before(s.To))
}

// classes is a set of classes of envelopes.
type classes [event.Classes]bool

var all = classes{true, true, true}

// matcher says what of an event is meant: the classes of envelopes that are
// selected, and those in which what is looked for is named besides.
type matcher interface {
	match(n uint64, s *event.Sealed) (selected, named classes, err error)
}

// matcher returns the matcher of s, for the records before size.
func (k *Keeper) matcher(ctx context.Context, s *Selector, size uint64, wide bool) (matcher, *person, error) {
	switch s.kind() {
	case "principal":
		p, err := k.resolve(ctx, s.Principals, size, wide)
		return p, p, err
	case "object":
		return newObjects(s.Objects), nil, nil
	case "query":
		match, err := reading.Matcher(s.Query)
		return byQuery(match), nil, err
	}
	list, err := newEvents(s.Events, size)
	return list, nil, err
}

// byQuery matches decoded events.
type byQuery func(*event.Event) bool

func (q byQuery) match(_ uint64, s *event.Sealed) (selected, named classes, err error) {
	e, err := s.Open()
	if err == nil && q(e) {
		selected = all
	}
	return selected, named, err
}

// events matches events by number or id.
type events struct {
	numbers map[uint64]bool
	ids     [][]byte // as they stand in headers
}

func newEvents(refs []string, size uint64) (*events, error) {
	list := &events{numbers: make(map[uint64]bool)}
	for _, ref := range refs {
		if n, err := strconv.ParseUint(ref, 10, 64); err == nil {
			if n >= size {
				return nil, fmt.Errorf("record %d: %w: the ledger has %d records, from 0 on", n, ledger.ErrNotFound, size)
			}
			list.numbers[n] = true
			continue
		}
		id, err := event.ParseID(strings.ToLower(ref))
		if err != nil {
			return nil, fmt.Errorf("%w: an event is neither a number nor an id: %v", reading.ErrArgument, err)
		}
		list.ids = append(list.ids, []byte(`,"id":"`+id.String()+`"`))
	}
	return list, nil
}

func (l *events) match(n uint64, s *event.Sealed) (selected, named classes, err error) {
	is := func(id []byte) bool { return bytes.Contains(s.Header[:min(len(s.Header), 96)], id) }
	if l.numbers[n] || slices.ContainsFunc(l.ids, is) {
		selected = all
	}
	return selected, named, nil
}

// objects matches events that touch objects: by what was recognised in them,
// or by an id that is a whole segment of the path or a value of the query.
type objects struct {
	list []event.Object // Type empty: any
	raw  needles
}

func newObjects(refs []string) *objects {
	o := new(objects)
	var ids []string
	for _, ref := range refs {
		typ, id, ok := strings.Cut(ref, "/")
		if !ok {
			typ, id = "", ref
		}
		o.list = append(o.list, event.Object{Type: typ, ID: id})
		ids = append(ids, id)
	}
	var short []string
	if o.raw, short = newNeedles(ids); len(short) > 0 {
		o.raw = nil // too short to be looked for beforehand
	}
	return o
}

func (o *objects) match(_ uint64, s *event.Sealed) (selected, named classes, err error) {
	env := s.Envelopes[event.ClassWhat]
	if env == nil || o.raw != nil && !o.raw.in(env.Data) {
		named[event.ClassPayload] = o.raw.inEnvelope(event.ClassPayload, s.Envelopes[event.ClassPayload])
		return selected, named, nil
	}
	w, err := event.DecodeWhat(env.Data)
	if err != nil {
		return selected, named, err
	}
	if slices.ContainsFunc(o.list, func(x event.Object) bool { return touches(w, x) }) {
		return classes{event.ClassWhat: true, event.ClassPayload: true}, named, nil
	}
	return selected, named, nil
}

// touches reports whether the call touched the object x.
func touches(w *event.What, x event.Object) bool {
	for _, o := range w.Objects {
		if o.ID == x.ID && (x.Type == "" || o.Type == x.Type) {
			return true
		}
	}
	if x.Type != "" {
		// Where the types of objects are known, an id alone is not enough.
		for _, o := range w.Objects {
			if o.ID == x.ID {
				return false
			}
		}
	}
	for segment := range strings.SplitSeq(w.Path, "/") {
		if text, err := url.PathUnescape(segment); err == nil && text == x.ID {
			return true
		}
	}
	values, _ := url.ParseQuery(w.Query)
	for _, list := range values {
		if slices.Contains(list, x.ID) {
			return true
		}
	}
	return false
}

// scan calls yield for the records [from, size) that s means by their time.
func (k *Keeper) scan(ctx context.Context, s *Selector, from, size uint64, progress func(done, total uint64), yield func(n uint64, rec *event.Sealed) error) error {
	return k.cfg.Ledger.Range(from, size, func(n uint64, rec *event.Sealed) error {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if progress != nil {
				progress(n, size)
			}
		}
		if s != nil && (!s.From.IsZero() || !s.To.IsZero()) {
			h, err := event.DecodeHeader(rec.Header)
			if err != nil {
				return fmt.Errorf("record %d: %w", n, err)
			}
			if !s.within(h.Arrived) {
				return nil
			}
		}
		return yield(n, rec)
	})
}

func ambiguous(list []Identity) error {
	return fmt.Errorf("%w: %w: name the pseudonyms that are meant, or ask for all of them", reading.ErrArgument, &AmbiguousError{list})
}
