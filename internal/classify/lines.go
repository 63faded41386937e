package classify

import "bytes"

// sseScan reads server-sent events: the data of each line, which is mostly
// JSON, as one text after the other.
type sseScan struct {
	state uint8 // 0-4: so much of "data:" has been read; 5: data begins, 6: within it; 7: another field
}

func (e *sseScan) write(s *Scan, p []byte) {
	for i := 0; i < len(p); {
		c := p[i]
		switch {
		case e.state == 5 && c == ' ':
			e.state = 6
			i++
		case e.state == 5:
			e.state = 6
		case e.state == 6:
			n := bytes.IndexByte(p[i:], '\n')
			if n < 0 {
				s.json.write(s, p[i:])
				return
			}
			s.json.write(s, p[i:i+n+1])
			i += n + 1
			e.state = 0
		case c == '\n':
			e.state = 0
			i++
		case e.state < 5 && c == "data:"[e.state]:
			e.state++
			i++
		default:
			e.state = 7
			i++
		}
	}
}

const maxColumns = 64

// csvScan reads rows with separators. The first row names the columns if none
// of it looks like data.
type csvScan struct {
	state   csvState
	sep     byte
	row     int // rows that have ended
	col     int // of the row that is being read
	open    bool
	header  bool
	columns [][]byte
}

type csvState uint8

const (
	csvHead csvState = iota // the first line is not whole yet
	csvField
	csvQuoted
	csvQuote // a quote within quotes: the end of the field, or a quote
)

func (x *csvScan) begin() {
	x.state, x.sep, x.row, x.col, x.open, x.header = csvHead, ',', 0, 0, false, false
	x.columns = x.columns[:0]
}

func (x *csvScan) write(s *Scan, p []byte) {
	for i := 0; i < len(p); {
		switch x.state {
		case csvHead:
			n := bytes.IndexByte(p[i:], '\n')
			if n < 0 && len(s.buf)+len(p)-i < maxValue {
				s.buf = append(s.buf, p[i:]...)
				return
			}
			if n < 0 {
				n = maxValue - len(s.buf) - 1
			}
			n = min(n, maxValue-len(s.buf)-1)
			s.buf = append(s.buf, p[i:i+n+1]...)
			i += n + 1
			x.head(s)
		case csvQuoted:
			n := bytes.IndexByte(p[i:], '"')
			if n < 0 {
				s.add(p[i:])
				return
			}
			s.add(p[i : i+n])
			x.state = csvQuote
			i += n + 1
		case csvQuote:
			if p[i] == '"' {
				s.add(p[i : i+1])
				x.state = csvQuoted
				i++
			} else {
				x.state = csvField
			}
		default:
			i = x.field(s, p, i)
		}
	}
}

// head reads the first line for its separator and names, and then as a row.
func (x *csvScan) head(s *Scan) {
	line := bytes.TrimPrefix(s.buf, []byte("\xef\xbb\xbf"))
	best := 0
	for _, sep := range []byte(",;\t|") {
		if n := bytes.Count(line, []byte{sep}); n > best {
			x.sep, best = sep, n
		}
	}
	x.header = true
	for _, c := range bytes.Split(bytes.TrimRight(line, "\r\n"), []byte{x.sep}) {
		c = bytes.Trim(c, `" `)
		if hasAt(c) || len(c) > maxKey || len(c) > 3 && dynamicName(c) || len(c) > 0 && isDigit(c[0]) {
			x.header = false
		}
		if len(x.columns) < maxColumns {
			x.columns = append(x.columns, bytes.Clone(c))
		}
	}
	s.tree.open(s, true)
	s.tree.frames[s.tree.depth].explicit = true
	x.state = csvField
	if x.header {
		s.buf = s.buf[:0]
		return
	}
	row := bytes.Clone(line)
	s.buf = s.buf[:0]
	x.columns = x.columns[:0]
	x.write(s, row)
}

func (x *csvScan) field(s *Scan, p []byte, i int) int {
	if p[i] == '"' && len(s.buf) == 0 && !s.long {
		x.state = csvQuoted
		return i + 1
	}
	end := i
	for end < len(p) && p[end] != x.sep && p[end] != '\n' {
		end++
	}
	s.add(p[i:end])
	if end == len(p) {
		return end
	}
	x.endField(s)
	if p[end] == '\n' {
		x.endRow(s)
	}
	return end + 1
}

func (x *csvScan) endField(s *Scan) {
	v := bytes.TrimSpace(s.buf)
	if x.col == 0 && len(v) == 0 && !s.long {
		x.col++
		return
	}
	if !x.open {
		s.tree.open(s, false)
		x.open = true
	}
	var name []byte
	if x.col < len(x.columns) {
		name = x.columns[x.col]
	} else {
		name = []byte{byte(x.col), byte(x.col >> 8)}
	}
	x.col++
	s.tree.key(s, name)
	if s.long {
		s.taken()
		s.tree.value(s, nil, false)
		return
	}
	s.tree.value(s, v, false)
	s.buf = s.buf[:0]
}

func (x *csvScan) endRow(s *Scan) {
	if x.open {
		s.tree.close(s)
	}
	x.open, x.col = false, 0
	x.row++
}

func (x *csvScan) end(s *Scan) {
	if x.state == csvHead {
		if len(s.buf) == 0 {
			return
		}
		x.head(s)
	}
	if len(s.buf) > 0 || s.long || x.open {
		x.endField(s)
		x.endRow(s)
	}
}

// form reads name=value pairs.
func (s *Scan) form(p []byte) {
	x := &s.csv // the same few counters serve
	for _, c := range p {
		switch {
		case c == '&':
			s.endPair()
		case c == '=' && !x.header:
			if s.long {
				s.taken()
			}
			if s.tree.depth == 0 {
				s.tree.open(s, false)
			}
			s.tree.key(s, unescapeForm(s.buf))
			s.buf, s.long, x.header = s.buf[:0], false, true
		default:
			s.add([]byte{c})
		}
	}
}

func (s *Scan) endPair() {
	if s.csv.header && len(s.buf) > 0 && !s.long {
		s.tree.value(s, unescapeForm(s.buf), false)
	}
	if s.long {
		s.taken()
	}
	s.buf, s.csv.header = s.buf[:0], false
}

func (s *Scan) endForm() { s.endPair() }

// unescapeForm undoes percent-encoding in place.
func unescapeForm(b []byte) []byte {
	out := b[:0]
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(b) && isHex(b[i+1]) && isHex(b[i+2]):
			c = unhex(b[i+1])<<4 | unhex(b[i+2])
			i += 2
		}
		out = append(out, c)
	}
	return out
}

func unhex(c byte) byte { return c&0xf + c>>6*9 }
