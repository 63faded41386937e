package reading

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// maxShown bounds the text of the numbers of records in one look event, in
// bytes. A header holds 65,535.
const maxShown = 16 << 10

// shown collects the numbers of records that a look shows, as ranges in the
// order in which they are shown: "3-17,20,25". The zero value is empty.
type shown struct {
	text  []byte // the ranges before the last one
	low   uint64 // the last range; count > 0
	high  uint64
	count uint64
}

// add adds a number. It reports whether the numbers should be sealed now: there
// is no room for many more.
func (s *shown) add(n uint64) (full bool) {
	switch {
	case s.count == 0:
		s.low, s.high = n, n
	case n == s.high+1:
		s.high = n
	case n+1 == s.low:
		s.low = n // newest first
	default:
		s.text = append(appendRange(s.text, s.low, s.high), ',')
		s.low, s.high = n, n
	}
	s.count++
	return len(s.text) > maxShown-64
}

func appendRange(b []byte, low, high uint64) []byte {
	b = strconv.AppendUint(b, low, 10)
	if high > low {
		b = strconv.AppendUint(append(b, '-'), high, 10)
	}
	return b
}

// facts returns the facts "shown" and "shown_count", or none if nothing was
// shown.
func (s *shown) facts() []event.Fact {
	if s.count == 0 {
		return nil
	}
	return []event.Fact{
		{Name: "shown", Value: string(appendRange(s.text, s.low, s.high))},
		{Name: "shown_count", Value: strconv.FormatUint(s.count, 10)},
	}
}

// hits adds the numbers of records.
func (s *shown) hits(list []Record) {
	for i := range list {
		s.add(list[i].Number)
	}
}

// parseShown calls yield for each range of the text that [shown] makes, until
// it returns false. What is no range is skipped.
func parseShown(text string, yield func(low, high uint64) bool) {
	for part := range strings.SplitSeq(text, ",") {
		a, b, ok := strings.Cut(part, "-")
		if !ok {
			b = a
		}
		low, err := strconv.ParseUint(a, 10, 64)
		high, err2 := strconv.ParseUint(b, 10, 64)
		if err != nil || err2 != nil || high < low {
			continue
		}
		if !yield(low, high) {
			return
		}
	}
}

// digest is the hash of an answer that is a file, so that the file can be
// recognised later.
type digest struct{ h hash.Hash }

func newDigest() digest { return digest{sha256.New()} }

func (d digest) Write(b []byte) (int, error) { return d.h.Write(b) }

func (d digest) fact() event.Fact {
	return event.Fact{Name: "sha256", Value: hex.EncodeToString(d.h.Sum(nil))}
}

func numberFact(name string, n uint64) event.Fact {
	return event.Fact{Name: name, Value: fmt.Sprint(n)}
}
