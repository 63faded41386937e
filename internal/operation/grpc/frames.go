package grpc

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
)

// Limits of what is kept of one direction.
const (
	MaxMessages = 100     // messages that are kept
	MaxKept     = 1 << 20 // bytes of them, before and after decompression
)

// Frames follows the length-prefixed messages of one direction of a call (gRPC
// over HTTP/2, "Length-Prefixed-Message"). The zero value is ready. It is for
// one goroutine at a time.
type Frames struct {
	Gzip bool // what is compressed is so with gzip: the grpc-encoding header

	count   uint64 // messages that began
	kept    [][]byte
	size    int
	partial bool

	head [5]byte
	have int    // bytes of head
	left uint64 // bytes of the current message that did not come yet
	body []byte // of the current message; nil: it is not kept
	keep bool
}

// Write takes the next piece, in any cut. It never fails.
func (f *Frames) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if f.left == 0 {
			c := copy(f.head[f.have:], p)
			f.have += c
			p = p[c:]
			if f.have == len(f.head) {
				f.begin()
			}
			continue
		}
		c := int(min(f.left, uint64(len(p))))
		if f.keep {
			f.body = append(f.body, p[:c]...)
		}
		f.left -= uint64(c)
		p = p[c:]
		if f.left == 0 {
			f.end()
		}
	}
	return n, nil
}

func (f *Frames) begin() {
	f.have = 0
	f.count++
	f.left = uint64(binary.BigEndian.Uint32(f.head[1:]))
	f.keep = len(f.kept) < MaxMessages && f.size+int(f.left) <= MaxKept
	f.body = nil
	if !f.keep {
		f.partial = true
	}
	if f.left == 0 {
		f.end()
	}
}

func (f *Frames) end() {
	if !f.keep {
		return
	}
	b := f.body
	if f.head[0]&1 == 1 {
		if b = f.inflate(b); b == nil {
			f.partial = true
			return
		}
	}
	f.size += len(b)
	f.kept = append(f.kept, append([]byte{}, b...))
}

// inflate returns a decompressed message, or nil if that is not possible.
func (f *Frames) inflate(b []byte) []byte {
	if !f.Gzip {
		return nil
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(MaxKept-f.size)+1))
	if err != nil || len(out) > MaxKept-f.size {
		return nil
	}
	if out == nil {
		out = []byte{}
	}
	return out
}

// Count returns how many messages began.
func (f *Frames) Count() uint64 { return f.count }

// Messages returns the messages that are kept, decompressed, and whether there
// were others: too large, too many, or in a compression that is not known.
func (f *Frames) Messages() (messages [][]byte, partial bool) { return f.kept, f.partial }
