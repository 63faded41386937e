package classify

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep JSON may be nested; what is deeper is read as text.
const maxDepth = 512

// jsonState is where in a JSON text the scan is.
type jsonState uint8

const (
	jsonValue jsonState = iota
	jsonValueOrEnd
	jsonKey
	jsonKeyOrEnd
	jsonColon
	jsonComma
	jsonString
	jsonEscape
	jsonHex
	jsonNumber
	jsonWord
	jsonText // not JSON: text, until the line ends
)

// jsonScan reads JSON texts one after the other, in pieces.
type jsonScan struct {
	state  jsonState
	name   bool // the string is a member's name
	begun  bool // something came before, on this line
	depth  int
	object [maxDepth / 64]uint64 // bit d: what is open at depth d is an object
	hex    int                   // digits of an escape so far
	rune   rune
	high   rune // the first half of a surrogate pair
}

func (j *jsonScan) begin() { j.state, j.depth, j.high, j.begun = jsonValue, 0, 0, false }

func (j *jsonScan) inObject() bool { return j.object[j.depth>>6]>>(j.depth&63)&1 == 1 }

func (j *jsonScan) write(s *Scan, p []byte) {
	for i := 0; i < len(p); {
		switch j.state {
		case jsonString:
			i = j.inString(s, p, i)
			continue
		case jsonEscape:
			j.escape(s, p[i])
			i++
			continue
		case jsonHex:
			i = j.hexDigit(s, p, i)
			continue
		case jsonNumber:
			i = j.inNumber(s, p, i)
			continue
		case jsonWord:
			if isLetter(p[i]) {
				s.add(p[i : i+1])
				i++
			} else {
				j.endWord(s)
			}
			continue
		case jsonText:
			i = j.inText(s, p, i)
			continue
		}
		c := p[i]
		if c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
			i++
			continue
		}
		i = j.token(s, p, i)
	}
}

// token reads what is not within a string, a number or a word.
func (j *jsonScan) token(s *Scan, p []byte, i int) int {
	c := p[i]
	switch {
	case j.state == jsonComma && j.depth == 0:
		j.state = jsonValue // another text follows
		return i
	case j.state == jsonComma && c == ',':
		j.state = jsonValue
		if j.inObject() {
			j.state = jsonKey
		}
		return i + 1
	case (j.state == jsonComma || j.state == jsonKeyOrEnd) && c == '}' && j.depth > 0 && j.inObject(),
		(j.state == jsonComma || j.state == jsonValueOrEnd) && c == ']' && j.depth > 0 && !j.inObject():
		j.depth--
		j.state = jsonComma
		s.tree.close(s)
		return i + 1
	case j.state == jsonComma:
		return j.fail(s, i)
	case (j.state == jsonKey || j.state == jsonKeyOrEnd) && c == '"':
		return j.string(s, p, i, true)
	case j.state == jsonColon && c == ':':
		j.state = jsonValue
		return i + 1
	case j.state == jsonKey, j.state == jsonKeyOrEnd, j.state == jsonColon:
		return j.fail(s, i)
	case c == '"':
		return j.string(s, p, i, false)
	case c == '{', c == '[':
		if j.depth+1 >= maxDepth {
			return j.fail(s, i)
		}
		j.depth++
		if c == '{' {
			j.object[j.depth>>6] |= 1 << (j.depth & 63)
			j.state = jsonKeyOrEnd
		} else {
			j.object[j.depth>>6] &^= 1 << (j.depth & 63)
			j.state = jsonValueOrEnd
		}
		s.tree.open(s, c == '[')
		return i + 1
	case c == '-', isDigit(c):
		j.state = jsonNumber
		return i
	case isLetter(c):
		j.state = jsonWord
		return i
	case c == 0xef || c == 0xbb || c == 0xbf: // a byte order mark
		if j.depth == 0 {
			return i + 1
		}
	}
	return j.fail(s, i)
}

// string reads a string whose quote is p[i], at once if it is short and whole.
func (j *jsonScan) string(s *Scan, p []byte, i int, name bool) int {
	j.name = name
	rest := p[i+1:]
	n := shortEnd(rest) // most are short
	if n == 24 {
		if n = bytes.IndexByte(rest, '"'); n > maxValue || n >= 0 && bytes.IndexByte(rest[:n], '\\') >= 0 {
			n = -1
		}
	}
	if n >= 0 && n < len(rest) && rest[n] == '"' {
		j.endString(s, rest[:n])
		return i + 1 + n + 1
	}
	j.state = jsonString
	return i + 1
}

// shortEnd returns where the first quote or backslash of b is, at most 24, or
// len(b) if it is shorter. It looks at eight bytes at a time.
func shortEnd(b []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; n < 24 && n+8 <= len(b); n += 8 {
		w := binary.LittleEndian.Uint64(b[n:])
		quote, back := w^ones*'"', w^ones*'\\'
		// The lowest bit that is set is that of the first byte that is zero.
		if found := ((quote-ones)&^quote | (back-ones)&^back) & highs; found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for n < 24 && n < len(b) && b[n] != '"' && b[n] != '\\' {
		n++
	}
	return n
}

func (j *jsonScan) inString(s *Scan, p []byte, i int) int {
	rest := p[i:min(len(p), i+512)] // a string of escapes is not searched to its end for each
	n := bytes.IndexByte(rest, '"')
	if n < 0 {
		n = len(rest)
	}
	if e := bytes.IndexByte(rest[:n], '\\'); e >= 0 {
		s.addString(j, rest[:e])
		j.state = jsonEscape
		return i + e + 1
	}
	s.addString(j, rest[:n])
	if n == len(rest) {
		return i + n
	}
	v, whole := s.taken()
	if !whole {
		v = nil
	}
	j.endString(s, v)
	return i + n + 1
}

// addString adds to the string that is being read. Names are cut: nothing
// depends on more than their end.
func (s *Scan) addString(j *jsonScan, p []byte) {
	if j.name && len(s.buf)+len(p) > maxValue {
		p = p[:maxValue-len(s.buf)]
	}
	s.add(p)
}

func (j *jsonScan) endString(s *Scan, v []byte) {
	j.high = 0
	if j.name {
		j.state = jsonColon
		s.tree.key(s, v)
		return
	}
	j.state = jsonComma
	s.tree.value(s, v, false)
}

func (j *jsonScan) escape(s *Scan, c byte) {
	j.state = jsonString
	switch c {
	case 'u':
		j.state, j.hex, j.rune = jsonHex, 0, 0
		return
	case 'n', 'r', 't':
		c = "\n\r\t"[bytes.IndexByte([]byte("nrt"), c)]
	case 'b', 'f':
		c = ' '
	}
	s.addString(j, []byte{c})
}

func (j *jsonScan) hexDigit(s *Scan, p []byte, i int) int {
	c := p[i]
	if !isHex(c) {
		j.state = jsonString
		return i
	}
	v := rune(c&0xf) + rune(c>>6)*9
	j.rune = j.rune<<4 | v
	if j.hex++; j.hex < 4 {
		return i + 1
	}
	j.state = jsonString
	r := j.rune
	if j.high != 0 {
		r = utf16.DecodeRune(j.high, j.rune)
		j.high = 0
	} else if utf16.IsSurrogate(r) {
		j.high = r
		return i + 1
	}
	var buf [utf8.UTFMax]byte
	s.addString(j, utf8.AppendRune(buf[:0], r))
	return i + 1
}

func numberByte(c byte) bool {
	return isDigit(c) || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}

func (j *jsonScan) inNumber(s *Scan, p []byte, i int) int {
	end := i
	for end < len(p) && numberByte(p[end]) {
		end++
	}
	if end < len(p) && len(s.buf) == 0 && !s.long && end-i <= maxValue {
		j.state = jsonComma
		s.tree.value(s, p[i:end], true)
		return end
	}
	s.add(p[i:end])
	if end < len(p) {
		j.endNumber(s)
	}
	return end
}

func (j *jsonScan) endNumber(s *Scan) {
	j.state = jsonComma
	v, whole := s.taken()
	if !whole {
		v = nil
	}
	s.tree.value(s, v, true)
}

func (j *jsonScan) endWord(s *Scan) {
	switch string(s.buf) {
	case "true", "false", "null", "NaN", "Infinity":
		s.buf, s.long = s.buf[:0], false
		j.state = jsonComma
		s.tree.literal()
		return
	}
	j.state = jsonText
}

// fail goes on with what is not JSON as text.
func (j *jsonScan) fail(s *Scan, i int) int {
	j.state = jsonText
	return i
}

// inText reads text until the line ends. What follows may be JSON again.
func (j *jsonScan) inText(s *Scan, p []byte, i int) int {
	n := bytes.IndexByte(p[i:], '\n')
	if n < 0 {
		s.add(p[i:])
		return len(p)
	}
	s.add(p[i : i+n])
	j.endLine(s)
	return i + n + 1
}

func (j *jsonScan) endLine(s *Scan) {
	s.tree.end(s)
	s.endText()
	j.state, j.depth = jsonValue, 0
}

func (j *jsonScan) end(s *Scan) {
	switch j.state {
	case jsonNumber:
		j.endNumber(s)
	case jsonWord:
		j.endWord(s)
		if j.state == jsonText {
			j.endLine(s)
		}
	case jsonString, jsonEscape, jsonHex:
		if !j.name { // cut off: what is there of it counts
			v, whole := s.taken()
			if !whole {
				v = nil
			}
			s.tree.value(s, v, false)
		}
	case jsonText:
		j.endLine(s)
	}
	if j.depth > 0 {
		s.part = true
	}
}
