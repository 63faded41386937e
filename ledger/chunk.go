package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/gatebook/gatebook/event"
)

// scanFrame checks that a frame with the given header is complete in f, as far
// as its two ends tell.
func scanFrame(f io.ReaderAt, head []byte, offset, size int64) (frameRef, error) {
	n, err := frameSize(head)
	if err != nil || offset+int64(n) > size {
		return frameRef{}, errTorn
	}
	var end [len(frameEnd)]byte
	if _, err := f.ReadAt(end[:], offset+int64(n)-int64(len(end))); err != nil || string(end[:]) != frameEnd {
		return frameRef{}, errTorn
	}
	return frameRef{binary.BigEndian.Uint64(head[12:]), binary.BigEndian.Uint32(head[8:]), uint32(n), offset}, nil
}

// classSet is a set of classes of envelopes.
type classSet uint8

const allClasses classSet = 1<<event.Classes - 1

func setOf(classes []event.Class) (set classSet) {
	for _, c := range classes {
		set |= 1 << c
	}
	return set
}

func (s classSet) has(c event.Class) bool { return s&(1<<c) != 0 }

// only returns r without the envelopes of other classes.
func (s classSet) only(r *event.Sealed) *event.Sealed {
	out := &event.Sealed{Header: r.Header}
	for c := range event.Class(event.Classes) {
		if s.has(c) {
			out.Envelopes[c] = r.Envelopes[c]
		}
	}
	return out
}

// chunk returns the records stored together with record n, with at least the
// envelopes of the classes in want, and the number of the first of them.
func (l *Ledger) chunk(n uint64, want classSet) (records []*event.Sealed, first uint64, err error) {
	for try := 0; ; try++ {
		seg, j, frame, err := l.find(n)
		if err != nil {
			return nil, 0, err
		}
		if seg != nil {
			return l.sealedChunk(seg, n, want)
		}
		records, err := l.frameChunk(j.first, frame, try > 0)
		var evidence *EvidenceError
		switch {
		case try > 0:
		case errors.Is(err, fs.ErrNotExist):
			// Sealed, and its journal removed, since the last refresh.
			if err := l.Refresh(); err != nil {
				return nil, 0, err
			}
			continue
		case errors.As(err, &evidence) || errors.Is(err, ErrKeyDestroyed):
			// The segment may have been written anew without envelopes that
			// were erased: then its frames are at other places, and under
			// another key. Or it was sealed, and its key destroyed.
			if err := l.Forget(); err != nil {
				return nil, 0, err
			}
			continue
		}
		return records, frame.first, err
	}
}

// frameChunk reads a frame. With erased, envelopes whose key was destroyed are
// left out; without, that is an error.
func (l *Ledger) frameChunk(segment uint64, ref frameRef, erased bool) ([]*event.Sealed, error) {
	name := JournalName(segment)
	v, err := l.blocks.get(blockKey{name, uint64(ref.offset), allClasses}, func() (any, error) {
		f, err := l.fsys.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		b := make([]byte, ref.size)
		if _, err := f.(io.ReaderAt).ReadAt(b, ref.offset); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		frame, err := ParseFrame(b)
		if err != nil {
			return nil, &EvidenceError{name, fmt.Sprintf("frame at byte %d", ref.offset), err.Error()}
		}
		if err := frame.Unlock(l.keys); err != nil && !(erased && errors.Is(err, ErrKeyDestroyed)) {
			return nil, inFile(name, err)
		}
		if frame.First != ref.first || len(frame.Records) != int(ref.count) {
			return nil, &EvidenceError{name, fmt.Sprintf("frame at byte %d", ref.offset), "it is not the frame that was there"}
		}
		records := make([]*event.Sealed, len(frame.Records))
		for i := range records {
			records[i] = &frame.Records[i]
		}
		return records, nil
	})
	if err != nil {
		return nil, err
	}
	return v.([]*event.Sealed), nil
}

func (l *Ledger) sealedChunk(seg *segment, n uint64, want classSet) ([]*event.Sealed, uint64, error) {
	name := SealedName(seg.first)
	i := int((n - seg.first) / BlockRecords)
	first := seg.refs[i].first
	v, err := l.blocks.get(blockKey{name, seg.refs[i].offset, want}, func() (any, error) {
		f, err := l.fsys.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		headers, err := readEntries(f.(io.ReaderAt), l.dec, new(blockBuffer), nil, seg, i)
		if err != nil {
			return nil, blockError(name, fmt.Sprintf("block %d", i), err)
		}
		records := make([]*event.Sealed, len(headers))
		for k := range records {
			records[k] = &event.Sealed{Header: headers[k]}
		}
		return records, l.addEnvelopes(seg.first, first, records, want, nil)
	})
	if err != nil {
		return nil, 0, err
	}
	return v.([]*event.Sealed), first, nil
}

// readEntries appends the headers of block i of a sealed segment to dst. They
// are valid until buf is used again.
func readEntries(r io.ReaderAt, dec *zstd.Decoder, buf *blockBuffer, dst [][]byte, seg *segment, i int) ([][]byte, error) {
	end := seg.limit
	if i+1 < len(seg.refs) {
		end = seg.refs[i+1].offset
	}
	items, count, err := readBlock(r, dec, buf, seg.refs[i], end)
	if err != nil {
		return nil, err
	}
	if count != BlockRecords {
		return nil, fmt.Errorf("%w: it has %d records, want %d", errBlock, count, BlockRecords)
	}
	return parseEntries(dst, items, count)
}

// addEnvelopes adds to the records of one block, of which first is the first,
// the envelopes of the classes in want that are there. Records that are nil get
// none. With buf, it is what blocks are uncompressed into, and copied from.
func (l *Ledger) addEnvelopes(segment, first uint64, records []*event.Sealed, want classSet, buf *someBuffer) error {
	days := make(map[string]bool)
	for _, s := range records {
		if s == nil {
			continue
		}
		if day := DayOf(s.Header); day != "" {
			days[day] = true
		}
	}
	for day := range days {
		for c := range event.Class(event.Classes) {
			if !want.has(c) {
				continue
			}
			name := EnvelopeName(c, day, segment)
			err := l.addClass(name, c, first, records, buf, false)
			if errors.Is(err, ErrKeyDestroyed) {
				// Written anew under another key since it was opened; or erased.
				err = l.addClass(name, c, first, records, buf, true)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// addClass adds the envelopes of one file. With erased, those whose key was
// destroyed are left out; without, that is an error.
func (l *Ledger) addClass(name string, c event.Class, first uint64, records []*event.Sealed, buf *someBuffer, erased bool) error {
	f, size, err := openAt(l.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // erased, or there were none
	}
	if err != nil {
		return err
	}
	defer f.Close()
	envelopes, err := readEnvelopeIndex(f, size, l.dec, l.keys)
	if err != nil {
		return blockError(name, "", err)
	}
	end := first + uint64(len(records))
	for i := envelopes.from(first); i < envelopes.Blocks() && envelopes.refs[i].first < end; i++ {
		from, to := max(envelopes.refs[i].first, first), end
		if i+1 < envelopes.Blocks() {
			to = min(to, envelopes.refs[i+1].first)
		}
		if from >= to || !slices.ContainsFunc(records[from-first:to-first], func(s *event.Sealed) bool { return s != nil }) {
			continue
		}
		envs, err := envelopes.block(i, buf)
		if erased && errors.Is(err, ErrKeyDestroyed) {
			continue
		}
		if err != nil {
			return blockError(name, fmt.Sprintf("block %d", i), err)
		}
		for _, e := range envs {
			if e.N < first || e.N >= end || records[e.N-first] == nil {
				continue
			}
			env := e.Envelope
			if buf != nil {
				env = &event.Envelope{Salt: env.Salt, Data: bytes.Clone(env.Data)}
			}
			records[e.N-first].Envelopes[c] = env
		}
	}
	return nil
}

// cache is a bounded map; what is dropped is chosen by chance. It is safe for
// concurrent use. A value may be made twice if asked for twice at once.
type cache[K comparable, V any] struct {
	max int

	mu    sync.Mutex // guards what follows
	m     map[K]V
	drops int // how often all was dropped
}

// drop empties the cache. What is being made meanwhile is not kept.
func (c *cache[K, V]) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.m)
	c.drops++
}

func newCache[K comparable, V any](max int) *cache[K, V] {
	return &cache[K, V]{max: max, m: make(map[K]V, max)}
}

func (c *cache[K, V]) get(k K, make func() (V, error)) (V, error) {
	c.mu.Lock()
	v, ok := c.m[k]
	drops := c.drops
	c.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := make()
	if err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops != drops {
		return v, nil
	}
	for old := range c.m {
		if len(c.m) < c.max {
			break
		}
		delete(c.m, old)
	}
	c.m[k] = v
	return v, nil
}
