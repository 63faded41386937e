package query

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parser reads a query from left to right, without going back.
type parser struct {
	s       string
	pos     int
	config  Config
	nesting int
}

func (p *parser) fail(pos int, got, want string) *Error {
	return &Error{Query: p.s, Pos: pos, Got: got, Want: want}
}

// unexpected returns an error for what stands at the current place.
func (p *parser) unexpected(want string) *Error {
	if p.pos >= len(p.s) {
		return p.fail(len(p.s), "unexpected end", want)
	}
	r, size := utf8.DecodeRuneInString(p.s[p.pos:])
	if r == utf8.RuneError && size == 1 {
		return p.fail(p.pos, "a byte that is not UTF-8", "put the text in double quotes, with \\x escapes")
	}
	return p.fail(p.pos, fmt.Sprintf("unexpected %q", r), want)
}

const wantFilter = `want a word, "a phrase", field:value, "(" or *`

func (p *parser) query() (node, error) {
	p.space()
	if p.pos == len(p.s) {
		return nil, p.fail(p.pos, "empty query", wantFilter)
	}
	n, err := p.or("")
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.s) {
		want := "want another filter, and, or, or the end"
		if p.s[p.pos] == '|' {
			want = "pipes are for searches only; write or for an alternative"
		}
		return nil, p.unexpected(want)
	}
	return n, nil
}

// or reads alternatives. Field is the field of the group that they stand in;
// empty: none.
func (p *parser) or(field string) (node, error) {
	if p.nesting++; p.nesting > maxNesting {
		return nil, p.fail(p.pos, "nested too deep", "at most 100 levels")
	}
	defer func() { p.nesting-- }()
	var parts or
	for {
		n, err := p.and(field)
		if err != nil {
			return nil, err
		}
		if more, ok := n.(or); ok {
			parts = append(parts, more...)
		} else {
			parts = append(parts, n)
		}
		if !p.keyword("or") {
			break
		}
		if err := p.operator(len("or")); err != nil {
			return nil, err
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return parts, nil
}

func (p *parser) and(field string) (node, error) {
	var parts and
	for {
		n, err := p.unary(field)
		if err != nil {
			return nil, err
		}
		if more, ok := n.(and); ok {
			parts = append(parts, more...)
		} else {
			parts = append(parts, n)
		}
		p.space()
		if p.pos == len(p.s) || strings.IndexByte(")|", p.s[p.pos]) >= 0 || p.keyword("or") {
			break
		}
		if p.keyword("and") {
			if err := p.operator(len("and")); err != nil {
				return nil, err
			}
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return parts, nil
}

// unary reads a filter with any number of negations before it.
func (p *parser) unary(field string) (node, error) {
	p.space()
	if p.pos == len(p.s) {
		return nil, p.unexpected(wantFilter)
	}
	start := p.pos
	switch c := p.s[p.pos]; {
	case p.keyword("not"):
		if err := p.operator(len("not")); err != nil {
			return nil, err
		}
	case c == '!' && !strings.HasPrefix(p.s[p.pos:], "!=") && !strings.HasPrefix(p.s[p.pos:], "!~"):
		p.pos++
	case c == '-' && field == "":
		p.pos++
	default:
		return p.filter(field)
	}
	if p.nesting++; p.nesting > maxNesting {
		return nil, p.fail(start, "nested too deep", "at most 100 levels")
	}
	defer func() { p.nesting-- }()
	n, err := p.unary(field)
	if err != nil {
		return nil, err
	}
	return negate(n), nil
}

// filter reads a group, or one filter.
func (p *parser) filter(field string) (node, error) {
	switch c := p.s[p.pos]; {
	case c == '(':
		return p.group(field)
	case p.keyword("and") || p.keyword("or"):
		return nil, p.fail(p.pos, "unexpected operator", wantFilter+"; put the word in quotes to search for it")
	case field != "":
		return p.test(field)
	case c == '*':
		p.pos++
		return everything{}, p.boundary()
	case c == '{':
		return nil, p.unexpected("stream filters are for searches only")
	case strings.IndexByte("=<>~!", c) >= 0:
		return nil, p.unexpected("want the name of a field and a colon before it")
	}
	start := p.pos
	text, quoted, err := p.value(true)
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.s) && p.s[p.pos] == ':' {
		return p.field(text, start)
	}
	if !quoted && p.pos < len(p.s) && p.s[p.pos] == '(' {
		return nil, p.unexpected("want a space before it; a function needs a field: field:in(a, b)")
	}
	if text == "" {
		return nil, p.fail(start, "empty phrase", "want the name of a field before it: field:\"\"")
	}
	return p.words("", text)
}

// group reads "( ... )".
func (p *parser) group(field string) (node, error) {
	open := p.pos
	p.pos++
	n, err := p.or(field)
	if err != nil {
		return nil, err
	}
	if p.pos == len(p.s) || p.s[p.pos] != ')' {
		if p.pos == len(p.s) {
			return nil, p.fail(open, `"(" without ")"`, "want a closing parenthesis")
		}
		return nil, p.unexpected(`want ")"`)
	}
	p.pos++
	return n, p.boundary()
}

// field reads what follows the name of a field, which began at start.
func (p *parser) field(name string, start int) (node, error) {
	switch {
	case name == "":
		return nil, p.fail(start, "empty field name", "want the name of a field")
	case name == "_time" || name == "_stream" || name == "_stream_id":
		return nil, p.fail(start, "field "+strconv.Quote(name), "time bounds and streams are set apart from the query")
	case p.config.Field != nil && !p.config.Field(name):
		return nil, p.fail(start, "unknown field "+strconv.Quote(name), "want the name of a field; put the text in quotes to search for it")
	}
	p.pos++ // the colon
	p.space()
	if p.pos == len(p.s) {
		return nil, p.unexpected("want a value after the colon")
	}
	return p.unary(name)
}

// test reads what is asked of a field.
func (p *parser) test(field string) (node, error) {
	rest := p.s[p.pos:]
	switch c := rest[0]; {
	case c == '*':
		p.pos++
		if field == defaultText {
			return everything{}, p.boundary() // so it is for the index
		}
		return leaf{field, prefix("")}, p.boundary()
	case strings.HasPrefix(rest, "=~") || strings.HasPrefix(rest, "!~") || c == '~':
		return nil, p.unexpected("regular expressions are for searches only")
	case strings.HasPrefix(rest, "!="):
		p.pos += 2
		n, err := p.exact(field)
		return negate(n), err
	case c == '=':
		p.pos++
		return p.exact(field)
	case c == '<' || c == '>':
		return p.comparison(field)
	case c == '-':
		return nil, p.unexpected(`write ! for "not", or put a negative number in quotes`)
	case c == ':':
		return nil, p.unexpected("want a value")
	}
	start := p.pos
	text, quoted, err := p.value(false)
	if err != nil {
		return nil, err
	}
	if !quoted {
		open := p.pos
		for open < len(p.s) && p.s[open] == ' ' {
			open++
		}
		if open < len(p.s) && (p.s[open] == '(' && (open == p.pos || functions[strings.ToLower(text)]) || p.s[open] == '[' && strings.EqualFold(text, "range")) {
			return p.function(field, text, start, open)
		}
	}
	return p.words(field, text)
}

// words reads the star that makes text a prefix, if there is one.
func (p *parser) words(field, text string) (node, error) {
	if p.pos < len(p.s) && p.s[p.pos] == '*' {
		p.pos++
		return leaf{field, prefix(text)}, p.boundary()
	}
	return leaf{field, phrase(text)}, p.boundary()
}

func (p *parser) exact(field string) (node, error) {
	p.space()
	if p.pos < len(p.s) && strings.IndexByte("=<>!*-", p.s[p.pos]) >= 0 {
		return nil, p.unexpected(`want a value; put it in quotes`)
	}
	text, _, err := p.value(false)
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.s) && p.s[p.pos] == '*' {
		p.pos++
		return leaf{field, begins(text)}, p.boundary()
	}
	return leaf{field, exact(text)}, p.boundary()
}

func (p *parser) comparison(field string) (node, error) {
	above := p.s[p.pos] == '>'
	p.pos++
	included := p.pos < len(p.s) && p.s[p.pos] == '='
	if included {
		p.pos++
	}
	b, err := p.bound(included)
	if err != nil {
		return nil, err
	}
	if above {
		return leaf{field, numbers{low: b}}, p.boundary()
	}
	return leaf{field, numbers{high: b}}, p.boundary()
}

// bound reads a number.
func (p *parser) bound(included bool) (bound, error) {
	p.space()
	start := p.pos
	if p.pos < len(p.s) && p.s[p.pos] == '-' {
		p.pos++
	}
	sign := p.s[start:p.pos]
	text, quoted, err := p.value(false)
	if err != nil {
		return bound{}, err
	}
	if quoted && sign != "" {
		return bound{}, p.fail(start, "a sign before quotes", "put the sign inside the quotes")
	}
	text = sign + text
	n := number(text)
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return bound{}, p.fail(start, strconv.Quote(text)+" is not a number", "want 5, 1.5, 10KB, 250ms, a time (2026-11-23T10:00:00Z) or an IPv4 address")
	}
	return bound{text, n, included}, nil
}

// function reads the arguments of in and range; the opening bracket is at
// open.
func (p *parser) function(field, name string, start, open int) (node, error) {
	switch {
	case strings.EqualFold(name, "in"):
		p.pos = open + 1
		return p.in(field)
	case strings.EqualFold(name, "range"):
		p.pos = open + 1
		low, err := p.bound(p.s[open] == '[')
		if err != nil {
			return nil, err
		}
		if p.space(); p.pos == len(p.s) || p.s[p.pos] != ',' {
			return nil, p.unexpected(`want "," and the upper bound`)
		}
		p.pos++
		high, err := p.bound(false)
		if err != nil {
			return nil, err
		}
		if p.space(); p.pos == len(p.s) || p.s[p.pos] != ')' && p.s[p.pos] != ']' {
			return nil, p.unexpected(`want ")" or "]"`)
		}
		high.included = p.s[p.pos] == ']'
		p.pos++
		return leaf{field, numbers{low, high}}, p.boundary()
	case functions[strings.ToLower(name)]:
		return nil, p.fail(start, "function "+strings.ToLower(name), "it is for searches only; here there are in(a, b) and range(1, 5]")
	}
	p.pos = open
	return nil, p.unexpected("want a space before it")
}

func (p *parser) in(field string) (node, error) {
	var values oneOf
	for {
		p.space()
		if p.pos < len(p.s) && p.s[p.pos] == '*' {
			return nil, p.unexpected("want a value; write field:* for any value")
		}
		text, _, err := p.value(false)
		if err != nil {
			return nil, err
		}
		values = append(values, text)
		p.space()
		switch {
		case p.pos < len(p.s) && p.s[p.pos] == ',':
			p.pos++
		case p.pos < len(p.s) && p.s[p.pos] == ')':
			p.pos++
			return leaf{field, values}, p.boundary()
		default:
			return nil, p.unexpected(`want "," or ")"`)
		}
	}
}

// value reads a word or a quoted text. In a word, a colon ends the name of a
// field if name is set, and is a part of the word if not.
func (p *parser) value(name bool) (text string, quoted bool, err error) {
	if p.pos < len(p.s) && strings.IndexByte("\"'`", p.s[p.pos]) >= 0 {
		text, err = p.quoted()
		return text, true, err
	}
	start := p.pos
	for p.pos < len(p.s) {
		r, size := utf8.DecodeRuneInString(p.s[p.pos:])
		inside := isWordRune(r) || strings.ContainsRune("./@%+&;?$^", r) || r == '-' && p.pos > start || r == ':' && !name && p.pos > start
		if !inside || r == utf8.RuneError {
			break
		}
		p.pos += size
	}
	if p.pos == start {
		return "", false, p.unexpected(`want a value; put it in quotes if it is more than letters and digits`)
	}
	return p.s[start:p.pos], false, nil
}

// quoted reads a text in double quotes or backquotes, as in Go, or in single
// quotes, with the same escapes.
func (p *parser) quoted() (string, error) {
	rest := p.s[p.pos:]
	if rest[0] != '\'' {
		raw, err := strconv.QuotedPrefix(rest)
		if err == nil {
			p.pos += len(raw)
			return strconv.Unquote(raw)
		}
	} else {
		var text []byte
		for tail := rest[1:]; tail != ""; {
			if tail[0] == '\'' {
				p.pos += len(rest) - len(tail) + 1
				return string(text), nil
			}
			r, _, next, err := strconv.UnquoteChar(tail, '\'')
			if err != nil {
				break
			}
			text, tail = utf8.AppendRune(text, r), next
		}
	}
	return "", p.fail(p.pos, "a quote that does not close, or a bad escape", `write \\ for a backslash, \" for a quote, or use backquotes`)
}

// boundary checks that what was read ends here.
func (p *parser) boundary() error {
	start := p.pos
	p.space()
	if p.pos > start || p.pos == len(p.s) || strings.IndexByte(")|", p.s[p.pos]) >= 0 {
		return nil
	}
	return p.unexpected("want a space before it, or quotes around the whole")
}

// keyword reports whether the word at the current place is word, which is in
// lower case.
func (p *parser) keyword(word string) bool {
	rest := p.s[p.pos:]
	if len(rest) < len(word) || !strings.EqualFold(rest[:len(word)], word) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(rest[len(word):])
	return len(rest) == len(word) || !isWordRune(r) && r != '.'
}

// operator skips a keyword of n bytes, which must stand alone.
func (p *parser) operator(n int) error {
	start := p.pos
	p.pos += n
	r, _ := utf8.DecodeRuneInString(p.s[p.pos:])
	if p.pos == len(p.s) || !unicode.IsSpace(r) && strings.IndexByte("(\"'`!", p.s[p.pos]) < 0 {
		if p.space(); p.pos == len(p.s) {
			return p.unexpected(wantFilter)
		}
		return p.fail(start, "unclear operator", "put a space after it, or the whole in quotes")
	}
	p.space()
	return nil
}

func (p *parser) space() {
	for p.pos < len(p.s) {
		r, size := utf8.DecodeRuneInString(p.s[p.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		p.pos += size
	}
}
