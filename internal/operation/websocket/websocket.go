// Package websocket counts the messages of a WebSocket connection (RFC 6455)
// in one direction, while its frames pass. It holds nothing of them.
//
// It takes any bytes in any cut without a panic. Bytes that are no frames are
// counted as if they were.
package websocket

import "encoding/binary"

// Counter counts the messages of one direction. The zero value is ready. It is
// for one goroutine at a time.
type Counter struct {
	head [14]byte
	have int    // bytes of head
	left uint64 // of the current frame's payload

	text, binary, control uint64
	bytes                 uint64 // of payload
}

// Opcodes of frames.
const (
	opText   = 1
	opBinary = 2
	control  = 8 // and above
)

// Write takes the next piece, in any cut. It never fails.
func (c *Counter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if c.left > 0 {
			k := min(c.left, uint64(len(p)))
			c.left -= k
			p = p[k:]
			continue
		}
		c.head[c.have] = p[0]
		c.have++
		p = p[1:]
		if c.have == c.size() {
			c.begin()
		}
	}
	return n, nil
}

// size returns how long the head is, as far as it is known.
func (c *Counter) size() int {
	if c.have < 2 {
		return 2
	}
	size := 2
	switch c.head[1] & 0x7f {
	case 126:
		size = 4
	case 127:
		size = 10
	}
	if c.head[1]&0x80 != 0 {
		size += 4 // the mask
	}
	return size
}

func (c *Counter) begin() {
	c.have = 0
	switch n := c.head[1] & 0x7f; n {
	case 126:
		c.left = uint64(binary.BigEndian.Uint16(c.head[2:]))
	case 127:
		c.left = binary.BigEndian.Uint64(c.head[2:])
	default:
		c.left = uint64(n)
	}
	c.bytes += c.left
	switch op := c.head[0] & 0x0f; {
	case op >= control:
		c.control++
	case op == opText:
		c.text++
	case op == opBinary:
		c.binary++
	}
}

// Messages returns how many text and binary messages began. What continues a
// message does not count, nor do pings, pongs and closes.
func (c *Counter) Messages() uint64 { return c.text + c.binary }
