package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

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
	History    int             // cosigned checkpoints in the ledger's history
	Losses     []Loss          // what is known not to be in the record
	Clock      []ClockState    // when the ledger's clock had no source, and its steps
	Removals   []Removed       // decisions by which envelopes are missing, in order
	Problems   []Problem       // why the evidence does not hold
	Unreadable []Problem       // what the disk did not give
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
// now.
func segmentNames(fsys fs.FS) []string {
	var names []string
	for _, dir := range []string{SealedDir, JournalDir} {
		entries, err := fs.ReadDir(fsys, dir)
		if err != nil {
			names = append(names, dir)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
	}
	return names
}

func verifyOnce(fsys fs.FS, opts VerifyOptions) *Report {
	v := &verifier{fsys: fsys, opts: opts, report: new(Report), absent: make(map[absent]*numbers)}
	if v.opts.Parallel == nil {
		v.opts.Parallel = func(n int, do func(int)) {
			for i := range n {
				do(i)
			}
		}
	}
	if v.open() {
		defer v.openJournals()()
		v.sealed()
		v.journals()
		v.signatures()
		v.removals()
		v.tree()
		v.checkpoints()
		v.witnessed()
		v.clock()
		v.strangers()
		v.noteLocked()
	}
	v.sort()
	return v.report
}

type verifier struct {
	fsys   fs.FS
	opts   VerifyOptions
	key    note.Verifier
	ledger *Ledger

	facts     facts        // of the headers
	witnesses witnessFiles // as they were at first
	bounds    []bound      // of time, by cosignatures, ascending
	levels    [][]Hash     // of the tree, by tile level

	mu      sync.Mutex // guards what follows
	report  *Report
	done    uint64
	unknown [][2]uint64 // ranges of records of which a problem tells already
	absent  map[absent]*numbers
	short   []*lockedBlock

	checkpoint []byte   // as published; nil: none or not readable
	tiles      []int64  // sizes of the tile files, by level, before the records were read
	leaves     [][]Hash // of the sealed blocks, by block; nil: not readable
	open0      []Hash   // leaf hashes of the records in the journal that are not sealed
	covered    uint64   // records in sealed segments
	plausible  uint64   // more records than this the ledger cannot have, whatever names of files say
	edge       Tree     // of the records so far, while none is unknown
	lastBad    bool     // the last sealed segment is damaged or not readable
	orphans    []orphan
	journaled  []openJournal
	signed     []frameCheckpoint
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
	if evidence || errors.Is(err, errBlock) {
		v.report.Problems = append(v.report.Problems, p)
	} else {
		v.report.Unreadable = append(v.report.Unreadable, p)
	}
}

func (v *verifier) wrong(name, where, format string, args ...any) {
	v.problem(name, where, &EvidenceError{name, where, fmt.Sprintf(format, args...)})
}

// blind notes that the records [from, to) are not known.
func (v *verifier) blind(from, to uint64) {
	v.mu.Lock()
	v.unknown = append(v.unknown, [2]uint64{from, to})
	v.mu.Unlock()
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
	v.openWitnessed()
	v.readCheckpoint()
	v.plausible = v.report.Checkpoint.Size + 1<<24
	v.tiles = tileSizes(v.fsys)
	if len(v.tiles) > 0 {
		v.plausible = max(v.plausible, uint64(v.tiles[0])/uint64(len(Hash{}))+1<<24)
	}
	v.ledger = &Ledger{fsys: v.fsys, format: format, key: v.key, blocks: newCache[blockKey, any](1)}
	if v.ledger.dec, err = newDecoder(); err != nil {
		v.problem("", "", err)
		return false
	}
	return true
}

func (v *verifier) readCheckpoint() {
	b, err := fs.ReadFile(v.fsys, CheckpointFile)
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

// sealed checks all sealed segments, block by block, and their envelopes.
func (v *verifier) sealed() {
	firsts, strange, err := listSegments(v.fsys, SealedDir, sealedExt)
	v.problem(SealedDir, "", err)
	v.leftOver(strange)
	envelopes := v.envelopeFiles()
	segments := v.openSegments(firsts)
	v.leaves = make([][]Hash, v.covered/BlockRecords)
	v.opts.Parallel(len(segments), func(i int) { v.segment(segments[i], envelopes[segments[i].first]) })
	if len(v.unknown) == 0 {
		for _, block := range v.leaves {
			for _, leaf := range block {
				v.edge.Add(leaf, nil)
			}
		}
	}
	for first, names := range envelopes {
		if !slices.Contains(firsts, first) {
			v.orphans = append(v.orphans, orphan{first, names})
		}
	}
}

// openSegments opens the sealed segments, and says what records they cover,
// readable or not.
func (v *verifier) openSegments(firsts []uint64) []*segment {
	var segments []*segment
	var next uint64
	for i, first := range firsts {
		if first > v.plausible {
			v.wrong(SealedName(first), "", "the ledger has no record of this number")
			continue
		}
		if first > next {
			v.wrong(SealedName(next), "", "the segment is missing: the next one is %s", SealedName(first))
			v.unknown = append(v.unknown, [2]uint64{next, first})
		}
		seg, err := openSegment(v.fsys, SealedName(first), first)
		if err != nil {
			v.problem(SealedName(first), "", err)
			next = first + BlockRecords // at least
			if i+1 < len(firsts) && firsts[i+1] <= v.plausible {
				next = firsts[i+1]
			} else {
				v.lastBad = true
			}
			v.unknown = append(v.unknown, [2]uint64{first, next})
			continue
		}
		if first < next {
			v.wrong(SealedName(first), "", "it repeats records of the segment before it")
			continue
		}
		next = seg.end
		segments = append(segments, seg)
	}
	v.covered = next
	return segments
}

// orphan is a group of envelope files without a sealed segment.
type orphan struct {
	first uint64
	names []string
}

// orphaned judges envelope files without a sealed segment: they are what an
// interrupted sealing leaves if their records are still in the journal.
func (v *verifier) orphaned(journalFrom uint64) {
	for _, o := range v.orphans {
		if o.first == v.covered && journalFrom <= v.covered {
			v.report.Notes = append(v.report.Notes, fmt.Sprintf("%s and %d more: the sealing of a segment was interrupted; it is done again at the next start", o.names[0], len(o.names)-1))
			continue
		}
		v.wrong(SealedName(o.first), "", "the segment is missing: its envelopes are there")
		for _, name := range o.names {
			v.wrong(name, "", "its sealed segment is missing")
		}
	}
}

// segment checks one sealed segment.
func (v *verifier) segment(seg *segment, envelopes []string) {
	name := SealedName(seg.first)
	f, _, err := openAt(v.fsys, name)
	if err != nil {
		v.problem(name, "", err)
		return
	}
	defer f.Close()
	expect := make(map[string][]wanted)
	for i := range seg.refs {
		headers, err := readEntries(f, v.ledger, seg, i)
		if err != nil {
			v.problem(name, fmt.Sprintf("block %d", i), blockError(name, fmt.Sprintf("block %d", i), err))
			v.blind(seg.refs[i].first, seg.refs[i].first+BlockRecords)
			continue
		}
		v.facts.look(seg.refs[i].first, len(headers), func(k int) []byte { return headers[k] })
		leaves := make([]Hash, len(headers))
		for k, h := range headers {
			n := seg.refs[i].first + uint64(k)
			leaves[k] = RecordHash(h)
			commit := v.header(name, n, h)
			for c := range event.Class(event.Classes) {
				if hash := commit.Of(c); !hash.IsZero() && !v.opts.SkipEnvelopes {
					file := EnvelopeName(c, DayOf(h), seg.first)
					expect[file] = append(expect[file], wanted{n, hash})
				}
			}
		}
		v.leaves[seg.refs[i].first/BlockRecords] = leaves
		v.progress(uint64(len(headers)))
	}
	if !v.opts.SkipEnvelopes {
		v.explain(f, seg, v.envelopes(expect, envelopes))
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
		if _, err := event.DecodeHeader(h); err != nil {
			v.wrong(name, fmt.Sprintf("record %d", n), "%s", err)
		}
	}
	return commit
}

// wanted is an envelope that a header commits to.
type wanted struct {
	n    uint64
	hash event.Hash
}

// envelopes checks the envelope files of a sealed segment against what its
// headers commit to, and returns what is missing.
func (v *verifier) envelopes(expect map[string][]wanted, files []string) (gone []missed) {
	for name, want := range expect {
		if !slices.Contains(files, name) {
			gone = append(gone, allMissed(name, want)...)
		}
	}
	for _, name := range files {
		gone = append(gone, v.envelopeFile(name, expect[name])...)
	}
	return gone
}

// allMissed is what is missing with a whole file.
func allMissed(name string, want []wanted) []missed {
	class := classOf(name)
	gone := make([]missed, len(want))
	for i, w := range want {
		gone[i] = missed{n: w.n, class: class, whole: true}
	}
	return gone
}

// classOf returns the class of the envelopes in the file of the given name.
func classOf(name string) event.Class {
	class, _ := event.ParseClass(strings.Split(name, "/")[1])
	return class
}

func (v *verifier) envelopeFile(name string, want []wanted) (gone []missed) {
	f, size, err := openAt(v.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return allMissed(name, want) // removed since it was listed
	}
	if err != nil {
		v.problem(name, "", err)
		return nil
	}
	defer f.Close()
	envelopes, err := readEnvelopeIndex(f, size, v.ledger.dec, v.opts.Keys)
	if err != nil {
		v.problem(name, "", blockError(name, "", err))
		return nil
	}
	class, next := classOf(name), 0
	for i := range envelopes.Blocks() {
		where := fmt.Sprintf("block %d", i)
		raw, err := envelopes.raw(i)
		if err == nil && !raw.key.IsZero() && v.opts.Keys == nil {
			end := v.lockedBlock(name, where, envelopes, i, raw.count, want, next)
			if end-next > raw.count {
				gone = append(gone, someMissed(name, where, raw.count, want[next:end])...)
			}
			next = end
			continue
		}
		var envs []NumberedEnvelope
		if err == nil {
			envs, err = envelopes.parse(i, raw)
		}
		if err != nil {
			v.problem(name, where, blockError(name, where, err))
			return nil
		}
		for _, e := range envs {
			for next < len(want) && want[next].n < e.N {
				gone = append(gone, missed{n: want[next].n, class: class})
				next++
			}
			if next == len(want) || want[next].n != e.N {
				v.wrong(name, fmt.Sprintf("record %d", e.N), "there is a %s envelope that its header does not commit to", class)
				continue
			}
			if !e.Envelope.Check(class, want[next].hash) {
				v.wrong(name, fmt.Sprintf("record %d", e.N), "its %s envelope is not the one that was sealed", class)
			}
			next++
		}
		v.count(len(envs))
	}
	for ; next < len(want); next++ {
		gone = append(gone, missed{n: want[next].n, class: class})
	}
	return gone
}

// lockedBlock checks block i of an envelope file, which has count envelopes,
// without its key: that its first is one that a header commits to, and that
// there are no more than the headers commit to up to the first of the next
// block. It returns the place in want after them. If there are fewer, some of
// them are missing.
func (v *verifier) lockedBlock(name, where string, envelopes *EnvelopeReader, i, count int, want []wanted, next int) int {
	first, end, in := envelopes.refs[i].first, next, false
	for end < len(want) && (i+1 == len(envelopes.refs) || want[end].n < envelopes.refs[i+1].first) {
		in = in || want[end].n == first
		end++
	}
	if !in || end-next < count {
		v.wrong(name, where, "it has %d encrypted envelopes from record %d on, which is not what the headers commit to", count, first)
	}
	v.mu.Lock()
	v.report.Locked += uint64(count)
	v.mu.Unlock()
	return end
}

// noteLocked says what was not checked for want of keys.
func (v *verifier) noteLocked() {
	if n := v.report.Locked; n > 0 {
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("%d envelopes are encrypted and no keys were given: that they are there was checked, their content was not compared with the commitments in the headers", n))
	}
}

func (v *verifier) count(envelopes int) {
	v.mu.Lock()
	v.report.Envelopes += uint64(envelopes)
	v.mu.Unlock()
}

// envelopeFiles lists the envelope files by the first record of their segment.
func (v *verifier) envelopeFiles() map[uint64][]string {
	files := make(map[uint64][]string)
	classes, err := fs.ReadDir(v.fsys, EnvelopeDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.problem(EnvelopeDir, "", err)
	}
	for _, c := range classes {
		if _, err := event.ParseClass(c.Name()); err != nil {
			v.wrong(EnvelopeDir+"/"+c.Name(), "", "the file is no part of a ledger")
		}
	}
	for c := range event.Class(event.Classes) {
		dir := EnvelopeDir + "/" + c.String()
		days, err := fs.ReadDir(v.fsys, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			v.problem(dir, "", err)
		}
		for _, day := range days {
			firsts, strange, err := listSegments(v.fsys, dir+"/"+day.Name(), envExt)
			v.problem(dir+"/"+day.Name(), "", err)
			v.leftOver(strange)
			for _, first := range firsts {
				files[first] = append(files[first], EnvelopeName(c, day.Name(), first))
			}
		}
	}
	return files
}

// leftOver reports files that are no part of a ledger.
func (v *verifier) leftOver(names []string) {
	for _, name := range names {
		v.wrong(name, "", "the file is no part of a ledger")
	}
}

func (v *verifier) sort() {
	cmp := func(a, b Problem) int { return strings.Compare(a.File+"\x00"+a.Where, b.File+"\x00"+b.Where) }
	slices.SortStableFunc(v.report.Problems, cmp)
	slices.SortStableFunc(v.report.Unreadable, cmp)
}
