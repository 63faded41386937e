package redact

import "strings"

// xml appends the edits for XML and HTML: the content of elements with a
// sensitive name, attributes with one, and the value of an element that an
// attribute (name, id, key) calls sensitive. Any text between is read as text.
func (c *Call) xml(edits []edit, s string, cut bool) []edit {
	edits = c.textTail(edits, s, 0, cut)
	for pos := 0; ; {
		i := strings.IndexByte(s[pos:], '<')
		if i < 0 || pos+i+1 >= len(s) {
			return edits
		}
		pos += i + 1
		nameEnd := pos
		for nameEnd < len(s) && (nameByte(s[nameEnd]) || s[nameEnd] == ':') {
			nameEnd++
		}
		element := s[pos:nameEnd]
		if element == "" {
			continue
		}
		tag := tagEnd(s, nameEnd)
		local := element[strings.LastIndexByte(element, ':')+1:]
		name, value := c.attributes(s[nameEnd:tag])
		secret := local
		switch {
		case name != "":
			secret = name
			if value.end > value.start {
				edits = append(edits, c.valueEdit(s, nameEnd+value.start, nameEnd+value.end, name, false, cut))
			}
		case !c.r.fields.has(local):
			pos = nameEnd
			continue
		}
		pos = tag
		if tag < len(s) && s[tag-1] != '/' {
			edits, pos = c.element(edits, s, tag+1, element, secret, cut)
		}
	}
}

// element redacts the content of an element, which begins at s[start], and
// returns where its end tag begins.
func (c *Call) element(edits []edit, s string, start int, element, name string, cut bool) ([]edit, int) {
	end := strings.Index(s[start:], "</"+element)
	if end < 0 {
		// HTML does not close an input; XML that does not close is cut short.
		if c.r.fields.has(name) && name != element && !cut {
			return edits, start
		}
		return append(edits, edit{start: start, end: len(s), with: Mark, name: name}), len(s)
	}
	end += start
	v := trimSpan(s, start, end)
	if inner := s[v.start:v.end]; strings.HasPrefix(inner, "<![CDATA[") && strings.HasSuffix(inner, "]]>") {
		v.start, v.end = v.start+len("<![CDATA["), v.end-len("]]>")
	}
	if v.start < v.end {
		value := unescapeXML(s[v.start:v.end])
		if !isFingerprint(value) {
			text, fp := c.credential(value, fromField, false)
			edits = append(edits, edit{start: v.start, end: v.end, with: text, name: name, fp: fp})
		}
	}
	return edits, end
}

// maxTag is how far the end of a tag is looked for, in bytes.
const maxTag = 2048

// tagEnd returns where the '>' of the tag is, or the next tag, past quoted
// attributes.
func tagEnd(s string, i int) int {
	quote, limit := byte(0), min(len(s), i+maxTag)
	for ; i < limit; i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>' || c == '<':
			return i
		}
	}
	return limit
}

// attributes returns the sensitive name that an attribute gives to the
// element, and where the value is that another attribute gives to it.
func (c *Call) attributes(tag string) (name string, value span) {
	for i := strings.IndexByte(tag, '='); i >= 0 && i < len(tag); {
		attr, _ := nameBefore(tag, 0, i)
		start, end, next := valueAfter(tag, i, false)
		switch strings.ToLower(attr) {
		case "name", "id", "key", "type":
			if n := tag[start:end]; name == "" && c.r.fields.has(n) {
				name = n
			}
		case "value", "content", "val":
			value = span{start: start, end: end}
		}
		next = max(next, i+1)
		if i = strings.IndexByte(tag[next:], '='); i >= 0 {
			i += next
		}
	}
	return name, value
}

var xmlEntities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#34;", `"`, "&#39;", "'", "&#43;", "+", "&amp;", "&")

func unescapeXML(s string) string {
	if strings.IndexByte(s, '&') < 0 {
		return s
	}
	return xmlEntities.Replace(s)
}
