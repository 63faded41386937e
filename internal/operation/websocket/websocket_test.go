package websocket

import (
	"encoding/binary"
	"testing"
)

// frame makes a frame with a payload of n bytes.
func frame(op byte, final, masked bool, n int) []byte {
	b := []byte{op, 0}
	if final {
		b[0] |= 0x80
	}
	switch {
	case n < 126:
		b[1] = byte(n)
	case n < 1<<16:
		b[1] = 126
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	default:
		b[1] = 127
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	if masked {
		b[1] |= 0x80
		b = append(b, 1, 2, 3, 4)
	}
	return append(b, make([]byte, n)...)
}

func TestCounter(t *testing.T) {
	var stream []byte
	for _, f := range [][]byte{
		frame(1, true, true, 5), frame(2, true, false, 0), frame(9, true, true, 4), // text, binary, ping
		frame(1, false, true, 200), frame(0, false, true, 70000), frame(0, true, true, 1), // one message in three frames
		frame(2, true, true, 126), frame(8, true, true, 2),
	} {
		stream = append(stream, f...)
	}
	for _, piece := range []int{1, 2, 13, 1000, len(stream)} {
		var c Counter
		for rest := stream; len(rest) > 0; {
			n := min(piece, len(rest))
			c.Write(rest[:n])
			rest = rest[n:]
		}
		if got := c.Messages(); got != 4 || c.control != 2 {
			t.Errorf("in pieces of %d: got %d messages and %d control frames, want 4 and 2", piece, got, c.control)
		}
	}
}

func FuzzCounter(f *testing.F) {
	f.Add(frame(1, true, true, 5))
	f.Fuzz(func(t *testing.T, b []byte) {
		var whole, parts Counter
		whole.Write(b)
		for i := range b {
			parts.Write(b[i : i+1])
		}
		if whole != parts {
			t.Errorf("whole %+v, byte by byte %+v", whole, parts)
		}
	})
}
