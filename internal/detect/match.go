package detect

import (
	"net/netip"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// predicate is a compiled condition over an event.
type predicate func(*view) bool

// Modifiers are the modifiers of fields that rules know.
var Modifiers = []string{"contains", "startswith", "endswith", "re", "cidr", "gt", "gte", "lt", "lte", "exists", "all", "cased"}

// selection compiles one selection: a section, whose tests must all hold, or a
// list of sections, one of which must hold.
func (r *reader) selection(n *node, path string) predicate {
	switch n.shape {
	case section:
		var all []predicate
		for _, p := range n.pairs {
			if t := r.test(p, join(path, p.key)); t != nil {
				all = append(all, t)
			}
		}
		if len(n.pairs) == 0 {
			r.at(n, path, "is empty, write field: value below it")
		}
		return and(all)
	case list:
		var some []predicate
		for i, item := range n.items {
			at := path + "[" + strconv.Itoa(i) + "]"
			if item.shape != section {
				r.at(item, at, "is a word without a field; words are not searched in all fields, write field|contains: word")
				continue
			}
			some = append(some, r.selection(item, at))
		}
		return or(some)
	}
	r.at(n, path, "is not a selection, write field: value below it")
	return nil
}

func and(ps []predicate) predicate {
	if len(ps) == 1 {
		return ps[0]
	}
	return func(v *view) bool {
		for _, p := range ps {
			if !p(v) {
				return false
			}
		}
		return true
	}
}

func or(ps []predicate) predicate {
	if len(ps) == 1 {
		return ps[0]
	}
	return func(v *view) bool {
		for _, p := range ps {
			if p(v) {
				return true
			}
		}
		return false
	}
}

func not(p predicate) predicate { return func(v *view) bool { return !p(v) } }

// mods are the modifiers of one test.
type mods struct {
	op         string // empty: equals
	all, cased bool
}

// test compiles one "field|modifier: value". Rules of one set share the tests
// that are written alike.
func (r *reader) test(p pair, path string) predicate {
	name := p.key + "\x00" + strconv.Itoa(int(p.value.shape)) + "\x00" + p.value.text
	for _, item := range p.value.items {
		name += "\x00" + item.text
	}
	number, known := r.numbers[name]
	if !known {
		number = len(r.numbers)
	}
	test := r.newTest(p, path, number)
	if test == nil {
		return nil
	}
	r.numbers[name] = number
	return shared(number, test)
}

func (r *reader) newTest(p pair, path string, number int) predicate {
	name, rest, _ := strings.Cut(p.key, "|")
	f := lookupField(name)
	if f == nil {
		r.report(p.line, p.column, path, "there is no field %q%s; docs/fields.md lists them", clip(name), suggest(name, fieldNames()))
		return nil
	}
	m, ok := r.modifiers(p, rest, path)
	if !ok {
		return nil
	}
	if m.op == "exists" {
		switch {
		case p.value.shape == scalar && p.value.text == "true":
			return func(v *view) bool { return v.present(f) }
		case p.value.shape == scalar && p.value.text == "false":
			return func(v *view) bool { return !v.present(f) }
		}
		r.at(p.value, path, "exists is true or false")
		return nil
	}
	values := p.value.items
	switch p.value.shape {
	case null:
		return func(v *view) bool { return !v.present(f) }
	case scalar:
		values = []*node{p.value}
	case section:
		r.at(p.value, path, "is a section, write a value or a list of values")
		return nil
	}
	if len(values) == 0 {
		r.at(p.value, path, "is an empty list, write at least one value")
		return nil
	}
	var tests []predicate
	var matches []func(string) bool
	for _, v := range values {
		if v.shape != scalar {
			r.at(v, path, "has an entry that is not a single value")
			continue
		}
		if match, t := r.value(f, m, v, path); match != nil {
			matches = append(matches, match)
		} else if t != nil {
			tests = append(tests, t)
		}
	}
	switch {
	case len(matches) == 0 && m.all:
		return and(tests)
	case len(matches) == 0:
		return or(tests)
	case m.all:
		for _, match := range matches {
			tests = append(tests, func(v *view) bool { return v.any(f, match) })
		}
		return and(tests)
	}
	some := oneOf(matches)
	if m.op == "" && len(matches) < 4 {
		return func(v *view) bool { return v.any(f, some) }
	}
	return func(v *view) bool { return v.anyAgain(f, number, some) }
}

// oneOf reports whether one of the matches holds.
func oneOf(matches []func(string) bool) func(string) bool {
	if len(matches) == 1 {
		return matches[0]
	}
	return func(s string) bool {
		for _, match := range matches {
			if match(s) {
				return true
			}
		}
		return false
	}
}

func (r *reader) modifiers(p pair, rest, path string) (m mods, ok bool) {
	if rest == "" {
		return m, true
	}
	for _, word := range strings.Split(rest, "|") {
		switch word {
		case "all":
			m.all = true
		case "cased":
			m.cased = true
		case "contains", "startswith", "endswith", "re", "cidr", "gt", "gte", "lt", "lte", "exists":
			if m.op != "" {
				r.report(p.line, p.column, path, "has the modifiers %q and %q, keep one", m.op, word)
				return m, false
			}
			m.op = word
		default:
			r.report(p.line, p.column, path, "there is no modifier %q%s", clip(word), suggest(word, Modifiers))
			return m, false
		}
	}
	return m, true
}

// value compiles the test of f against one value: of text what a value of the
// field must match, else a predicate.
func (r *reader) value(f *field, m mods, v *node, path string) (func(string) bool, predicate) {
	op := m.op
	if op == "" && strings.ContainsAny(v.text, "*?") {
		op = "glob"
	}
	r.cost += estimate(f, op)
	switch m.op {
	case "gt", "gte", "lt", "lte":
		return nil, r.comparison(f, m.op, v, path)
	case "cidr":
		p, err := netip.ParsePrefix(v.text)
		if err != nil {
			r.at(v, path, "%q is not a network, write it as 192.0.2.0/24", clip(v.text))
			return nil, nil
		}
		p = p.Masked()
		return func(s string) bool {
			a, err := netip.ParseAddr(s)
			return err == nil && p.Contains(a.WithZone("").Unmap())
		}, nil
	case "re":
		return r.expression(f, v, path), nil
	}
	if f.num != nil {
		if m.op != "" {
			r.at(v, path, "%s is for text, and %s is a number: use gt, gte, lt, lte or the number itself", m.op, f.name)
			return nil, nil
		}
		want, ok := r.number(f, v, path)
		if !ok {
			return nil, nil
		}
		return nil, func(v *view) bool { n, ok := f.num(v.Event); return ok && n == want }
	}
	pattern := v.text
	switch m.op {
	case "contains":
		pattern = "*" + pattern + "*"
	case "startswith":
		pattern += "*"
	case "endswith":
		pattern = "*" + pattern
	}
	return glob(pattern, !m.cased), nil
}

func (r *reader) comparison(f *field, op string, v *node, path string) predicate {
	if f.num == nil {
		r.at(v, path, "%s compares numbers, and %s is none", op, f.name)
		return nil
	}
	want, ok := r.number(f, v, path)
	if !ok {
		return nil
	}
	switch op {
	case "gt":
		return func(v *view) bool { n, ok := f.num(v.Event); return ok && n > want }
	case "gte":
		return func(v *view) bool { n, ok := f.num(v.Event); return ok && n >= want }
	case "lt":
		return func(v *view) bool { n, ok := f.num(v.Event); return ok && n < want }
	}
	return func(v *view) bool { n, ok := f.num(v.Event); return ok && n <= want }
}

// number reads a number; for a duration also "5s", for other fields "10MB".
func (r *reader) number(f *field, v *node, path string) (uint64, bool) {
	if n, ok := quantity(f.typ, v.text); ok {
		return n, true
	}
	example := "a number, such as 200"
	switch {
	case f.typ == event.TypeDuration:
		example = "a duration, such as 5s"
	case strings.HasSuffix(f.name, ".bytes"):
		example = "a number, such as 10MB"
	}
	r.at(v, path, "%q is not %s", clip(v.text), example)
	return 0, false
}

func quantity(t event.Type, s string) (uint64, bool) {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return n, true
	}
	if t == event.TypeDuration {
		d, err := parseSpan(s)
		return uint64(d), err == nil
	}
	for suffix, unit := range map[string]uint64{"kB": 1e3, "MB": 1e6, "GB": 1e9} {
		if digits, ok := strings.CutSuffix(s, suffix); ok {
			n, err := strconv.ParseUint(digits, 10, 32)
			return n * unit, err == nil
		}
	}
	return 0, false
}

// parseSpan reads a duration as Sigma writes it, "5m" or "30d", or as Go does.
func parseSpan(s string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if digits, ok := strings.CutSuffix(s, suffix); ok {
			if n, err := strconv.ParseUint(digits, 10, 12); err == nil {
				return time.Duration(n) * unit, nil
			}
		}
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = strconv.ErrRange
	}
	return d, err
}

// expression compiles a regular expression. It runs only on values that have
// the longest text that the expression requires, because it costs as much as
// twenty rules.
func (r *reader) expression(f *field, v *node, path string) func(string) bool {
	if f.num != nil {
		r.at(v, path, "re is for text, and %s is a number", f.name)
		return nil
	}
	tree, err := syntax.Parse(v.text, syntax.Perl)
	if err != nil {
		r.at(v, path, "is not a regular expression as Go knows it (RE2): %s", err)
		return nil
	}
	literal, fold := required(tree.Simplify())
	if len(literal) < 3 {
		r.at(v, path, "has no text of three characters that every match contains, so that it would run on every event: write one, or use contains, startswith or endswith")
		return nil
	}
	re, err := regexp.Compile(v.text)
	if err != nil {
		r.at(v, path, "is not a regular expression as Go knows it (RE2): %s", err)
		return nil
	}
	may := glob("*"+escape.Replace(literal)+"*", fold)
	return func(s string) bool { return may(s) && re.MatchString(s) }
}

var escape = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)

// required returns the longest text that every match of t contains, and
// whether in any case. Only ASCII is folded, so a folded text of other letters
// is none.
func required(t *syntax.Regexp) (string, bool) {
	switch t.Op {
	case syntax.OpLiteral:
		s, fold := string(t.Rune), t.Flags&syntax.FoldCase != 0
		if fold && strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 || r == 'k' || r == 'K' || r == 's' || r == 'S' }) {
			return longestPlain(s), true
		}
		return s, fold
	case syntax.OpCapture, syntax.OpPlus:
		return required(t.Sub[0])
	case syntax.OpRepeat:
		if t.Min > 0 {
			return required(t.Sub[0])
		}
	case syntax.OpConcat:
		best, fold := "", false
		for _, sub := range t.Sub {
			if s, f := required(sub); len(s) > len(best) {
				best, fold = s, f
			}
		}
		return best, fold
	}
	return "", false
}

// longestPlain returns the longest part of s that has no letter with a third
// form outside ASCII (k has the Kelvin sign, s the long s).
func longestPlain(s string) string {
	best := ""
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r >= 0x80 || r == 'k' || r == 'K' || r == 's' || r == 'S' }) {
		if len(part) > len(best) {
			best = part
		}
	}
	return best
}
