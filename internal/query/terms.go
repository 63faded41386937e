package query

import "strconv"

// Term is one of the parts of a query that must all hold.
type Term struct {
	Text  string     // the part as a query
	Field string     // empty: it is not about one field, or about the searchable ones
	Not   bool       // the tests must not hold together
	Tests []TermTest // all of which must hold; none: it is not about one field
}

// TermTest is one test of a term's field.
type TermTest struct {
	Op     string   // is, words, prefix (the words begin so), begins, present, absent, gt, gte, lt, lte
	Values []string // one of which it must be true for; numbers are decimal
}

// Terms returns the parts of the query that must all hold, in their order: for
// those who write the query in another language. None: it asks for everything.
func (q *Query) Terms() []Term {
	parts := and{q.given}
	switch n := q.given.(type) {
	case and:
		parts = n
	case everything:
		return nil
	}
	var out []Term
	for _, part := range parts {
		t := Term{Text: text(part)}
		n := part
		if inner, ok := n.(not); ok {
			n, t.Not = inner.of, true
		}
		if l, ok := n.(leaf); ok {
			if t.Tests = l.tests(); len(t.Tests) > 0 {
				t.Field = l.field
			}
		}
		out = append(out, t)
	}
	return out
}

func (n leaf) tests() []TermTest {
	switch t := n.test.(type) {
	case phrase:
		if t == "" {
			return []TermTest{{Op: "absent"}}
		}
		return []TermTest{{"words", []string{string(t)}}}
	case prefix:
		if t == "" {
			return []TermTest{{Op: "present"}}
		}
		return []TermTest{{"prefix", []string{string(t)}}}
	case exact:
		if t == "" {
			return []TermTest{{Op: "absent"}}
		}
		return []TermTest{{"is", []string{string(t)}}}
	case begins:
		return []TermTest{{"begins", []string{string(t)}}}
	case oneOf:
		return []TermTest{{"is", t}}
	case numbers:
		var out []TermTest
		for _, b := range []struct {
			bound
			op string
		}{{t.low, "gt"}, {t.high, "lt"}} {
			if b.spelling == "" {
				continue
			}
			if b.included {
				b.op += "e"
			}
			out = append(out, TermTest{b.op, []string{strconv.FormatFloat(b.number, 'f', -1, 64)}})
		}
		return out
	}
	return nil
}

// Bare returns how many words, phrases and beginnings without a field the query
// has, and whether these are all that it has without a field.
func (q *Query) Bare() (n int, only bool) {
	only = true
	var walk func(node)
	walk = func(x node) {
		switch x := x.(type) {
		case not:
			walk(x.of)
		case and:
			for _, part := range x {
				walk(part)
			}
		case or:
			for _, part := range x {
				walk(part)
			}
		case leaf:
			if x.field != "" {
				return
			}
			switch t := x.test.(type) {
			case phrase:
				only = only && t != ""
			case prefix:
				only = only && t != ""
			default:
				only = false
			}
			n++
		}
	}
	walk(q.given)
	return n, only
}
