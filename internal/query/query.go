package query

import "strings"

// Record is what a query is matched against. Value returns the value of a
// field as it is indexed (a list is one text), and false if the record has
// none, which matches like an empty one. It is called for each mention of a
// field and must be safe to call again.
type Record interface {
	Value(field string) (value string, ok bool)
}

// Config says how to read queries.
type Config struct {
	// Searchable lists the fields that a word without a field is looked for
	// in. Empty means the index's default field, "_msg".
	Searchable []string
	// Field reports whether a record can have a field; nil accepts every name.
	// It makes a misspelt name an error instead of a search that finds nothing.
	Field func(name string) bool
}

// Query is a query that was parsed. It is immutable and safe for use by
// several goroutines.
type Query struct {
	given    node
	expanded node // given, with the searchable fields written out
}

const (
	maxLength   = 16 << 10 // bytes of a query
	maxNesting  = 100
	defaultText = "_msg"
)

// Parse reads a query. Its error is an [*Error].
func Parse(config Config, text string) (*Query, error) {
	p := parser{s: text, config: config}
	if len(text) > maxLength {
		return nil, p.fail(0, "query too long", "at most 16384 bytes")
	}
	root, err := p.query()
	if err != nil {
		return nil, err
	}
	searchable := config.Searchable
	if len(searchable) == 0 {
		searchable = []string{defaultText}
	}
	return &Query{given: root, expanded: expand(root, searchable)}, nil
}

// String returns the query in its canonical form, which parses to the same
// query.
func (q *Query) String() string { return text(q.given) }

// LogsQL returns the query for the index: the canonical form, with each word
// without a field written out for the searchable fields.
func (q *Query) LogsQL() string { return text(q.expanded) }

func text(n node) string {
	var b strings.Builder
	n.print(&b)
	return b.String()
}

// Match reports whether rec is what the query asks for.
func (q *Query) Match(rec Record) bool { return q.expanded.match(rec) }
