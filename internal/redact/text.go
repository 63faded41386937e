package redact

import (
	"net/url"
	"strings"
)

// pairs appends an edit for the value of each name=value, from s[from] on,
// whose name stands for a secret; with colon, also of each name: value. It
// reads any text, the remains of invalid JSON included, and rather takes too
// much than too little.
func (c *Call) pairs(edits []edit, s string, from int, cut, colon bool) []edit {
	for i := from; i < len(s); {
		sep := s[i]
		if sep != '=' && (sep != ':' || !colon) {
			i++
			continue
		}
		name, before := nameBefore(s, from, i)
		if name == "" {
			i++
			continue
		}
		inQuery := before == '?' || before == '&' || before == '#' || before == ';'
		if !c.r.fields.has(name) && (!inQuery || !c.r.query.has(name)) || before == '$' && sep == ':' {
			i++ // "$password: String" declares a variable of GraphQL
			continue
		}
		start, end, next := valueAfter(s, i, inQuery)
		if sep == ':' && startsLine(s, i, name) {
			end = max(end, lineEnd(s, start))
			next = end
		} else if sep == ':' && variable(s, start, end) {
			start = end
		}
		if start < end {
			edits = append(edits, c.valueEdit(s, start, end, name, inQuery, cut))
		}
		i = max(next, i+1)
	}
	return edits
}

// valueEdit replaces s[start:end], the value that goes under name.
func (c *Call) valueEdit(s string, start, end int, name string, decode, cut bool) edit {
	if cut && end == len(s) {
		return edit{start: start, end: end, with: Mark, name: name}
	}
	value := s[start:end]
	if decode {
		value = unescape(value)
	}
	if isFingerprint(value) || value == Mark {
		return edit{start: start, end: end, with: value}
	}
	text, fp := c.credential(value, fromText, false)
	return edit{start: start, end: end, with: text, name: name, fp: fp}
}

// startsLine reports whether name, which ends at s[at], begins a line, so that
// its value ends with it.
func startsLine(s string, at int, name string) bool {
	start := at - len(name)
	if start < 0 || s[start:at] != name {
		return false
	}
	for start > 0 && (s[start-1] == ' ' || s[start-1] == '\t') {
		start--
	}
	return start == 0 || s[start-1] == '\n'
}

// lineEnd returns where the line ends that s[i] is in, without white space; a
// quoted value may have more lines.
func lineEnd(s string, i int) int {
	if i > 0 && strings.IndexByte("\"'`", s[i-1]) >= 0 {
		end, _ := quotedEnd(s, i-1, s[i-1:i])
		return end
	}
	end := strings.IndexByte(s[i:], '\n')
	if end < 0 {
		return len(s)
	}
	return trimSpan(s, i, i+end).end
}

// variable reports whether s[start:end] is "$name", and declared before, as in
// GraphQL.
func variable(s string, start, end int) bool {
	return end-start > 1 && s[start] == '$' && strings.Contains(s[:start], s[start:end]+":")
}

// nameBefore returns the word that ends before s[at], past the quotes and
// spaces between, and the byte before the word, or 0.
func nameBefore(s string, from, at int) (name string, before byte) {
	end := at
	for end > from && end > at-8 && strings.IndexByte(" \t\"'\\`", s[end-1]) >= 0 {
		end--
	}
	start := end
	for start > from && end-start < maxName && nameByte(s[start-1]) {
		start--
	}
	if start > 0 {
		before = s[start-1]
	}
	return s[start:end], before
}

func nameByte(c byte) bool {
	return alnum[c] || c == '_' || c == '-' || c == '.' || c == '[' || c == ']'
}

// valueAfter returns where the value is that follows the separator s[at], and
// where to read on. Without quotes it ends at white space, a quote, a bracket,
// or a comma or semicolon that begins another pair.
func valueAfter(s string, at int, inQuery bool) (start, end, next int) {
	i := at
	for i < len(s) && strings.IndexByte(":=>", s[i]) >= 0 {
		i++
	}
	if inQuery {
		end = i
		for end < len(s) && strings.IndexByte("&#\"'<>\\ \t\r\n", s[end]) < 0 && (s[end] != ';' || !beginsPair(s[end+1:])) {
			end++
		}
		return i, end, end
	}
	blank := i
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	open := i
	for open < len(s) && s[open] == '\\' {
		open++
	}
	if open < len(s) && (s[open] == '"' || s[open] == '\'' || s[open] == '`') {
		end, next = quotedEnd(s, open, s[i:open+1])
		return open + 1, end, next
	}
	if i < len(s) && (s[i] == '[' || s[i] == '{') {
		end = closing(s, i)
		return i, end, end
	}
	if strings.IndexByte(s[blank:i], '\n') >= 0 {
		return blank, blank, blank
	}
	end = bareEnd(s, i)
	if schemeKind(s[i:end]) != unknownScheme && end < len(s) && s[end] == ' ' {
		end = bareEnd(s, end+1)
	}
	return i, end, end
}

// quotedEnd returns where the quoted value ends that s[open] begins, and what
// follows its quote. Quote is the quote with the backslashes before it, which
// an inner quote has more of.
func quotedEnd(s string, open int, quote string) (end, next int) {
	for i := open + 1; i < len(s); i++ {
		if s[i] != quote[len(quote)-1] {
			continue
		}
		slashes := 0
		for slashes < i-open-1 && s[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes <= len(quote)-1 || len(quote) == 1 && slashes%2 == 0 {
			return i - min(slashes, len(quote)-1), i + 1
		}
	}
	return len(s), len(s)
}

// closing returns the end of the bracketed value that begins at s[at].
func closing(s string, at int) int {
	depth := 0
	for i := at; i < len(s); i++ {
		switch s[i] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

func bareEnd(s string, i int) int {
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case isSpace(c), strings.IndexByte("\"'`<>&)]}", c) >= 0:
			return i
		case (c == ',' || c == ';') && beginsPair(s[i+1:]):
			return i
		}
	}
	return i
}

// beginsPair reports whether s is empty or begins with white space or with
// name= or name:.
func beginsPair(s string) bool {
	if s == "" || isSpace(s[0]) {
		return true
	}
	i := 0
	for i < len(s) && i < maxName && (nameByte(s[i]) || strings.IndexByte("\"'", s[i]) >= 0) {
		i++
	}
	return i > 0 && i < len(s) && (s[i] == '=' || s[i] == ':')
}

// unescape decodes percent-encoding and plus signs where it can.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if c == '%' && i+2 < len(s) {
			if v, ok := unhex(s[i+1 : i+3]); ok {
				c, i = byte(v), i+2
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// maxNested is how many encodings within encodings are undone.
const maxNested = 4

// within redacts a text that was taken out of an encoding, and reports
// whether there was anything to take out.
func (c *Call) within(s string, cut bool) (string, bool) {
	var edits []edit
	c.nested++
	if t := strings.TrimLeft(s, " \t\r\n"); t != "" && (t[0] == '{' || t[0] == '[') && c.nested <= maxNested {
		edits = c.json(edits, s, cut)
	} else {
		edits = c.pairs(edits, s, 0, cut, true)
	}
	c.nested--
	edits = c.knownIn(c.shaped(edits, s, cut), s, cut)
	if len(edits) == 0 {
		return s, false
	}
	return c.apply(s, edits), true
}
