package operation

import "strings"

// Kind is what a segment of a path looks like by itself.
type Kind uint8

// The kinds. All but Word and Version are those of ids.
const (
	Word      Kind = iota // letters: a name of the API's, or an id that only the company it keeps gives away
	Version               // v1, v2beta1
	Integer               // 4711
	UUID                  // RFC 9562
	ULID                  // 26 digits of Crockford's base 32
	Hash                  // long hexadecimal or random text
	Email                 // with an at sign
	Slug                  // words with a number: red-shoes-42
	Composite             // parts joined by , : ~ | or .., dates
	Localised             // letters beyond ASCII
	Prefixed              // a prefix and a number: cus_000002, INV2024001
)

var kindNames = [...]string{"word", "version", "integer", "uuid", "ulid", "hash", "email", "slug", "composite", "localised", "prefixed"}

// String returns the kind in lower case.
func (k Kind) String() string { return kindNames[k] }

// ID reports whether what has this kind is an id.
func (k Kind) ID() bool { return k > Version }

// Shape returns the kind of a decoded segment.
func Shape(s string) Kind {
	c := classesOf(s)
	switch {
	case s == "":
		return Word
	case len(s) > 80:
		return Hash
	case c&other != 0:
		return Localised
	case c&at != 0:
		if i := strings.IndexByte(s, '@'); i > 0 && strings.IndexByte(s[i:], '.') > 1 {
			return Email
		}
		return Word
	case c&space != 0:
		return Slug
	case c&joint != 0 || strings.Contains(s, ".."):
		return joined(s)
	case isUUID(s):
		return UUID
	case c&^(digit|dash) == 0 && c&digit != 0:
		return numeric(s)
	case isULID(s):
		return ULID
	case isVersion(s):
		return Version
	}
	return mixed(s, c)
}

// Classes of bytes.
const (
	lower = 1 << iota
	upper
	digit
	dash
	under
	dot
	at
	space
	joint // , : ~ | ; + $ = ! * ( )
	other // beyond ASCII
)

func classesOf(s string) (c uint) {
	for i := range len(s) {
		c |= classOf(s[i])
	}
	return c
}

func classOf(b byte) uint {
	switch {
	case 'a' <= b && b <= 'z':
		return lower
	case 'A' <= b && b <= 'Z':
		return upper
	case '0' <= b && b <= '9':
		return digit
	case b == '-':
		return dash
	case b == '_':
		return under
	case b == '.':
		return dot
	case b == '@':
		return at
	case b >= 0x80:
		return other
	case b <= ' ' || b == '"' || b == '\'' || b == '<' || b == '>':
		return space
	}
	return joint
}

// numeric is for digits and dashes.
func numeric(s string) Kind {
	if i := strings.IndexByte(s, '-'); i > 0 {
		return Composite // a date, or two numbers
	}
	return Integer
}

// joined is for parts that are joined: an id if a part is one. Words alone are
// the custom verbs of some APIs, such as messages:send.
func joined(s string) Kind {
	parts, words := 0, 0
	s = strings.ReplaceAll(s, "..", ",")
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r < 0x80 && classOf(byte(r)) == joint }) {
		parts++
		if !Shape(part).ID() {
			words++
		}
	}
	if parts == words && parts > 0 && strings.IndexAny(s, ",~|") < 0 {
		return Word
	}
	return Composite
}

func isUUID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	for i := range len(s) {
		if !isHex(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

func isHex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}

func isULID(s string) bool {
	if len(s) != 26 || s[0] < '0' || s[0] > '7' {
		return false
	}
	for i := range len(s) {
		c := s[i] &^ 0x20
		if b := s[i]; (b < '0' || b > '9') && (c < 'A' || c > 'Z' || c == 'I' || c == 'L' || c == 'O' || c == 'U') {
			return false
		}
	}
	return true
}

// isVersion is for v1, v1.2, v2beta1, 1.0.
func isVersion(s string) bool {
	rest := s
	if len(rest) > 1 && rest[0]|0x20 == 'v' {
		rest = rest[1:]
	} else if strings.IndexByte(s, '.') < 0 {
		return false
	}
	if len(rest) > 12 || rest[0] < '0' || rest[0] > '9' {
		return false
	}
	for _, word := range []string{"alpha", "beta", "rc", "p"} {
		rest = strings.Replace(rest, word, ".", 1)
	}
	return classesOf(rest)&^(digit|dot) == 0
}

// mixed is for ASCII letters, digits, dashes, underscores and dots.
func mixed(s string, c uint) Kind {
	if c&digit == 0 {
		if c&(dash|under) != 0 && strings.Count(s, "-")+strings.Count(s, "_") >= 5 {
			return Slug
		}
		if len(s) >= 20 && c&(lower|upper) == lower|upper && turns(s) >= 6 && c&(dash|under|dot) == 0 {
			return Hash // random letters
		}
		return Word
	}
	if len(s) >= 12 && c&(dash|under|dot) == 0 && allHex(s) || random(s, c) {
		return Hash
	}
	return numbered(s)
}

func allHex(s string) bool {
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return true
}

// random reports whether letters and digits, or small and capital letters,
// take turns as they do in no word.
func random(s string, c uint) bool {
	longest, from := "", 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || classOf(s[i])&(dash|under|dot) != 0 {
			if i-from > len(longest) {
				longest = s[from:i]
			}
			from = i + 1
		}
	}
	n := turns(longest)
	return len(longest) >= 8 && n >= 3 && classesOf(longest)&digit != 0 && (n >= 4 || len(longest) >= 16)
}

// turns counts the changes between small letters, capitals and digits; a
// capital at the beginning of a word is none.
func turns(s string) (n int) {
	for i := 1; i < len(s); i++ {
		a, b := classOf(s[i-1]), classOf(s[i])
		if a != b && !(a == upper && b == lower && (i == 1 || classOf(s[i-2]) == lower)) {
			n++
		}
	}
	return n
}

// numbered is for words with a number in them.
func numbered(s string) Kind {
	parts, digits, longest, lastDigits := 0, 0, 0, false
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return classOf(byte(r))&(dash|under|dot) != 0 }) {
		parts++
		if lastDigits = classesOf(part) == digit; lastDigits {
			digits++
			longest = max(longest, len(part))
		}
	}
	if parts == 1 {
		letters := strings.IndexAny(s, "0123456789")
		if classesOf(s[letters:]) == digit && len(s)-letters >= 4 && letters <= 6 {
			return Prefixed
		}
		return Word
	}
	switch {
	case digits == 0 || longest == 1 && parts > 2:
		return Word
	case parts == 2 && lastDigits && (longest >= 2 || classesOf(s)&upper != 0):
		return Prefixed
	case longest >= 3 || lastDigits && longest >= 2:
		return Slug
	}
	return Word
}
