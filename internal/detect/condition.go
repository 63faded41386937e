package detect

import (
	"fmt"
	"path"
	"strings"
)

// condition parses the condition of a detection over its selections: names,
// and, or, not, parentheses, "1 of NAMES" and "all of NAMES", where NAMES is
// "them" or a pattern such as "filter_*".
func condition(text string, names []string, selections map[string]predicate) (predicate, error) {
	c := &conditionParser{words: conditionWords(text), names: names, selections: selections}
	p, err := c.or(0)
	if err != nil {
		return nil, err
	}
	if len(c.words) > 0 {
		return nil, fmt.Errorf("%q is not expected here: write and, or, or not between the parts", clip(c.words[0]))
	}
	return p, nil
}

func conditionWords(s string) []string {
	return strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
}

type conditionParser struct {
	words      []string
	names      []string
	selections map[string]predicate
}

func (c *conditionParser) next() string {
	if len(c.words) == 0 {
		return ""
	}
	w := c.words[0]
	c.words = c.words[1:]
	return w
}

func (c *conditionParser) is(word string) bool {
	if len(c.words) > 0 && strings.EqualFold(c.words[0], word) {
		c.words = c.words[1:]
		return true
	}
	return false
}

func (c *conditionParser) or(depth int) (predicate, error) {
	var ps []predicate
	for {
		p, err := c.and(depth)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
		if !c.is("or") {
			return or(ps), nil
		}
	}
}

func (c *conditionParser) and(depth int) (predicate, error) {
	var ps []predicate
	for {
		p, err := c.unary(depth)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
		if !c.is("and") {
			return and(ps), nil
		}
	}
}

func (c *conditionParser) unary(depth int) (predicate, error) {
	if depth > 50 {
		return nil, fmt.Errorf("it is nested more than 50 deep")
	}
	switch {
	case c.is("not"):
		p, err := c.unary(depth + 1)
		if err != nil {
			return nil, err
		}
		return not(p), nil
	case c.is("("):
		p, err := c.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if !c.is(")") {
			return nil, fmt.Errorf("a bracket is not closed")
		}
		return p, nil
	case len(c.words) > 1 && strings.EqualFold(c.words[1], "of"):
		return c.of()
	}
	w := c.next()
	switch {
	case w == "":
		return nil, fmt.Errorf("it ends where the name of a selection belongs")
	case w == "|":
		return nil, fmt.Errorf("aggregations after | are of old Sigma, write a correlation")
	}
	p, ok := c.selections[w]
	if !ok {
		return nil, fmt.Errorf("there is no selection %q%s", clip(w), suggest(w, c.names))
	}
	return p, nil
}

func (c *conditionParser) of() (predicate, error) {
	quantity := c.next()
	c.next()
	pattern := c.next()
	var ps []predicate
	for _, name := range c.names {
		ok, err := path.Match(pattern, name)
		if err != nil {
			return nil, fmt.Errorf("%q is not a pattern, write names with *", clip(pattern))
		}
		if ok || strings.EqualFold(pattern, "them") && !strings.HasPrefix(name, "_") {
			ps = append(ps, c.selections[name])
		}
	}
	if len(ps) == 0 {
		return nil, fmt.Errorf("no selection is named %q", clip(pattern))
	}
	switch quantity {
	case "1", "any":
		return or(ps), nil
	case "all":
		return and(ps), nil
	}
	return nil, fmt.Errorf("%q of: want 1 or all", clip(quantity))
}
