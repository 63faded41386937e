package classify

import (
	"bytes"
	"unicode/utf8"

	"github.com/gatebook/gatebook/internal/redact"
)

// textScan finds what is in one text.
type textScan struct {
	s    *Scan
	b    []byte
	kind kind // what the name of the field says
	last int  // what is before it has been taken
	work int  // words looked up around numbers; bounded, so that no text costs much more than others

	found   int // occurrences
	class   Class
	covered int // bytes of them
}

// What a byte may begin.
const (
	byteOther = iota
	byteDigit
	byteLetter
	byteAt
	bytePlus
	byteParen
)

var byteKinds = func() (t [256]uint8) {
	for c := range 256 {
		switch {
		case isDigit(byte(c)):
			t[c] = byteDigit
		case isLetter(byte(c)):
			t[c] = byteLetter
		}
	}
	t['@'], t['+'], t['('] = byteAt, bytePlus, byteParen
	return t
}()

func (t *textScan) take(c Class, start, end int) {
	t.found++
	t.class = c
	t.covered += end - start
	t.last = end
	t.s.hit(c, 1)
}

// maxBusy is how many pieces of a body may be too much work. Those that follow
// are not looked at, and the body is partial.
const maxBusy = 16

func (t *textScan) run() {
	b := t.b
	if len(b) >= maxValue/4 {
		if t.s.busy >= maxBusy {
			t.s.part = true
			return
		}
		defer func() {
			if t.work > t.most() {
				t.s.busy++
			}
		}()
	}
	if len(b) >= 16 {
		if n, size := redact.Shapes(b); n > 0 {
			t.found, t.class, t.covered = n, Secret, size
			t.s.hit(Secret, uint64(n))
		}
	}
	if coordinatePair(b, 3) {
		t.take(Location, 0, len(b))
		return
	}
	for i := 0; i < len(b); {
		switch byteKinds[b[i]] {
		case byteOther:
			i++
		case byteAt:
			i = t.email(i)
		case byteLetter:
			i = t.word(i)
		case byteDigit:
			i = t.digit(i)
		default:
			if i+1 < len(b) && isDigit(b[i+1]) && (i == 0 || !isAlnum(b[i-1])) {
				i = t.numbers(i)
			} else {
				i++
			}
		}
	}
}

var notTLD = wordSet("png jpg jpeg gif svg webp ico css js mjs cjs ts tsx jsx json map woff html xml yaml yml md txt pdf zip gz exe dll so local internal localhost test invalid lan next latest beta alpha canary")

// email takes the address around the at sign.
func (t *textScan) email(at int) int {
	b := t.b
	start := at
	for start > t.last && (isAlnum(b[start-1]) || b[start-1] >= utf8.RuneSelf || bytes.IndexByte([]byte("._%+-'"), b[start-1]) >= 0) {
		start--
	}
	for start < at && (b[start] == '.' || b[start] == '\'' || b[start] == '-') {
		start++
	}
	end, labels, label, digitLabels := at+1, 0, at+1, 0
	for i := at + 1; ; i++ {
		if i < len(b) && (isAlnum(b[i]) || b[i] == '-' || b[i] >= utf8.RuneSelf && !cjkPunctuation(b[i:])) {
			continue
		}
		if i == label {
			break
		}
		if digits(b[label:i]) {
			digitLabels++
		}
		labels++
		end = i
		if i < len(b) && b[i] == '.' && i+1 < len(b) && (isAlnum(b[i+1]) || b[i+1] >= utf8.RuneSelf) {
			label = i + 1
			continue
		}
		break
	}
	next := max(end, at+1)
	if start == at || at-start > 64 || labels < 2 || digitLabels > 1 || end-at > 254 || t.kind == kindHash {
		return next
	}
	tld := b[label:end]
	if len(tld) < 2 || len(tld) > 24 || notTLD[string(bytes.ToLower(tld))] {
		return next
	}
	for _, c := range tld {
		if isDigit(c) {
			return next
		}
	}
	if end < len(b) && (b[end] == ':' && end+1 < len(b) && isLetter(b[end+1]) || b[end] == '/' || b[end] == '@') && t.context(start) != kind(Email) {
		return next // git@host:path, user@host/path, scope@name@version
	}
	if inURL(b[t.last:start]) || start > 0 && (b[start-1] == '@' || b[start-1] == '/' && !bytes.HasSuffix(b[:start], []byte("//"))) {
		return next
	}
	if t.context(start) == kindHash {
		return next
	}
	t.take(Email, start, end)
	return next
}

// inURL reports whether b ends within the authority of a URL.
func inURL(b []byte) bool {
	for i := len(b) - 1; i >= 0 && i > len(b)-80; i-- {
		switch c := b[i]; {
		case c == '/':
			return i >= 2 && b[i-1] == '/' && b[i-2] == ':'
		case c <= ' ' || c == '"' || c == '<' || c == ',' || c == ';' || c == '(':
			return false
		}
	}
	return false
}

// cjkPunctuation reports whether b begins with punctuation that is no part of
// a domain, or with a Japanese letter that follows one without a space.
func cjkPunctuation(b []byte) bool {
	r, _ := utf8.DecodeRune(b)
	return r >= 0x3000 && r < 0x3100 || r >= 0xff00
}

// word takes what begins with the letter b[i], and returns where to go on.
func (t *textScan) word(i int) int {
	b := t.b
	end, digit := i+1, false
	for end < len(b) {
		k := byteKinds[b[end]]
		if k == byteDigit {
			digit = true
		} else if k != byteLetter {
			break
		}
		end++
	}
	n := end - i
	if i > 0 && (b[i-1] == '_' || isDigit(b[i-1]) || b[i-1] == '/' && n < 15) {
		return end
	}
	if !digit {
		if n == 2 && end+2 < len(b) && isUpper(b[i]) && isUpper(b[i+1]) && b[end] == ' ' && isDigit(b[end+1]) {
			return t.spacedNINO(i, end)
		}
		if n <= 4 && end < len(b) && (b[end] == ':' || b[end] == '-') && isHex(b[i]) {
			return t.address(i, end)
		}
		return end
	}
	if end < len(b) && b[end] == ':' && n <= 4 && isHex(b[i]) || n == 2 && end < len(b) && b[end] == '-' {
		return t.address(i, end)
	}
	if n >= 4 && ibanLength(b[i], b[i+1]) > 0 && isDigit(b[i+2]) && isDigit(b[i+3]) {
		if e := t.iban(i); e > 0 {
			return e
		}
	}
	if end < len(b) && b[end] == '_' {
		return end
	}
	return t.mixedWord(i, end)
}

// mixedWord takes a word of letters and digits.
func (t *textScan) mixedWord(start, end int) int {
	n := end - start
	if n <= 4 && isDigit(t.b[start]) && t.street(start, end) { // 12b
		return end
	}
	if n < 3 || n > 18 {
		return end
	}
	var buf [18]byte
	up := buf[:n]
	lower := false
	for i, c := range t.b[start:end] {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
			lower = true
		}
		up[i] = c
	}
	c, how := wordID(up)
	if c != None && lower && n < 11 && how != strong {
		c = None
	}
	if c == None && !lower && vinNumber(up) {
		c, how = Vehicle, medium
	}
	joined := start > 0 && t.b[start-1] == '-' || end < len(t.b) && t.b[end] == '-'
	if c != None && !joined {
		if how != strong && negative(t.near(start)) {
			return end
		}
		t.take(c, start, end)
		return end
	}
	if n == 3 && !lower && icd10(up) && !joined {
		e := end
		if e+1 < len(t.b) && t.b[e] == '.' && isDigit(t.b[e+1]) {
			for e++; e < len(t.b) && isAlnum(t.b[e]) && e-end < 5; e++ {
			}
		}
		if k := t.near(start); k == kindICD || k == kind(Health) {
			t.take(Health, start, e)
			return e
		}
	}
	if n >= 6 && n <= 12 && !lower && !joined && t.near(start) == kind(Passport) {
		t.take(Passport, start, end)
	}
	return end
}

// iban takes the IBAN that begins at start, also in groups; 0: it is none.
func (t *textScan) iban(start int) int {
	b := t.b
	want := ibanLength(b[start], b[start+1])
	var buf [34]byte
	n, i := 0, start
	for i < len(b) && n < want {
		c := b[i]
		switch {
		case isAlnum(c):
			if 'a' <= c && c <= 'z' {
				c -= 'a' - 'A'
			}
			buf[n] = c
			n++
		case c != ' ' || i+1 >= len(b) || !isAlnum(b[i+1]):
			return 0
		}
		i++
	}
	if n < want || i < len(b) && isAlnum(b[i]) || !ibanNumber(buf[:n]) {
		return 0
	}
	t.take(IBAN, start, i)
	return i
}

// spacedNINO takes "QQ 12 34 56 C".
func (t *textScan) spacedNINO(start, end int) int {
	if len(t.b)-start < 13 {
		return end
	}
	s := t.b[start : start+13]
	if !shaped(s, "AA 99 99 99 A") || s[2] != ' ' || s[5] != ' ' || s[8] != ' ' || s[11] != ' ' || start+13 < len(t.b) && isAlnum(t.b[start+13]) {
		return end
	}
	if !gbNINO([]byte{s[0], s[1], s[3], s[4], s[6], s[7], s[9], s[10], s[12]}) || negative(t.near(start)) {
		return end
	}
	t.take(GBNINO, start, start+13)
	return start + 13
}

// address takes a MAC or IPv6 address that begins at start.
func (t *textScan) address(start, end int) int {
	b := t.b
	i, colons, double := start, 0, false
	for i < len(b) && (isHex(b[i]) || b[i] == ':' || b[i] == '-') && i-start < 46 {
		if b[i] == ':' {
			colons++
			double = double || i > start && b[i-1] == ':'
		}
		i++
	}
	if i < len(b) && (isAlnum(b[i]) || b[i] == '_') {
		return end
	}
	s := bytes.TrimRight(b[start:i], ":-")
	if macAddress(s) {
		if negative(t.near(start)) {
			return start + len(s)
		}
		t.take(Device, start, start+len(s))
		return start + len(s)
	}
	if (colons == 7 || double && colons >= 2) && ipv6(s) && t.near(start) != kindHash {
		t.take(IP, start, start+len(s))
		return start + len(s)
	}
	return end
}

// near returns what the name of the field, or else the words before b[start:],
// say of it.
func (t *textScan) near(start int) kind {
	if t.kind != kindNone && t.kind != kindNeutral && t.kind != kindWeakName && t.kind != kindPerson && t.kind != kindMoment {
		return t.kind
	}
	if t.busy() {
		return t.kind
	}
	if k := t.context(start); k != kindNone {
		return k
	}
	return t.kind
}

// busy counts a look at the words around a number, and reports whether there
// have been so many that the text is no text.
func (t *textScan) busy() bool {
	t.work++
	return t.work > t.most()
}

func (t *textScan) most() int { return 16 + len(t.b)/8 }

func negative(k kind) bool { return k == kindNumber || k == kindHash }
