package ledger

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/gatebook/gatebook/event"
)

// ReadSome calls yield for the records with the given numbers, which must
// ascend, as [Ledger.Read] returns them, or with its error. It ends with the
// first error of yield, which it returns. Each block is read once, and of it is
// kept what was asked for alone: for records that are scattered over the ledger
// this costs less than Read for each.
func (l *Ledger) ReadSome(numbers []uint64, classes []event.Class, yield func(n uint64, s *event.Sealed, err error) error) error {
	want := setOf(classes)
	buf := someBuffers.Get().(*someBuffer)
	defer someBuffers.Put(buf)
	for len(numbers) > 0 {
		n := numbers[0]
		seg, _, _, err := l.find(n)
		if err != nil || seg == nil {
			s, err := l.one(n, want)
			if err := yield(n, s, err); err != nil {
				return err
			}
			numbers = numbers[1:]
			continue
		}
		block := int((n - seg.first) / BlockRecords)
		first := seg.refs[block].first
		of, _ := slices.BinarySearch(numbers, first+BlockRecords)
		leaves, err := l.readSome(seg, block, numbers[:of], want, buf)
		for _, n := range numbers[:of] {
			s, bad := buf.records[n-first], err
			if bad == nil {
				bad = l.check(n, leaves[n-numbers[0]], s)
			}
			if bad != nil {
				// Written anew meanwhile, or damaged: this tells which.
				s, bad = l.one(n, want)
			}
			if err := yield(n, s, bad); err != nil {
				return err
			}
		}
		numbers = numbers[of:]
	}
	return nil
}

// someBuffer is what blocks are uncompressed into, one after the other.
type someBuffer struct {
	headers   [][]byte
	block     blockBuffer
	envelopes envelopeBuffer
	records   [BlockRecords]*event.Sealed // nil: not asked for
}

var someBuffers = sync.Pool{New: func() any { return new(someBuffer) }}

// readSome reads records of one block of a sealed segment into buf.records, and
// returns the leaves from the first of them to the last. Nothing is checked.
func (l *Ledger) readSome(seg *segment, block int, numbers []uint64, want classSet, buf *someBuffer) ([]Hash, error) {
	name := SealedName(seg.first)
	f, err := l.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	headers, err := readEntries(f.(io.ReaderAt), l.dec, &buf.block, buf.headers[:0], seg, block)
	if err != nil {
		return nil, blockError(name, fmt.Sprintf("block %d", block), err)
	}
	buf.headers = headers
	clear(buf.records[:])
	first := seg.refs[block].first
	for _, n := range numbers {
		buf.records[n-first] = &event.Sealed{Header: bytes.Clone(headers[n-first])}
	}
	if err := l.addEnvelopes(seg.first, first, buf.records[:], want, buf); err != nil {
		return nil, err
	}
	return tileHashes{l.fsys}.read(0, numbers[0], int(numbers[len(numbers)-1]-numbers[0]+1))
}
