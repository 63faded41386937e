package reading

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatebook/gatebook/event"
)

// maxQuery bounds the text of a query in bytes.
const maxQuery = 8192

// QueryError says what is wrong with a query.
type QueryError struct {
	Query string
	Pos   int    // byte where it is wrong; -1: not known
	Msg   string // one sentence without a full stop
}

// Error says what is wrong, without the query.
func (e *QueryError) Error() string {
	if e.Pos < 0 {
		return "query: " + e.Msg
	}
	return fmt.Sprintf("query: at character %d: %s", utf8.RuneCountInString(e.Query[:e.Pos])+1, e.Msg)
}

// text is a LogsQL query as far as the room must understand it: its filter,
// its pipes, and the names of the fields that the filter uses. The engine
// parses it for good.
type text struct {
	filter string // never empty
	pipes  string // from the first "|" on; empty: none
	names  []name // fields that the filter names
	bare   int    // where in the filter the first word without a field is; -1: none
	piped  bool   // there is a pipe, perhaps in a subquery
}

type name struct {
	text string
	pos  int
}

// has reports whether the filter names a field.
func (t *text) has(field string) bool {
	return slices.ContainsFunc(t.names, func(n name) bool { return n.text == field })
}

// special are the fields of index rows that are no fields of events.
var special = []string{"_time", "_msg", "_stream", "_stream_id", "n", "tenant"}

// parse scans a query. It refuses brackets and quotation marks that do not
// match, so that the filter can be put into parentheses, and names of fields
// that do not exist.
func parse(query string) (*text, error) {
	if len(query) > maxQuery {
		return nil, &QueryError{query[:maxQuery], -1, fmt.Sprintf("it has %d bytes, the limit is %d", len(query), maxQuery)}
	}
	if !utf8.ValidString(query) {
		return nil, &QueryError{strings.ToValidUTF8(query, "?"), -1, "it is not UTF-8"}
	}
	s := &scanner{query: query, text: text{bare: -1}, pipe: -1}
	if err := s.scan(); err != nil {
		return nil, err
	}
	s.text.filter = query
	if s.pipe >= 0 {
		s.text.filter, s.text.pipes = query[:s.pipe], query[s.pipe:]
	}
	lead := len(s.text.filter) - len(strings.TrimLeftFunc(s.text.filter, unicode.IsSpace))
	s.text.bare -= min(lead, s.text.bare+1)
	if s.text.filter = strings.TrimSpace(s.text.filter); s.text.filter == "" {
		s.text.filter = "*"
	}
	for _, n := range s.text.names {
		if event.Lookup(n.text) == nil && !slices.Contains(special, n.text) {
			return nil, &QueryError{query, n.pos, fmt.Sprintf("there is no field %q%s", n.text, suggest(n.text))}
		}
	}
	return &s.text, nil
}

// unfinished matches a query that ends with a comparison.
var unfinished = regexp.MustCompile(`[<>]=?$`)

// scanner walks over a query once.
type scanner struct {
	query string
	pos   int
	text  text
	pipe  int // where the first pipe outside of brackets is; -1: none

	open  []bracket
	value bool   // the next word is the value of a field
	field string // that field
}

type bracket struct {
	close byte
	pos   int
	value bool // what is inside are values of a field
	piped bool // a pipe was seen inside
}

func (s *scanner) scan() error {
	for s.pos < len(s.query) {
		c := s.query[s.pos]
		switch {
		case c == '"' || c == '\'' || c == '`':
			if err := s.quoted(c); err != nil {
				return err
			}
		case c == '(' || c == '[' || c == '{':
			s.enter(c)
		case c == ')' || c == ']' || c == '}':
			if err := s.leave(c); err != nil {
				return err
			}
		case c == '|':
			s.text.piped, s.value = true, false
			if n := len(s.open); n > 0 {
				s.open[n-1].piped = true
			} else if s.pipe < 0 {
				s.pipe = s.pos
			}
			s.pos++
		case c == '#':
			return s.wrong(s.pos, "comments are not allowed, put quotation marks around \"#\"")
		case strings.IndexByte(" \t\r\n,:=<>!~*", c) >= 0:
			s.pos++
		default:
			s.word()
		}
	}
	if n := len(s.open); n > 0 {
		return s.wrong(s.open[n-1].pos, "the bracket is not closed")
	}
	if end := strings.TrimRight(s.query, " \t\r\n"); s.value && unfinished.MatchString(end) {
		return s.wrong(len(end), "the value to compare with is missing")
	}
	return nil
}

func (s *scanner) wrong(pos int, msg string) error { return &QueryError{s.query, pos, msg} }

func (s *scanner) quoted(q byte) error {
	start := s.pos
	for i := start + 1; i < len(s.query); i++ {
		switch {
		case s.query[i] == '\\' && q != '`':
			i++
		case s.query[i] == q:
			s.pos = i + 1
			s.token(s.query[start+1:i], start)
			return nil
		}
	}
	return s.wrong(start, "the quotation mark is not closed")
}

var closing = map[byte]byte{'(': ')', '[': ']', '{': '}'}

func (s *scanner) enter(c byte) {
	b := bracket{close: closing[c], pos: s.pos, value: s.value || c != '('}
	if n := len(s.open); n > 0 {
		b.value = b.value || s.open[n-1].value
		b.piped = s.open[n-1].piped
	}
	s.open = append(s.open, b)
	s.value = false
	s.pos++
}

func (s *scanner) leave(c byte) error {
	n := len(s.open)
	if n == 0 {
		return s.wrong(s.pos, "the bracket was not opened")
	}
	b := s.open[n-1]
	// Ranges may be half open: [1, 5).
	if c != b.close && (c == '}' || b.close == '}' || !b.value) {
		return s.wrong(s.pos, fmt.Sprintf("%q does not close the bracket before it", c))
	}
	s.open = s.open[:n-1]
	s.value = false
	s.pos++
	return nil
}

func (s *scanner) word() {
	start := s.pos
	stop := " \t\r\n,:=<>!~*()[]{}|\"'`"
	if s.value && isTime(s.field) {
		stop = " \t\r\n,()[]{}|\"'`"
	}
	for s.pos < len(s.query) && strings.IndexByte(stop, s.query[s.pos]) < 0 {
		s.pos++
	}
	w := s.query[start:s.pos]
	if t := strings.TrimLeft(w, "-"); t != "" && !s.value {
		start, w = start+len(w)-len(t), t
	}
	s.token(w, start)
}

func isTime(field string) bool {
	f := event.Lookup(field)
	return field == "_time" || f != nil && f.Type == event.TypeTime
}

// token takes a word or a quoted text that begins at pos: the name of a field
// if a colon follows, else a value, a keyword or a word by itself.
func (s *scanner) token(w string, pos int) {
	inPipe, inValue := s.pipe >= 0, s.value
	if n := len(s.open); n > 0 {
		inPipe = inPipe || s.open[n-1].piped
		inValue = inValue || s.open[n-1].value
	}
	rest := strings.TrimLeftFunc(s.query[s.pos:], unicode.IsSpace)
	if strings.HasPrefix(rest, ":") && !s.value {
		if !inPipe && !s.inRange() {
			s.text.names = append(s.text.names, name{w, pos})
		}
		s.value, s.field = true, w
		return
	}
	if inValue && strings.HasPrefix(rest, "(") {
		return // a function of the value: in(…), range(…)
	}
	s.value = false
	switch strings.ToLower(w) {
	case "and", "or", "not", "":
		return
	}
	if !inValue && !inPipe && s.text.bare < 0 {
		s.text.bare = pos
	}
}

// inRange reports whether the scanner is inside of [ ] or { }, where a colon
// says nothing.
func (s *scanner) inRange() bool {
	return slices.ContainsFunc(s.open, func(b bracket) bool { return b.close != ')' })
}

// suggest returns the end of a sentence that names the field nearest to word,
// or nothing if none is near.
func suggest(word string) string {
	var found []string
	for _, f := range event.Fields() {
		if strings.HasSuffix(f.Name, "."+word) {
			found = append(found, f.Name)
		}
	}
	if len(found) == 0 {
		best, least := "", len(word)/2+1
		for _, f := range event.Fields() {
			last := f.Name[strings.LastIndexByte(f.Name, '.')+1:]
			if d := min(distance(word, f.Name), distance(word, last)+1); d < least {
				best, least = f.Name, d
			}
		}
		if best == "" {
			return ": GET /api/v1/fields or docs/fields.md lists them; put quotation marks around a colon that is text"
		}
		found = []string{best}
	}
	return ", did you mean " + strings.Join(found[:min(len(found), 3)], " or ") + "?"
}

// distance is the least number of inserted, removed or replaced bytes that
// makes b of a.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// quote returns s as a LogsQL phrase.
func quote(s string) string { return strconv.Quote(s) }
