package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/gatebook/gatebook/event"
)

// A frame is one group commit in a journal segment. All integers are
// big-endian.
//
//	offset  size  content
//	0       4     "GBF1"
//	4       4     size of the whole frame
//	8       4     count of records, at least 1
//	12      8     number of the first record
//	20      4     CRC-32C of the frame without these four bytes
//	24            the records
//	              root of the tree with these records, 32 bytes
//	              size of the checkpoint, 2 bytes; the signed checkpoint
//	size-4  4     "GBFE"
//
// A record is the size of the header in 2 bytes, the header, one byte with bit
// c set for each envelope class c that is there, and for each of these in
// order the salt, the size in 4 bytes, and the envelope.
const (
	frameMagic  = "GBF1"
	frameEnd    = "GBFE"
	frameHeader = 24

	// MaxFrame is the largest size of a frame.
	MaxFrame = 1 << 28
	// MaxEnvelope is the largest size of an envelope.
	MaxEnvelope = 1 << 26
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Frame is a decoded frame. Its slices point into the bytes it was parsed from.
type Frame struct {
	First      uint64
	Records    []event.Sealed
	Root       Hash
	Checkpoint []byte
	Size       int // in the journal
}

// errTorn is the error of bytes that are the beginning of a frame, or nothing
// at all: a write that did not finish, or the end of the journal.
var errTorn = errors.New("the frame is not complete")

// FrameBuilder makes a frame of one record after another, without copying a
// record twice. The zero value is ready; Reset makes it ready again.
type FrameBuilder struct {
	b     []byte
	count uint32
}

// Reset begins a frame whose first record is number first.
func (f *FrameBuilder) Reset(first uint64) {
	f.b = append(f.b[:0], frameMagic...)
	f.b = append(f.b, 0, 0, 0, 0, 0, 0, 0, 0)
	f.b = binary.BigEndian.AppendUint64(f.b, first)
	f.b = append(f.b, 0, 0, 0, 0)
	f.count = 0
}

// Add appends a record.
func (f *FrameBuilder) Add(s *event.Sealed) {
	f.b = binary.BigEndian.AppendUint16(f.b, uint16(len(s.Header)))
	f.b = append(f.b, s.Header...)
	var mask byte
	for c, env := range s.Envelopes {
		if env != nil {
			mask |= 1 << c
		}
	}
	f.b = append(f.b, mask)
	for _, env := range s.Envelopes {
		if env != nil {
			f.b = append(f.b, env.Salt[:]...)
			f.b = binary.BigEndian.AppendUint32(f.b, uint32(len(env.Data)))
			f.b = append(f.b, env.Data...)
		}
	}
	f.count++
}

// Finish returns the frame's bytes, which are valid until the next Reset.
func (f *FrameBuilder) Finish(root Hash, checkpoint []byte) []byte {
	f.b = append(f.b, root[:]...)
	f.b = binary.BigEndian.AppendUint16(f.b, uint16(len(checkpoint)))
	f.b = append(f.b, checkpoint...)
	f.b = append(f.b, frameEnd...)
	binary.BigEndian.PutUint32(f.b[4:], uint32(len(f.b)))
	binary.BigEndian.PutUint32(f.b[8:], f.count)
	binary.BigEndian.PutUint32(f.b[20:], frameCRC(f.b))
	return f.b
}

// Size returns the size that the frame has so far.
func (f *FrameBuilder) Size() int { return len(f.b) }

func frameCRC(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:20], castagnoli), castagnoli, b[frameHeader:])
}

// frameSize returns the size of the frame that b begins with, or errTorn if b
// is too short to say or does not begin with one.
func frameSize(b []byte) (int, error) {
	if len(b) < frameHeader || string(b[:4]) != frameMagic {
		return 0, errTorn
	}
	n := int(binary.BigEndian.Uint32(b[4:]))
	if n < frameHeader+len(Hash{})+2+len(frameEnd) || n > MaxFrame {
		return 0, errTorn
	}
	return n, nil
}

// ParseFrame is the inverse of [FrameBuilder]: it parses b, which must be one
// whole frame.
func ParseFrame(b []byte) (*Frame, error) {
	n, err := frameSize(b)
	if err != nil {
		return nil, err
	}
	if n != len(b) || string(b[n-len(frameEnd):]) != frameEnd {
		return nil, errTorn
	}
	if binary.BigEndian.Uint32(b[20:]) != frameCRC(b) {
		return nil, errors.New("its CRC-32C is wrong: bytes of it were changed")
	}
	f := &Frame{First: binary.BigEndian.Uint64(b[12:]), Size: n}
	r := reader{b: b[frameHeader : n-len(frameEnd)]}
	count := binary.BigEndian.Uint32(b[8:])
	if count == 0 || int(count) > len(r.b) {
		return nil, fmt.Errorf("it claims %d records", count)
	}
	f.Records = make([]event.Sealed, count)
	for i := range f.Records {
		r.record(&f.Records[i])
	}
	copy(f.Root[:], r.take(len(f.Root)))
	f.Checkpoint = r.take(int(r.uint16()))
	if r.bad || len(r.b) != 0 {
		return nil, errors.New("its records do not fill it exactly")
	}
	return f, nil
}

// reader takes values off the front of b; bad is set, for good, once b was too
// short or held what is never written.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) uint16() uint16 {
	if v := r.take(2); v != nil {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if v := r.take(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if v := r.take(8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

func (r *reader) record(s *event.Sealed) {
	s.Header = r.take(int(r.uint16()))
	mask := r.take(1)
	if r.bad || mask[0] >= 1<<event.Classes {
		r.bad = true
		return
	}
	for c := range s.Envelopes {
		if mask[0]&(1<<c) != 0 {
			s.Envelopes[c] = r.envelope()
		}
	}
}

func (r *reader) envelope() *event.Envelope {
	env := new(event.Envelope)
	copy(env.Salt[:], r.take(event.SaltSize))
	env.Data = r.take(int(r.uint32()))
	return env
}
