package objects

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ErrDamaged is the error of a file that is not as it was written. The view is
// made again from the ledger.
var ErrDamaged = errors.New("the view of objects is damaged, and is made again from the ledger")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const pageSize = 4096

// page is one page of a table: entries, zeros, and the CRC.
type page [pageSize]byte

func (p *page) seal() {
	binary.BigEndian.PutUint32(p[pageSize-4:], crc32.Checksum(p[:pageSize-4], castagnoli))
}

func (p *page) intact() bool {
	return binary.BigEndian.Uint32(p[pageSize-4:]) == crc32.Checksum(p[:pageSize-4], castagnoli)
}

// table is a list of entries of one size, in pages.
type table struct {
	at    int64 // where it begins
	count uint64
	size  int // of an entry
}

func (t table) perPage() uint64 { return uint64((pageSize - 4) / t.size) }

func (t table) pages() uint64 { return (t.count + t.perPage() - 1) / t.perPage() }

func (t table) end() int64 { return t.at + int64(t.pages())*pageSize }

// reader reads entries of a table, a page at a time. It is for one goroutine.
type reader struct {
	table
	from io.ReaderAt
	page page
	have uint64 // page + 1; 0: none
}

// entry returns entry i, which is valid until the next call.
func (r *reader) entry(i uint64) ([]byte, error) {
	if i >= r.count {
		return nil, fmt.Errorf("%w: entry %d of %d", ErrDamaged, i, r.count)
	}
	n := i / r.perPage()
	if r.have != n+1 {
		r.have = 0
		if err := readAt(r.from, r.page[:], r.at+int64(n)*pageSize); err != nil {
			return nil, err
		}
		if !r.page.intact() {
			return nil, fmt.Errorf("%w: the sum of a page does not fit", ErrDamaged)
		}
		r.have = n + 1
	}
	k := int(i%r.perPage()) * r.size
	return r.page[k : k+r.size], nil
}

// readAt reads all of b; an end of the file before is damage.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	_, err := r.ReadAt(b, at)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: a file is too short", ErrDamaged)
	}
	return err
}

// output writes a file from its beginning to its end.
type output struct {
	to  io.WriterAt
	buf []byte
	at  int64 // bytes written, those in buf included
	err error
}

const outputBuffer = 256 << 10

func (o *output) write(b []byte) {
	o.buf = append(o.buf, b...)
	o.at += int64(len(b))
	if len(o.buf) >= outputBuffer {
		o.flush()
	}
}

func (o *output) flush() {
	if o.err == nil && len(o.buf) > 0 {
		_, o.err = o.to.WriteAt(o.buf, o.at-int64(len(o.buf)))
	}
	o.buf = o.buf[:0]
}

// tableWriter writes a table.
type tableWriter struct {
	table
	out  *output
	page page
	used int // entries in page
}

func newTable(out *output, size int) *tableWriter {
	return &tableWriter{table: table{at: out.at, size: size}, out: out}
}

// entry returns the bytes of the next entry, to be filled.
func (w *tableWriter) entry() []byte {
	if uint64(w.used) == w.perPage() {
		w.flush()
	}
	k := w.used * w.size
	w.used++
	w.count++
	return w.page[k : k+w.size]
}

func (w *tableWriter) flush() {
	if w.used > 0 {
		w.page.seal()
		w.out.write(w.page[:])
		w.page, w.used = page{}, 0
	}
}

// finish writes what is left, and returns the table.
func (w *tableWriter) finish() table {
	w.flush()
	return w.table
}
