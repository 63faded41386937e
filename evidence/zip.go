package evidence

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
)

// A pack is a zip file of one kind: without comments, extra fields, zip64,
// encryption or data descriptors, its members known, in one order, one after
// the other from the first byte to the directory. So there are no two ways to
// read it, and every other zip is refused.

const (
	localSize     = 30
	directorySize = 46
	endSize       = 22

	methodStore   = 0
	methodDeflate = 8
	utf8Flag      = 0x800
	// 1980-01-01, the earliest that a zip knows: the time of a pack is sealed in
	// its look, and nowhere else.
	dosDate = 1<<5 | 1
)

var le = binary.LittleEndian

// part is a member of a zip, as its directory has it.
type part struct {
	name   string
	method uint16
	crc    uint32
	packed uint32 // size as stored
	size   uint32
	offset uint32 // of its content
}

// deflater makes a part, in memory.
type deflater struct {
	name string
	buf  bytes.Buffer
	z    *flate.Writer
	crc  hash.Hash32
	size uint64
}

func newDeflater(name string) *deflater {
	d := &deflater{name: name, crc: crc32.NewIEEE()}
	d.z, _ = flate.NewWriter(&d.buf, flate.DefaultCompression) // fails for a bad level only
	return d
}

// Write adds to the content. It never fails.
func (d *deflater) Write(b []byte) (int, error) {
	d.crc.Write(b)
	d.size += uint64(len(b))
	return d.z.Write(b)
}

// content is a finished part and its bytes as stored.
type content struct {
	part
	packed []byte
}

func (d *deflater) finish() (content, error) {
	if err := d.z.Close(); err != nil {
		return content{}, err
	}
	if m, _ := memberOf(d.name); d.size > m.limit {
		return content{}, fmt.Errorf("%s would have %d bytes, the limit of a pack is %d: ask for fewer events, or disclose less", d.name, d.size, m.limit)
	}
	return content{part{name: d.name, method: methodDeflate, crc: d.crc.Sum32(), packed: uint32(d.buf.Len()), size: uint32(d.size)}, d.buf.Bytes()}, nil
}

// appendHead appends what a local header and the directory have in common.
func (p *part) appendHead(b []byte) []byte {
	b = le.AppendUint16(b, 20) // version needed
	b = le.AppendUint16(b, utf8Flag)
	b = le.AppendUint16(b, p.method)
	b = le.AppendUint16(b, 0) // time
	b = le.AppendUint16(b, dosDate)
	b = le.AppendUint32(b, p.crc)
	b = le.AppendUint32(b, p.packed)
	b = le.AppendUint32(b, p.size)
	b = le.AppendUint16(b, uint16(len(p.name)))
	return le.AppendUint16(b, 0) // extra
}

func (p *part) local() []byte {
	b := le.AppendUint32(make([]byte, 0, localSize+len(p.name)), 0x04034b50)
	return append(p.appendHead(b), p.name...)
}

func (p *part) directory() []byte {
	b := le.AppendUint32(make([]byte, 0, directorySize+len(p.name)), 0x02014b50)
	b = le.AppendUint16(b, 20) // version made by
	b = p.appendHead(b)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) // comment, disk, attributes
	b = le.AppendUint32(b, p.offset-uint32(localSize+len(p.name)))
	return append(b, p.name...)
}

func endOf(count int, size, offset uint32) []byte {
	b := le.AppendUint32(make([]byte, 0, endSize), 0x06054b50)
	b = append(b, 0, 0, 0, 0) // disks
	b = le.AppendUint16(b, uint16(count))
	b = le.AppendUint16(b, uint16(count))
	b = le.AppendUint32(b, size)
	b = le.AppendUint32(b, offset)
	return le.AppendUint16(b, 0)
}

// writeZip writes the parts as a zip.
func writeZip(w io.Writer, parts []content) error {
	total := uint64(endSize)
	for i := range parts {
		total += uint64(localSize+directorySize+2*len(parts[i].name)) + uint64(len(parts[i].packed))
	}
	if total > maxPack {
		return fmt.Errorf("the pack would have %d bytes, the limit is %d: ask for fewer events, or disclose less", total, maxPack)
	}
	var offset uint32
	var directory []byte
	for _, p := range parts {
		p.offset = offset + uint32(localSize+len(p.name))
		offset = p.offset + p.part.packed
		directory = append(directory, p.directory()...)
		if _, err := w.Write(p.local()); err != nil {
			return err
		}
		if _, err := w.Write(p.packed); err != nil {
			return err
		}
	}
	directory = append(directory, endOf(len(parts), uint32(len(directory)), offset)...)
	_, err := w.Write(directory)
	return err
}

// archive is a pack that is read.
type archive struct {
	r     io.ReaderAt
	parts []part // in the order of members
}

func errZip(what string) error {
	return faultf("the file is not a pack as Gatebook writes it, or was changed: %s", what)
}

// readAt reads exactly len(b) bytes, within what the file has.
func (a *archive) readAt(b []byte, offset int64) error {
	if n, err := a.r.ReadAt(b, offset); n < len(b) {
		if err == io.EOF {
			return errZip("it is cut short")
		}
		return fmt.Errorf("reading the pack: %w", err)
	}
	return nil
}

// openZip reads the directory.
func openZip(r io.ReaderAt, size int64) (*archive, error) {
	a := &archive{r: r}
	if size < endSize {
		return nil, errZip("it is too short for a zip")
	}
	if size > maxPack {
		return nil, errZip(fmt.Sprintf("it has %d bytes, the limit is %d", size, int64(maxPack)))
	}
	var end [endSize]byte
	if err := a.readAt(end[:], size-endSize); err != nil {
		return nil, err
	}
	count, dirSize, dirOffset := le.Uint16(end[8:]), le.Uint32(end[12:]), le.Uint32(end[16:])
	if !bytes.Equal(end[:], endOf(int(count), dirSize, dirOffset)) {
		return nil, errZip("it does not end with the directory of a zip")
	}
	if int(count) > len(members) || dirSize > uint32(len(members)*(directorySize+32)) || int64(dirOffset)+int64(dirSize)+endSize != size {
		return nil, errZip("its directory does not fit the file")
	}
	directory := make([]byte, dirSize)
	if err := a.readAt(directory, int64(dirOffset)); err != nil {
		return nil, err
	}
	return a, a.readDirectory(directory, int(count), dirOffset)
}

func (a *archive) readDirectory(directory []byte, count int, dirOffset uint32) error {
	var next uint64 // where the next member must begin
	before := -1
	for range count {
		p, rest, err := parseDirectory(directory)
		if err != nil {
			return err
		}
		directory = rest
		m, order := memberOf(p.name)
		switch {
		case order < 0:
			return errZip(fmt.Sprintf("a member %q has no place in it", clip(p.name, 60)))
		case order <= before:
			return errZip(fmt.Sprintf("the member %s is there twice, or out of order", p.name))
		case uint64(p.size) > m.limit:
			return errZip(fmt.Sprintf("the member %s says that it has %d bytes, the limit is %d", p.name, p.size, m.limit))
		case uint64(p.offset) != next+uint64(localSize+len(p.name)) || uint64(p.offset)+uint64(p.packed) > uint64(dirOffset):
			return errZip(fmt.Sprintf("the member %s is not where it should be", p.name))
		}
		local := make([]byte, localSize+len(p.name))
		if err := a.readAt(local, int64(next)); err != nil {
			return err
		}
		if !bytes.Equal(local, p.local()) {
			return errZip(fmt.Sprintf("the member %s is described in two ways", p.name))
		}
		before, next = order, uint64(p.offset)+uint64(p.packed)
		a.parts = append(a.parts, p)
	}
	if len(directory) != 0 || next != uint64(dirOffset) {
		return errZip("there is something between its members and its directory")
	}
	for _, m := range members {
		if !m.optional && a.part(m.name) == nil {
			return errZip(fmt.Sprintf("the member %s is missing", m.name))
		}
	}
	return nil
}

// parseDirectory takes one entry from the directory.
func parseDirectory(b []byte) (p part, rest []byte, err error) {
	if len(b) < directorySize {
		return p, nil, errZip("its directory is cut short")
	}
	n := int(le.Uint16(b[28:]))
	if n > 32 || len(b) < directorySize+n {
		return p, nil, errZip("its directory is cut short")
	}
	entry := b[:directorySize+n]
	p = part{
		name: string(entry[directorySize:]), method: le.Uint16(b[10:]), crc: le.Uint32(b[16:]), packed: le.Uint32(b[20:]), size: le.Uint32(b[24:]),
		offset: le.Uint32(b[42:]) + uint32(localSize+n),
	}
	if p.method != methodStore && p.method != methodDeflate || !bytes.Equal(entry, p.directory()) {
		return p, nil, errZip(fmt.Sprintf("the member %q is stored in a way that Gatebook does not use", clip(p.name, 60)))
	}
	return p, b[len(entry):], nil
}

func (a *archive) part(name string) *part {
	for i := range a.parts {
		if a.parts[i].name == name {
			return &a.parts[i]
		}
	}
	return nil
}

// open returns a member's content. Reading it to the end checks its size and
// its CRC.
func (a *archive) open(p *part) io.Reader {
	raw := io.NewSectionReader(a.r, int64(p.offset), int64(p.packed))
	r := &partReader{name: p.name, left: int64(p.size), want: p.crc, crc: crc32.NewIEEE(), r: raw}
	if p.method == methodDeflate {
		r.r = flate.NewReader(raw)
	}
	return r
}

// partReader reads a member.
type partReader struct {
	name string
	r    io.Reader
	left int64
	want uint32
	crc  hash.Hash32
}

func (r *partReader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := r.r.Read(b[:min(int64(len(b)), r.left+1)])
	r.crc.Write(b[:n])
	r.left -= int64(n)
	var corrupt flate.CorruptInputError
	switch {
	case r.left < 0:
		return 0, errZip(fmt.Sprintf("the member %s is longer than the directory says", r.name))
	case err == io.EOF && r.left > 0, errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &corrupt):
		return n, errZip(fmt.Sprintf("the member %s cannot be unpacked", r.name))
	case err == io.EOF && r.crc.Sum32() != r.want:
		return n, errZip(fmt.Sprintf("the member %s does not have the checksum of the directory", r.name))
	case err != nil && err != io.EOF:
		return n, fmt.Errorf("reading the pack: %w", err)
	}
	return n, err
}

// read returns the whole of a member whose limit is small.
func (a *archive) read(name string) ([]byte, error) {
	return io.ReadAll(a.open(a.part(name)))
}
