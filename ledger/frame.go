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
//
// A frame whose envelopes are encrypted begins with "GBF2". At offset 24 it has
// the id of the key, 16 bytes, and after that the records. For each envelope
// they have the size of the following in 4 bytes, a nonce of 12 bytes, and salt
// and envelope encrypted with AES-256-GCM, which authenticates "GBF2", the
// record's number in 8 bytes and the class in one.
const (
	frameMagic  = "GBF1"
	cryptFrame  = "GBF2"
	frameMark   = "GBF" // all versions begin so
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
	Size       int   // in the journal
	Key        KeyID // that the envelopes are encrypted with; zero: they are in clear

	raw    []byte                  // the bytes that it was parsed from
	locked [][event.Classes][]byte // by record, while they are encrypted
}

// Has reports whether record First+i has an envelope of class c, also one that
// is encrypted.
func (f *Frame) Has(i int, c event.Class) bool {
	return f.Records[i].Envelopes[c] != nil || f.Locked() && f.locked[i][c] != nil
}

// Locked reports whether the envelopes are encrypted, and were not unlocked:
// they are not in Records then.
func (f *Frame) Locked() bool { return f.locked != nil }

// Unlock decrypts the envelopes, if they are encrypted, and puts them into
// Records. Its error wraps [ErrNoKey] or [ErrKeyDestroyed] where the key is
// the reason; that of an envelope that does not decrypt is an [EvidenceError]
// with the record and the reason.
func (f *Frame) Unlock(keys Keys) error {
	if !f.Locked() {
		return nil
	}
	key, err := keys.get(f.Key)
	if err != nil {
		return err
	}
	for i := range f.locked {
		n := f.First + uint64(i)
		for c, sealed := range f.locked[i] {
			if sealed == nil {
				continue
			}
			text, err := key.open(sealed, envelopeData(n, c))
			if err != nil {
				return &EvidenceError{Where: fmt.Sprintf("record %d", n), Reason: fmt.Sprintf("its %s envelope: %s", event.Class(c), err)}
			}
			env := &event.Envelope{Data: text[event.SaltSize:]}
			copy(env.Salt[:], text)
			f.Records[i].Envelopes[c] = env
		}
	}
	f.locked = nil
	return nil
}

// envelopeData is what is authenticated with an encrypted envelope of record n:
// that it is this one.
func envelopeData(n uint64, class int) []byte {
	b := binary.BigEndian.AppendUint64([]byte(cryptFrame), n)
	return append(b, byte(class))
}

// errTorn is the error of bytes that are the beginning of a frame, or nothing
// at all: a write that did not finish, or the end of the journal.
var errTorn = errors.New("the frame is not complete")

// FrameBuilder makes a frame of one record after another, without copying a
// record twice. The zero value is ready; Reset makes it ready again.
type FrameBuilder struct {
	b     []byte
	first uint64
	count uint32
	key   *DataKey
	text  []byte
}

// Reset begins a frame whose first record is number first, and whose envelopes
// are encrypted with key unless that is nil.
func (f *FrameBuilder) Reset(first uint64, key *DataKey) {
	magic := frameMagic
	if key != nil {
		magic = cryptFrame
	}
	f.b = append(f.b[:0], magic...)
	f.b = append(f.b, 0, 0, 0, 0, 0, 0, 0, 0)
	f.b = binary.BigEndian.AppendUint64(f.b, first)
	f.b = append(f.b, 0, 0, 0, 0)
	if key != nil {
		f.b = append(f.b, key.id[:]...)
	}
	f.first, f.count, f.key = first, 0, key
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
	for c, env := range s.Envelopes {
		switch {
		case env == nil:
		case f.key != nil:
			f.text = append(append(f.text[:0], env.Salt[:]...), env.Data...)
			f.b = binary.BigEndian.AppendUint32(f.b, uint32(len(f.text)+gcmOverhead))
			f.b = f.key.seal(f.b, f.text, envelopeData(f.first+uint64(f.count), c))
		default:
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

// FrameOverhead is more than a frame takes beside its records.
const FrameOverhead = 1 << 10

// RecordSize returns the most that a record takes in a frame.
func RecordSize(s *event.Sealed) int {
	n := 2 + len(s.Header) + 1
	for _, env := range s.Envelopes {
		if env != nil {
			n += event.SaltSize + 4 + gcmOverhead + len(env.Data)
		}
	}
	return n
}

// Size returns the size that the frame has so far.
func (f *FrameBuilder) Size() int { return len(f.b) }

func frameCRC(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:20], castagnoli), castagnoli, b[frameHeader:])
}

// frameSize returns the size of the frame that b begins with, or errTorn if b
// is too short to say or does not begin with one.
func frameSize(b []byte) (int, error) {
	if len(b) < frameHeader || string(b[:4]) != frameMagic && string(b[:4]) != cryptFrame {
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
	f := &Frame{First: binary.BigEndian.Uint64(b[12:]), Size: n, raw: b}
	r := reader{b: b[frameHeader : n-len(frameEnd)]}
	if crypt := string(b[:4]) == cryptFrame; crypt {
		if copy(f.Key[:], r.take(len(f.Key))); f.Key.IsZero() {
			return nil, errors.New("it names no key")
		}
	}
	count := binary.BigEndian.Uint32(b[8:])
	if count == 0 || int(count) > len(r.b) {
		return nil, fmt.Errorf("it claims %d records", count)
	}
	f.Records = make([]event.Sealed, count)
	if !f.Key.IsZero() {
		f.locked = make([][event.Classes][]byte, count)
	}
	for i := range f.Records {
		if f.Locked() {
			r.record(&f.Records[i], &f.locked[i])
		} else {
			r.record(&f.Records[i], nil)
		}
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
	b    []byte
	bad  bool
	envs []event.Envelope // to be handed out, so that not each is allocated
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

// record takes a record; its envelopes are encrypted if locked is not nil.
func (r *reader) record(s *event.Sealed, locked *[event.Classes][]byte) {
	s.Header = r.take(int(r.uint16()))
	mask := r.take(1)
	if r.bad || mask[0] >= 1<<event.Classes {
		r.bad = true
		return
	}
	for c := range s.Envelopes {
		switch {
		case mask[0]&(1<<c) == 0:
		case locked == nil:
			s.Envelopes[c] = r.envelope()
		default:
			size := int(r.uint32())
			r.bad = r.bad || size < event.SaltSize+gcmOverhead
			locked[c] = r.take(size)
		}
	}
}

// envelopesAtOnce is how many envelopes a reader allocates at a time.
const envelopesAtOnce = 48

func (r *reader) envelope() *event.Envelope {
	if len(r.envs) == 0 {
		r.envs = make([]event.Envelope, envelopesAtOnce)
	}
	env := &r.envs[0]
	r.envs = r.envs[1:]
	copy(env.Salt[:], r.take(event.SaltSize))
	env.Data = r.take(int(r.uint32()))
	return env
}
