package classify

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// xmlScan reads XML, and HTML well enough. An element that has no others in
// it is a member with a value, the others are objects; attributes are members
// of their element.
type xmlScan struct {
	state   xmlState
	quote   byte
	name    [maxKey]byte // of the element that was opened last, or of the attribute
	n       int
	leaf    [maxKey]byte // the element whose content is being read, while it has no others in it
	leafLen int
	pending bool // leaf is open and not yet an object
	depth   int  // objects that are open
	closing bool // the tag is an end tag
	empty   bool // the tag ends with a slash
	dashes  int
	rows    [2]uint64 // children of the root, by whether they have the first one's name
	first   [maxKey]byte
	firstN  int
}

type xmlState uint8

const (
	xmlText xmlState = iota
	xmlTag           // after <
	xmlName
	xmlInside // within a tag, between attributes
	xmlAttr
	xmlEquals
	xmlQuoted
	xmlBare
	xmlOther // <? or <!, up to >
	xmlBang  // after <!
	xmlComment
	xmlCDATA
)

func (x *xmlScan) write(s *Scan, p []byte) {
	for i := 0; i < len(p); {
		c := p[i]
		switch x.state {
		case xmlText:
			n := bytes.IndexByte(p[i:], '<')
			if n < 0 {
				s.add(p[i:])
				return
			}
			s.add(p[i : i+n])
			i += n + 1
			x.state, x.n, x.closing, x.empty = xmlTag, 0, false, false
			continue
		case xmlTag:
			switch {
			case c == '/':
				x.closing = true
				x.state = xmlName
			case c == '!':
				x.state, x.n = xmlBang, 0
			case c == '?':
				x.state = xmlOther
			case isLetter(c) || c == '_' || c >= utf8.RuneSelf:
				x.state = xmlName
				continue
			default:
				s.add([]byte{'<', c})
				x.state = xmlText
			}
		case xmlName, xmlAttr:
			switch {
			case c == '>' || c == '/' || c <= ' ' || c == '=' && x.state == xmlAttr:
				x.endName(s)
				continue
			case c == ':':
				x.n = 0 // the prefix of a namespace
			case x.n < len(x.name):
				x.name[x.n] = c
				x.n++
			}
		case xmlInside:
			switch {
			case c == '>':
				x.endTag(s)
			case c == '/':
				x.empty = true
			case c > ' ' && c != '=' && c != '"' && c != '\'':
				x.state, x.n = xmlAttr, 0
				continue
			}
		case xmlEquals:
			switch {
			case c == '"' || c == '\'':
				x.state, x.quote = xmlQuoted, c
			case c == '>':
				x.state = xmlInside
				continue
			case c > ' ':
				x.state = xmlBare
				continue
			}
		case xmlQuoted:
			n := bytes.IndexByte(p[i:], x.quote)
			if n < 0 {
				s.add(p[i:])
				return
			}
			s.add(p[i : i+n])
			i += n
			x.attribute(s)
		case xmlBare:
			if c <= ' ' || c == '>' {
				x.attribute(s)
				continue
			}
			s.add(p[i : i+1])
		default:
			x.other(s, c)
		}
		i++
	}
}

// other reads comments, CDATA and declarations.
func (x *xmlScan) other(s *Scan, c byte) {
	switch x.state {
	case xmlOther:
		if c == '>' {
			x.state = xmlText
		}
	case xmlBang:
		x.n++
		switch {
		case x.n == 1 && c == '[':
			x.dashes = 0
		case x.n == 2 && c == '-' && x.dashes == 1:
			x.state, x.dashes = xmlComment, 0
		case x.n == 1 && c == '-':
			x.dashes = 1
		case c == '[' && x.n == 7:
			x.state, x.dashes = xmlCDATA, 0
		case c == '>':
			x.state = xmlText
		case x.n > 7:
			x.state = xmlOther
		}
	case xmlComment:
		switch {
		case c == '-':
			x.dashes++
		case c == '>' && x.dashes >= 2:
			x.state = xmlText
		default:
			x.dashes = 0
		}
	case xmlCDATA:
		switch {
		case c == ']':
			x.dashes++
			return
		case c == '>' && x.dashes >= 2:
			x.state = xmlText
			return
		}
		for ; x.dashes > 0; x.dashes-- {
			s.add([]byte{']'})
		}
		s.add([]byte{c})
	}
}

// endName ends the name of a tag or of an attribute.
func (x *xmlScan) endName(s *Scan) {
	if x.state == xmlAttr {
		x.state = xmlEquals
		return
	}
	x.state = xmlInside
	if x.closing {
		return
	}
	x.content(s)
	x.become(s)
	x.leafLen = copy(x.leaf[:], x.name[:x.n])
	x.pending = true
	if x.depth == 1 {
		if x.firstN == 0 {
			x.firstN = copy(x.first[:], x.name[:x.n])
		}
		if bytes.Equal(x.first[:x.firstN], x.name[:x.n]) {
			x.rows[0]++
		} else {
			x.rows[1]++
		}
	}
}

// become makes an object of the element that seemed to be a leaf.
func (x *xmlScan) become(s *Scan) {
	if !x.pending {
		return
	}
	x.pending = false
	if s.tree.depth > 0 {
		s.tree.key(s, x.leaf[:x.leafLen])
	}
	s.tree.open(s, false)
	if s.tree.depth == 1 {
		f := &s.tree.frames[1]
		f.person = keyNamed(x.leaf[:x.leafLen], s.c.extra).person
		f.wrap = false
	}
	x.depth++
}

// attribute ends the value of an attribute.
func (x *xmlScan) attribute(s *Scan) {
	x.state = xmlInside
	x.become(s)
	s.tree.key(s, x.name[:x.n])
	if v, whole := s.taken(); whole {
		s.tree.value(s, unescapeXML(v), false)
	}
}

// content reads the text that ended.
func (x *xmlScan) content(s *Scan) {
	if !s.long && len(bytes.TrimSpace(s.buf)) == 0 {
		s.buf = s.buf[:0]
		return
	}
	v, whole := s.taken()
	if !whole {
		return
	}
	v = bytes.TrimSpace(unescapeXML(v))
	if x.pending && s.tree.depth > 0 {
		s.tree.key(s, x.leaf[:x.leafLen])
		s.tree.value(s, v, false)
		return
	}
	s.piece(v)
}

// endTag ends a tag.
func (x *xmlScan) endTag(s *Scan) {
	x.state = xmlText
	if !x.closing && !x.empty {
		return
	}
	x.content(s)
	switch {
	case x.pending:
		x.pending = false
	case x.depth > 0:
		x.depth--
		s.tree.close(s)
	}
}

func (x *xmlScan) end(s *Scan) {
	x.content(s)
	if x.depth > 0 {
		s.part = true
	}
	if x.rows[0] > 1 && x.rows[1] <= 3 {
		s.tree.rows = x.rows[0]
	}
}

// unescapeXML undoes the entities of XML in place.
func unescapeXML(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return b
	}
	out := b[:0]
	for i := 0; i < len(b); i++ {
		if b[i] == '&' {
			if end := bytes.IndexByte(b[i:min(len(b), i+12)], ';'); end > 1 {
				if r, ok := entity(string(b[i+1 : i+end])); ok {
					out = utf8.AppendRune(out, r)
					i += end
					continue
				}
			}
		}
		out = append(out, b[i])
	}
	return out
}

func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	base, text := 10, name[1:]
	if text[0] == 'x' || text[0] == 'X' {
		base, text = 16, text[1:]
	}
	n, err := strconv.ParseUint(text, base, 21)
	if err != nil || n < ' ' {
		return 0, false
	}
	return rune(n), true
}
