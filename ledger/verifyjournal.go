package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"

	"github.com/gatebook/gatebook/event"
)

// openJournal is a journal segment that is held open.
type openJournal struct {
	first uint64
	file  fileAt
	size  int64
	scan  *Frames // nil until it is read
	err   error   // why it could not be opened
}

// openJournals opens all journal segments, before it is known what is sealed:
// records that a server seals meanwhile are then in one or the other.
func (v *verifier) openJournals() {
	firsts, strange, err := listSegments(v.fsys, JournalDir, journalExt)
	v.problem(JournalDir, "", err)
	v.leftOver(strange)
	for _, first := range firsts {
		f, size, err := openAt(v.fsys, JournalName(first))
		v.journaled = append(v.journaled, openJournal{first: first, file: f, size: size, err: err})
		if err == nil {
			v.closers = append(v.closers, f)
		}
	}
}

// overlapping checks those frames of the journal whose records are sealed too,
// so that their leaves can be compared with the sealed ones. It is silent
// about what it cannot read, which journals meets again.
func (v *verifier) overlapping() {
	for i := range v.journaled {
		if j := &v.journaled[i]; j.err == nil && j.first <= v.plausible {
			j.scan = NewFrames(j.file, j.size, j.first)
			v.frames(j, v.covered, nil)
		}
	}
}

// journals checks the frames of all journal segments, but for those that
// overlapping checked already.
func (v *verifier) journals() {
	next := v.covered
	for i := range v.journaled {
		j := &v.journaled[i]
		if j.first > v.plausible {
			v.wrong(JournalName(j.first), "", "the ledger has no record of this number")
			continue
		}
		if i > 0 && j.first < next && next > v.covered {
			v.wrong(JournalName(j.first), "", "it repeats records of the segment before it")
			continue
		}
		if j.first > next && (!v.lastBad || i > 0) {
			v.wrong(JournalName(next), "", "the records from %d to %d are missing: the next segment is %s", next, j.first-1, JournalName(j.first))
		}
		end := v.journal(j, i == len(v.journaled)-1)
		if i+1 < len(v.journaled) {
			if after := v.journaled[i+1].first; end < after && after > v.covered && after <= v.plausible {
				v.wrong(JournalName(j.first), "", "it ends with record %d, but the next segment begins with record %d", end, after)
			}
		}
		next = max(next, end, j.first)
	}
}

// journal checks one journal segment to its end, and returns the number after
// its last record.
func (v *verifier) journal(j *openJournal, last bool) uint64 {
	if j.err != nil {
		v.problem(JournalName(j.first), "", j.err)
		return j.first
	}
	// As long as it is now: a decision by which a sealed envelope was found
	// missing is in it, or in a segment that came after it.
	if info, err := j.file.Stat(); err == nil {
		j.scan.size = info.Size()
	}
	v.frames(j, math.MaxUint64, func(where string, err error, tail bool) {
		v.badFrame(JournalName(j.first), where, err, last && tail, j.scan.next)
	})
	return j.scan.next
}

// Frames are checked in groups, many at the same time.
const (
	groupFrames = 256
	groupBytes  = 8 << 20
)

// frames checks the frames of a journal segment from where it was left, up to
// the one that ends with record to or later. bad, if not nil, is told what the
// frame that ends it is not.
func (v *verifier) frames(j *openJournal, to uint64, bad func(where string, err error, tail bool)) {
	name := JournalName(j.first)
	group := make([]frameCheck, 0, groupFrames)
	for more := true; more; {
		group = group[:0]
		for size := 0; len(group) < groupFrames && size < groupBytes; {
			if more = j.scan.next < to; !more {
				break
			}
			group = group[:len(group)+1]
			g := &group[len(group)-1]
			if more = j.nextFrame(g, bad); !more {
				group = group[:len(group)-1]
				break
			}
			size += g.frame.Size
		}
		v.opts.Parallel(len(group), func(i int) { v.frame(name, &group[i]) })
		for i := range group {
			v.keep(name, &group[i])
		}
	}
}

// nextFrame reads the next frame into g. It reports false, and says why, if
// there is none.
func (j *openJournal) nextFrame(g *frameCheck, bad func(where string, err error, tail bool)) bool {
	scan := j.scan
	scan.buf, g.buf = g.buf, nil // each frame of a group has a buffer of its own
	g.offset = scan.Offset()
	frame, err := scan.Next()
	if err != nil && bad == nil {
		return false
	}
	tail := err != nil && err != io.EOF && scan.Tail()
	if err != nil && err != io.EOF && !tail {
		// A server that goes on writing may have completed this frame
		// since, and others after it.
		frame, err = scan.Next()
	}
	if err != nil {
		if err != io.EOF {
			bad(g.where(), err, tail)
		}
		return false
	}
	g.frame, g.buf = frame, scan.buf
	return true
}

// badFrame tells a write that was interrupted from a change: damage after the
// last complete frame, which no checkpoint covers, is what a crash leaves, but
// a whole frame of other records is not.
func (v *verifier) badFrame(name, where string, err error, tail bool, end uint64) {
	var pathError *fs.PathError
	switch {
	case errors.As(err, &pathError):
		v.problem(name, where, err)
	case tail && end >= v.report.Checkpoint.Size && !errors.Is(err, errOrder):
		v.note("%s: %s: %s; no published checkpoint covers it, so it is taken for a write that was interrupted, which is cut at the next start", name, where, err)
	default:
		v.wrong(name, where, "%s", err)
	}
}

// frameCheck is a frame that is being checked.
type frameCheck struct {
	frame  *Frame
	offset int64
	buf    []byte // what the frame is read into
	leaves []Hash
	gone   []missed // envelopes that are not there
}

func (g *frameCheck) where() string { return fmt.Sprintf("frame at byte %d", g.offset) }

// frame checks the content of one frame by itself, and makes its leaves.
func (v *verifier) frame(name string, g *frameCheck) {
	f := g.frame
	cp, err := ParseCheckpoint(f.Checkpoint, v.key)
	switch {
	case err != nil:
		v.wrong(name, g.where(), "its checkpoint: %s", err)
	case cp.Size != f.First+uint64(len(f.Records)) || cp.Root != f.Root:
		v.wrong(name, g.where(), "its checkpoint is not that of its records")
	}
	locked, destroyed := v.unlock(name, g.where(), f)
	g.leaves, g.gone = g.leaves[:0], g.gone[:0]
	v.facts.look(f.First, len(f.Records), func(i int) []byte { return f.Records[i].Header })
	envelopes := 0
	for i := range f.Records {
		rec, n := &f.Records[i], f.First+uint64(i)
		g.leaves = append(g.leaves, RecordHash(rec.Header))
		commit := v.header(name, n, rec.Header)
		for c := range event.Class(event.Classes) {
			env, want := rec.Envelopes[c], commitHash(&commit, c)
			switch {
			case env != nil:
				v.envelope(name, c, n, env, *want)
				envelopes++
			case f.Has(i, c):
				if destroyed && n >= v.covered {
					g.gone = append(g.gone, missed{n: n, class: c})
				}
				if want.IsZero() {
					v.wrong(name, fmt.Sprintf("record %d", n), "there is a %s envelope that its header does not commit to", c)
				}
			case !want.IsZero() && n >= v.covered:
				g.gone = append(g.gone, missed{n: n, class: c})
			}
		}
	}
	v.count(envelopes, locked)
	v.progress(uint64(len(f.Records)))
}

// unlock decrypts the envelopes of a frame. Those that it cannot decrypt stay
// locked, which is reported unless no keys were given; it returns how many
// that are then, and whether their key was destroyed.
func (v *verifier) unlock(name, where string, f *Frame) (locked int, destroyed bool) {
	if !f.Locked() || v.opts.SkipEnvelopes {
		return 0, false
	}
	err := f.Unlock(v.opts.Keys)
	var evidence *EvidenceError
	switch {
	case err == nil:
	case errors.Is(err, ErrNoKey) && v.opts.Keys == nil:
		for i := range f.Records {
			for c := range event.Class(event.Classes) {
				if f.Has(i, c) {
					locked++
				}
			}
		}
	case errors.Is(err, ErrKeyDestroyed):
		v.keyDestroyed(name, err)
		return 0, true
	case errors.As(err, &evidence):
		v.wrong(name, evidence.Where, "%s", evidence.Reason)
	default:
		v.problem(name, where, err)
	}
	return locked, false
}

// keep notes what is missing from a frame, and keeps its leaves for the
// comparison with the sealed segments and for the tree, whose root at the end
// of the frame must be the frame's. It is called for one frame after the other.
func (v *verifier) keep(name string, g *frameCheck) {
	leaves, first := g.leaves, g.frame.First
	for _, m := range g.gone {
		v.missing(name, m.class, m.n, g.frame.Records[m.n-first].Header)
	}
	if sealed := min(uint64(len(leaves)), v.covered-min(v.covered, first)); sealed > 0 {
		v.overlap = appendLeaves(v.overlap, name, first, leaves[:sealed])
		leaves, first = leaves[sealed:], first+sealed
	}
	if len(leaves) > 0 {
		v.tail = appendLeaves(v.tail, name, first, leaves)
	}
	root, where := g.frame.Root, g.offset
	v.expectRoot(g.frame.First+uint64(len(g.leaves)), func(have Hash, known bool) {
		if known && have != root {
			v.wrong(name, fmt.Sprintf("frame at byte %d", where), "its root is not that of the records")
		}
	})
}

// appendLeaves appends leaves to the last span, if they follow it and are from
// the same file, or as a new one.
func appendLeaves(spans []span, name string, first uint64, leaves []Hash) []span {
	if k := len(spans); k == 0 || spans[k-1].name != name || spans[k-1].end() != first {
		spans = append(spans, span{first: first, name: name})
	}
	last := &spans[len(spans)-1]
	last.hashes = append(last.hashes, leaves...)
	return spans
}

// compareOverlap compares the leaves of a sealed block with those of the same
// records in the journal.
func (v *verifier) compareOverlap(first uint64, leaves []Hash) {
	for i := range v.overlap {
		s := &v.overlap[i]
		from, to := max(first, s.first), min(first+uint64(len(leaves)), s.end())
		for n := from; n < to; n++ {
			if leaves[n-first] != s.hashes[n-s.first] {
				v.wrong(s.name, fmt.Sprintf("record %d", n), "it is not the one in the sealed segment")
			}
		}
	}
}
