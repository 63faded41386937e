package redact

import (
	"encoding/base64"
	"strings"
)

const (
	minKnown = 6  // bytes; shorter values would be found everywhere
	maxKnown = 16 // secrets remembered for a call
	needle   = 16 // bytes of a secret that are searched for before the whole is compared
)

// knownSecret is a secret that is replaced wherever the call repeats it.
type knownSecret struct {
	value  string
	fp     string
	needle string    // the beginning of value, up to the first byte that an encoding would change; empty if too short
	from   source    // where it was found first
	base64 [3]string // what base64 makes of the beginning of value, by alignment; empty until asked for
}

// source says where a secret was found, and so whether its repetitions are
// looked for. A later source is a better one.
type source int

const (
	fromText       source = iota // by shape, or in a text: what is found may be no secret
	fromField                    // a field of a body, a cookie: if it does not look like a word
	fromQuery                    // a parameter of the URL: the same, and in base64 too
	fromCredential               // a credential of the call: in any case, and in base64 too
)

// learn remembers value. An empty fp is computed.
func (c *Call) learn(value, fp string, from source) {
	if from == fromText || len(value) < minKnown || len(c.known) >= maxKnown || from < fromCredential && wordLike(value) {
		return
	}
	for i := range c.known {
		if c.known[i].value == value {
			return
		}
	}
	if fp == "" {
		fp = c.r.Fingerprint(value)
	}
	k := knownSecret{value: strings.Clone(value), fp: fp, from: from}
	if plain := run(k.value[:min(len(k.value), needle)], 0, &dottedSet); plain >= 4 {
		k.needle = k.value[:plain]
	}
	c.known = append(c.known, k)
}

// wordLike reports whether value could be a word or a name that bodies use for
// other things: short, and without both letters and digits or a symbol.
func wordLike(value string) bool {
	letters, digits := false, false
	for i := range len(value) {
		switch c := value[i]; {
		case '0' <= c && c <= '9':
			digits = true
		case alnum[c]:
			letters = true
		case strings.IndexByte("_-. :", c) < 0:
			return false
		}
	}
	return len(value) < 16 && !(letters && digits)
}

// knownIn appends an edit for each repetition of a known secret in s.
func (c *Call) knownIn(edits []edit, s string, cut bool) []edit {
	for i := range c.known {
		k := &c.known[i]
		edits = k.repeated(edits, s, cut)
		if k.from >= fromQuery && len(s) >= len(k.value) {
			edits = k.encoded(edits, s)
		}
	}
	return edits
}

// repeated finds the secret as it is, percent-encoded, and with the escapes
// of JSON and XML.
func (k *knownSecret) repeated(edits []edit, s string, cut bool) []edit {
	for from := 0; len(s)-from >= len(k.needle) && from < len(s); {
		i := strings.Index(s[from:], k.needle) // 0 where there is no needle: every place is tried
		if i < 0 {
			break
		}
		start := from + i
		end, whole := k.match(s, start)
		switch {
		case whole && k.from < fromCredential && len(k.value) < 12 && insideWord(s, start, end):
			from = start + 1
		case whole:
			edits = append(edits, edit{start: start, end: end, with: k.fp, name: "known", fp: k.fp})
			from = end
		case cut && end == len(s) && end-start >= 4:
			return append(edits, edit{start: start, end: end, with: Mark, name: "known"})
		default:
			from = start + 1
		}
	}
	if !cut || k.needle == "" {
		return edits
	}
	// The cut may have left less than a needle.
	for start := max(0, len(s)-len(k.needle)+1); start < len(s); start++ {
		if strings.HasPrefix(k.needle, s[start:]) && len(s)-start >= 4 {
			return append(edits, edit{start: start, end: len(s), with: Mark, name: "known"})
		}
	}
	return edits
}

var backslash = setOf(`\`)

// insideWord reports whether s[start:end] is a part of a longer word.
func insideWord(s string, start, end int) bool {
	return start > 0 && alnum[s[start-1]] && alnum[s[start]] || end < len(s) && alnum[s[end]] && alnum[s[end-1]]
}

// match compares s[at:] with the secret and returns where the agreement ends
// and whether it is the whole secret.
func (k *knownSecret) match(s string, at int) (end int, whole bool) {
	if strings.HasPrefix(s[at:], k.value) {
		return at + len(k.value), true
	}
	for i := 0; i < len(k.value); i++ {
		if at == len(s) {
			return at, false
		}
		if s[at] == '\\' {
			// Each level of quoting puts backslashes before what it escapes.
			slashes := run(s, at, &backslash) - at
			own := run(k.value, i, &backslash) - i
			if slashes < own {
				return at + slashes, false
			}
			at, i = at+slashes, i+own
			if i == len(k.value) {
				return at, true
			}
			if at == len(s) {
				return at, false
			}
		}
		n, short := escaped(s[at:], k.value[i])
		switch {
		case n > 0:
			at += n
		case short:
			return len(s), false
		case s[at] == k.value[i]:
			at++
		default:
			return at, false
		}
	}
	return at, true
}

// escaped returns how many bytes of s are an encoding of c: %2F, u002f, &amp;
// and their like; 0 for none. Short says that s ends within one.
func escaped(s string, c byte) (n int, short bool) {
	switch {
	case s[0] == '+' && c == ' ':
		return 1, false
	case s[0] == '%':
		if len(s) < 3 {
			return 0, true
		}
		if v, ok := unhex(s[1:3]); ok && byte(v) == c {
			return 3, false
		}
	case s[0] == 'u' && c != 'u': // a backslash was before it
		if len(s) < 5 {
			return 0, true
		}
		if v, ok := unhex(s[1:5]); ok && v == rune(c) {
			return 5, false
		}
	case s[0] == '&':
		for _, e := range [...]struct {
			text string
			c    byte
		}{{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#34;", '"'}, {"&#39;", '\''}, {"&apos;", '\''}, {"&#43;", '+'}} {
			if e.c == c && strings.HasPrefix(s, e.text) {
				return len(e.text), false
			}
			short = short || e.c == c && strings.HasPrefix(e.text, s)
		}
	}
	return 0, short
}

func unhex(s string) (rune, bool) {
	var v rune
	for i := range len(s) {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			v = v<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			v = v<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			v = v<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return v, true
}

// encoded finds base64 of a text that holds the secret, at whatever place in
// it, and takes out the whole run of base64.
func (k *knownSecret) encoded(edits []edit, s string) []edit {
	if k.base64[0] == "" {
		k.encode()
	}
	for _, n := range k.base64 {
		for from := 0; ; {
			i := strings.Index(s[from:], n)
			if i < 0 {
				break
			}
			start, end := from+i, run(s, from+i, &base64Set)
			for start > 0 && base64Set[s[start-1]] {
				start--
			}
			edits = append(edits, edit{start: start, end: end, with: k.fp, name: "known", fp: k.fp})
			from = end
		}
	}
	return edits
}

// encode computes, for each of the three alignments, the base64 digits that
// depend on the first bytes of the secret alone.
func (k *knownSecret) encode() {
	var in [2 + 12]byte
	n := copy(in[2:], k.value)
	n = min(n, 12)
	for skip := range 3 {
		text := base64.RawStdEncoding.EncodeToString(in[2-skip : 2+n])
		first := (skip*8 + 5) / 6
		last := (skip + n) * 8 / 6
		text = text[first:last]
		// base64url differs in two digits: search for what is before them.
		if i := strings.IndexAny(text, "+/"); i >= 6 {
			text = text[:i]
		}
		k.base64[skip] = text
	}
}
