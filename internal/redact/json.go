package redact

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep JSON may be nested; what is deeper is read as text.
const maxDepth = 512

// jsonScan reads JSON once from left to right, and any number of texts one
// after the other.
type jsonScan struct {
	c      *Call
	s      string
	cut    bool
	edits  []edit
	depth  int
	object [maxDepth / 64]uint64 // bit d: the value that is open at depth d is an object
	under  int                   // depth of the sensitive name whose object or array is open; 0: none

	key    string // of the value that comes next; empty in arrays
	secret bool   // that value is a secret for its name
	member int    // where the current member or element begins

	// For {"name": "password", "value": "..."}, in either order.
	pairName  string // the sensitive string that a member "name" had
	pairDepth int    // where; 0: nowhere
	value     span   // the string that a member "value" had
	valueAt   int    // at what depth; 0: nowhere
}

// json appends the edits for s. What is not JSON is read as text.
func (c *Call) json(edits []edit, s string, cut bool) []edit {
	j := jsonScan{c: c, s: s, cut: cut, edits: edits}
	if at, ok := j.run(); !ok {
		if j.under > 0 && at < len(s) {
			return append(j.edits, edit{start: at, end: len(s), with: Mark, name: "json"})
		}
		j.edits = c.textTail(j.edits, s, j.member, cut)
	}
	return j.edits
}

// textTail reads s[from:] as text. Where it has escapes of JSON strings, they
// are undone after the first look, for a second.
func (c *Call) textTail(edits []edit, s string, from int, cut bool) []edit {
	tail := s[from:]
	if !strings.Contains(tail, `\u`) && !strings.Contains(tail, `\/`) {
		return c.pairs(edits, s, from, cut, true)
	}
	first := c.apply(tail, c.pairs(nil, tail, 0, cut, true))
	plain := unquote(first)
	second := c.pairs(nil, plain, 0, cut, true)
	second = c.knownIn(c.shaped(second, plain, cut), plain, cut)
	if len(second) > 0 {
		first = c.apply(plain, second)
	}
	if first == tail {
		return edits
	}
	return append(edits, edit{start: from, end: len(s), with: first})
}

type jsonState int

const (
	wantValue jsonState = iota
	wantValueOrEnd
	wantKey
	wantKeyOrEnd
	wantComma
)

// run returns false, and where, if s is not JSON or ends too soon.
func (j *jsonScan) run() (int, bool) {
	s, state := j.s, wantValue
	for i := 0; ; {
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		if i == len(s) {
			// A value that is not there, or a text that does not end, hides nothing.
			return i, true
		}
		next, ok := i, false
		switch ch := s[i]; {
		case state == wantComma && j.depth == 0:
			state, ok = wantValue, true // another text follows
		case state == wantComma && ch == ',':
			state, next, ok = wantValue, i+1, true
			if j.inObject() {
				state = wantKey
			}
			j.secret, j.key = false, ""
		case state == wantComma || state == wantKeyOrEnd && ch == '}' || state == wantValueOrEnd && ch == ']':
			if ok = j.close(ch); ok {
				state, next = wantComma, i+1
			}
		case state == wantKey || state == wantKeyOrEnd:
			j.member = i
			if next, ok = j.name(i); ok {
				state = wantValue
			}
		case ch == '{' || ch == '[':
			if ok = j.open(ch); ok {
				next, state = i+1, wantValueOrEnd
				if ch == '{' {
					state = wantKeyOrEnd
				}
			}
		default:
			if j.key == "" {
				j.member = i
			}
			state = wantComma
			next, ok = j.scalar(i)
		}
		if !ok {
			return i, false
		}
		i = next
	}
}

func (j *jsonScan) inObject() bool {
	return j.depth > 0 && j.object[j.depth/64]>>(j.depth%64)&1 == 1
}

func (j *jsonScan) open(ch byte) bool {
	if j.depth+1 >= maxDepth {
		return false
	}
	j.depth++
	if ch == '{' {
		j.object[j.depth/64] |= 1 << (j.depth % 64)
	} else {
		j.object[j.depth/64] &^= 1 << (j.depth % 64)
	}
	if j.secret && j.under == 0 {
		j.under = j.depth
	}
	j.secret, j.key = false, ""
	return true
}

func (j *jsonScan) close(ch byte) bool {
	if (ch == '}') != j.inObject() || ch != '}' && ch != ']' {
		return false
	}
	if j.under == j.depth {
		j.under = 0
	}
	if j.pairDepth == j.depth {
		j.pairDepth = 0
	}
	if j.valueAt == j.depth {
		j.valueAt = 0
	}
	j.depth--
	j.secret, j.key = false, ""
	return true
}

// name reads a member's name and its colon.
func (j *jsonScan) name(i int) (int, bool) {
	if j.s[i] != '"' {
		return i, false
	}
	str := scanString(j.s, i)
	if !str.closed {
		return i, false
	}
	j.key = j.s[i+1 : str.end]
	if str.escapes || str.quotes {
		j.key = unquote(j.key)
	}
	i = str.end + 1
	for i < len(j.s) && isSpace(j.s[i]) {
		i++
	}
	if i == len(j.s) {
		return i, true
	}
	if j.s[i] != ':' {
		return i, false
	}
	j.secret = j.c.r.fields.has(j.key)
	if !j.secret && j.pairDepth == j.depth && isValueKey(j.key) {
		j.secret = true
	}
	return i + 1, true
}

func isNameKey(key string) bool {
	switch key {
	case "name", "Name", "key", "Key", "header", "field", "param", "parameter", "path", "id", "k":
		return true
	}
	return false
}

func isValueKey(key string) bool {
	switch key {
	case "value", "Value", "val", "content", "data", "v":
		return true
	}
	return false
}

var numberSet = setOf("+-.eE", "09")

// scalar reads a string, a number or a literal.
func (j *jsonScan) scalar(i int) (int, bool) {
	if j.s[i] == '"' {
		return j.text(i)
	}
	end := i
	for end < len(j.s) && (alnum[j.s[end]] || numberSet[j.s[end]]) {
		end++
	}
	word := j.s[i:end]
	number := end > i && (word[0] == '-' || '0' <= word[0] && word[0] <= '9') && run(word, 0, &numberSet) == len(word)
	if !number && word != "true" && word != "false" && word != "null" {
		return i, j.cut && end == len(j.s) && !j.secret && end > i && strings.HasPrefix("true false null", word)
	}
	if number && (j.secret || j.under > 0) {
		if j.cut && end == len(j.s) {
			j.edits = append(j.edits, edit{start: i, end: end, with: `"` + Mark + `"`, name: j.key})
		} else {
			fp := j.c.fingerprint(word, fromText)
			j.edits = append(j.edits, edit{start: i, end: end, with: `"` + fp + `"`, name: j.key, fp: fp})
		}
	}
	return end, true
}

// text reads a string that is a value.
func (j *jsonScan) text(i int) (int, bool) {
	str := scanString(j.s, i)
	start, end := i+1, str.end
	if !str.closed {
		if j.secret || j.under > 0 {
			j.edits = append(j.edits, edit{start: start, end: end, with: Mark, name: j.key})
			return end, true
		}
		return i, false
	}
	raw := j.s[start:end]
	switch {
	case j.secret || j.under > 0:
		j.replace(start, end, j.key)
	case str.escapes || str.quotes:
		if text, ok := j.c.within(unquote(raw), false); ok {
			j.edits = append(j.edits, edit{start: start, end: end, with: quote(text)})
		}
	case str.equals:
		from := len(j.edits)
		j.edits = j.c.pairs(j.edits, raw, 0, false, false)
		for n := from; n < len(j.edits); n++ {
			j.edits[n].start += start
			j.edits[n].end += start
		}
	}
	j.pair(raw, span{start: start, end: end})
	return end + 1, true
}

// pair remembers the members of {"name": "password", "value": "..."}.
func (j *jsonScan) pair(raw string, at span) {
	switch {
	case j.depth == 0:
	case isNameKey(j.key) && j.c.r.fields.has(raw):
		j.pairName, j.pairDepth = raw, j.depth
		if j.valueAt == j.depth {
			j.replace(j.value.start, j.value.end, raw)
			j.valueAt = 0
		}
	case isValueKey(j.key):
		j.value, j.valueAt = at, j.depth
	}
}

// replace redacts the string whose content is s[start:end].
func (j *jsonScan) replace(start, end int, name string) {
	raw := j.s[start:end]
	if raw == "" || isFingerprint(raw) || raw == Mark {
		return
	}
	if name == "" {
		name = "value"
	}
	plain := raw
	if strings.IndexByte(raw, '\\') >= 0 {
		plain = unquote(raw)
	}
	from := fromField
	if j.under > 0 {
		from = fromText
	}
	text, fp := j.c.credential(plain, from, false)
	if text != fp {
		text = quote(text)
	}
	j.edits = append(j.edits, edit{start: start, end: end, with: text, name: name, fp: fp})
}

// jsonString is what a look at a string tells.
type jsonString struct {
	end     int  // of the content
	closed  bool // a quote follows
	escapes bool // it has \u or \/
	quotes  bool // it has \"
	equals  bool // it has =
}

// Words of eight equal bytes, to look at eight bytes of a string at a time.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns a word whose lowest bit that is set is in the lowest byte of
// w that is a quote, a backslash or an equals sign; 0 if there is none.
func special(w uint64) uint64 {
	q, b, e := w^ones*'"', w^ones*'\\', w^ones*'='
	return ((q-ones)&^q | (b-ones)&^b | (e-ones)&^e) & highs
}

// scanString looks at the string whose quote is s[i].
func scanString(s string, i int) (str jsonString) {
	for i++; ; i++ {
		for i+8 <= len(s) {
			m := special(uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
				uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56)
			if m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(s) {
			str.end = len(s)
			return str
		}
		switch s[i] {
		case '"':
			str.end, str.closed = i, true
			return str
		case '=':
			str.equals = true
		case '\\':
			if i++; i < len(s) {
				str.escapes = str.escapes || s[i] == 'u' || s[i] == '/'
				str.quotes = str.quotes || s[i] == '"'
			}
		}
	}
}

// unquote undoes the escapes of a JSON string; what is no escape stays.
func unquote(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'u':
			if i+4 < len(s) {
				if r, ok := unhex(s[i+1 : i+5]); ok {
					out = utf8.AppendRune(out, r)
					i += 4
					continue
				}
			}
			out = append(out, '\\', 'u')
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}

// quote escapes s as the content of a JSON string.
func quote(s string) string {
	const hex = "0123456789abcdef"
	out := make([]byte, 0, len(s)+8)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, '\\', 'n')
		case c < ' ':
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return string(out)
}
