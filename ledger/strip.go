package ledger

import (
	"encoding/binary"

	"github.com/gatebook/gatebook/event"
)

// Strip appends to dst the bytes of a frame like f, without those envelopes for
// which gone says so, and returns it with their number. Records, root and
// checkpoint stay as they are, and so do encrypted envelopes that remain: no
// key is needed.
func (f *Frame) Strip(dst []byte, gone func(n uint64, c event.Class, header []byte) bool) ([]byte, uint64) {
	start, removed := len(dst), uint64(0)
	r := reader{b: f.raw[frameHeader:]}
	dst = append(dst, f.raw[:frameHeader]...)
	locked := !f.Key.IsZero()
	if locked {
		dst = append(dst, r.take(len(f.Key))...)
	}
	for i := range f.Records {
		header := r.take(int(r.uint16()))
		mask := r.take(1)[0]
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(header)))
		dst = append(append(dst, header...), mask)
		kept := len(dst) - 1
		for c := range event.Class(event.Classes) {
			if mask&(1<<c) == 0 {
				continue
			}
			envelope := r.b
			if !locked {
				r.take(event.SaltSize)
			}
			r.take(int(r.uint32()))
			envelope = envelope[:len(envelope)-len(r.b)]
			if gone(f.First+uint64(i), c, header) {
				dst[kept] &^= 1 << c
				removed++
				continue
			}
			dst = append(dst, envelope...)
		}
	}
	dst = append(dst, r.b...)
	out := dst[start:]
	binary.BigEndian.PutUint32(out[4:], uint32(len(out)))
	binary.BigEndian.PutUint32(out[20:], frameCRC(out))
	return dst, removed
}
