package classify

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a name says of its value: a class, or one of the kinds below.
type kind uint8

const (
	kindNone   = kind(None)
	kindNumber = kind(classCount) + iota // an order, a parcel, a version, a time: what looks like a number of a person is none
	kindNID                              // some national id
	kindWeakName
	kindLatitude
	kindLongitude
	kindICD     // a code of a diagnosis, if it looks like one
	kindPerson  // an object of this name is a person's
	kindNeutral // the word says nothing: "customer email" is an e-mail address
	kindHash    // nothing in it is of a person
	kindMoment  // a time of something other than a birth
	kindAddress // a part of an address that is not counted by itself
)

// maxKey is how much of a name is looked at.
const maxKey = 64

// keyInfo is what the name of a field says.
type keyInfo struct {
	kind   kind
	person bool // as the name of an object: a person's
	paging bool // such as "total" and "next"
	list   bool // an array of this name, or what holds it, is the answer's records
	id     bool // it identifies the object
	pair   bool // its value names the value of another member: {"field": "email", "value": …}
}

// names is the table of normal names. It is never changed.
var names = func() map[string]kind {
	m := make(map[string]kind, 2048)
	for _, l := range nameLists {
		for _, n := range strings.Fields(l.names) {
			m[n] = l.kind
		}
	}
	return m
}()

func wordSet(s string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// keyNamed looks a name up. Extra is asked first; nil: there is none.
func keyNamed(name []byte, extra map[string]kind) keyInfo {
	var buf [2 * maxKey]byte
	var ends [16]uint8
	text, n := splitName(&buf, &ends, name)
	info := keyInfo{kind: kindOf(text, ends[:n], extra)}
	if k, ok := accented[string(name)]; ok {
		info.kind = k
	}
	joined := string(text)
	info.paging = pagingNames[joined]
	info.pair = pairNames[joined]
	info.list = listNames[joined]
	info.person = personNames[joined] || info.kind == kindPerson
	info.id = idNames[joined]
	return info
}

// splitName writes the words of name to buf, in lower case, without accents
// and separators, and the end of each word to ends.
func splitName(buf *[2 * maxKey]byte, ends *[16]uint8, name []byte) (text []byte, words int) {
	if len(name) > maxKey {
		name = name[len(name)-maxKey:]
	}
	at, lower := 0, false
	end := func() {
		if words > 0 && int(ends[words-1]) == at || at == 0 {
			return
		}
		if words == len(ends) {
			words--
		}
		ends[words] = uint8(at)
		words++
	}
	for i := 0; i < len(name); {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z':
			buf[at] = c
			at++
			i++
			lower = true
		case 'A' <= c && c <= 'Z':
			// A capital begins a word after a small letter, or before one.
			if lower || i > 0 && 'A' <= name[i-1] && name[i-1] <= 'Z' && i+1 < len(name) && 'a' <= name[i+1] && name[i+1] <= 'z' {
				end()
			}
			buf[at] = c + 'a' - 'A'
			at++
			i++
			lower = false
		case c < utf8.RuneSelf:
			end()
			lower = false
			if isDigit(c) && at > 0 && i+1 == len(name) && words > 0 {
				i++ // address1, phone2
				continue
			}
			i++
		default:
			r, size := utf8.DecodeRune(name[i:])
			i += size
			if unicode.IsUpper(r) && lower {
				end()
			}
			lower = unicode.IsLower(r)
			at += copy(buf[at:], fold(r, name[i-size:i]))
		}
		if at > len(buf)-8 {
			break
		}
	}
	end()
	return buf[:at], words
}

// fold returns a letter without its accent, in lower case.
func fold(r rune, as []byte) string {
	switch unicode.ToLower(r) {
	case 'ä', 'á', 'à', 'â', 'ã', 'å', 'ą':
		return "a"
	case 'é', 'è', 'ê', 'ë', 'ę':
		return "e"
	case 'í', 'ì', 'î', 'ï', 'ı':
		return "i"
	case 'ö', 'ó', 'ò', 'ô', 'õ', 'ø':
		return "o"
	case 'ü', 'ú', 'ù', 'û':
		return "u"
	case 'ñ', 'ń':
		return "n"
	case 'ç', 'ć', 'č':
		return "c"
	case 'ß':
		return "ss"
	case 'ł':
		return "l"
	case 'ś', 'š', 'ş':
		return "s"
	case 'ź', 'ż', 'ž':
		return "z"
	case 'º', 'ª', '°':
		return ""
	}
	return string(as)
}

// kindOf looks the words up: as a whole, then without what qualifies the head
// of the name. The head is last in Germanic languages and first in Romance
// ones.
func kindOf(text []byte, ends []uint8, extra map[string]kind) kind {
	look := func(from, to int) (kind, bool) {
		start := 0
		if from > 0 {
			start = int(ends[from-1])
		}
		w := text[start:ends[to-1]]
		if k, ok := extra[string(w)]; ok {
			return k, true
		}
		k, ok := names[string(w)]
		if !ok {
			k, ok = umlauts(w)
		}
		return k, ok
	}
	n := len(ends)
	if n == 0 {
		return kindNone
	}
	if k, ok := look(0, n); ok {
		if k == kindNeutral {
			return kindNone
		}
		return k
	}
	neutral := func(from, to int) bool {
		for i := from; i < to; i++ {
			if k, ok := look(i, i+1); !ok || k != kindNeutral && k != kindPerson {
				return false
			}
		}
		return true
	}
	for from := 1; from < n; from++ {
		k, ok := look(from, n)
		switch {
		case !ok || k == kindNeutral:
		case k == kindWeakName:
			if neutral(0, from) {
				return kind(Name)
			}
			return kindNone // a file's, a product's
		case k == kindPerson, k == kindAddress:
		case weakHead(k) && !neutral(0, from) && n-from == 1:
			// "release date of birth" is none, "mother's date of birth" is one
			return k
		default:
			return k
		}
	}
	for to := n - 1; to > 0; to-- {
		if k, ok := look(0, to); ok && k != kindNeutral && k != kindPerson && k != kindHash && k != kindMoment && neutral(to, n) {
			if k == kindWeakName {
				return kind(Name)
			}
			return k
		}
	}
	// Qualifiers on both sides: "user_email_work".
	for from := 1; from < n-1; from++ {
		for to := n - 1; to > from; to-- {
			if k, ok := look(from, to); ok && k < kind(classCount) && neutral(0, from) && neutral(to, n) {
				return k
			}
		}
	}
	return kindNone
}

func weakHead(k kind) bool { return k == kind(Birthdate) }

// umlauts looks up a name that writes ae, oe, ue and aa for letters with
// accents.
func umlauts(w []byte) (kind, bool) {
	var buf [2 * maxKey]byte
	at, changed := 0, false
	for i := 0; i < len(w); i++ {
		buf[at] = w[i]
		at++
		if i+1 < len(w) && (w[i] == 'a' || w[i] == 'o' || w[i] == 'u') && w[i+1] == 'e' || i+1 < len(w) && w[i] == 'a' && w[i+1] == 'a' {
			i++
			changed = true
		}
	}
	if !changed {
		return kindNone, false
	}
	k, ok := names[string(buf[:at])]
	return k, ok
}
