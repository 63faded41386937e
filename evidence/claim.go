package evidence

import (
	"crypto/sha256"

	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// LookName is the name of the look event that a pack rests on.
const LookName = "evidence"

// Claim is what the sealed look says of the search. The query is in its what
// envelope, as What.Query; the reason and the case that the reader gave are
// objects of the types "reason" and "case" there; the reader is in the who
// envelope.
type Claim struct {
	From, To    uint64        // the records [From, To) were searched
	Size        uint64        // records in the ledger when it was searched; at least To
	Results     uint64        // records that match
	List        event.Hash    // SHA-256 of their numbers; see [List]
	Since       time.Time     // arrival at this time or later; zero: any
	Until       time.Time     // arrival before this time; zero: any
	HideLooks   bool          // look events do not match, whatever the query says
	Disclosed   []event.Class // envelopes that the pack was to hold, ascending
	Envelopes   uint64        // how many there are of these, of the records that match
	Complete    bool          // the headers of all records [From, To) are in the pack
	EvaluatedBy string        // what found the records: "index", "ledger" or "index and ledger"
}

// The names of the facts.
const (
	factFormat    = "format"
	factFirst     = "first"
	factEnd       = "end"
	factSize      = "size"
	factResults   = "results"
	factList      = "list"
	factFrom      = "from"
	factTo        = "to"
	factLooks     = "looks"
	factDisclosed = "disclosed"
	factEnvelopes = "envelopes"
	factComplete  = "complete"
	factSource    = "source"
)

// Facts returns the claim as the facts of a look event. None is personal.
func (c *Claim) Facts() []event.Fact {
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	looks := "included"
	if c.HideLooks {
		looks = "left out"
	}
	var classes []string
	for _, class := range c.Disclosed {
		classes = append(classes, class.String())
	}
	facts := []event.Fact{
		{Name: factComplete, Value: strconv.FormatBool(c.Complete)},
		{Name: factDisclosed, Value: strings.Join(classes, ",")},
		{Name: factEnvelopes, Value: number(c.Envelopes)},
		{Name: factEnd, Value: number(c.To)},
		{Name: factFirst, Value: number(c.From)},
		{Name: factFormat, Value: formatName + " " + strconv.Itoa(Version)},
		{Name: factFrom, Value: moment(c.Since)},
		{Name: factList, Value: c.List.String()},
		{Name: factLooks, Value: looks},
		{Name: factResults, Value: number(c.Results)},
		{Name: factSize, Value: number(c.Size)},
		{Name: factSource, Value: c.EvaluatedBy},
		{Name: factTo, Value: moment(c.Until)},
	}
	return slices.DeleteFunc(facts, func(f event.Fact) bool { return f.Value == "" })
}

// parseClaim is the inverse of [Claim.Facts] for a look event; other facts are
// skipped.
func parseClaim(h *event.Header) (*Claim, error) {
	if h.Kind != event.Look || h.Note == nil || h.Note.Name != LookName || h.Capture.Method != "self" {
		return nil, faultf("record is not the look of an evidence pack")
	}
	facts := make(map[string]string, len(h.Note.Facts))
	for _, f := range h.Note.Facts {
		facts[f.Name] = f.Value
	}
	if got := facts[factFormat]; got != formatName+" "+strconv.Itoa(Version) {
		if strings.HasPrefix(got, formatName+" ") {
			return nil, fmt.Errorf("%q: %w", clip(got, 40), ErrVersion)
		}
		return nil, faultf("the look does not say that it is of an evidence pack")
	}
	c := &Claim{EvaluatedBy: facts[factSource], HideLooks: facts[factLooks] == "left out", Complete: facts[factComplete] == "true"}
	var errs []error
	number := func(name string) uint64 {
		n, err := strconv.ParseUint(facts[name], 10, 63)
		errs = append(errs, err)
		return n
	}
	moment := func(name string) time.Time {
		var t time.Time
		if s := facts[name]; s != "" {
			var err error
			t, err = time.Parse(time.RFC3339Nano, s)
			errs = append(errs, err)
		}
		return t
	}
	c.From, c.To, c.Size = number(factFirst), number(factEnd), number(factSize)
	c.Results, c.Envelopes = number(factResults), number(factEnvelopes)
	c.Since, c.Until = moment(factFrom), moment(factTo)
	errs = append(errs, c.List.UnmarshalText([]byte(facts[factList])))
	if s := facts[factDisclosed]; s != "" {
		for name := range strings.SplitSeq(s, ",") {
			class, err := event.ParseClass(name)
			errs = append(errs, err)
			c.Disclosed = append(c.Disclosed, class)
		}
	}
	for _, err := range errs {
		if err != nil {
			return nil, faultf("the facts of the look cannot be read: %v", err)
		}
	}
	for _, f := range c.Facts() {
		if facts[f.Name] != f.Value {
			return nil, faultf("the facts of the look cannot be read: %s is %q", f.Name, clip(facts[f.Name], 40))
		}
	}
	if c.From > c.To || c.To > c.Size || c.Results > c.To-c.From || !slices.IsSorted(c.Disclosed) {
		return nil, faultf("the facts of the look contradict each other")
	}
	return c, nil
}

// List is the hash of a list of record numbers, which ascend: SHA-256 over each
// in decimal and a line feed. The zero value is not ready: make one with
// [NewList].
type List struct {
	h      hash.Hash
	number []byte
}

// NewList returns an empty list.
func NewList() *List { return &List{h: sha256.New()} }

// Add adds a number.
func (l *List) Add(n uint64) {
	l.number = append(strconv.AppendUint(l.number[:0], n, 10), '\n')
	l.h.Write(l.number)
}

// Sum returns the hash of the numbers added so far.
func (l *List) Sum() (sum event.Hash) {
	l.h.Sum(sum[:0])
	return sum
}

// discloses reports whether envelopes of class are to be in the pack.
func (c *Claim) discloses(class event.Class) bool { return slices.Contains(c.Disclosed, class) }

// hexSum returns the SHA-256 of b in hex.
func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
