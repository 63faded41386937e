package objects

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"
	"sync/atomic"

	"github.com/gatebook/gatebook/internal/disk"
)

const (
	magic     = "gatebook objects 1\n"
	callSize  = 16 // of an entry of calls
	endSize   = 8  // of ends
	indexSize = 16 // of index
	blockSize = 4096
	maxBy     = 64 << 10 // bytes of a combination
)

// call is an entry of the calls: a call that touched objects.
type call struct {
	number uint64 // of the record
	at     int64  // arrival, ns since 1970
	by     uint32 // number of the combination
}

// posting says that a call touched an object.
type posting struct {
	hash uint64
	pos  uint32 // of the call among the calls, times two, plus one if the request named it
}

// foot is the end of a segment: where everything is.
type foot struct {
	From, To     uint64 // the records
	First, Last  int64  // the earliest and the latest time of its calls
	Calls        uint64
	By           uint64 // combinations
	Blocks       uint64
	CallsAt      int64
	ByAt, EndsAt int64
	PostingsAt   int64
	IndexAt      int64
}

var footSize = binary.Size(foot{}) + 4

// segment is a file of postings. It is safe for concurrent use, and ends with
// the last release.
type segment struct {
	name string
	foot foot
	file disk.File
	tops []uint64 // the first hash of each page of the index

	uses atomic.Int32 // 1 for the view, and 1 for each reader
}

// openSegment opens a segment and reads the ends of its index.
func openSegment(d disk.Disk, name string) (*segment, error) {
	f, err := d.OpenFile(name)
	if err != nil {
		return nil, err
	}
	s := &segment{name: name, file: f}
	s.uses.Store(1)
	if err := s.read(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

func (s *segment) read() error {
	size, err := s.file.Size()
	if err != nil {
		return err
	}
	head, end := make([]byte, len(magic)), make([]byte, footSize)
	if size < int64(pageSize+footSize) {
		return fmt.Errorf("%w: it is too short", ErrDamaged)
	}
	if err := errors.Join(readAt(s.file, head, 0), readAt(s.file, end, size-int64(footSize))); err != nil {
		return err
	}
	sum := binary.BigEndian.Uint32(end[footSize-4:])
	if string(head) != magic || sum != crc32.Checksum(end[:footSize-4], castagnoli) {
		return fmt.Errorf("%w: it is no segment of this version", ErrDamaged)
	}
	if _, err := binary.Decode(end, binary.BigEndian, &s.foot); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if s.index().end()+int64(footSize) != size {
		return fmt.Errorf("%w: its size does not fit", ErrDamaged)
	}
	r := reader{table: s.index(), from: s.file}
	for i := uint64(0); i < r.count; i += r.perPage() {
		e, err := r.entry(i)
		if err != nil {
			return err
		}
		s.tops = append(s.tops, binary.BigEndian.Uint64(e))
	}
	return nil
}

func (s *segment) calls() table { return table{s.foot.CallsAt, s.foot.Calls, callSize} }
func (s *segment) ends() table  { return table{s.foot.EndsAt, s.foot.By, endSize} }
func (s *segment) index() table { return table{s.foot.IndexAt, s.foot.Blocks, indexSize} }

// use takes the segment for a reader, who releases it.
func (s *segment) use() { s.uses.Add(1) }

func (s *segment) release() {
	if s.uses.Add(-1) == 0 {
		s.file.Close()
	}
}

// readCall returns a call by its position.
func (s *segment) readCall(r *reader, pos uint64) (call, error) {
	e, err := r.entry(pos)
	if err != nil {
		return call{}, err
	}
	return call{s.foot.From + uint64(binary.BigEndian.Uint32(e)), int64(binary.BigEndian.Uint64(e[4:])), binary.BigEndian.Uint32(e[12:])}, nil
}

// readBy returns a combination by its number.
func (s *segment) readBy(ends *reader, n uint64) (string, error) {
	var from uint64
	if n > 0 {
		e, err := ends.entry(n - 1)
		if err != nil {
			return "", err
		}
		from = binary.BigEndian.Uint64(e)
	}
	e, err := ends.entry(n)
	if err != nil {
		return "", err
	}
	to := binary.BigEndian.Uint64(e)
	if to < from+4 || to-from > maxBy+4 {
		return "", fmt.Errorf("%w: a combination has no such size", ErrDamaged)
	}
	b := make([]byte, to-from)
	if err := readAt(s.file, b, s.foot.ByAt+int64(from)); err != nil {
		return "", err
	}
	text, ok := cutSum(b)
	if !ok {
		return "", fmt.Errorf("%w: the sum of a combination does not fit", ErrDamaged)
	}
	return string(text), nil
}

// cutSum takes the CRC off the end of b.
func cutSum(b []byte) ([]byte, bool) {
	n := len(b) - 4
	if n < 0 || binary.BigEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return nil, false
	}
	return b[:n], true
}

func withSum(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// find calls yield with the positions of the calls that touched an object, in
// order, and whether the request named it.
func (s *segment) find(hash uint64, yield func(pos uint64, asked bool) error) error {
	index := reader{table: s.index(), from: s.file}
	i, err := s.start(&index, hash)
	if err != nil {
		return err
	}
	for ; i < index.count; i++ {
		first, at, size, err := s.block(&index, i)
		if err != nil {
			return err
		}
		if first > hash {
			return nil
		}
		b, err := s.readBlock(at, size)
		if err != nil {
			return err
		}
		more, err := scanBlock(b, hash, yield)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// start returns the block at which the postings of a hash may begin: the last
// one whose first hash is lower.
func (s *segment) start(index *reader, hash uint64) (uint64, error) {
	p := sort.Search(len(s.tops), func(i int) bool { return s.tops[i] >= hash })
	if p == 0 {
		return 0, nil
	}
	low := uint64(p-1) * index.perPage() // its first hash is lower
	high := min(low+index.perPage(), index.count)
	for low+1 < high {
		mid := low + (high-low)/2
		e, err := index.entry(mid)
		if err != nil {
			return 0, err
		}
		if binary.BigEndian.Uint64(e) < hash {
			low = mid
		} else {
			high = mid
		}
	}
	return low, nil
}

// block returns the first hash of a block, and where it is.
func (s *segment) block(index *reader, i uint64) (first uint64, at int64, size int, err error) {
	e, err := index.entry(i)
	if err != nil {
		return 0, 0, 0, err
	}
	first, at = binary.BigEndian.Uint64(e), int64(binary.BigEndian.Uint64(e[8:]))
	end := s.foot.IndexAt
	if i+1 < index.count {
		if e, err = index.entry(i + 1); err != nil {
			return 0, 0, 0, err
		}
		end = int64(binary.BigEndian.Uint64(e[8:]))
	}
	if at < s.foot.PostingsAt || end <= at || end-at > 2*blockSize {
		return 0, 0, 0, fmt.Errorf("%w: a block has no such place", ErrDamaged)
	}
	return first, at, int(end - at), nil
}

func (s *segment) readBlock(at int64, size int) ([]byte, error) {
	b := make([]byte, size)
	if err := readAt(s.file, b, at); err != nil {
		return nil, err
	}
	b, ok := cutSum(b)
	if !ok {
		return nil, fmt.Errorf("%w: the sum of a block does not fit", ErrDamaged)
	}
	return b, nil
}

// scanBlock yields the postings of one hash. It reports whether there may be
// more in the next block.
func scanBlock(b []byte, hash uint64, yield func(pos uint64, asked bool) error) (bool, error) {
	var want [8]byte
	binary.BigEndian.PutUint64(want[:], hash)
	for len(b) > 0 {
		if len(b) < 9 {
			return false, errBlock
		}
		order := bytes.Compare(b[:8], want[:])
		if order > 0 {
			return false, nil
		}
		count, n := binary.Uvarint(b[8:])
		if n <= 0 {
			return false, errBlock
		}
		b = b[8+n:]
		var pos uint64
		for ; count > 0; count-- {
			d, n := binary.Uvarint(b)
			if n <= 0 {
				return false, errBlock
			}
			b, pos = b[n:], pos+d
			if order == 0 {
				if err := yield(pos>>1, pos&1 == 1); err != nil {
					return false, err
				}
			}
		}
	}
	return true, nil
}

var errBlock = fmt.Errorf("%w: a block cannot be read", ErrDamaged)
