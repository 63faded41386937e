package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// The names of the decisions that permit envelopes to be missing.
const (
	NoteErase  = "erase"  // of a list of records
	NoteExpire = "expire" // of all records of some days
)

// Removal is a sealed decision that permits envelopes to be missing: a record
// of kind decision, made by Gatebook itself, of one of two names. An erase
// decision lists records; an expire decision describes them by what is in
// their headers. It covers only records before its own, so that nobody can
// permit in advance what is not known yet.
//
// A verifier takes an envelope that is missing for erased if a removal covers
// it, and for damage if none does. The recorder removes what a removal covers,
// and nothing else.
type Removal struct {
	Number  uint64              // of the decision's record
	Name    string              // [NoteErase] or [NoteExpire]
	At      time.Time           // when it was decided
	Classes [event.Classes]bool // whose envelopes go
	Count   uint64              // envelopes that it was to remove, as it says itself; 0: it does not say
	Request string              // what it answers, such as the number of a person's request; not personal; may be empty

	// Erase only.
	Records Ranges // the records

	// Expire only.
	From         string   // first day of arrival (UTC, "2006-01-02")
	Until        string   // last day of arrival
	Below        uint64   // records before this number
	Routes       []string // of these routes only; empty: of any. Sorted
	RoutesExcept []string // but not of these. Sorted
	Except       Ranges   // but not these records
}

// ErrNoRemoval is the error of a record that is no decision about envelopes.
var ErrNoRemoval = errors.New("not a decision to remove envelopes")

// informative are the facts of a removal that say something about it and do
// not change what it covers.
var informative = []string{"by", "held", "principal", "role", "tool"}

// ParseRemoval reads the decision in the header of record n. The error wraps
// [ErrNoRemoval] if the header is of something else; any other error means
// that it is such a decision and is not understood, so that it covers nothing.
func ParseRemoval(n uint64, header []byte) (*Removal, error) {
	if !isDecision(header) {
		return nil, ErrNoRemoval
	}
	h, err := event.DecodeHeader(header)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoRemoval, err)
	}
	if h.Kind != event.Decision || h.Capture.Method != "self" || h.Note == nil || h.Note.Name != NoteErase && h.Note.Name != NoteExpire {
		return nil, ErrNoRemoval
	}
	r := &Removal{Number: n, Name: h.Note.Name, At: h.Arrived}
	for _, f := range h.Note.Facts {
		if slices.Contains(informative, f.Name) {
			continue
		}
		if err := r.setFact(f); err != nil {
			return nil, fmt.Errorf("its fact %s: %w", f.Name, err)
		}
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// isDecision reports whether the header may be of a decision, without decoding
// it: the kind is its third member.
func isDecision(header []byte) bool {
	return bytes.Contains(header[:min(len(header), 96)], []byte(`,"kind":"decision"`))
}

func (r *Removal) setFact(f event.Fact) (err error) {
	erase := r.Name == NoteErase
	switch {
	case f.Name == "classes":
		r.Classes, err = parseClasses(f.Value)
	case f.Name == "count":
		r.Count, err = parseNumber(f.Value)
	case f.Name == "request":
		r.Request = f.Value
	case f.Name == "records" && erase:
		r.Records, err = ParseRanges(f.Value)
	case f.Name == "from" && !erase:
		r.From = f.Value
	case f.Name == "until" && !erase:
		r.Until = f.Value
	case f.Name == "below" && !erase:
		r.Below, err = parseNumber(f.Value)
	case f.Name == "except" && !erase:
		r.Except, err = ParseRanges(f.Value)
	case f.Name == "routes" && !erase:
		r.Routes, err = parseRoutes(f.Value)
	case f.Name == "routes_except" && !erase:
		r.RoutesExcept, err = parseRoutes(f.Value)
	default:
		err = errors.New("it is not known here: a newer Gatebook wrote it")
	}
	return err
}

func (r *Removal) check() error {
	switch {
	case r.Classes == [event.Classes]bool{}:
		return errors.New("it names no class of envelopes")
	case r.Name == NoteErase && len(r.Records) == 0:
		return errors.New("it names no records")
	case r.Name == NoteExpire && (!isDay(r.From) || !isDay(r.Until) || r.From > r.Until):
		return fmt.Errorf("its days from %q until %q are not days in order", r.From, r.Until)
	case len(r.Routes) > 0 && len(r.RoutesExcept) > 0:
		return errors.New("it names routes twice")
	}
	return nil
}

// Facts returns the facts of the decision, sorted by name, as they are sealed.
func (r *Removal) Facts() []event.Fact {
	var facts []event.Fact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, event.Fact{Name: name, Value: value})
		}
	}
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	if r.Name == NoteExpire {
		add("below", number(r.Below))
	}
	add("classes", classesText(r.Classes))
	if r.Count > 0 {
		add("count", number(r.Count))
	}
	if r.Name == NoteExpire {
		add("except", r.Except.String())
		add("from", r.From)
	} else {
		add("records", r.Records.String())
	}
	add("request", r.Request)
	if r.Name == NoteExpire {
		add("routes", strings.Join(r.Routes, ","))
		add("routes_except", strings.Join(r.RoutesExcept, ","))
		add("until", r.Until)
	}
	return facts
}

// Covers reports whether the decision permits the envelope of class c of
// record n, which arrived on the given day by the given route (of
// header.capture), to be missing.
func (r *Removal) Covers(c event.Class, n uint64, day, route string) bool {
	if n >= r.Number || !r.Classes[c] {
		return false
	}
	if r.Name == NoteErase {
		return r.Records.Contains(n)
	}
	return n < r.Below && r.From <= day && day <= r.Until && r.coversRoute(route) && !r.Except.Contains(n)
}

func (r *Removal) coversRoute(route string) bool {
	if len(r.Routes) > 0 {
		return slices.Contains(r.Routes, route)
	}
	return !slices.Contains(r.RoutesExcept, route)
}

// Touches reports whether the decision may cover an envelope of class c of the
// records [from, to) that arrived on the given day, without looking at them. A
// day of "" is any day.
func (r *Removal) Touches(c event.Class, from, to uint64, day string) bool {
	if from >= r.Number || !r.Classes[c] {
		return false
	}
	if r.Name == NoteErase {
		return r.Records.Overlaps(from, to)
	}
	return from < r.Below && (day == "" || r.From <= day && day <= r.Until)
}

// CoversAll reports whether the decision covers all envelopes of class c of the
// records [from, to) that arrived on the given day, whatever their route. If
// not, it may still cover each of them.
func (r *Removal) CoversAll(c event.Class, from, to uint64, day string) bool {
	return r.Name == NoteExpire && r.Classes[c] && to <= min(r.Number, r.Below) && r.From <= day && day <= r.Until &&
		len(r.Routes) == 0 && len(r.RoutesExcept) == 0 && !r.Except.Overlaps(from, to)
}

// RouteOf reads the route from an encoded header without decoding all of it:
// that of its member capture.
func RouteOf(header []byte) string {
	i := bytes.Index(header, []byte(`,"capture":{`))
	if i < 0 {
		return ""
	}
	var capture struct {
		Route string `json:"route"`
	}
	// A quotation mark in a string is escaped, so what begins here is the
	// member; the decoder stops at its end.
	d := json.NewDecoder(bytes.NewReader(header[i+len(`,"capture":`):]))
	if d.Decode(&capture) != nil {
		return ""
	}
	return capture.Route
}

func isDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func parseNumber(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return n, nil
}

// classesText returns the classes as a decision names them: "who,payload".
func classesText(classes [event.Classes]bool) string {
	var names []string
	for c, in := range classes {
		if in {
			names = append(names, event.Class(c).String())
		}
	}
	return strings.Join(names, ",")
}

func parseClasses(s string) (classes [event.Classes]bool, err error) {
	for name := range strings.SplitSeq(s, ",") {
		c, err := event.ParseClass(name)
		if err != nil {
			return classes, err
		}
		classes[c] = true
	}
	if classesText(classes) != s {
		return classes, fmt.Errorf("%q is spelt differently from %q", s, classesText(classes))
	}
	return classes, nil
}

func parseRoutes(s string) ([]string, error) {
	routes := strings.Split(s, ",")
	if !slices.IsSorted(routes) || slices.Contains(routes, "") || len(slices.Compact(slices.Clone(routes))) != len(routes) {
		return nil, fmt.Errorf("%q: want sorted names with commas", s)
	}
	return routes, nil
}
