package redact

import "strings"

// multipart appends the edits for the parts of a multipart body: the value of
// a field with a sensitive name goes, a part that is not text goes, any other
// part is read by its own type.
func (c *Call) multipart(edits []edit, contentType, s string, cut bool) []edit {
	delimiter := "--" + parameter(contentType, "boundary")
	if delimiter == "--" {
		line, _, _ := strings.Cut(s, "\n")
		delimiter = strings.TrimRight(line, "\r ")
		if !strings.HasPrefix(delimiter, "--") || len(delimiter) < 4 {
			return append(edits, edit{start: 0, end: len(s), with: Mark, name: "multipart"})
		}
	}
	pos := strings.Index(s, delimiter)
	if pos < 0 {
		return append(edits, edit{start: 0, end: len(s), with: Mark, name: "multipart"})
	}
	edits = c.textTail(edits, s[:pos], 0, false) // the preamble
	for pos < len(s) {
		pos += len(delimiter)
		end, last := len(s), true
		if i := strings.Index(s[pos:], "\n"+delimiter); i >= 0 {
			end, last = pos+i, false
		}
		edits = c.part(edits, s, pos, end, last)
		pos = end + 1
	}
	return edits
}

// part redacts the part whose header begins at s[pos] and whose content ends
// at s[end]. Last says that no delimiter follows: the part is cut short, or is
// what follows the last delimiter.
func (c *Call) part(edits []edit, s string, pos, end int, last bool) []edit {
	header, contentType, name := pos, "", ""
	for pos < end {
		i := strings.IndexByte(s[pos:end], '\n')
		if i < 0 {
			pos = end // the cut went through the header
			break
		}
		line := strings.TrimRight(s[pos:pos+i], "\r")
		pos += i + 1
		if line == "" && pos-header > 2 {
			break
		}
		if field, value, ok := strings.Cut(line, ":"); ok {
			switch {
			case strings.EqualFold(field, "Content-Type"):
				contentType = strings.TrimSpace(value)
			case strings.EqualFold(field, "Content-Disposition"):
				name = parameter(value, "name")
			}
		}
	}
	if !last && end > pos && s[end-1] == '\r' {
		end--
	}
	if pos >= end {
		return edits
	}
	content := s[pos:end]
	switch {
	case !textLike(content):
		return append(edits, edit{start: pos, end: end, with: "[binary]"})
	case c.r.query.has(name) && last:
		return append(edits, edit{start: pos, end: end, with: Mark, name: name})
	case c.r.query.has(name):
		text, fp := c.credential(content, fromField, false)
		return append(edits, edit{start: pos, end: end, with: text, name: name, fp: fp})
	}
	from := len(edits)
	edits = c.content(edits, contentType, content, last)
	edits = c.shaped(edits, content, last)
	for i := from; i < len(edits); i++ {
		edits[i].start += pos
		edits[i].end += pos
	}
	return edits
}

// parameter returns a parameter of a header's value, without its quotes.
func parameter(value, name string) string {
	for pos := strings.IndexByte(value, ';'); pos >= 0 && pos < len(value); {
		rest := strings.TrimLeft(value[pos+1:], " \t")
		pos = len(value) - len(rest)
		key, val, ok := strings.Cut(rest, "=")
		if !ok {
			return ""
		}
		pos += len(key) + 1
		end := 0
		if strings.HasPrefix(val, `"`) {
			end = strings.IndexByte(val[1:], '"') + 2
			if end < 2 {
				end = len(val)
			}
		} else if end = strings.IndexByte(val, ';'); end < 0 {
			end = len(val)
		}
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(val[:end], "\" \t")
		}
		pos += end
		if i := strings.IndexByte(value[pos:], ';'); i >= 0 {
			pos += i
		} else {
			return ""
		}
	}
	return ""
}
