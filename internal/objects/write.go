package objects

import (
	"encoding/binary"
	"errors"
	"iter"

	"github.com/gatebook/gatebook/internal/disk"
)

// content is what a segment is written from. The sequences end after an error,
// which err returns.
type content struct {
	from, to uint64
	calls    iter.Seq[call]    // in order of number, with the numbers of the combinations in by
	by       iter.Seq[string]  // sorted, each once
	postings iter.Seq[posting] // sorted by hash and then pos
	err      func() error
}

// writeSegment writes a segment and makes it durable.
func writeSegment(d disk.Disk, name string, c content) (err error) {
	f, err := d.OpenFile(name)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			d.Remove(name)
		}
	}()
	if err := f.Truncate(0); err != nil {
		return err
	}
	out := &output{to: f}
	var head page
	copy(head[:], magic)
	out.write(head[:])
	ft := foot{From: c.from, To: c.to}
	writeCalls(out, &ft, c.calls)
	writeBy(out, &ft, c.by)
	writePostings(out, &ft, c.postings)
	end, err := binary.Append(nil, binary.BigEndian, &ft)
	if err != nil {
		return err
	}
	out.write(withSum(end))
	out.flush()
	if err := errors.Join(c.err(), out.err); err != nil {
		return err
	}
	return f.Sync()
}

func writeCalls(out *output, ft *foot, calls iter.Seq[call]) {
	t := newTable(out, callSize)
	ft.CallsAt = t.at
	for c := range calls {
		e := t.entry()
		binary.BigEndian.PutUint32(e, uint32(c.number-ft.From))
		binary.BigEndian.PutUint64(e[4:], uint64(c.at))
		binary.BigEndian.PutUint32(e[12:], c.by)
		if t.count == 1 {
			ft.First, ft.Last = c.at, c.at
		}
		ft.First, ft.Last = min(ft.First, c.at), max(ft.Last, c.at)
	}
	ft.Calls = t.finish().count
}

func writeBy(out *output, ft *foot, by iter.Seq[string]) {
	ft.ByAt = out.at
	var ends []uint64
	var buf []byte
	for text := range by {
		buf = withSum(append(buf[:0], text...))
		out.write(buf)
		ends = append(ends, uint64(out.at-ft.ByAt))
	}
	t := newTable(out, endSize)
	ft.EndsAt = t.at
	for _, at := range ends {
		binary.BigEndian.PutUint64(t.entry(), at)
	}
	ft.By = t.finish().count
}

// writePostings writes the blocks and their index. The entries of the index are
// in memory until the blocks are written: 16 bytes for 4 KiB.
func writePostings(out *output, ft *foot, postings iter.Seq[posting]) {
	ft.PostingsAt = out.at
	type entry struct {
		first uint64
		at    int64
	}
	var index []entry
	var block, group []byte // group: the postings of hash that are not in block yet
	var hash, last, count uint64
	var first uint64 // hash of the block
	flushGroup := func() {
		if count == 0 {
			return
		}
		if len(block) == 0 {
			first = hash
		}
		block = binary.BigEndian.AppendUint64(block, hash)
		block = append(binary.AppendUvarint(block, count), group...)
		group, count, last = group[:0], 0, 0
	}
	flushBlock := func() {
		if len(block) > 0 {
			index = append(index, entry{first, out.at})
			out.write(withSum(block))
			block = block[:0]
		}
	}
	for p := range postings {
		if p.hash != hash {
			flushGroup()
		}
		if len(block)+len(group) >= blockSize-16 {
			flushGroup()
			flushBlock()
		}
		hash = p.hash
		group = binary.AppendUvarint(group, uint64(p.pos)-last)
		last = uint64(p.pos)
		count++
	}
	flushGroup()
	flushBlock()
	t := newTable(out, indexSize)
	ft.IndexAt = t.at
	for _, e := range index {
		b := t.entry()
		binary.BigEndian.PutUint64(b, e.first)
		binary.BigEndian.PutUint64(b[8:], uint64(e.at))
	}
	ft.Blocks = t.finish().count
}
