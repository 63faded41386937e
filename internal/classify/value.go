package classify

import (
	"bytes"
	"unicode/utf8"
)

// look classifies a value that is under a name of kind k, counts what it
// finds, and says whether it was one class and the whole of the value.
// Number: it is a number of JSON.
func (s *Scan) look(v []byte, k kind, number bool) (c Class, mixed bool) {
	if k < kind(classCount) && s.c.out[k] {
		k = kindNone
	}
	if c := s.byName(v, k, number); c != None {
		s.hit(c, 1)
		return c, false
	}
	if number {
		c = s.digitsAlone(v, k)
		s.hit(c, 1)
		return c, false
	}
	if len(v) < 5 {
		return None, false
	}
	if k == kindHash || len(v) == 36 && uuid(v) {
		return None, false
	}
	t := textScan{s: s, b: v, kind: k}
	t.run()
	if t.found == 0 {
		return None, false
	}
	return t.class, t.found > 1 || t.covered*4 < len(v)*3
}

// byName returns the class of a value that is told by the name of its field
// alone, or by name and shape.
func (s *Scan) byName(v []byte, k kind, number bool) Class {
	switch k {
	case kind(Secret):
		if len(v) >= 4 && !masked(v) {
			return Secret
		}
	case kind(Name):
		if !number && personName(v) {
			return Name
		}
	case kind(Birthdate):
		if isDate(v, true) {
			return Birthdate
		}
	case kind(Address):
		if !number && postal(v) {
			return Address
		}
	case kind(Location):
		if !number && coordinatePair(v, 1) {
			return Location
		}
	case kindLatitude:
		if coordinate(v, 90) {
			return Location
		}
	case kind(Health):
		if len(v) >= 1 && !masked(v) && !hasAt(v) {
			return Health
		}
	case kindICD:
		if icd10(v) {
			return Health
		}
	case kind(Finance):
		if hasDigit(v) && !hasAt(v) && (number || len(v) <= 34) && !isDate(v, false) && !ibanLike(v) {
			return Finance
		}
	case kind(Passport):
		if documentNumber(v, 6, 12) && capitals(v) {
			return Passport
		}
	case kind(Vehicle):
		if documentNumber(v, 4, 20) {
			return Vehicle
		}
	case kind(Device):
		if !number && (uuid(v) || documentNumber(v, 12, 64) || macAddress(v)) {
			return Device
		}
		if number && len(v) == 15 {
			return Device
		}
	}
	return None
}

// digitsAlone classifies a number of JSON.
func (s *Scan) digitsAlone(v []byte, k kind) Class {
	if len(v) < 6 || !digits(v) {
		return None
	}
	r := numberRun{digits: v, groups: 1}
	return s.classifyRun(&r, k, true)
}

func (s *Scan) hit(c Class, n uint64) {
	if !s.c.out[c] {
		s.counts[c] += n
	}
}

func hasAt(v []byte) bool { return bytes.IndexByte(v, '@') >= 0 }

func hasDigit(v []byte) bool {
	for _, c := range v {
		if isDigit(c) {
			return true
		}
	}
	return false
}

// masked reports whether a value has been taken out by someone else.
func masked(v []byte) bool {
	n := 0
	for _, c := range v {
		if c == '*' || c == 'X' || c == 'x' || c == '#' {
			n++
		}
	}
	if n*2 > len(v) || bytes.HasPrefix(v, []byte("\u2022")) {
		return true
	}
	switch string(bytes.ToLower(v)) {
	case "redacted", "[redacted]", "<redacted>", "hidden", "[filtered]", "null", "none", "n/a", "unknown", "undefined", "true", "false":
		return true
	}
	return false
}

// personName reports whether v can be the name of a person, or a part of one.
func personName(v []byte) bool {
	if len(v) < 2 && !(len(v) == 1 && isUpper(v[0])) || len(v) > 80 {
		return false
	}
	letters, words := 0, 1
	for i, c := range v {
		switch {
		case isLetter(c) || c >= utf8.RuneSelf:
			letters++
		case c == ' ':
			words++
		case c == '-' || c == '\'' || c == '.' || c == ',' || c == '`':
		case (c == '(' || c == ')') && i > 0:
		default:
			return false
		}
	}
	return letters > 0 && words <= 7 && !masked(v)
}

// fullName reports whether v looks like the name of a person, and not like
// that of a thing or a company.
func fullName(v []byte) bool {
	if !personName(v) || len(v) < 2 || len(v) > 60 {
		return false
	}
	words := 0
	for _, w := range bytes.Fields(v) {
		words++
		if !isUpper(w[0]) && w[0] < utf8.RuneSelf && !particles[string(w)] {
			return false
		}
		if companyWords[string(bytes.ToLower(bytes.Trim(w, ".,")))] {
			return false
		}
		if len(w) > 3 && upperWord(w) {
			return false
		}
	}
	return words <= 5
}

func upperWord(w []byte) bool {
	for _, c := range w {
		if !isUpper(c) {
			return false
		}
	}
	return true
}

var particles = wordSet("de da do dos das di del della von van der den ter te la le el al bin ben y e af zu zum")

// companyWords are words that names of companies, places and things have.
var companyWords = wordSet(`gmbh ag kg ohg ug inc ltd llc llp plc corp co company sa sas sarl srl spa bv nv ab oy as aps sl lda ltda sp zoo kk group holding holdings bank university institute foundation verein stiftung
	services service solutions systems technologies software consulting partners department team support sales marketing engineering office admin administrator system default test account plan premium basic standard pro enterprise
	edition kit set pack box case cable charger camera phone laptop chair table lamp desk shirt shoes jacket bag watch ring bottle cup coffee tea hotel restaurant store shop market center centre park street road city airport station
	red blue green black white silver gold small large medium new wireless bluetooth usb portable organic classic deluxe mini max ultra project campaign report dashboard monthly weekly daily annual`)

// postal reports whether v, under the name of an address, is one.
func postal(v []byte) bool {
	if len(v) < 4 || len(v) > 300 || hasAt(v) || masked(v) || bytes.Contains(v, []byte("://")) {
		return false
	}
	if space := bytes.IndexByte(v, ' ') >= 0; !space && bytes.IndexByte(v, '.') > 0 || bytes.HasPrefix(v, []byte("0x")) || len(v) > 24 && uuid(v[:min(len(v), 36)]) {
		return false
	}
	letters, hex := 0, 0
	for _, c := range v {
		if isLetter(c) || c >= utf8.RuneSelf {
			letters++
		}
		if c == ':' || c == '_' || c == '{' || c == '=' {
			hex++
		}
	}
	return letters >= 3 && hex == 0 && (hasDigit(v) || bytes.IndexByte(v, ' ') > 0 || letters > 5)
}

// coordinate reports whether v is a number within ±limit. Whole numbers are
// taken too: rounding is no anonymity.
func coordinate(v []byte, limit int) bool {
	if len(v) > 0 && (v[0] == '-' || v[0] == '+') {
		v = v[1:]
	}
	dot := bytes.IndexByte(v, '.')
	whole, rest := v, []byte(nil)
	if dot >= 0 {
		whole, rest = v[:dot], v[dot+1:]
		if !digits(rest) {
			return false
		}
	}
	return len(whole) <= 3 && digits(whole) && number(whole) <= limit
}

// coordinatePair reports whether v is latitude and longitude, each with at
// least min digits after the point.
func coordinatePair(v []byte, min int) bool {
	v = bytes.TrimPrefix(bytes.TrimPrefix(v, []byte("geo:")), []byte("POINT"))
	v = bytes.Trim(v, "() ")
	i := bytes.IndexAny(v, ",; ")
	if i <= 0 || len(v) > 48 {
		return false
	}
	a, b := v[:i], bytes.TrimLeft(v[i+1:], ",; ")
	fraction := func(p []byte) bool {
		dot := bytes.IndexByte(p, '.')
		return dot >= 0 && len(p)-dot-1 >= min
	}
	return fraction(a) && fraction(b) && coordinate(a, 180) && coordinate(b, 180)
}

// icd10 reports whether v has the form of an ICD-10 code.
func icd10(v []byte) bool {
	if len(v) < 3 || len(v) > 8 || !isUpper(v[0]) || !isDigit(v[1]) || !isDigit(v[2]) && !isUpper(v[2]) {
		return false
	}
	if len(v) == 3 {
		return true
	}
	rest := v[3:]
	if rest[0] == '.' {
		rest = rest[1:]
	}
	for _, c := range rest {
		if !isDigit(c) && !isUpper(c) {
			return false
		}
	}
	return len(rest) >= 1 && len(rest) <= 4
}

// documentNumber reports whether v is a number of a document or thing: letters
// and digits of the given count, with at least one digit.
func documentNumber(v []byte, min, max int) bool {
	n, digit := 0, false
	for _, c := range v {
		switch {
		case isDigit(c):
			digit = true
			n++
		case isLetter(c) || c >= utf8.RuneSelf:
			n++
		case c == ' ' || c == '-' || c == '.' || c == '/':
		default:
			return false
		}
	}
	return digit && n >= min && n <= max && !isDate(v, false)
}

// capitals reports whether v has no small letter.
func capitals(v []byte) bool {
	for _, c := range v {
		if 'a' <= c && c <= 'z' {
			return false
		}
	}
	return true
}

func uuid(v []byte) bool {
	if len(v) != 36 {
		return false
	}
	for i, c := range v {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !isHex(c) {
			return false
		}
	}
	return true
}

func macAddress(v []byte) bool {
	if len(v) != 17 {
		return false
	}
	for i, c := range v {
		if i%3 == 2 {
			if c != v[2] || c != ':' && c != '-' {
				return false
			}
		} else if !isHex(c) {
			return false
		}
	}
	return true
}

func ibanLike(v []byte) bool {
	return len(v) >= 15 && isUpper(v[0]) && isUpper(v[1]) && isDigit(v[2]) && isDigit(v[3])
}

func isHex(c byte) bool    { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
func isUpper(c byte) bool  { return 'A' <= c && c <= 'Z' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isAlnum(c byte) bool  { return isDigit(c) || isLetter(c) }
