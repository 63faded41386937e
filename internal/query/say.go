package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Fields returns the names of the fields that the query asks about, each once,
// in order of the alphabet. The empty name stands for the searchable fields.
func (q *Query) Fields() []string {
	var names []string
	var visit func(node)
	visit = func(n node) {
		switch n := n.(type) {
		case not:
			visit(n.of)
		case and:
			for _, part := range n {
				visit(part)
			}
		case or:
			for _, part := range n {
				visit(part)
			}
		case leaf:
			names = append(names, n.field)
		}
	}
	visit(q.given)
	slices.Sort(names)
	return slices.Compact(names)
}

// Words returns what the query asks for as part of an English sentence: "events
// of which …". It is for people, and is not parsed.
func (q *Query) Words() string { return inWords(q.given) }

func inWords(n node) string {
	switch n := n.(type) {
	case not:
		if l, ok := n.of.(leaf); ok {
			return sayLeaf(l, true)
		}
		return "not (" + inWords(n.of) + ")"
	case and:
		return sayParts(n, " and ")
	case or:
		return sayParts(n, " or ")
	case leaf:
		return sayLeaf(n, false)
	}
	return "anything is true"
}

func sayParts(parts []node, joint string) string {
	said := make([]string, len(parts))
	for i, part := range parts {
		said[i] = inWords(part)
		switch part.(type) {
		case and, or:
			said[i] = "(" + said[i] + ")"
		}
	}
	return strings.Join(said, joint)
}

func sayLeaf(l leaf, negated bool) string {
	field := l.field
	if field == "" {
		field = "any searched field"
	}
	verb := func(yes, no string) string {
		if negated {
			return no
		}
		return yes
	}
	is := verb("is", "is not")
	switch t := l.test.(type) {
	case phrase:
		if t == "" {
			return field + verb(" has no value", " has a value")
		}
		return field + verb(" holds", " does not hold") + " the words " + strconv.Quote(string(t))
	case prefix:
		if t == "" {
			return field + verb(" has a value", " has no value")
		}
		return field + verb(" holds", " does not hold") + " words that begin with " + strconv.Quote(string(t))
	case exact:
		return field + " " + is + " " + strconv.Quote(string(t))
	case begins:
		return field + verb(" begins", " does not begin") + " with " + strconv.Quote(string(t))
	case oneOf:
		quoted := make([]string, len(t))
		for i, v := range t {
			quoted[i] = strconv.Quote(v)
		}
		return field + " " + is + " one of " + strings.Join(quoted, ", ")
	case numbers:
		return field + " " + is + " " + t.words()
	}
	return fmt.Sprintf("%s %s %s", field, is, l.test.text())
}

func (t numbers) words() string {
	var said []string
	if t.low.spelling != "" {
		said = append(said, map[bool]string{true: "at least ", false: "more than "}[t.low.included]+t.low.spelling)
	}
	if t.high.spelling != "" {
		said = append(said, map[bool]string{true: "at most ", false: "less than "}[t.high.included]+t.high.spelling)
	}
	return strings.Join(said, " and ")
}
