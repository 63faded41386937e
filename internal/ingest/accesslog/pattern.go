package accesslog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// shape says what values of a field can look like, and so where they end.
type shape uint8

const (
	word   shape = iota // without spaces and quotes
	when                // a time, which may have a space
	free                // anything but a quote that is not escaped: as long as it can be
	quoted              // between quotes: to the next one that is not escaped
	raw                 // between quotes that nobody escapes: as short as it can be
)

// field is a value in a line.
type field struct {
	name  string // as the format spells it
	shape shape
	set   setter // nil: it is not used
	place bool   // it holds an address: a target, a request line, a referrer
}

// pattern is a format of lines: texts, with fields between them. There is one
// text more than there are fields.
type pattern struct {
	texts  []string
	fields []field
	plain  bool // nothing is escaped
}

type span struct{ from, to int }

// maxSteps bounds the search for the fields of a line.
const maxSteps = 2_000

// errNoFit is why a line is none of a format, with the field where it parts.
type errNoFit struct {
	field string
	at    int // column, from 1
}

func (e *errNoFit) Error() string {
	if e.field == "" {
		return fmt.Sprintf("the line goes on after what the format has, at column %d", e.at)
	}
	return fmt.Sprintf("%s: the line does not fit the format at column %d", e.field, e.at)
}

// matcher finds the fields of one line.
type matcher struct {
	p      *pattern
	line   string
	spans  []span
	steps  int
	far    int // the field that could not be found, of all tries the one furthest to the right
	column int
}

// parse reads a line into e, and returns where its fields are.
func (p *pattern) parse(line string, e *entry) ([]span, error) {
	m := matcher{p: p, line: line, spans: make([]span, len(p.fields))}
	if !strings.HasPrefix(line, p.texts[0]) {
		return nil, &errNoFit{p.fields[0].name, 1}
	}
	found := m.find(0, len(p.texts[0]))
	if last := len(p.fields) - 1; !found && m.far == last && p.fields[last].shape == quoted && p.texts[last+1] == `"` {
		// Servers cut lines that are too long.
		m.line, m.steps, e.partial = line+`"`, 0, true
		found = m.find(0, len(p.texts[0]))
	}
	if !found {
		if m.steps > maxSteps {
			return nil, errors.New("the line can be read in too many ways")
		}
		name := ""
		if m.far < len(p.fields) {
			name = p.fields[m.far].name
		}
		return nil, &errNoFit{name, m.column + 1}
	}
	for i, s := range m.spans {
		f := &p.fields[i]
		v := line[s.from:s.to]
		if f.set == nil || v == "" || v == "-" {
			continue
		}
		if !p.plain {
			v = unescape(v)
		}
		if err := f.set(e, v); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return m.spans, nil
}

// find finds field i, which begins at from, and those after it.
func (m *matcher) find(i, from int) bool {
	if i == len(m.p.fields) {
		if from == len(m.line) {
			return true
		}
		m.failed(i, from)
		return false
	}
	for end := range m.ends(i, from) {
		if m.steps++; m.steps > maxSteps {
			return false
		}
		m.spans[i] = span{from, end}
		if m.find(i+1, end+len(m.p.texts[i+1])) {
			return true
		}
	}
	m.failed(i, from)
	return false
}

func (m *matcher) failed(i, at int) {
	if at > m.column || at == m.column && i > m.far {
		m.far, m.column = i, at
	}
}

// ends yields where a field can end: where the text after it stands, in the
// order in which they are to be tried.
func (m *matcher) ends(i, from int) func(yield func(int) bool) {
	text, f, rest := m.p.texts[i+1], &m.p.fields[i], m.line[from:]
	limit := len(rest)
	switch f.shape {
	case word:
		if k := strings.IndexAny(rest, " \""); k >= 0 {
			limit = k
		}
	case when:
		limit = min(limit, 64)
	case free, quoted:
		limit = unescapedQuote(rest)
	}
	return func(yield func(int) bool) {
		if text == "" { // the last field goes to the end
			if limit == len(rest) || f.shape == raw || f.shape == free {
				yield(from + len(rest))
			}
			return
		}
		switch f.shape {
		case quoted:
			if strings.HasPrefix(rest[limit:], text) {
				yield(from + limit)
			}
		case raw, when:
			for k := 0; k <= limit; k++ {
				n := strings.Index(rest[k:], text)
				if n < 0 || k+n > limit {
					return
				}
				if k += n; !yield(from + k) {
					return
				}
			}
		default: // the longest first
			for end := min(limit+len(text), len(rest)); end >= 0; {
				k := strings.LastIndex(rest[:end], text)
				if k < 0 || !yield(from+k) {
					return
				}
				end = k + len(text) - 1
			}
		}
	}
}

// unescapedQuote returns the index of the first quote that no backslash
// precedes; the length of s if there is none.
func unescapedQuote(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(s)
}

// unescape undoes what nginx, Apache httpd and JSON do with bytes that cannot
// stand in a log.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'v':
			b = append(b, '\v')
		case 'x', 'u':
			digits := 2
			if c == 'u' {
				digits = 4
			}
			n, err := uint64(0), error(strconv.ErrSyntax)
			if i+digits < len(s) {
				n, err = strconv.ParseUint(s[i+1:i+1+digits], 16, 32)
			}
			if err != nil {
				b = append(b, '\\', c)
				continue
			}
			if c == 'x' {
				b = append(b, byte(n))
			} else {
				b = utf8.AppendRune(b, rune(n))
			}
			i += digits
		default: // a quote or a backslash
			b = append(b, c)
		}
	}
	return string(b)
}
