package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Frames reads the frames of a journal segment in order. It is not safe for
// concurrent use.
type Frames struct {
	r      io.ReaderAt
	size   int64
	next   uint64
	offset int64
	buf    []byte
}

// NewFrames returns the frames of the segment in r, which has size bytes and
// begins with record first.
func NewFrames(r io.ReaderAt, size int64, first uint64) *Frames {
	return &Frames{r: r, size: size, next: first}
}

// errOrder is the error of a whole frame that does not follow the one before.
var errOrder = errors.New("it is in the wrong place")

// Offset returns where the frame after the last one returned begins.
func (s *Frames) Offset() int64 { return s.offset }

// Next returns the next frame, io.EOF at the end (which zeros may follow), or
// an error that says what is wrong with the bytes at Offset. The frame's slices
// are valid until the next call.
func (s *Frames) Next() (*Frame, error) {
	var head [frameHeader]byte
	n, err := s.r.ReadAt(head[:], s.offset)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if len(bytes.TrimRight(head[:n], "\x00")) == 0 {
		at, err := NonZero(s.r, s.offset, s.size)
		switch {
		case err != nil:
			return nil, err
		case at < 0:
			return nil, io.EOF
		}
		return nil, fmt.Errorf("there are bytes after the last frame, at byte %d", at)
	}
	ref, err := scanFrame(s.r, head[:n], s.offset, s.size)
	if err != nil {
		return nil, err
	}
	if cap(s.buf) < int(ref.size) {
		s.buf = make([]byte, ref.size)
	}
	b := s.buf[:ref.size]
	if _, err := s.r.ReadAt(b, s.offset); err != nil {
		return nil, err
	}
	f, err := ParseFrame(b)
	if err != nil {
		return nil, err
	}
	if f.First != s.next {
		return nil, fmt.Errorf("%w: it begins with record %d, want %d", errOrder, f.First, s.next)
	}
	s.next += uint64(len(f.Records))
	s.offset += int64(f.Size)
	return f, nil
}

// Tail reports whether no frame begins after the place at which Next failed,
// as after a write that was interrupted. A complete frame further on means
// that what is before it was changed.
func (s *Frames) Tail() bool {
	const step = 1 << 20
	b := make([]byte, step+len(frameMark))
	for at := s.offset + 1; at < s.size; at += step {
		n, err := s.r.ReadAt(b[:min(int64(len(b)), s.size-at)], at)
		if err != nil && err != io.EOF {
			return false
		}
		for i := 0; ; i++ {
			k := bytes.Index(b[i:n], []byte(frameMark))
			if k < 0 {
				break
			}
			i += k
			var head [frameHeader]byte
			if _, err := s.r.ReadAt(head[:], at+int64(i)); err != nil {
				continue
			}
			if ref, err := scanFrame(s.r, head[:], at+int64(i), s.size); err == nil && ref.first > s.next {
				return false
			}
		}
	}
	return true
}

// NonZero returns the offset of the last byte in [from, to) that is not zero,
// or -1.
func NonZero(r io.ReaderAt, from, to int64) (int64, error) {
	step := min(1<<20, max(0, to-from))
	b := make([]byte, step)
	for to > from {
		start := max(from, to-step)
		n, err := r.ReadAt(b[:to-start], start)
		if err != nil && (err != io.EOF || int64(n) < to-start) {
			return 0, err
		}
		if i := len(bytes.TrimRight(b[:to-start], "\x00")); i > 0 {
			return start + int64(i) - 1, nil
		}
		to = start
	}
	return -1, nil
}

// Segments returns the number of sealed records, and the first records of the
// journal segments, ascending.
func (l *Ledger) Segments() (sealed uint64, journals []uint64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if n := len(l.sealed); n > 0 {
		sealed = l.sealed[n-1].end
	}
	for _, j := range l.journal {
		journals = append(journals, j.first)
	}
	return sealed, journals
}

// SealedHeaders calls yield for the headers of the sealed records, in order,
// without comparing them with the tree.
func (l *Ledger) SealedHeaders(yield func(n uint64, header []byte) error) error {
	l.mu.RLock()
	sealed := l.sealed
	l.mu.RUnlock()
	for _, seg := range sealed {
		if err := l.segmentHeaders(seg, yield); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) segmentHeaders(seg *segment, yield func(n uint64, header []byte) error) error {
	name := SealedName(seg.first)
	f, _, err := openAt(l.fsys, name)
	if err != nil {
		return err
	}
	defer f.Close()
	var buf blockBuffer
	var headers [][]byte
	for i := range seg.refs {
		headers, err = readEntries(f, l.dec, &buf, headers[:0], seg, i)
		if err != nil {
			return blockError(name, fmt.Sprintf("block %d", i), err)
		}
		for k, h := range headers {
			if err := yield(seg.refs[i].first+uint64(k), h); err != nil {
				return err
			}
		}
	}
	return nil
}
