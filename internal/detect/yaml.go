package detect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxRuleFile bounds a file of rules, and maxNesting how deep it is nested,
// because the parser recurses.
const (
	maxRuleFile = 1 << 20
	maxNesting  = 60
)

type shape uint8

const (
	null shape = iota
	scalar
	list
	section
)

// node is a value of a rule file, with its place.
type node struct {
	shape        shape
	line, column int
	text         string // of a scalar, as written, without quotes
	block        bool   // the text is in the lines below
	quoted       bool   // the text is in quotes
	pairs        []pair // of a section, each key once
	items        []*node
}

type pair struct {
	key          string
	line, column int
	value        *node
}

// reader turns one file into nodes and collects what is wrong with it.
type reader struct {
	file     string
	problems Problems
	cost     time.Duration  // of the tests of the rule that is read
	payload  bool           // its expression names a field of the payload
	numbers  map[string]int // of the tests of the set, by what they test
}

func (r *reader) report(line, column int, key, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.file, max(line, 1), max(column, 1), key, fmt.Sprintf(format, args...)})
}

func (r *reader) at(n *node, key, format string, args ...any) {
	r.report(n.line, n.column, key, format, args...)
}

// documents returns the documents of src that are not empty.
func (r *reader) documents(src []byte) []*node {
	if len(src) > maxRuleFile {
		r.report(1, 1, "", "is larger than %d bytes, split it", maxRuleFile)
		return nil
	}
	file, err := parseYAML(src)
	if err != nil {
		line, column := 1, 1
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
			line, column = at.GetToken().Position.Line, at.GetToken().Position.Column
			err = errors.New(at.GetMessage())
		}
		r.report(line, column, "", "is not valid YAML: %s, correct the syntax here or just above", strings.ReplaceAll(err.Error(), "\n", " "))
		return nil
	}
	var docs []*node
	for _, d := range file.Docs {
		switch d.Body.(type) {
		case nil, *ast.CommentGroupNode, *ast.CommentNode:
			continue
		}
		docs = append(docs, r.node(d.Body, ""))
	}
	return docs
}

// parseYAML calls the parser. Should it panic, that becomes an error: the input
// is a stranger's and the code is not ours.
func parseYAML(src []byte) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errors.New("the parser cannot read it")
		}
	}()
	tokens := lexer.Tokenize(string(src))
	depth, entries, line := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
			if t.Position.Line != line {
				entries, line = 0, t.Position.Line
			}
			entries++
		}
		if max(depth, entries) > maxNesting || t.Position.Column > 4096 && t.Type == token.MappingValueType {
			return nil, fmt.Errorf("it is nested more than %d deep", maxNesting)
		}
	}
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

func position(t *token.Token) (line, column int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return t.Position.Line, t.Position.Column
}

// node copies what the parser made.
func (r *reader) node(a ast.Node, path string) *node {
	n := &node{}
	if a == nil {
		return n
	}
	n.line, n.column = position(a.GetToken())
	switch a := a.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.at(n, path, "anchors, aliases and tags are not read, write the value itself")
	case *ast.MappingNode:
		r.section(n, a.Values, path)
	case *ast.MappingValueNode:
		r.section(n, []*ast.MappingValueNode{a}, path)
	case *ast.SequenceNode:
		n.shape = list
		for i, v := range a.Values {
			n.items = append(n.items, r.node(v, path+"["+strconv.Itoa(i)+"]"))
		}
	case *ast.NullNode:
	case *ast.LiteralNode:
		n.shape, n.text, n.block = scalar, a.Value.Value, true
	case *ast.StringNode:
		n.shape, n.text = scalar, a.Value
		n.quoted = a.Token.Type == token.SingleQuoteType || a.Token.Type == token.DoubleQuoteType
	case ast.ScalarNode:
		n.shape, n.text = scalar, a.GetToken().Value
	default:
		r.at(n, path, "is nothing that a rule can hold, write the value itself")
	}
	return n
}

func (r *reader) section(n *node, values []*ast.MappingValueNode, path string) {
	n.shape = section
	first := map[string]int{}
	for i, v := range values {
		line, column := position(v.Key.GetToken())
		if i == 0 {
			n.line, n.column = line, column
		}
		var key string
		switch k := v.Key.(type) {
		case *ast.StringNode:
			key = k.Value
		case ast.ScalarNode:
			key = k.GetToken().Value
		default:
			r.report(line, column, path, "has a key that is not plain text, such as a merge key, write name: value")
			continue
		}
		if first[key] > 0 {
			r.report(line, column, join(path, key), "is given twice, first in line %d: keep one", first[key])
			continue
		}
		first[key] = line
		value := r.node(v.Value, join(path, key))
		if value.line == 0 {
			value.line, value.column = line, column
		}
		n.pairs = append(n.pairs, pair{key, line, column, value})
	}
}

func join(path, key string) string {
	if path == "" {
		return clip(key)
	}
	return path + "." + clip(key)
}

// get returns the value of key, or nil.
func (n *node) get(key string) *node {
	for i := range n.pairs {
		if n.pairs[i].key == key {
			return n.pairs[i].value
		}
	}
	return nil
}

// known reports keys of n that are none of keys. It reports whether n is a
// section at all.
func (r *reader) known(n *node, path string, keys ...string) bool {
	if n.shape != section {
		r.at(n, path, "is not a section, write its keys below it: %s", strings.Join(keys, ", "))
		return false
	}
next:
	for _, p := range n.pairs {
		for _, k := range keys {
			if k == p.key {
				continue next
			}
		}
		r.report(p.line, p.column, join(path, p.key), "is not a known key%s", suggest(p.key, keys))
	}
	return true
}

// str returns the text of the scalar key of n; empty if it is not there.
func (r *reader) str(n *node, path, key string) string {
	v := n.get(key)
	if v == nil {
		return ""
	}
	if v.shape != scalar {
		r.at(v, join(path, key), "is not a single value, write one text")
		return ""
	}
	return strings.TrimSpace(v.text)
}

// strs returns the texts of the list key of n; a single value is a list of one.
func (r *reader) strs(n *node, path, key string) []string {
	v := n.get(key)
	if v == nil || v.shape == null {
		return nil
	}
	items := v.items
	if v.shape == scalar {
		items = []*node{v}
	}
	var out []string
	if v.shape == section {
		r.at(v, join(path, key), "is not a list, write - value below it")
	}
	for _, i := range items {
		if i.shape != scalar {
			r.at(i, join(path, key), "has an entry that is not a single value; put quotes around a text that has a colon")
			continue
		}
		out = append(out, strings.TrimSpace(i.text))
	}
	return out
}
