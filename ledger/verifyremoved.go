package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// Removed is what a verification found of one decision to remove envelopes.
type Removed struct {
	Removal
	Missing uint64 // envelopes that are missing and that no earlier decision covers
}

// decision takes note of a header that is a decision to remove envelopes.
func (v *verifier) decision(name string, n uint64, header []byte) {
	if !isDecision(header) {
		return
	}
	r, err := ParseRemoval(n, header)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case errors.Is(err, ErrNoRemoval):
	case err != nil:
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("%s: record %d: the decision to remove envelopes is not understood and covers none: %s", name, n, err))
	case !slices.ContainsFunc(v.report.Removals, func(x Removed) bool { return x.Number == n }): // a record may be in the journal and sealed
		v.report.Removals = append(v.report.Removals, Removed{Removal: *r})
	}
}

// absent is a group of missing envelopes that are alike but for their numbers.
type absent struct {
	file       string // where they should be
	whole      bool   // the file is not there at all
	class      event.Class
	day, route string
}

// numbers is a list of ascending numbers in about a byte each: there may be as
// many as the ledger has records.
type numbers struct {
	first, last, count uint64
	deltas             []byte // uvarints, from first on
}

func (l *numbers) add(n uint64) {
	if l.count == 0 {
		l.first, l.last = n, n
	}
	l.deltas = binary.AppendUvarint(l.deltas, n-l.last)
	l.last = n
	l.count++
}

func (l *numbers) each(yield func(n uint64)) {
	n := l.first
	for b := l.deltas; len(b) > 0; {
		d, size := binary.Uvarint(b)
		n += d
		b = b[size:]
		yield(n)
	}
}

// missed is an envelope of a sealed segment that is not there.
type missed struct {
	n      uint64
	class  event.Class
	whole  bool         // nor is its file
	locked *lockedBlock // it may be in this block, all of whose candidates are named; nil: it is not there
}

// lockedBlock is a block of encrypted envelopes that has fewer than there
// should be. Which of them are there cannot be told without the key.
type lockedBlock struct {
	name, where string
	count       uint64
	candidates  []candidate
}

type candidate struct {
	n          uint64
	class      event.Class
	day, route string
}

// judge compares what is missing from the block with what may be.
func (b *lockedBlock) judge(v *verifier, found []Removed) {
	gone := uint64(len(b.candidates)) - b.count
	left := gone
	for _, c := range b.candidates {
		for i := range found {
			if left > 0 && found[i].Covers(c.class, c.n, c.day, c.route) {
				found[i].Missing++
				left--
				break
			}
		}
	}
	if left > 0 {
		v.wrong(b.name, b.where, "%d of its %d encrypted envelopes are missing, and no decision covers %d of them", gone, len(b.candidates), left)
	}
}

// explain keeps the missing envelopes of a sealed segment, with what a decision
// may cover them by, until all decisions are known.
func (v *verifier) explain(f fileAt, seg *segment, list []missed) {
	if len(list) == 0 {
		return
	}
	slices.SortFunc(list, func(a, b missed) int {
		if a.n != b.n {
			return int(int64(a.n - b.n))
		}
		return int(a.class) - int(b.class)
	})
	groups := make(map[absent]*numbers)
	var blocks []*lockedBlock
	block, headers := -1, [][]byte(nil)
	for _, m := range list {
		i := int((m.n - seg.first) / BlockRecords)
		if i != block {
			var err error
			if headers, err = readEntries(f, v.dec, new(blockBuffer), nil, seg, i); err != nil {
				v.problem(SealedName(seg.first), fmt.Sprintf("block %d", i), err)
				return
			}
			block = i
		}
		h := headers[(m.n-seg.first)%BlockRecords]
		day := DayOf(h)
		if b := m.locked; b != nil {
			if len(b.candidates) == 0 {
				blocks = append(blocks, b)
			}
			b.candidates = append(b.candidates, candidate{m.n, m.class, day, RouteOf(h)})
			continue
		}
		addTo(groups, absent{EnvelopeName(m.class, day, seg.first), m.whole, m.class, day, RouteOf(h)}, m.n)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for key, list := range groups {
		v.absent[key] = list
	}
	v.short = append(v.short, blocks...)
}

func addTo(groups map[absent]*numbers, key absent, n uint64) {
	list := groups[key]
	if list == nil {
		list = new(numbers)
		groups[key] = list
	}
	list.add(n)
}

// missing notes a missing envelope of a record in the journal.
func (v *verifier) missing(name string, c event.Class, n uint64, header []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	addTo(v.absent, absent{name, false, c, DayOf(header), RouteOf(header)}, n)
}

// keyDestroyed notes that envelopes of a file are as good as missing, since
// their key was destroyed.
func (v *verifier) keyDestroyed(name string, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.destroyed == nil {
		v.destroyed = make(map[string]error)
	}
	v.destroyed[name] = err
}

// removals judges the missing envelopes: what a decision covers was removed,
// everything else is damage.
func (v *verifier) removals() {
	found := v.report.Removals
	slices.SortFunc(found, func(a, b Removed) int { return int(int64(a.Number - b.Number)) })
	type place struct {
		file  string
		whole bool
		class event.Class
	}
	damage := make(map[place]*numbers) // first and count only
	for key, list := range v.absent {
		var may []*Removed
		for i := range found {
			if found[i].Touches(key.class, list.first, list.last+1, key.day) {
				may = append(may, &found[i])
			}
		}
		list.each(func(n uint64) {
			for _, r := range may {
				if r.Covers(key.class, n, key.day, key.route) {
					r.Missing++
					return
				}
			}
			at := place{key.file, key.whole, key.class}
			d := damage[at]
			if d == nil {
				d = &numbers{first: n}
				damage[at] = d
			}
			d.first = min(d.first, n)
			d.count++
		})
	}
	for _, b := range v.short {
		b.judge(v, found)
	}
	for at, d := range damage {
		if err := v.destroyed[at.file]; err != nil && !at.whole {
			v.problem(at.file, fmt.Sprintf("record %d", d.first), fmt.Errorf("%d of its envelopes can be read by nobody, which no decision covers: %w", d.count, err))
			continue
		}
		if at.whole {
			v.wrong(at.file, "", "the file is missing: %d records commit to envelopes in it that no decision covers, the first is record %d", d.count, d.first)
			continue
		}
		more := ""
		if d.count > 1 {
			more = fmt.Sprintf(", and %d more in this file", d.count-1)
		}
		v.wrong(at.file, fmt.Sprintf("record %d", d.first), "its %s envelope is missing, and no decision covers that%s", at.class, more)
	}
	for i := range found {
		if r := &found[i]; r.Missing < r.Count {
			v.report.Notes = append(v.report.Notes, fmt.Sprintf("record %d decided to %s %d envelopes: %d of them are missing; the others are not yet removed, or an earlier decision covers them", r.Number, r.Name, r.Count, r.Missing))
		}
	}
}

// RemovedText sums up the decisions in a line for people; it is empty if there
// are none.
func (r *Report) RemovedText() string {
	var envelopes, decisions [2]uint64
	for _, x := range r.Removals {
		i := 0
		if x.Name == NoteExpire {
			i = 1
		}
		envelopes[i] += x.Missing
		decisions[i]++
	}
	var parts []string
	for i, what := range [2]string{"erased", "expired"} {
		if decisions[i] > 0 {
			parts = append(parts, fmt.Sprintf("%d envelopes %s by %d sealed decisions", envelopes[i], what, decisions[i]))
		}
	}
	return strings.Join(parts, ", ")
}
