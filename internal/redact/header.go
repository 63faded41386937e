package redact

import "strings"

// Header redacts one value of a header or trailer field. Name is the field's
// name in any letter case.
func (c *Call) Header(name, value string) string {
	if value == "" {
		return value
	}
	c.place = InHeader
	if c.r.headers.has(name) {
		switch {
		case strings.EqualFold(name, "Cookie"):
			return c.apply(value, c.cookies(c.edits[:0], value))
		case strings.EqualFold(name, "Set-Cookie"):
			return c.apply(value, c.setCookie(c.edits[:0], value))
		}
		out, fp := c.credential(value, fromCredential, strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "Proxy-Authorization"))
		c.note(name, fp)
		return out
	}
	if strings.IndexByte(value, '@') >= 0 && isAddress(name) { // a user's name and password before the host
		value = c.URL(value)
		c.place = InHeader
	}
	if len(value) < minKnown {
		return value
	}
	c.edits = c.scan(c.edits[:0], value, false)
	return c.apply(value, c.edits)
}

// isAddress reports whether the value of a field is a URL.
func isAddress(name string) bool {
	for _, field := range []string{"Referer", "Location", "Content-Location", "Destination"} {
		if strings.EqualFold(name, field) {
			return true
		}
	}
	return false
}

// Headers returns h with every value redacted. It shares with h the slices of
// values in which nothing was found.
func (c *Call) Headers(h map[string][]string) map[string][]string {
	out := make(map[string][]string, len(h))
	for name, values := range h {
		kept := values
		for i, value := range values {
			redacted := c.Header(name, value)
			if redacted == value {
				continue
			}
			if &kept[0] == &values[0] {
				kept = append([]string(nil), values...)
			}
			kept[i] = redacted
		}
		out[name] = kept
	}
	return out
}

// scan appends the edits for what can be found in any text without structure:
// shapes, known secrets, and name=value.
func (c *Call) scan(edits []edit, s string, cut bool) []edit {
	edits = c.shaped(edits, s, cut)
	if strings.IndexByte(s, '=') >= 0 {
		edits = c.pairs(edits, s, 0, cut, false)
	}
	return c.knownIn(edits, s, cut)
}

// cookies appends an edit for the value of each cookie that is not a setting.
func (c *Call) cookies(edits []edit, s string) []edit {
	for pos := 0; pos < len(s); {
		end := strings.IndexByte(s[pos:], ';')
		if end < 0 {
			end = len(s)
		} else {
			end += pos
		}
		edits = c.cookie(edits, s, pos, end)
		pos = end + 1
	}
	return edits
}

// setCookie does the same for the one cookie of a Set-Cookie line, and leaves
// its attributes as they are.
func (c *Call) setCookie(edits []edit, s string) []edit {
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	edits = c.cookie(edits, s, 0, end)
	return c.knownIn(c.shaped(edits, s, false), s, false)
}

func (c *Call) cookie(edits []edit, s string, start, end int) []edit {
	name, _, ok := strings.Cut(s[start:end], "=")
	if !ok { // a cookie without a name is all value
		start, name = trimSpan(s, start, end).start, ""
	} else {
		start += len(name) + 1
		name = strings.TrimSpace(name)
	}
	if name != "" && c.r.cookies.has(name) {
		return c.knownIn(c.shapedSpan(edits, s, start, end), s, false)
	}
	v := trimSpan(s, start, end)
	if v.end-v.start >= 2 && s[v.start] == '"' && s[v.end-1] == '"' {
		v.start, v.end = v.start+1, v.end-1
	}
	value := s[v.start:v.end]
	if value == "" || isFingerprint(value) {
		return edits
	}
	fp := c.fingerprint(value, fromField)
	if name == "" {
		name = "cookie"
	}
	return append(edits, edit{start: v.start, end: v.end, with: fp, name: name, fp: fp})
}

// shapedSpan is shaped for s[start:end].
func (c *Call) shapedSpan(edits []edit, s string, start, end int) []edit {
	from := len(edits)
	edits = c.shaped(edits, s[start:end], false)
	for i := from; i < len(edits); i++ {
		edits[i].start += start
		edits[i].end += start
	}
	return edits
}

// trimSpan returns s[start:end] without the white space around it.
func trimSpan(s string, start, end int) span {
	for start < end && isSpace(s[start]) {
		start++
	}
	for end > start && isSpace(s[end-1]) {
		end--
	}
	return span{start: start, end: end}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
