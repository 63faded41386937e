package query

import (
	"strconv"
	"strings"
)

// node is a part of a query.
type node interface {
	match(rec Record) bool
	print(b *strings.Builder)
}

// everything is "*".
type everything struct{}

func (everything) match(Record) bool        { return true }
func (everything) print(b *strings.Builder) { b.WriteString("*") }

// not is "!x".
type not struct{ of node }

func (n not) match(rec Record) bool { return !n.of.match(rec) }

func (n not) print(b *strings.Builder) {
	b.WriteString("!")
	switch n.of.(type) {
	case and, or:
		b.WriteString("(")
		n.of.print(b)
		b.WriteString(")")
	default:
		n.of.print(b)
	}
}

// negate returns not x, and x for not not x.
func negate(x node) node {
	if n, ok := x.(not); ok {
		return n.of
	}
	return not{x}
}

// and is "x and y"; it has at least two parts, none of which is an and.
type and []node

func (n and) match(rec Record) bool {
	for _, part := range n {
		if !part.match(rec) {
			return false
		}
	}
	return true
}

func (n and) print(b *strings.Builder) {
	for i, part := range n {
		if i > 0 {
			b.WriteString(" and ")
		}
		if _, ok := part.(or); ok {
			b.WriteString("(")
			part.print(b)
			b.WriteString(")")
		} else {
			part.print(b)
		}
	}
}

// or is "x or y"; it has at least two parts, none of which is an or.
type or []node

func (n or) match(rec Record) bool {
	for _, part := range n {
		if part.match(rec) {
			return true
		}
	}
	return false
}

func (n or) print(b *strings.Builder) {
	for i, part := range n {
		if i > 0 {
			b.WriteString(" or ")
		}
		part.print(b)
	}
}

// leaf is a test of one field. In the query as it was given, an empty name
// stands for the searchable fields.
type leaf struct {
	field string
	test  test
}

func (n leaf) match(rec Record) bool {
	v, _ := rec.Value(n.field)
	return n.test.holds(v)
}

func (n leaf) print(b *strings.Builder) {
	if n.field != "" {
		b.WriteString(quoteField(n.field) + ":")
	}
	b.WriteString(n.test.text())
}

// expand returns n with each test of the searchable fields written out.
func expand(n node, searchable []string) node {
	switch n := n.(type) {
	case not:
		return negate(expand(n.of, searchable))
	case and:
		parts := make(and, len(n))
		for i := range n {
			parts[i] = expand(n[i], searchable)
		}
		return parts
	case or:
		var parts or
		for i := range n {
			if part, ok := expand(n[i], searchable).(or); ok {
				parts = append(parts, part...)
			} else {
				parts = append(parts, expand(n[i], searchable))
			}
		}
		return parts
	case leaf:
		if n.field != "" {
			return n
		}
		if len(searchable) == 1 {
			return leaf{searchable[0], n.test}
		}
		parts := make(or, len(searchable))
		for i, field := range searchable {
			parts[i] = leaf{field, n.test}
		}
		return parts
	}
	return n
}

// quoteField quotes the name of a field if it could be read as something else.
func quoteField(name string) string {
	if name == "" || strings.Trim(name, bareChars) != "" || reserved[strings.ToLower(name)] {
		return strconv.Quote(name)
	}
	return name
}

const bareChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

// functions are the words that LogsQL takes for a function where a bracket
// follows.
var functions = setOf(`contains_all contains_any eq_field exact i in ipv4_range le_field len_range lt_field range re seq
	string_range value_type`)

// reserved are the words that mean something to LogsQL where a field's name
// may stand.
var reserved = setOf(`and or not now offset options
	contains_all contains_any eq_field exact i in ipv4_range le_field len_range lt_field range re seq
	string_range value_type block_stats blocks_count collapse_nums copy cp decolorize delete del rm drop drop_empty_fields extract extract_regexp
	facets field_names field_values fields keep filter where first format join json_array_len hash last len limit head
	math eval skip pack_json pack_logfmt pack_logmft rename mv replace replace_regexp sample sort order stats
	stats_remote by stream_context top union uniq unpack_json unpack_logfmt unpack_syslog unpack_words unroll
	avg count count_empty count_uniq count_uniq_hash histogram json_values max median min quantile rate rate_sum row_any
	row_max row_min sum sum_len uniq_values values`)

func setOf(words string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}
