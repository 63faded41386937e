package query

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// test is what is asked of one value. A missing value is an empty one.
type test interface {
	holds(value string) bool
	text() string // as it stands after "field:"
}

// phrase asks for words; the empty phrase for no value.
type phrase string

func (t phrase) holds(v string) bool { return containsPhrase(v, string(t)) }
func (t phrase) text() string        { return strconv.Quote(string(t)) }

// prefix asks for something that begins like this at the start of a word; the
// empty prefix for any value.
type prefix string

func (t prefix) holds(v string) bool { return containsPrefix(v, string(t)) }

func (t prefix) text() string {
	if t == "" {
		return "*"
	}
	return strconv.Quote(string(t)) + "*"
}

// exact asks for a whole value.
type exact string

func (t exact) holds(v string) bool { return v == string(t) }
func (t exact) text() string        { return "=" + strconv.Quote(string(t)) }

// begins asks for a value that begins like this.
type begins string

func (t begins) holds(v string) bool { return strings.HasPrefix(v, string(t)) }
func (t begins) text() string        { return "=" + strconv.Quote(string(t)) + "*" }

// oneOf asks for one of several whole values.
type oneOf []string

func (t oneOf) holds(v string) bool { return slices.Contains(t, v) }

func (t oneOf) text() string {
	quoted := make([]string, len(t))
	for i, v := range t {
		quoted[i] = strconv.Quote(v)
	}
	return "in(" + strings.Join(quoted, ", ") + ")"
}

// bound is one end of a range of numbers.
type bound struct {
	spelling string  // as it was given; empty: there is no bound
	number   float64 // what it stands for
	included bool
}

// numbers asks for a number between two bounds. A value that is no number is
// in no range.
type numbers struct{ low, high bound }

func (t numbers) holds(v string) bool {
	n := number(v)
	if math.IsNaN(n) {
		return false
	}
	if t.low.spelling != "" && (n < t.low.number || n == t.low.number && !t.low.included) {
		return false
	}
	return t.high.spelling == "" || n < t.high.number || n == t.high.number && t.high.included
}

func (t numbers) text() string {
	equals := func(b bound) string {
		if b.included {
			return "="
		}
		return ""
	}
	switch {
	case t.high.spelling == "":
		return ">" + equals(t.low) + spell(t.low.spelling)
	case t.low.spelling == "":
		return "<" + equals(t.high) + spell(t.high.spelling)
	}
	left, right := "(", ")"
	if t.low.included {
		left = "["
	}
	if t.high.included {
		right = "]"
	}
	return "range" + left + spell(t.low.spelling) + ", " + spell(t.high.spelling) + right
}

// spell quotes a number that is more than digits and a unit.
func spell(s string) string {
	if strings.Trim(s, bareChars+"-+") == "" {
		return s
	}
	return strconv.Quote(s)
}
