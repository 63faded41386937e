package capture

import (
	"encoding/binary"
	"net/http"
)

// bodyForm says how the bytes of a body are to be read.
type bodyForm struct {
	header   http.Header
	upgraded bool // frames of a WebSocket
}

// maxText bounds what a compressed body may become: the default limit, or four
// times its size if that is more.
const maxText = DefaultLimit

// text returns what can be read of the beginning of a body, and whether there
// was more.
func (f bodyForm) text(b []byte) (text []byte, short bool) {
	if len(b) == 0 {
		return nil, false
	}
	if f.upgraded {
		return frameTexts(b)
	}
	list := codingsOf(f.header)
	if len(list) == 0 {
		return b, false
	}
	return list.undo(b, max(maxText, 4*len(b)))
}

// frameTexts returns the text messages in a sequence of WebSocket frames (RFC
// 6455), one to a line, and whether anything was left out.
func frameTexts(b []byte) (text []byte, short bool) {
	const (
		continuation = 0
		message      = 1
		binaryData   = 2
		fin          = 0x80
		compressed   = 0x40
		masked       = 0x80
	)
	inText := false
	for len(b) >= 2 {
		first, second := b[0], b[1]
		size := uint64(second & 0x7f)
		at := 2
		switch {
		case size == 126 && len(b) >= 4:
			size, at = uint64(binary.BigEndian.Uint16(b[2:])), 4
		case size == 127 && len(b) >= 10:
			size, at = binary.BigEndian.Uint64(b[2:]), 10
		case size >= 126:
			return text, true
		}
		var mask []byte
		if second&masked != 0 {
			if len(b) < at+4 {
				return text, true
			}
			mask, at = b[at:at+4], at+4
		}
		rest := b[at:]
		cut := size > uint64(len(rest))
		if cut {
			size = uint64(len(rest))
		}
		switch first & 0x0f {
		case message:
			inText = first&compressed == 0
			short = short || !inText
		case binaryData:
			inText, short = false, true
		}
		if op := first & 0x0f; inText && (op == message || op == continuation) {
			for i := range rest[:size] {
				c := rest[i]
				if mask != nil {
					c ^= mask[i&3]
				}
				text = append(text, c)
			}
			if first&fin != 0 {
				text = append(text, '\n')
				inText = false
			}
		}
		if cut {
			return text, true
		}
		b = rest[size:]
	}
	return text, short || len(b) > 0
}
