package query

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isWordRune reports whether r is part of a word.
func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// containsPhrase reports whether phrase is in v with a word's end on either
// side, where phrase begins or ends with a word. The empty phrase is in the
// empty value only.
func containsPhrase(v, phrase string) bool {
	if phrase == "" {
		return v == ""
	}
	first, _ := utf8.DecodeRuneInString(phrase)
	last, _ := utf8.DecodeLastRuneInString(phrase)
	for from := 0; ; from++ {
		i := strings.Index(v[from:], phrase)
		if i < 0 {
			return false
		}
		from += i
		if isWordRune(first) && !startsWord(v, from) {
			continue
		}
		if end := from + len(phrase); isWordRune(last) && end < len(v) {
			if r, _ := utf8.DecodeRuneInString(v[end:]); r == utf8.RuneError || isWordRune(r) {
				continue
			}
		}
		return true
	}
}

// containsPrefix reports whether prefix is in v, at the start of a word where
// it begins with one. The empty prefix is in every value but the empty one.
func containsPrefix(v, prefix string) bool {
	if prefix == "" {
		return v != ""
	}
	first, _ := utf8.DecodeRuneInString(prefix)
	for from := 0; ; from++ {
		i := strings.Index(v[from:], prefix)
		if i < 0 {
			return false
		}
		from += i
		if !isWordRune(first) || startsWord(v, from) {
			return true
		}
	}
}

// startsWord reports whether no word goes on at v[i].
func startsWord(v string, i int) bool {
	if i == 0 {
		return true
	}
	r, _ := utf8.DecodeLastRuneInString(v[:i])
	return r != utf8.RuneError && !isWordRune(r)
}
