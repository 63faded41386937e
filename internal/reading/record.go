package reading

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// Encoded is the encoding of a T as it was sealed: JSON, byte for byte.
type Encoded[T any] []byte

// MarshalJSON returns the bytes themselves.
func (e Encoded[T]) MarshalJSON() ([]byte, error) {
	if e == nil {
		return []byte("null"), nil
	}
	return e, nil
}

// UnmarshalJSON keeps a copy of the bytes.
func (e *Encoded[T]) UnmarshalJSON(b []byte) error {
	*e = nil
	if string(b) != "null" {
		*e = append(Encoded[T]{}, b...)
	}
	return nil
}

// Of returns the type that is encoded.
func (e Encoded[T]) Of() reflect.Type { return reflect.TypeFor[T]() }

// Record is an event as it was read from the ledger and checked: the header's
// leaf against the tree, each envelope against its commitment.
type Record struct {
	Number   uint64                 `json:"number"`             // in the ledger, from 0
	Header   Encoded[event.Header]  `json:"header"`             // the bytes that the ledger's leaf is the hash of
	Who      Encoded[event.Who]     `json:"who,omitempty"`      // absent: none, erased or withheld
	What     Encoded[event.What]    `json:"what,omitempty"`     // absent: none, erased or withheld
	Payload  Encoded[event.Payload] `json:"payload,omitempty"`  // absent: none, erased or withheld
	Erased   []string               `json:"erased,omitempty"`   // envelopes that the header commits to and that are gone
	Removals []Removal              `json:"removals,omitempty"` // by which decisions they are
	Withheld []string               `json:"withheld,omitempty"` // envelopes that the reader's role does not show
	LeftOut  []string               `json:"left_out,omitempty"` // envelopes that were not asked for
}

// leaveOutPayload takes the payload out of what is shown. What was searched is
// not less for it.
func (r *Record) leaveOutPayload() {
	if r.Payload != nil {
		r.Payload, r.LeftOut = nil, append(r.LeftOut, event.ClassPayload.String())
	}
}

// Event decodes the record. Envelopes that are not there stay nil.
func (r *Record) Event() (*event.Event, error) {
	h, err := event.DecodeHeader(r.Header)
	if err != nil {
		return nil, err
	}
	e := &event.Event{Header: *h}
	if r.Who != nil {
		if e.Who, err = event.DecodeWho(r.Who); err != nil {
			return nil, err
		}
	}
	if r.What != nil {
		if e.What, err = event.DecodeWhat(r.What); err != nil {
			return nil, err
		}
	}
	if r.Payload != nil {
		if e.Payload, err = event.DecodePayload(r.Payload); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Problem is a record that was found and cannot be shown.
type Problem struct {
	Number uint64 `json:"number"`          // of the record
	Kind   string `json:"kind"`            // "evidence": it is not what was sealed; "index": the index names what is not there; "unreadable": the disk did not give it, or a newer Gatebook wrote it
	File   string `json:"file,omitempty"`  // of the ledger, where the evidence does not hold
	Where  string `json:"where,omitempty"` // within the file
	Detail string `json:"detail"`          // what is wrong
}

// read returns record n as the reader may see it, or the problem that it has.
func (r *Room) read(who Reader, n uint64) (*Record, *event.Event, *Problem) {
	s, err := r.cfg.Ledger.Record(n)
	a := r.answer(who, n, s, err, allRead)
	return a.rec, a.event, a.bad
}

// answer is what [Room.read] returns.
type answer struct {
	rec   *Record
	event *event.Event
	bad   *Problem
}

// readHits is read for each of the hits, on all processors. Without payload,
// payload envelopes are left out, whether they are there or not.
func (r *Room) readHits(who Reader, hits []found, withoutPayload bool) []answer {
	classes := allRead
	if withoutPayload {
		classes = []event.Class{event.ClassWho, event.ClassWhat}
	}
	order := make([]int, len(hits)) // of the hits, by number
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(hits[a].number, hits[b].number) })
	numbers := make([]uint64, len(hits))
	for i, h := range order {
		numbers[i] = hits[h].number
	}
	answers := make([]answer, len(hits))
	read := func(from, to int) {
		i := from
		r.cfg.Ledger.ReadSome(numbers[from:to], classes, func(n uint64, s *event.Sealed, err error) error {
			answers[order[i]] = r.answer(who, n, s, err, classes)
			i++
			return nil
		})
	}
	var parts []int // where each begins; those of one block are together
	for i, n := range numbers {
		if i == 0 || n/ledger.BlockRecords != numbers[i-1]/ledger.BlockRecords {
			parts = append(parts, i)
		}
	}
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		readers.Go(func() {
			for k := int(next.Add(1)) - 1; k < len(parts); k = int(next.Add(1)) - 1 {
				to := len(numbers)
				if k+1 < len(parts) {
					to = parts[k+1]
				}
				read(parts[k], to)
			}
		})
	}
	readers.Wait()
	return answers
}

// answer is what read returns, of a record that was read with some classes.
func (r *Room) answer(who Reader, n uint64, s *event.Sealed, err error, classes []event.Class) answer {
	if err != nil {
		return answer{bad: problem(n, err)}
	}
	rec, e, bad := show(who, n, s, classes)
	if bad == nil {
		r.explain(rec)
	}
	return answer{rec, e, bad}
}

// allRead are the classes of envelopes.
var allRead = []event.Class{event.ClassWho, event.ClassWhat, event.ClassPayload}

// show makes a record of s, of which the envelopes of some classes were read,
// without what the reader may not see.
func show(who Reader, n uint64, s *event.Sealed, read []event.Class) (*Record, *event.Event, *Problem) {
	h, err := event.DecodeHeader(s.Header)
	if err != nil {
		return nil, nil, problem(n, err)
	}
	rec := &Record{Number: n, Header: s.Header}
	for c := range event.Class(event.Classes) {
		switch {
		case h.Commit.Of(c).IsZero():
		case !slices.Contains(read, c) && who.sees(c):
			rec.LeftOut = append(rec.LeftOut, c.String())
		case !slices.Contains(read, c):
			rec.Withheld = append(rec.Withheld, c.String())
		case s.Envelopes[c] == nil:
			rec.Erased = append(rec.Erased, c.String())
		case !who.sees(c):
			rec.Withheld = append(rec.Withheld, c.String())
		case c == event.ClassWho:
			rec.Who = s.Envelopes[c].Data
		case c == event.ClassWhat:
			rec.What = s.Envelopes[c].Data
		case c == event.ClassPayload:
			rec.Payload = s.Envelopes[c].Data
		}
	}
	e, err := rec.Event()
	if err != nil {
		return nil, nil, problem(n, err)
	}
	return rec, e, nil
}

// problem says what an error of reading record n means.
func problem(n uint64, err error) *Problem {
	var evidence *ledger.EvidenceError
	switch {
	case errors.As(err, &evidence):
		return &Problem{n, "evidence", evidence.File, evidence.Where, evidence.Reason}
	case errors.Is(err, event.ErrEncoding):
		return &Problem{Number: n, Kind: "evidence", Detail: err.Error()}
	case errors.Is(err, ledger.ErrNotFound):
		return &Problem{Number: n, Kind: "index", Detail: fmt.Sprintf("the index names record %d, which the ledger does not have; rebuild the index", n)}
	}
	return &Problem{Number: n, Kind: "unreadable", Detail: err.Error()}
}
