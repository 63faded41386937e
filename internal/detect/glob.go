package detect

import "strings"

// glob compiles a pattern of Sigma: * stands for any text, ? for one byte, a
// backslash before either, or before a backslash, takes its meaning away. With
// fold the letters of ASCII match in either case.
func glob(pattern string, fold bool) func(string) bool {
	parts, starts, ends := segments(pattern)
	if len(parts) == 1 {
		p := parts[0]
		switch {
		case starts && ends:
			return func(s string) bool { return len(s) == len(p.text) && p.at(s, 0, fold) }
		case starts:
			return func(s string) bool { return len(s) >= len(p.text) && p.at(s, 0, fold) }
		case ends:
			return func(s string) bool { return len(s) >= len(p.text) && p.at(s, len(s)-len(p.text), fold) }
		}
		return func(s string) bool { return p.find(s, 0, fold) >= 0 }
	}
	return func(s string) bool { return globParts(parts, starts, ends, s, fold) }
}

func globParts(parts []part, starts, ends bool, s string, fold bool) bool {
	at := 0
	for i, p := range parts {
		switch {
		case i == 0 && starts:
			if len(s) < len(p.text) || !p.at(s, 0, fold) {
				return false
			}
			at = len(p.text)
		case i == len(parts)-1 && ends:
			return len(s)-len(p.text) >= at && p.at(s, len(s)-len(p.text), fold)
		default:
			j := p.find(s, at, fold)
			if j < 0 {
				return false
			}
			at = j + len(p.text)
		}
	}
	return true
}

// part is a text between asterisks; any[i] marks a question mark.
type part struct {
	text string
	any  []bool // nil: none
}

// segments splits a pattern at its asterisks. starts says that the first part
// is at the beginning, ends that the last is at the end.
func segments(pattern string) (parts []part, starts, ends bool) {
	starts, ends = true, true
	var text []byte
	var any []bool
	some := false
	flush := func() {
		if len(text) > 0 {
			p := part{text: string(text)}
			if some {
				p.any = any
			}
			parts = append(parts, p)
		}
		text, any, some = nil, nil, false
	}
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		ends = true
		switch {
		case c == '\\' && i+1 < len(pattern) && strings.IndexByte(`\*?`, pattern[i+1]) >= 0:
			i++
			text, any = append(text, pattern[i]), append(any, false)
		case c == '*':
			if len(parts) == 0 && len(text) == 0 {
				starts = false
			}
			flush()
			ends = false
		case c == '?':
			text, any, some = append(text, 0), append(any, true), true
		default:
			text, any = append(text, c), append(any, false)
		}
	}
	flush()
	if len(parts) == 0 {
		parts = []part{{}}
	}
	return parts, starts, ends
}

func (p part) at(s string, i int, fold bool) bool {
	if p.any == nil && !fold {
		return s[i:i+len(p.text)] == p.text
	}
	for j := range len(p.text) {
		a, b := s[i+j], p.text[j]
		if a != b && (p.any == nil || !p.any[j]) && (!fold || lower(a) != lower(b)) {
			return false
		}
	}
	return true
}

func (p part) find(s string, from int, fold bool) int {
	if p.any == nil && !fold {
		if i := strings.Index(s[from:], p.text); i >= 0 {
			return from + i
		}
		return -1
	}
	small, large := byte(0), byte(0) // the first byte, in both cases
	if p.any == nil && len(p.text) > 0 {
		small = lower(p.text[0])
		if large = small; 'a' <= small && small <= 'z' {
			large -= 'a' - 'A'
		}
	}
	for i := from; i+len(p.text) <= len(s); i++ {
		if p.any == nil && i < len(s) && s[i] != small && s[i] != large {
			continue
		}
		if p.at(s, i, fold) {
			return i
		}
	}
	return -1
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
