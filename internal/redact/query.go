package redact

import (
	"net/url"
	"strings"
)

// Query redacts a raw query string (without the question mark).
func (c *Call) Query(raw string) string {
	if raw == "" {
		return raw
	}
	c.place = InQuery
	c.edits = c.form(c.edits[:0], raw, false, fromQuery)
	c.edits = c.knownIn(c.shaped(c.edits, raw, false), raw, false)
	return c.apply(raw, c.edits)
}

// Path redacts a path as it was sent: segments shaped like secrets, matrix
// parameters (";jsessionid=..."), and known secrets.
func (c *Call) Path(path string) string {
	c.place = InPath
	c.edits = c.shaped(c.edits[:0], path, false)
	if strings.IndexByte(path, '%') >= 0 || strings.IndexByte(path, '=') >= 0 {
		c.edits = c.segments(c.edits, path)
	}
	c.edits = c.knownIn(c.edits, path, false)
	return c.apply(path, c.edits)
}

// Value redacts a value that goes by name in the API: all of it if name is that
// of a secret, else what in it is shaped like a secret, or known.
func (c *Call) Value(name, value string) string {
	c.place = InBody
	if c.r.fields.has(name) {
		fp := c.fingerprint(value, fromText)
		c.note(name, fp)
		return fp
	}
	c.edits = c.scan(c.edits[:0], value, false)
	return c.apply(value, c.edits)
}

// URL redacts an absolute or relative URL: user information, path, query and
// fragment.
func (c *Call) URL(raw string) string {
	rest, fragment, hasFragment := strings.Cut(raw, "#")
	rest, query, hasQuery := strings.Cut(rest, "?")
	prefix := ""
	if i := strings.Index(rest, "://"); i >= 0 {
		prefix, rest = rest[:i+3], rest[i+3:]
		authority := rest[:len(rest)-len(strings.TrimLeft(rest, "/"))]
		if j := strings.IndexByte(rest, '/'); j >= 0 {
			authority, rest = rest[:j], rest[j:]
		} else {
			authority, rest = rest, ""
		}
		if k := strings.LastIndexByte(authority, '@'); k >= 0 {
			user, password, ok := strings.Cut(authority[:k], ":")
			if ok && password != "" {
				c.place = InPath
				fp := c.fingerprint(unescape(password), fromCredential)
				c.note("password", fp)
				authority = user + ":" + fp + authority[k:]
			}
		}
		prefix += authority
	}
	out := prefix + c.Path(rest)
	if hasQuery {
		out += "?" + c.Query(query)
	}
	if hasFragment {
		out += "#" + c.Query(fragment)
	}
	return out
}

// segments appends the edits for matrix parameters, and one for each
// percent-encoded segment of a path that holds a secret when decoded.
func (c *Call) segments(edits []edit, path string) []edit {
	for pos := 0; pos < len(path); {
		end := strings.IndexByte(path[pos:], '/')
		if end < 0 {
			end = len(path)
		} else {
			end += pos
		}
		seg, from := path[pos:end], len(edits)
		edits = c.pairs(edits, seg, 0, false, false)
		for i := from; i < len(edits); i++ {
			edits[i].start += pos
			edits[i].end += pos
		}
		if strings.IndexByte(seg, '%') >= 0 {
			if plain, ok := c.within(unescape(strings.ReplaceAll(seg, "+", "%2B")), false); ok {
				edits = append(edits, edit{start: pos, end: end, with: url.PathEscape(plain)})
			}
		}
		pos = end + 1
	}
	return edits
}

// form appends the edits for application/x-www-form-urlencoded. A semicolon
// separates pairs for some servers and is a part of the value for others: the
// value of a secret goes to the ampersand, and what else goes by a name after
// a semicolon is found as in any text.
func (c *Call) form(edits []edit, s string, cut bool, from source) []edit {
	for pos := 0; pos < len(s); {
		end := pos
		if i := strings.IndexByte(s[pos:], '&'); i >= 0 {
			end += i
		} else {
			end = len(s)
		}
		eq := strings.IndexByte(s[pos:end], '=')
		if eq >= 0 {
			edits = c.formPair(edits, s, span{start: pos, end: end}, pos+eq, cut && end == len(s), from)
		} else if plain := unescape(s[pos:end]); plain != s[pos:end] {
			if text, ok := c.within(plain, cut && end == len(s)); ok {
				edits = append(edits, edit{start: pos, end: end, with: escape(text)})
			}
		}
		pos = end + 1
	}
	return edits
}

// formPair redacts the pair at s[pair.start:pair.end] with its '=' at s[eq].
func (c *Call) formPair(edits []edit, s string, pair span, eq int, cut bool, from source) []edit {
	name := unescape(s[pair.start:eq])
	start, end := eq+1, pair.end
	if start == end {
		return edits
	}
	plain := unescape(s[start:end])
	if c.r.query.has(name) {
		if cut {
			return append(edits, edit{start: start, end: end, with: Mark, name: name})
		}
		if isFingerprint(plain) || plain == Mark {
			return edits
		}
		text, fp := c.credential(plain, from, false)
		if text != fp {
			text = escape(text)
		}
		return append(edits, edit{start: start, end: end, with: text, name: name, fp: fp})
	}
	if plain == s[start:end] {
		if strings.IndexByte(plain, '=') < 0 {
			return edits
		}
		return c.pairs(edits, s[:end], start, cut, false)
	}
	if text, ok := c.within(plain, cut); ok {
		edits = append(edits, edit{start: start, end: end, with: escape(text)})
	}
	return edits
}

// escape percent-encodes what was redacted after decoding, and leaves the
// colon of fingerprints readable.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%3A", ":") }
