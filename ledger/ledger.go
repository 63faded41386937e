package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
)

// Ledger reads a ledger. It is safe for concurrent use, also while another
// process, or another part of this one, writes to the ledger: it sees what was
// there at the last [Ledger.Refresh].
type Ledger struct {
	fsys   fs.FS
	format Format
	key    note.Verifier
	dec    *zstd.Decoder
	keys   Keys // nil: what is encrypted cannot be read

	mu      sync.RWMutex // guards what follows
	sealed  []*segment
	journal []*journal
	size    uint64

	blocks *cache[blockKey, any]
}

// segment is a sealed segment and its index.
type segment struct {
	first, end uint64
	refs       []blockRef
	limit      uint64 // where the blocks end in the file
}

// journal is a journal segment, as far as it was scanned.
type journal struct {
	first  uint64
	end    uint64 // number after its last record
	offset int64  // where the next frame will be
	frames []frameRef
}

type frameRef struct {
	first  uint64
	count  uint32
	size   uint32
	offset int64
}

type blockKey struct {
	name   string
	offset uint64
	want   classSet
}

// Open opens the ledger in fsys, whose files must be readable at an offset, as
// those of [os.DirFS] and [testing/fstest.MapFS] are. Envelopes that are
// encrypted are not readable: see [OpenWithKeys].
func Open(fsys fs.FS) (*Ledger, error) { return OpenWithKeys(fsys, nil) }

// OpenWithKeys is [Open] with the data keys of the envelopes. An envelope whose
// key was destroyed is not there; one whose key cannot be had for another
// reason is an error.
func OpenWithKeys(fsys fs.FS, keys Keys) (*Ledger, error) {
	format, err := ReadFormat(fsys)
	if err != nil {
		return nil, err
	}
	key, err := note.NewVerifier(format.Key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", FormatFile, err)
	}
	dec, err := newDecoder()
	if err != nil {
		return nil, err
	}
	l := &Ledger{fsys: fsys, format: format, key: key, dec: dec, keys: keys, blocks: newCache[blockKey, any](96)}
	return l, l.Refresh()
}

func newDecoder() (*zstd.Decoder, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBlock))
	if err != nil {
		return nil, fmt.Errorf("starting the decompressor: %w", err)
	}
	return dec, nil
}

// Format returns whose ledger it says it is.
func (l *Ledger) Format() Format { return l.format }

// Size returns the number of records that can be read.
func (l *Ledger) Size() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.size
}

// Checkpoint returns the newest published checkpoint, and its signed text.
func (l *Ledger) Checkpoint() (Checkpoint, []byte, error) {
	b, err := fs.ReadFile(l.fsys, CheckpointFile)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("reading the checkpoint: %w", err)
	}
	c, err := ParseCheckpoint(b, l.key)
	if err != nil {
		return Checkpoint{}, nil, &EvidenceError{CheckpointFile, "", err.Error()}
	}
	return c, b, nil
}

// Witnessed returns the newest checkpoint that enough witnesses cosigned, and
// its signed text with the cosignatures. These are not checked: whose keys count
// is for the reader to say. If there is none the error is [fs.ErrNotExist].
func (l *Ledger) Witnessed() (Checkpoint, []byte, error) {
	b, err := fs.ReadFile(l.fsys, WitnessedFile)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("reading the cosigned checkpoint: %w", err)
	}
	c, err := ParseCheckpoint(b, l.key)
	if err != nil {
		return Checkpoint{}, nil, &EvidenceError{WitnessedFile, "", err.Error()}
	}
	return c, b, nil
}

// Refresh looks for what was written since.
func (l *Ledger) Refresh() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refresh()
}

// Forget drops what is kept in memory of the ledger's content, and looks at the
// files anew. After envelopes were removed from the files, none of them is
// handed out once Forget has returned.
func (l *Ledger) Forget() error {
	l.blocks.drop()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.journal = nil
	return l.refresh()
}

// refresh does the work of Refresh. The caller holds mu.
func (l *Ledger) refresh() error {
	if err := l.refreshSealed(); err != nil {
		return err
	}
	if err := l.refreshJournal(); err != nil {
		return err
	}
	l.size = 0
	if n := len(l.sealed); n > 0 {
		l.size = l.sealed[n-1].end
	}
	for _, j := range l.journal {
		if j.first <= l.size && j.end > l.size {
			l.size = j.end
		}
	}
	return nil
}

func (l *Ledger) refreshSealed() error {
	firsts, _, err := listSegments(l.fsys, SealedDir, sealedExt)
	if err != nil {
		return err
	}
	var next uint64
	for i, first := range firsts {
		if i < len(l.sealed) && l.sealed[i].first == first {
			next = l.sealed[i].end
			continue
		}
		if first != next {
			return &EvidenceError{SealedName(next), "", fmt.Sprintf("the segment is missing: the next one is %s", SealedName(first))}
		}
		seg, err := openSegment(l.fsys, SealedName(first), first)
		if err != nil {
			return err
		}
		l.sealed = append(l.sealed[:i:i], seg)
		next = seg.end
	}
	l.sealed = l.sealed[:len(firsts):len(firsts)]
	return nil
}

// openSegment reads the index of a sealed segment.
func openSegment(fsys fs.FS, name string, first uint64) (*segment, error) {
	f, size, err := openAt(fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	refs, end, err := readIndex(f, size)
	if err != nil {
		return nil, blockError(name, "", err)
	}
	for i, ref := range refs {
		if ref.first != first+uint64(i)*BlockRecords {
			return nil, &EvidenceError{name, fmt.Sprintf("block %d", i), fmt.Sprintf("it begins with record %d, want %d", ref.first, first+uint64(i)*BlockRecords)}
		}
	}
	return &segment{first, first + uint64(len(refs))*BlockRecords, refs, end}, nil
}

// inFile adds the file to an error of a frame's content.
func inFile(name string, err error) error {
	var e *EvidenceError
	if errors.As(err, &e) {
		return &EvidenceError{name, e.Where, e.Reason}
	}
	return fmt.Errorf("reading %s: %w", name, err)
}

// blockError makes an error of readIndex or readBlock one of evidence, unless
// it was the disk that failed.
func blockError(name, where string, err error) error {
	if errors.Is(err, errBlock) || errors.Is(err, io.EOF) {
		return &EvidenceError{name, where, err.Error()}
	}
	return fmt.Errorf("reading %s: %w", name, err)
}

type fileAt interface {
	fs.File
	io.ReaderAt
}

func openAt(fsys fs.FS, name string) (fileAt, int64, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, err
	}
	fa, ok := f.(fileAt)
	if !ok {
		f.Close()
		return nil, 0, fmt.Errorf("opening %s: its file system cannot read at an offset", name)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return fa, info.Size(), nil
}

func (l *Ledger) refreshJournal() error {
	firsts, _, err := listSegments(l.fsys, JournalDir, journalExt)
	if err != nil {
		return err
	}
	known := make(map[uint64]*journal, len(l.journal))
	for _, j := range l.journal {
		known[j.first] = j
	}
	l.journal = nil
	for _, first := range firsts {
		j := known[first]
		if j == nil {
			j = &journal{first: first, end: first}
		}
		err := l.scan(j)
		if errors.Is(err, fs.ErrNotExist) {
			continue // sealed and removed since it was listed
		}
		if err != nil {
			return err
		}
		l.journal = append(l.journal, j)
	}
	return nil
}

// scan follows the frames of j from where it was left. It reads the frames'
// headers only: their content is checked when it is read.
func (l *Ledger) scan(j *journal) error {
	name := JournalName(j.first)
	f, size, err := openAt(l.fsys, name)
	if err != nil {
		return err
	}
	defer f.Close()
	// A copy, so that readers of the old slice are not disturbed.
	next := &journal{j.first, j.end, j.offset, j.frames}
	for {
		var head [frameHeader]byte
		if n, err := f.ReadAt(head[:], next.offset); n < len(head) {
			if err == io.EOF {
				break
			}
			return fmt.Errorf("reading %s: %w", name, err)
		}
		frame, err := scanFrame(f, head[:], next.offset, size)
		if err != nil || frame.first != next.end {
			break
		}
		next.frames = append(next.frames, frame)
		next.end += uint64(frame.count)
		next.offset += int64(frame.size)
	}
	j.end, j.offset, j.frames = next.end, next.offset, next.frames
	return nil
}

// find returns where record n is: a sealed segment, or a journal's frame.
func (l *Ledger) find(n uint64) (*segment, *journal, frameRef, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if i := sort.Search(len(l.sealed), func(i int) bool { return l.sealed[i].end > n }); i < len(l.sealed) {
		return l.sealed[i], nil, frameRef{}, nil
	}
	for _, j := range l.journal {
		if n < j.first || n >= j.end {
			continue
		}
		i := sort.Search(len(j.frames), func(i int) bool { return j.frames[i].first+uint64(j.frames[i].count) > n })
		return nil, j, j.frames[i], nil
	}
	return nil, nil, frameRef{}, fmt.Errorf("record %d of %d: %w", n, l.size, ErrNotFound)
}

// Record returns record n with the envelopes that are there, checked against
// the tree and its commitments. What is returned is shared and must not be
// changed.
func (l *Ledger) Record(n uint64) (*event.Sealed, error) { return l.one(n, allClasses) }

// Read is [Ledger.Record] without the envelopes of other classes than the given
// ones: they may be missing whether they are there or not. It reads and unpacks
// less.
func (l *Ledger) Read(n uint64, classes ...event.Class) (*event.Sealed, error) {
	return l.one(n, setOf(classes))
}

func (l *Ledger) one(n uint64, want classSet) (*event.Sealed, error) {
	var found *event.Sealed
	err := l.each(n, n+1, want, func(_ uint64, s *event.Sealed) error {
		found = s
		return nil
	})
	return found, err
}

// Range calls yield for the records from, from+1, … to-1, as [Ledger.Record]
// returns them. It ends with the first error, also one of yield.
func (l *Ledger) Range(from, to uint64, yield func(n uint64, s *event.Sealed) error) error {
	return l.each(from, to, allClasses, yield)
}

// ReadRange is [Ledger.Range] for records as [Ledger.Read] returns them.
func (l *Ledger) ReadRange(from, to uint64, classes []event.Class, yield func(n uint64, s *event.Sealed) error) error {
	return l.each(from, to, setOf(classes), yield)
}

func (l *Ledger) each(from, to uint64, want classSet, yield func(n uint64, s *event.Sealed) error) error {
	for n := from; n < to; {
		records, first, err := l.chunk(n, want)
		if err != nil {
			return err
		}
		end := min(first+uint64(len(records)), to)
		leaves, err := tileHashes{l.fsys}.read(0, n, int(end-n))
		if err != nil {
			return err
		}
		for i := n; i < end; i++ {
			s := records[i-first]
			if want != allClasses {
				s = want.only(s) // what is not asked for is not checked
			}
			if err := l.check(i, leaves[i-n], s); err != nil {
				return err
			}
			if err := yield(i, s); err != nil {
				return err
			}
		}
		n = end
	}
	return nil
}

// check compares a record with its leaf, and its envelopes with the
// commitments in its header.
func (l *Ledger) check(n uint64, leaf Hash, s *event.Sealed) error {
	if RecordHash(s.Header) != leaf {
		return &EvidenceError{TileName(0), fmt.Sprintf("record %d", n), "the record is not the one that the tree was made from"}
	}
	commit, err := commitOf(s.Header)
	if err != nil {
		return &EvidenceError{TileName(0), fmt.Sprintf("record %d", n), err.Error()}
	}
	for c := range event.Class(event.Classes) {
		if env := s.Envelopes[c]; env != nil && !env.Check(c, commit.Of(c)) {
			return &EvidenceError{EnvelopeDir, fmt.Sprintf("record %d", n), fmt.Sprintf("its %s envelope is not the one that was sealed", c)}
		}
	}
	return nil
}
