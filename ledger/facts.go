package ledger

import (
	"maps"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/event"
)

// facts are what the headers say of time, order and loss, collected while they
// are read. It is safe for concurrent use.
type facts struct {
	mu      sync.Mutex // guards what follows
	batches []batch
	edges   map[string]*counted
	told    map[uint64]*event.Header // system and gap events, by number
}

// batch is the times of records that follow each other.
type batch struct {
	first uint64
	// when is when each record's call was over, by the clock of the machine that
	// wrote the ledger, in Unix nanoseconds; 0: it tells the time of another.
	when []int64
}

// counted is the sequence numbers of an edge that are there.
type counted struct {
	groups map[uint64]*group // by sequence number / 64
	last   uint64
}

// group is 64 sequence numbers.
type group struct {
	there      uint64
	begin, end int64 // arrivals, Unix nanoseconds
}

// look takes what there is to know from the headers of records that follow
// each other.
func (f *facts) look(first uint64, count int, header func(i int) []byte) {
	b := batch{first, make([]int64, count)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.edges == nil {
		f.edges, f.told = make(map[string]*counted), make(map[uint64]*event.Header)
	}
	for i := range count {
		h := header(i)
		p, ok := readPrefix(h)
		if !ok {
			continue
		}
		if m := string(p.method); m == "gateway" || m == "self" {
			b.when[i] = p.ended
			if p.ended == 0 {
				b.when[i] = p.arrived
			}
		}
		if p.seq > 0 {
			f.count(p.edge, p.seq, p.arrived)
		}
		if k := string(p.kind); k == "gap" || k == "system" {
			if d, err := event.DecodeHeader(h); err == nil {
				f.told[first+uint64(i)] = d
			}
		}
	}
	f.batches = append(f.batches, b)
}

func (f *facts) count(edge []byte, seq uint64, arrived int64) {
	c := f.edges[string(edge)]
	if c == nil {
		c = &counted{groups: make(map[uint64]*group)}
		f.edges[string(edge)] = c
	}
	g := c.groups[seq/64]
	if g == nil {
		g = &group{begin: arrived, end: arrived}
		c.groups[seq/64] = g
	}
	g.there |= 1 << (seq % 64)
	g.begin, g.end = min(g.begin, arrived), max(g.end, arrived)
	c.last = max(c.last, seq)
}

// times calls yield for each record of which the time is known, in order.
func (f *facts) times(yield func(n uint64, when int64)) {
	slices.SortFunc(f.batches, func(a, b batch) int {
		if a.first != b.first {
			return compare(a.first, b.first)
		}
		return len(b.when) - len(a.when)
	})
	var next uint64
	for _, b := range f.batches {
		for i, when := range b.when {
			n := b.first + uint64(i)
			if n < next {
				continue // sealed, and still in the journal
			}
			next = n + 1
			if when != 0 {
				yield(n, when)
			}
		}
	}
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Loss is calls that were served and are not in the record, as far as is
// known.
type Loss struct {
	// Record is the gap event that tells of it, or the start after a process
	// ended without a word. Not set for Missing.
	Record uint64
	Reason string    // of the gap event; "ended-without-stop"; "missing-numbers"
	Count  uint64    // 0: not known
	From   time.Time // for missing numbers: of the events near it
	To     time.Time
	// Edge, First and Last are the numbers that are missing in the count of a
	// capturing process. Only for "missing-numbers".
	Edge        string
	First, Last uint64
}

// Reasons of losses that the verifier finds, beside those of gap events.
const (
	EndedWithoutStop = "ended-without-stop"
	MissingNumbers   = "missing-numbers"
)

// losses returns what is known to be missing, in order of the records that
// tell of it, then of edges.
func (f *facts) losses() []Loss {
	var out []Loss
	running := make(map[string]bool) // processes that started and did not stop
	for _, n := range slices.Sorted(maps.Keys(f.told)) {
		h := f.told[n]
		switch {
		case h.Lost != nil:
			out = append(out, Loss{Record: n, Reason: h.Lost.Reason, Count: h.Lost.Count, From: h.Lost.From.UTC(), To: h.Lost.To.UTC()})
		case h.Note == nil:
		case h.Note.Name == "start":
			for _, edge := range slices.Sorted(maps.Keys(running)) {
				out = append(out, Loss{Record: n, Reason: EndedWithoutStop, To: h.Arrived.UTC(), Edge: edge})
			}
			clear(running)
			running[h.Edge] = true
		case h.Note.Name == "stop":
			delete(running, h.Edge)
		}
	}
	f.newestBefore(out)
	for _, edge := range slices.Sorted(maps.Keys(f.edges)) {
		out = append(out, f.edges[edge].missing(edge)...)
	}
	return out
}

// newestBefore sets the begin of losses at the end of a process to the time of
// the last record before the next start.
func (f *facts) newestBefore(losses []Loss) {
	at := make(map[uint64]int) // record of the start → loss
	for i, l := range losses {
		if l.Reason == EndedWithoutStop {
			at[l.Record] = i
		}
	}
	if len(at) == 0 {
		return
	}
	var last int64
	f.times(func(n uint64, when int64) {
		if i, ok := at[n]; ok && last != 0 {
			losses[i].From = time.Unix(0, last).UTC()
		}
		last = when
	})
}

// maxHoles bounds the holes that are named of one edge.
const maxHoles = 1000

// missing returns the holes in an edge's count.
func (c *counted) missing(edge string) []Loss {
	var out []Loss
	next := uint64(1)
	var before *group
	for _, key := range slices.Sorted(maps.Keys(c.groups)) {
		g := c.groups[key]
		for there := g.there; there != 0; there &= there - 1 {
			seq := key*64 + uint64(bits.TrailingZeros64(there))
			if seq > next && len(out) < maxHoles {
				l := Loss{Reason: MissingNumbers, Count: seq - next, Edge: edge, First: next, Last: seq - 1, From: time.Unix(0, g.begin).UTC(), To: time.Unix(0, g.end).UTC()}
				if before != nil {
					l.From = time.Unix(0, before.begin).UTC()
				}
				out = append(out, l)
			}
			next, before = seq+1, g
		}
	}
	return out
}

// Process returns the process that an edge belongs to: what stands before the
// name of its listener.
func (l *Loss) Process() string {
	p, _, _ := strings.Cut(l.Edge, "/")
	return p
}
