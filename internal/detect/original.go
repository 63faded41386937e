package detect

import (
	"encoding/json"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// originalPrefix begins the name of a field that only rules have: a member of
// the original record of an import, by its own names, as in
// original.userIdentity.type.
const originalPrefix = "original."

// lookupOriginal returns the field of a path into the original record.
func lookupOriginal(name string) *field {
	path, ok := strings.CutPrefix(name, originalPrefix)
	if !ok || path == "" || len(path) > 200 {
		return nil
	}
	steps := strings.Split(path, ".")
	for _, s := range steps {
		if s == "" {
			return nil
		}
	}
	return &field{name: name, typ: event.TypeText, list: true, number: -1, slow: func(e *event.Event, yield func(string)) {
		if e.Payload != nil && e.Payload.Original != "" {
			s := scan{text: e.Payload.Original}
			s.find(steps, yield)
		}
	}}
}

// scan reads JSON that is right, and stops at what it does not understand.
type scan struct {
	text  string
	at    int
	depth int
}

// find yields the values at a path of names, in any case of their letters. A
// list stands for its entries; an object at the end of the path is its text.
func (s *scan) find(steps []string, yield func(string)) {
	s.space()
	if s.at >= len(s.text) || s.depth > maxNesting {
		s.at = len(s.text)
		return
	}
	s.depth++
	defer func() { s.depth-- }()
	switch c := s.text[s.at]; {
	case c == '[':
		s.each(']', func() { s.find(steps, yield) })
	case len(steps) == 0:
		begin := s.at
		s.skip()
		yieldValue(s.text[begin:min(s.at, len(s.text))], yield)
	case c == '{':
		s.each('}', func() {
			key := s.word()
			s.space()
			if s.at >= len(s.text) || s.text[s.at] != ':' {
				s.at = len(s.text)
				return
			}
			s.at++
			if strings.EqualFold(key, steps[0]) {
				s.find(steps[1:], yield)
			} else {
				s.skip()
			}
		})
	default:
		s.skip()
	}
}

func yieldValue(raw string, yield func(string)) {
	if raw == "null" || raw == "" {
		return
	}
	if raw[0] == '"' {
		var v string
		if json.Unmarshal([]byte(raw), &v) != nil || v == "" {
			return
		}
		raw = v
	}
	yield(raw)
}

// each calls f at each entry of an object or a list, up to its end.
func (s *scan) each(end byte, f func()) {
	s.at++
	for {
		s.space()
		switch {
		case s.at >= len(s.text):
			return
		case s.text[s.at] == end:
			s.at++
			return
		case s.text[s.at] == ',':
			s.at++
		default:
			before := s.at
			f()
			if s.at == before { // nothing that can be read
				s.at = len(s.text)
			}
		}
	}
}

func (s *scan) space() {
	for s.at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[s.at]) >= 0 {
		s.at++
	}
}

// word reads a text in quotes, and returns it without them.
func (s *scan) word() string {
	begin := s.at
	s.skip()
	if s.at-begin < 2 || s.text[begin] != '"' {
		return ""
	}
	return s.text[begin+1 : s.at-1]
}

// skip goes to the end of a value.
func (s *scan) skip() {
	s.space()
	depth := 0
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '"':
			for s.at++; s.at < len(s.text) && s.text[s.at] != '"'; s.at++ {
				if s.text[s.at] == '\\' {
					s.at++
				}
			}
			s.at = min(s.at, len(s.text)-1)
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return
			}
		case ',', ':':
			if depth == 0 {
				return
			}
		}
		s.at++
		if depth == 0 && s.at < len(s.text) && strings.IndexByte(`"}]`, s.text[s.at-1]) >= 0 {
			return
		}
	}
}
