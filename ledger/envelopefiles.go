package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"

	"github.com/gatebook/gatebook/event"
)

// EnvelopeFile is a file of envelopes of sealed records.
type EnvelopeFile struct {
	Name    string // relative to the ledger
	Class   event.Class
	Day     string // of arrival of the records, UTC
	Segment uint64 // first record of the sealed segment
	End     uint64 // number after its last record; 0: there is no such sealed segment, as after a sealing that was interrupted
	Size    int64  // bytes
}

// EnvelopeFiles lists the envelope files there are now, by class, day and
// segment.
func (l *Ledger) EnvelopeFiles() ([]EnvelopeFile, error) {
	var files []EnvelopeFile
	for c := range event.Class(event.Classes) {
		dir := path.Join(EnvelopeDir, c.String())
		days, err := fs.ReadDir(l.fsys, dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", dir, err)
		}
		for _, day := range days {
			firsts, _, err := listSegments(l.fsys, path.Join(dir, day.Name()), envExt)
			if err != nil {
				return nil, err
			}
			for _, first := range firsts {
				f := EnvelopeFile{Name: EnvelopeName(c, day.Name(), first), Class: c, Day: day.Name(), Segment: first, End: l.endOf(first)}
				info, err := fs.Stat(l.fsys, f.Name)
				if errors.Is(err, fs.ErrNotExist) {
					continue // removed since it was listed
				}
				if err != nil {
					return nil, err
				}
				f.Size = info.Size()
				files = append(files, f)
			}
		}
	}
	return files, nil
}

// endOf returns the number after the last record of the sealed segment that
// begins with record first, or 0 if there is none.
func (l *Ledger) endOf(first uint64) uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	i := sort.Search(len(l.sealed), func(i int) bool { return l.sealed[i].first >= first })
	if i == len(l.sealed) || l.sealed[i].first != first {
		return 0
	}
	return l.sealed[i].end
}

// Envelopes calls yield for the envelopes of the file with the given name, in
// order, without comparing them with their commitments. It ends with the first
// error, also one of yield.
func (l *Ledger) Envelopes(name string, yield func(n uint64, env *event.Envelope) error) error {
	f, size, err := openAt(l.fsys, name)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := NewEnvelopeReader(f, size, name, l.keys)
	if err != nil {
		return err
	}
	for i := range r.Blocks() {
		envs, err := r.Block(i)
		if err != nil {
			return blockError(name, fmt.Sprintf("block %d", i), err)
		}
		for _, e := range envs {
			if err := yield(e.N, e.Envelope); err != nil {
				return err
			}
		}
	}
	return nil
}

// CountEnvelopes returns how many envelopes the blocks of a file say that they
// have, without reading them.
func (l *Ledger) CountEnvelopes(name string) (uint64, error) {
	f, size, err := openAt(l.fsys, name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	refs, _, err := readIndex(f, size)
	if err != nil {
		return 0, blockError(name, "", err)
	}
	var total uint64
	for _, ref := range refs {
		var head [blockHeader]byte
		if _, err := f.ReadAt(head[:], int64(ref.offset)); err != nil {
			return 0, fmt.Errorf("reading %s: %w", name, err)
		}
		total += uint64(binary.BigEndian.Uint32(head[12:]))
	}
	return total, nil
}

// Headers calls yield for the headers of the records from, from+1, … to-1,
// checked against the tree, without reading the envelopes. What
// is yielded is shared and must not be changed.
func (l *Ledger) Headers(from, to uint64, yield func(n uint64, header []byte) error) error {
	for n := from; n < to; {
		seg, _, _, err := l.find(n)
		if err != nil {
			return err
		}
		if seg == nil {
			return l.ReadRange(n, to, nil, func(n uint64, s *event.Sealed) error { return yield(n, s.Header) })
		}
		end := min(seg.end, to)
		if err := l.sealedHeaders(seg, n, end, yield); err != nil {
			return err
		}
		n = end
	}
	return nil
}

func (l *Ledger) sealedHeaders(seg *segment, from, to uint64, yield func(n uint64, header []byte) error) error {
	name := SealedName(seg.first)
	f, _, err := openAt(l.fsys, name)
	if err != nil {
		return err
	}
	defer f.Close()
	for n := from; n < to; {
		i := int((n - seg.first) / BlockRecords)
		headers, err := readEntries(f, l.dec, new(blockBuffer), nil, seg, i)
		if err != nil {
			return blockError(name, fmt.Sprintf("block %d", i), err)
		}
		first := seg.refs[i].first
		end := min(first+uint64(len(headers)), to)
		leaves, err := tileHashes{l.fsys}.read(0, n, int(end-n))
		if err != nil {
			return err
		}
		for k := n; k < end; k++ {
			if RecordHash(headers[k-first]) != leaves[k-n] {
				return &EvidenceError{TileName(0), fmt.Sprintf("record %d", k), "the record is not the one that the tree was made from"}
			}
			if err := yield(k, headers[k-first]); err != nil {
				return err
			}
		}
		n = end
	}
	return nil
}

// SealedSegment is a sealed segment.
type SealedSegment struct {
	First uint64 // number of its first record
	End   uint64 // number after its last
	Size  int64  // bytes of its headers on the disk
}

// SealedSegments lists the sealed segments, as of the last [Ledger.Refresh].
func (l *Ledger) SealedSegments() []SealedSegment {
	l.mu.RLock()
	defer l.mu.RUnlock()
	list := make([]SealedSegment, len(l.sealed))
	for i, s := range l.sealed {
		list[i] = SealedSegment{s.first, s.end, int64(s.limit) + 16*int64(len(s.refs)) + indexTail}
	}
	return list
}
