package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/gatebook/gatebook/event"
)

// openJournal is a journal segment that is held open.
type openJournal struct {
	first uint64
	file  fileAt
	size  int64
	err   error // why it could not be opened
}

// openJournals opens all journal segments, before it is known what is sealed:
// records that a server seals meanwhile are then in one or the other. It
// returns what closes them.
func (v *verifier) openJournals() (end func()) {
	firsts, strange, err := listSegments(v.fsys, JournalDir, journalExt)
	v.problem(JournalDir, "", err)
	v.leftOver(strange)
	for _, first := range firsts {
		f, size, err := openAt(v.fsys, JournalName(first))
		v.journaled = append(v.journaled, openJournal{first, f, size, err})
	}
	return func() {
		for _, j := range v.journaled {
			if j.err == nil {
				j.file.Close()
			}
		}
	}
}

// journals checks the frames of all journal segments.
func (v *verifier) journals() {
	var firsts []uint64
	for _, j := range v.journaled {
		firsts = append(firsts, j.first)
	}
	next := v.covered
	if len(firsts) > 0 {
		v.orphaned(firsts[0])
	} else {
		v.orphaned(next + 1)
	}
	for i, first := range firsts {
		if first > v.plausible {
			v.wrong(JournalName(first), "", "the ledger has no record of this number")
			continue
		}
		if i > 0 && first < next && next > v.covered {
			v.wrong(JournalName(first), "", "it repeats records of the segment before it")
			continue
		}
		if first > next {
			if !v.lastBad || i > 0 {
				v.wrong(JournalName(next), "", "the records from %d to %d are missing: the next segment is %s", next, first-1, JournalName(first))
			}
			v.blind(next, first)
			v.open0 = append(v.open0, make([]Hash, first-next)...)
		}
		end := v.journal(&v.journaled[i], i == len(firsts)-1)
		if i+1 < len(firsts) && end < firsts[i+1] && firsts[i+1] > v.covered && firsts[i+1] <= v.plausible {
			v.wrong(JournalName(first), "", "it ends with record %d, but the next segment begins with record %d", end, firsts[i+1])
		}
		next = max(next, end, first)
	}
}

// journal checks one journal segment, and returns the number after its last
// record.
func (v *verifier) journal(j *openJournal, last bool) uint64 {
	name := JournalName(j.first)
	if j.err != nil {
		v.problem(name, "", j.err)
		return j.first
	}
	// As long as it is now: a decision by which a sealed envelope was found
	// missing is in it, or in a segment that came after it.
	if info, err := j.file.Stat(); err == nil {
		j.size = info.Size()
	}
	scan, end := NewFrames(j.file, j.size, j.first), j.first
	for {
		frame, err := scan.Next()
		tail := err != nil && err != io.EOF && scan.Tail()
		if err != nil && err != io.EOF && !tail {
			// A server that goes on writing may have completed this frame
			// since, and others after it.
			frame, err = scan.Next()
		}
		if err == io.EOF {
			return end
		}
		where := fmt.Sprintf("frame at byte %d", scan.Offset())
		if err != nil {
			v.badFrame(name, where, err, last && tail, end)
			return end
		}
		v.frame(name, where, frame)
		end = frame.First + uint64(len(frame.Records))
	}
}

// badFrame tells a write that was interrupted from a change: damage after the
// last complete frame, which no checkpoint covers, is what a crash leaves.
func (v *verifier) badFrame(name, where string, err error, tail bool, end uint64) {
	var pathError *fs.PathError
	switch {
	case errors.As(err, &pathError):
		v.problem(name, where, err)
	case tail && end >= v.report.Checkpoint.Size:
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("%s: %s: %s; no published checkpoint covers it, so it is taken for a write that was interrupted, which is cut at the next start", name, where, err))
	default:
		v.wrong(name, where, "%s", err)
	}
}

// frameCheckpoint is the signed checkpoint of a frame, and what it must say.
// Signatures are checked at the end, many at a time.
type frameCheckpoint struct {
	name, where string
	note        []byte
	size        uint64
	root        Hash
}

// signatures checks the checkpoints of all frames.
func (v *verifier) signatures() {
	v.opts.Parallel(len(v.signed), func(i int) {
		s := &v.signed[i]
		cp, err := ParseCheckpoint(s.note, v.key)
		switch {
		case err != nil:
			v.wrong(s.name, s.where, "its checkpoint: %s", err)
		case cp.Size != s.size || cp.Root != s.root:
			v.wrong(s.name, s.where, "its checkpoint is not that of its records")
		}
	})
}

// frame checks the content of one frame.
func (v *verifier) frame(name, where string, f *Frame) {
	end := f.First + uint64(len(f.Records))
	v.signed = append(v.signed, frameCheckpoint{name, where, bytes.Clone(f.Checkpoint), end, f.Root})
	v.unlock(name, where, f)
	v.facts.look(f.First, len(f.Records), func(i int) []byte { return f.Records[i].Header })
	var envelopes int
	for i := range f.Records {
		rec, n := &f.Records[i], f.First+uint64(i)
		leaf := RecordHash(rec.Header)
		if n >= v.covered {
			v.open0 = append(v.open0, leaf)
			v.edge.Add(leaf, nil)
		} else if block := v.leaves[n/BlockRecords]; block != nil && block[n%BlockRecords] != leaf {
			v.wrong(name, fmt.Sprintf("record %d", n), "it is not the one in the sealed segment")
		}
		commit := v.header(name, n, rec.Header)
		for c := range event.Class(event.Classes) {
			env, want := rec.Envelopes[c], commit.Of(c)
			switch {
			case env == nil && f.Has(i, c):
				if want.IsZero() {
					v.wrong(name, fmt.Sprintf("record %d", n), "there is a %s envelope that its header does not commit to", c)
				}
			case env == nil && !want.IsZero() && n >= v.covered:
				v.missing(name, c, n, rec.Header)
			case env != nil && !env.Check(c, want):
				v.wrong(name, fmt.Sprintf("record %d", n), "its %s envelope is not the one that was sealed", c)
			case env != nil:
				envelopes++
			}
		}
	}
	if len(v.unknown) == 0 && v.edge.Size() == end && v.edge.Root() != f.Root {
		v.wrong(name, where, "its root is not that of the records")
	}
	v.count(envelopes)
	v.progress(uint64(len(f.Records)))
}

// unlock decrypts the envelopes of a frame. Those that it cannot decrypt stay
// locked, and are counted or reported.
func (v *verifier) unlock(name, where string, f *Frame) {
	if !f.Locked() || v.opts.SkipEnvelopes {
		return
	}
	err := f.Unlock(v.opts.Keys)
	var evidence *EvidenceError
	switch {
	case err == nil:
	case errors.Is(err, ErrNoKey) && v.opts.Keys == nil:
		v.mu.Lock()
		for i := range f.Records {
			for c := range event.Class(event.Classes) {
				if f.Has(i, c) {
					v.report.Locked++
				}
			}
		}
		v.mu.Unlock()
	case errors.As(err, &evidence):
		v.wrong(name, evidence.Where, "%s", evidence.Reason)
	default:
		v.problem(name, where, err)
	}
}
