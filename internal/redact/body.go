package redact

import (
	"strings"
	"unicode/utf8"
	"unsafe"
)

// Body redacts a body, decoded from any Content-Encoding by the caller.
// ContentType is the header's value and may be empty; truncated says that body
// is the beginning of something longer. Out is body itself if nothing was
// found. Text is false, and out empty, if the body is not text of any kind: it
// cannot be judged, and must not be kept. Body must not change meanwhile.
func (c *Call) Body(contentType string, body []byte, truncated bool) (out []byte, text bool) {
	if len(body) == 0 {
		return body, true
	}
	// Nothing below keeps a part of s without copying it.
	s := unsafe.String(unsafe.SliceData(body), len(body))
	if !textLike(s) && !isType(contentType, "multipart/") {
		return nil, false
	}
	c.place = InBody
	c.edits = c.content(c.edits[:0], contentType, s, truncated)
	c.edits = c.knownIn(c.shaped(c.edits, s, truncated), s, truncated)
	if len(c.edits) == 0 {
		return body, true
	}
	return []byte(c.apply(s, c.edits)), true
}

// content appends the edits that the structure of s calls for.
func (c *Call) content(edits []edit, contentType, s string, cut bool) []edit {
	first := byte(0)
	if at := trimSpan(s, 0, len(s)).start; at < len(s) {
		first = s[at]
	}
	switch {
	case isType(contentType, "multipart/") && c.nested < maxNested:
		c.nested++
		defer func() { c.nested-- }()
		return c.multipart(edits, contentType, s, cut)
	case first == '{' || first == '[' || isType(contentType, "json"):
		return c.json(edits, s, cut)
	case first == '<' || isType(contentType, "xml") || isType(contentType, "html"):
		return c.xml(edits, s, cut)
	case isType(contentType, "x-www-form-urlencoded"):
		return c.form(edits, s, cut, fromField)
	}
	return c.textTail(edits, s, 0, cut)
}

// isType reports whether the media type (without parameters) contains part,
// which is in lower case.
func isType(contentType, part string) bool {
	if i := strings.IndexByte(contentType, ';'); i >= 0 {
		contentType = contentType[:i]
	}
	if strings.Contains(contentType, part) {
		return true
	}
	for i := 0; i+len(part) <= len(contentType); i++ {
		if strings.EqualFold(contentType[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// textLike reports whether s is text: UTF-8, or a single-byte encoding, without
// the control characters that binary data has.
func textLike(s string) bool {
	if strings.IndexByte(s, 0) >= 0 {
		return false
	}
	if utf8.ValidString(s) {
		return true
	}
	for i := range len(s) {
		c := s[i]
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b || c == 0x7f {
			return false
		}
	}
	return true
}
