package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
)

// VerifyOptions say how to verify. The zero value checks everything, one thing
// after the other, with the key that the ledger itself names.
type VerifyOptions struct {
	// Key is the public key that the ledger must be signed with, as C2SP
	// signed-note writes it. Empty: the one in the ledger's format file, so
	// that a ledger made anew with another key is not noticed.
	Key string
	// Since are older signed checkpoints that the ledger must continue.
	Since [][]byte
	// Keys gives the data keys of encrypted envelopes. Nil: of those it is only
	// checked that they are there.
	Keys Keys
	// Witnesses are the keys of the witnesses whose cosignatures count. None:
	// the report says that nothing outside vouches for the ledger.
	Witnesses []*WitnessKey
	// Quorum is how many of the witnesses must have cosigned a checkpoint of
	// these records. 0: all of them.
	Quorum int
	// Tolerance is how far the times of records may be from those of
	// cosignatures and of their neighbours. 0: [DefaultTolerance].
	Tolerance time.Duration
	// SkipEnvelopes leaves the envelopes unread.
	SkipEnvelopes bool
	// Decode decodes each header strictly, on top of comparing its hash.
	Decode bool
	// Parallel calls do(0), …, do(n-1), perhaps at the same time, and returns
	// when all have returned. Nil: one after the other.
	Parallel func(n int, do func(i int))
	// Progress, if not nil, is told how many of the records are checked. Its
	// calls do not overlap.
	Progress func(done, total uint64)
}

// Report is what a verification found.
type Report struct {
	Format     Format
	Checkpoint Checkpoint // zero if it could not be read
	Size       uint64     // records that are there
	Envelopes  uint64     // envelopes that were compared with their commitments
	Locked     uint64     // envelopes that were not, since they are encrypted and no keys were given
	Since      []Checkpoint
	Witnessed  []WitnessReport // one for each witness that was named
	Vouched    Vouched         // size 0: what was wanted of witnesses is not there
	Stamped    Stamped         // time-stamps of RFC 3161, of which the signature was not checked
	History    int             // cosigned checkpoints in the ledger's history
	Losses     []Loss          // what is known not to be in the record
	Clock      []ClockState    // when the ledger's clock had no source, and its steps
	Removals   []Removed       // decisions by which envelopes are missing, in order
	Problems   []Problem       // why the evidence does not hold
	Unreadable []Problem       // what the disk did not give, and with Decode what a newer Gatebook wrote
	Notes      []string        // what is worth knowing, and is not wrong
}

// Problem is one thing that is wrong.
type Problem struct{ File, Where, What string }

// String returns "file: where: what".
func (p Problem) String() string {
	return (&EvidenceError{p.File, p.Where, p.What}).Error()
}

// OK reports whether all could be read, and all holds.
func (r *Report) OK() bool { return len(r.Problems) == 0 && len(r.Unreadable) == 0 }

// Verify checks a whole ledger: that the checkpoint is signed, that each
// record, envelope, tile hash and frame is what the checkpoint says, and that
// nothing is missing or left over. Problems do not end it: it reports as many
// as it finds. A server may go on writing to the ledger: what it finds wrong
// while segments come and go under it, it looks at again.
func Verify(fsys fs.FS, opts VerifyOptions) *Report {
	for try := 1; ; try++ {
		before := segmentNames(fsys)
		report := verifyOnce(fsys, opts)
		if report.OK() || try == 3 || slices.Equal(before, segmentNames(fsys)) {
			return report
		}
	}
}

// segmentNames returns the names of the sealed and journal segments there are
// now, and of the finished journal segments when they were written: an erasure
// writes them anew.
func segmentNames(fsys fs.FS) []string {
	var names []string
	for _, dir := range []string{SealedDir, JournalDir} {
		entries, err := fs.ReadDir(fsys, dir)
		if err != nil {
			names = append(names, dir)
		}
		for i, e := range entries {
			names = append(names, e.Name())
			if dir == JournalDir && i+1 < len(entries) {
				if info, err := e.Info(); err == nil {
					names = append(names, info.ModTime().String())
				}
			}
		}
	}
	return names
}

func verifyOnce(fsys fs.FS, opts VerifyOptions) *Report {
	v := &verifier{fsys: regularFS{fsys}, opts: opts, report: new(Report), filed: make(map[filing]int), absent: make(map[absent]*numbers)}
	v.buffers.New = func() any { return newBuffers() }
	if v.opts.Parallel == nil {
		v.opts.Parallel = func(n int, do func(int)) {
			for i := range n {
				do(i)
			}
		}
	}
	if v.open() {
		defer v.closeAll()
		v.openJournals()
		v.openSealed()
		v.expectCheckpoints()
		v.expectWitnessed()
		v.expectStamped()
		v.overlapping()
		v.sortRoots()
		v.sealed()
		v.journals()
		v.sortRoots()
		v.removals()
		v.tree()
		v.checkpoints()
		v.witnessed()
		v.stamped()
		v.clock()
		v.strangers()
		v.noteLocked()
	}
	v.finish()
	return v.report
}

// verifier is one verification. What the records are checked against is known
// before the first is read: which segments there are, and the roots that the
// tree must have at which sizes. Each block of [BlockRecords] records is then
// read once, and all that is kept of it is its root.
type verifier struct {
	fsys      fs.FS
	opts      VerifyOptions
	key       note.Verifier
	dec       *zstd.Decoder
	buffers   sync.Pool // of *buffers
	closers   []io.Closer
	plausible uint64 // more records than this the ledger cannot have, whatever names of files say

	checkpoint []byte // as published; nil: none or not readable
	tiles      []*tileFile
	journaled  []openJournal
	segments   []*segment
	envelopes  map[uint64][]string // names of envelope files, by the first record of their segment
	covered    uint64              // records in sealed segments
	lastBad    bool                // the last sealed segment is damaged or not readable
	roots      []expectedRoot      // by size, while records are read
	witnesses  witnessFiles        // as they were at first
	cosigned   []source            // all cosigned checkpoints
	stamps     []*source           // all time-stamped checkpoints
	bounds     []bound             // of time, by cosignatures, ascending
	facts      facts               // of the headers
	overlap    []span              // leaves of the records in the journal that are sealed too
	tail       []span              // leaves of the records in the journal that are not sealed

	mu     sync.Mutex // guards what follows
	report *Report
	filed  map[filing]int // how many problems of each kind and file there are
	done   uint64
	blocks []span // roots of the blocks that are known, by number of block
	absent map[absent]*numbers
	short  []*lockedBlock

	destroyed map[string]error // by file: why envelopes of it can be read by nobody
}

// filing says where a problem belongs in the report.
type filing struct {
	file     string
	evidence bool // of the evidence, not of the disk
}

// problem files an error under what it is.
func (v *verifier) problem(name, where string, err error) {
	if err == nil {
		return
	}
	p := Problem{name, where, err.Error()}
	var e *EvidenceError
	evidence := errors.As(err, &e)
	if evidence {
		p = Problem{e.File, e.Where, e.Reason}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	in := filing{p.File, evidence || errors.Is(err, errBlock)}
	if v.filed[in]++; v.filed[in] <= maxProblems {
		v.file(in, p)
	}
}

func (v *verifier) file(in filing, p Problem) {
	if in.evidence {
		v.report.Problems = append(v.report.Problems, p)
	} else {
		v.report.Unreadable = append(v.report.Unreadable, p)
	}
}

func (v *verifier) wrong(name, where, format string, args ...any) {
	v.problem(name, where, &EvidenceError{name, where, fmt.Sprintf(format, args...)})
}

func (v *verifier) progress(records uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.done += records
	if v.opts.Progress != nil {
		v.opts.Progress(v.done, max(v.report.Checkpoint.Size, v.done))
	}
}

// open reads whose ledger it is, its checkpoint, and what segments there are.
func (v *verifier) open() bool {
	format, err := ReadFormat(v.fsys)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			v.wrong(FormatFile, "", "it is missing: this is not a ledger, or not a whole one")
		} else {
			v.problem(FormatFile, "", err)
		}
		return false
	}
	v.report.Format = format
	vkey := v.opts.Key
	if vkey == "" {
		vkey = format.Key
		v.report.Notes = append(v.report.Notes, "the public key was taken from the ledger itself; give the key that you got another way to notice a ledger that was made anew")
	} else if vkey != format.Key {
		v.wrong(FormatFile, "", "the ledger names the key %s, not the one given", format.Key)
	}
	if v.key, err = note.NewVerifier(vkey); err != nil {
		v.wrong(FormatFile, "", "the key %q is not a public key of signed-note", vkey)
		return false
	}
	if v.dec, err = newDecoder(); err != nil {
		v.problem("", "", err)
		return false
	}
	v.openWitnessed()
	v.openStamped()
	v.readCheckpoint()
	v.openTiles()
	v.plausible = max(v.report.Checkpoint.Size, v.tile(0).hashes()) + 1<<24
	return true
}

func (v *verifier) readCheckpoint() {
	b, err := readSmall(v.fsys, CheckpointFile)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		v.problem(CheckpointFile, "", err)
		return
	}
	v.checkpoint = b
	if v.report.Checkpoint, err = ParseCheckpoint(b, v.key); err != nil {
		v.wrong(CheckpointFile, "", "%s", err)
	}
}

// header checks what a header says of itself, and returns its commitments.
func (v *verifier) header(name string, n uint64, h []byte) event.Commit {
	commit, err := commitOf(h)
	if err != nil {
		v.wrong(name, fmt.Sprintf("record %d", n), "%s", err)
	}
	v.decision(name, n, h)
	if v.opts.Decode {
		switch _, err := event.DecodeHeader(h); {
		case errors.Is(err, event.ErrVersion): // no damage: we are too old to tell
			v.problem(name, fmt.Sprintf("record %d", n), err)
		case err != nil:
			v.wrong(name, fmt.Sprintf("record %d", n), "%s", err)
		}
	}
	return commit
}

func (v *verifier) note(format string, args ...any) {
	v.mu.Lock()
	v.report.Notes = append(v.report.Notes, fmt.Sprintf(format, args...))
	v.mu.Unlock()
}

// envelope compares an envelope with the commitment in the header of its
// record. The zero commitment is that of no envelope.
func (v *verifier) envelope(name string, class event.Class, n uint64, env *event.Envelope, commit event.Hash) {
	switch {
	case commit.IsZero():
		v.wrong(name, fmt.Sprintf("record %d", n), "there is a %s envelope that its header does not commit to", class)
	case !env.Check(class, commit):
		v.wrong(name, fmt.Sprintf("record %d", n), "its %s envelope is not the one that was sealed", class)
	}
}

// count adds to the envelopes that were compared with their commitments, and
// to those that were not since they are encrypted and no keys were given.
func (v *verifier) count(compared, locked int) {
	v.mu.Lock()
	v.report.Envelopes += uint64(compared)
	v.report.Locked += uint64(locked)
	v.mu.Unlock()
}

// noteLocked says what was not checked for want of keys.
func (v *verifier) noteLocked() {
	if n := v.report.Locked; n > 0 {
		v.note("%d envelopes are encrypted and no keys were given: that they are there was checked, their content was not compared with the commitments in the headers", n)
	}
}

// leftOver reports files that are no part of a ledger.
func (v *verifier) leftOver(names []string) {
	for _, name := range names {
		v.wrong(name, "", "the file is no part of a ledger")
	}
}

func (v *verifier) closeAll() {
	for _, c := range v.closers {
		c.Close()
	}
}

// maxProblems is how many problems of one file are reported one by one.
const maxProblems = 100

// finish puts the problems in order.
func (v *verifier) finish() {
	for in, n := range v.filed {
		if n > maxProblems {
			v.file(in, Problem{in.file, "", fmt.Sprintf("there are %d more problems in it", n-maxProblems)})
		}
	}
	cmp := func(a, b Problem) int { return strings.Compare(a.File+"\x00"+a.Where, b.File+"\x00"+b.Where) }
	slices.SortStableFunc(v.report.Problems, cmp)
	slices.SortStableFunc(v.report.Unreadable, cmp)
}
