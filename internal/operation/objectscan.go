package operation

import (
	"bytes"
	"encoding/json"
)

// scanner finds the ids in JSON that comes in pieces. Its memory is bounded;
// what is deeper than maxDepth is skipped.
type scanner struct {
	to    *objects
	refs  bool   // ids of others, such as customer_id, are taken too
	top   string // type of objects at the top
	echo  *echo  // segments of the path to look for; nil: none
	keys  *keyCache
	api   bool                  // it is JSON:API: what an object is it says itself
	odata bool                  // CustomerID is the own id of a customer
	is    func(typ string) bool // reports whether objects of a type are known; nil: no such field is taken

	stack   [maxDepth]frame
	depth   int // of containers, also of those deeper than stack
	state   scanState
	escape  bool // the byte before was a backslash
	escaped bool // the text has escapes
	keep    bool // text is wanted
	own     bool // the key is an object's own id
	name    bool // the key is one of the names by which paths call objects
	ref     string
	kind    bool   // the key is the type of a resource of JSON:API
	maybe   string // type of an object that the key is called like
	key     [64]byte
	keyLen  int
	text    [256]byte
	textLen int
	long    bool // the text did not fit
	broken  bool // it is no JSON
}

const maxDepth = 24

type scanState uint8

const (
	between scanState = iota // a value, or structure
	inKey
	inText
	inScalar
)

// frame is a container.
type frame struct {
	typ   string // of the objects in it
	array bool
	value bool // a value comes next, not a key

	// Of JSON:API.
	resource bool   // it is a resource object, or a list of them
	kind, id string // that it has said
}

// echo are segments of a path that an answer may give back.
type echo struct {
	segments []string
	found    uint64
}

// write takes a piece.
func (s *scanner) write(p []byte) {
	for i := 0; i < len(p) && !s.broken; {
		switch s.state {
		case inKey, inText:
			i += s.string(p[i:])
		case inScalar:
			i += s.scalar(p[i:])
		default:
			s.structure(p[i])
			i++
		}
	}
}

func (s *scanner) top1() *frame {
	if s.depth == 0 || s.depth > maxDepth {
		return nil
	}
	return &s.stack[s.depth-1]
}

func (s *scanner) structure(c byte) {
	f := s.top1()
	switch c {
	case ' ', '\t', '\r', '\n':
	case '{', '[':
		s.push(c == '[')
	case '}', ']':
		if s.depth == 0 {
			s.broken = true
			return
		}
		if s.api {
			s.resource()
		}
		s.depth--
		s.forgetKey()
	case ',':
		if f != nil {
			f.value = f.array
			if !f.array {
				s.forgetKey()
			}
		}
	case ':':
		if f != nil {
			f.value = true
		}
	case '"':
		s.textLen, s.long, s.escaped, s.escape = 0, false, false, false
		if f != nil && !f.array && !f.value {
			s.state, s.keep = inKey, true
			return
		}
		s.state, s.keep = inText, f != nil && s.wanted()
	case 0x1e: // RFC 7464
	default:
		s.state, s.textLen, s.long, s.escaped = inScalar, 1, false, false
		s.text[0] = c
		s.keep = f != nil && s.wanted()
	}
}

func (s *scanner) wanted() bool {
	return s.own || s.kind || s.ref != "" || s.maybe != "" || s.name && s.echo != nil
}

func (s *scanner) forgetKey() {
	s.keyLen, s.own, s.name, s.kind, s.ref, s.maybe = 0, false, false, false, "", ""
}

// push opens a container, and says what its objects are.
func (s *scanner) push(array bool) {
	parent := s.top1()
	s.depth++
	if s.depth > maxDepth {
		return
	}
	f := &s.stack[s.depth-1]
	*f = frame{typ: s.top, array: array, value: array}
	if parent == nil {
		if s.depth > 1 {
			f.typ = ""
		}
		return
	}
	f.typ = parent.typ
	if s.api {
		f.resource = s.isResource(parent)
	}
	if !parent.array && s.keyLen > 0 {
		if key := s.key[:s.keyLen]; !envelopes[string(key)] {
			f.typ = s.keys.get(key).typ
		}
	}
	if array && (s.ref != "" || s.own) {
		return // customer_ids: [1, 2]: the key stays
	}
	s.forgetKey()
}

// envelopes are names of fields that hold what was asked for.
var envelopes = wordSet(`data items results result records rows content contents list entries objects value values hits _embedded embedded nodes node edges page
response payload body d _source collection elements documents docs resources`)

// string takes the inside of a string, and returns how much of p it was.
func (s *scanner) string(p []byte) int {
	from := 0
	for from < len(p) {
		if s.escape {
			s.escape = false
			s.take(p[from : from+1])
			from++
			continue
		}
		end := bytes.IndexByte(p[from:], '"')
		if end < 0 {
			end = len(p) - from
		}
		if back := bytes.IndexByte(p[from:from+end], '\\'); back >= 0 {
			s.take(p[from : from+back+1])
			s.escape, s.escaped = true, true
			from += back + 1
			continue
		}
		s.take(p[from : from+end])
		if from+end < len(p) {
			s.ended()
			return from + end + 1
		}
		return len(p)
	}
	return len(p)
}

func (s *scanner) take(p []byte) {
	if !s.keep || s.long {
		return
	}
	if s.textLen+len(p) > len(s.text) {
		s.long = true
		return
	}
	s.textLen += copy(s.text[s.textLen:], p)
}

// scalar takes a number, true, false or null.
func (s *scanner) scalar(p []byte) int {
	for i, c := range p {
		switch c {
		case ',', '}', ']', ' ', '\t', '\r', '\n', '{', '[', '"', ':':
			s.take(p[:i])
			s.ended()
			return i
		}
	}
	s.take(p)
	return len(p)
}

// ended is the end of a string or a scalar.
func (s *scanner) ended() {
	state := s.state
	s.state = between
	if state == inKey {
		s.keyEnded()
		return
	}
	if !s.keep || s.long || s.textLen == 0 {
		return
	}
	text := s.text[:s.textLen]
	if state == inScalar && (text[0] < '0' || text[0] > '9') && text[0] != '-' {
		return // true, false, null
	}
	f := s.top1()
	if s.name && s.echo != nil && s.depth <= 3 {
		s.echo.look(text)
	}
	typ := s.ref
	switch {
	case s.api && s.kind:
		f.kind = unescapeJSON(text, s.escaped)
		return
	case s.api && s.own:
		f.id = unescapeJSON(text, s.escaped)
		return
	case s.own:
		typ = f.typ
	case typ == "" && s.maybe != "":
		// "customer": "cus_000002"
		if k := Shape(string(text)); (k == UUID || k == ULID || k == Prefixed) && s.is(s.maybe) {
			typ = s.maybe
		}
	}
	if typ != "" {
		s.to.add(typ, unescapeJSON(text, s.escaped))
	}
}

func (s *scanner) keyEnded() {
	s.forgetKey()
	if s.long || s.textLen > len(s.key) {
		return
	}
	s.keyLen = copy(s.key[:], s.text[:s.textLen])
	key := s.key[:s.keyLen]
	k := s.keys.get(key)
	s.own, s.name = k.own, k.name
	if s.api {
		s.ofResource(key)
		return
	}
	if f := s.top1(); s.odata && k.ref != "" && f != nil && f.typ == k.ref {
		s.own = true
	}
	if s.refs {
		if s.ref = k.ref; s.is != nil && !k.own && !k.name {
			s.maybe = k.typ
		}
	}
}

func (e *echo) look(text []byte) {
	for i, seg := range e.segments {
		if seg == string(text) {
			e.found |= 1 << i
		}
	}
}

// unescapeJSON returns the text of a string.
func unescapeJSON(text []byte, escaped bool) string {
	if escaped {
		var s string
		if json.Unmarshal([]byte(`"`+string(text)+`"`), &s) == nil {
			return s
		}
	}
	return string(text)
}
