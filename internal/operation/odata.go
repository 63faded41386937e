package operation

import (
	"net/url"
	"strings"
)

// OData (OASIS, version 4.01, part 2: URL conventions) has keys in the segment
// of their entity set: /Customers(4711)/Orders('a'), /Lines(Order=1,Line=2).
// In templates that is /Customers({customer_id})/Orders({order_id}), and
// /Lines({keys}).

// manyKeys is the parameter for keys of several parts, which are not told from
// the arguments of a function.
const manyKeys = "keys"

// setKey takes a segment of a path apart that is an entity set with a key. Key
// is as sent. Functions with a qualified name, such as Default.Top(count=3),
// are none.
func setKey(raw string) (set, key string, ok bool) {
	n := len(raw)
	if n < 4 || raw[n-1] != ')' {
		return "", "", false
	}
	i := strings.IndexByte(raw, '(')
	if i <= 0 || i > 64 || i == n-2 || !identifier(raw[:i]) {
		return "", "", false
	}
	key = raw[i+1 : n-1]
	text := unescapePath(key)
	switch {
	case len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'':
	case strings.IndexByte(text, '=') > 0:
	case !Shape(text).ID() || strings.ContainsAny(text, "()"):
		return "", "", false
	}
	return raw[:i], key, true
}

// setParam returns the name of the parameter for a key of a set.
func setParam(set, key string) string {
	if text := unescapePath(key); text[0] != '\'' && strings.IndexByte(text, '=') > 0 {
		return manyKeys
	}
	return paramName(set, 1)
}

// setOf returns the entity set of a segment of a template that has keys:
// Customers({id}), or People('{name}'); empty: it has none.
func setOf(seg string) string {
	set, rest, ok := strings.Cut(seg, "(")
	if !ok || !identifier(set) || !strings.HasSuffix(rest, ")") || !strings.Contains(rest, "{") {
		return ""
	}
	return set
}

// identifier reports whether s is a simple name of OData, in ASCII.
func identifier(s string) bool {
	for i := range len(s) {
		if c := classOf(s[i]); c&(lower|upper|under) == 0 && (i == 0 || c != digit) {
			return false
		}
	}
	return s != ""
}

func unescapePath(s string) string {
	if strings.IndexByte(s, '%') >= 0 {
		if t, err := url.PathUnescape(s); err == nil {
			return t
		}
	}
	return s
}

// unquoteKey returns the text of a key: a quote in it is doubled.
func unquoteKey(s string) string {
	if len(s) < 2 || s[0] != '\'' || s[len(s)-1] != '\'' {
		return s
	}
	return strings.ReplaceAll(s[1:len(s)-1], "''", "'")
}
