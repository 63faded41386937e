package ledger

import (
	"errors"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Range is the numbers From, From+1, … To.
type Range struct{ From, To uint64 }

// Ranges is a set of record numbers: ascending ranges that neither touch nor
// overlap. The zero value is the empty set.
type Ranges []Range

// RangesOf returns the set of the given numbers, which may be in any order and
// repeated; it sorts them.
func RangesOf(numbers []uint64) Ranges {
	slices.Sort(numbers)
	var r Ranges
	for _, n := range numbers {
		switch last := len(r) - 1; {
		case last >= 0 && r[last].To >= n:
		case last >= 0 && r[last].To+1 == n:
			r[last].To = n
		default:
			r = append(r, Range{n, n})
		}
	}
	return r
}

// Contains reports whether n is in the set.
func (r Ranges) Contains(n uint64) bool { return r.Overlaps(n, n+1) }

// Overlaps reports whether a number of [from, to) is in the set.
func (r Ranges) Overlaps(from, to uint64) bool {
	i := sort.Search(len(r), func(i int) bool { return r[i].To >= from })
	return i < len(r) && r[i].From < to
}

// Len returns how many numbers are in the set.
func (r Ranges) Len() uint64 {
	var n uint64
	for _, x := range r {
		n += x.To - x.From + 1
	}
	return n
}

// String returns the set as it is written in a decision: "12,15-20".
func (r Ranges) String() string {
	var b []byte
	for i, x := range r {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, x.From, 10)
		if x.To > x.From {
			b = append(b, '-')
			b = strconv.AppendUint(b, x.To, 10)
		}
	}
	return string(b)
}

// errRanges is the error of text that is no set of numbers.
var errRanges = errors.New(`want ascending numbers and ranges, such as "12,15-20"`)

// ParseRanges is the inverse of [Ranges.String]; it refuses what that would
// not have written.
func ParseRanges(s string) (Ranges, error) {
	if s == "" {
		return nil, nil
	}
	var r Ranges
	for part := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.ParseUint(from, 10, 63)
		b := a
		if err == nil && isRange {
			b, err = strconv.ParseUint(to, 10, 63)
		}
		if err != nil || isRange && b <= a || len(r) > 0 && a <= r[len(r)-1].To+1 {
			return nil, errRanges
		}
		r = append(r, Range{a, b})
	}
	if r.String() != s {
		return nil, errRanges
	}
	return r, nil
}
