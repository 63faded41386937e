package config

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// loader turns one source into a Config and collects what is wrong with it.
type loader struct {
	cfg      *Config
	file     string // as given; names the file in problems
	lookup   func(string) (string, bool)
	problems Problems
}

// report adds a problem. A key that has one already gets no second: what is
// said of a value that did not parse would be about its default.
func (l *loader) report(o origin, key, format string, args ...any) {
	if key != "" && slices.ContainsFunc(l.problems, func(p Problem) bool { return p.Key == key }) {
		return
	}
	l.problems = append(l.problems, o.problem(key, format, args...))
}

// parse reads src into l.cfg.
func (l *loader) parse(src []byte) {
	file, err := parseYAML(src)
	if err != nil {
		o := origin{file: l.file}
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			o = l.at(at.GetToken())
			err = errors.New(at.GetMessage())
		}
		// The parser's message describes the grammar; it quotes single
		// characters, and never values.
		l.report(o, "", "is not valid YAML: %s, correct the syntax here or just above", strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	seen := false
	for _, doc := range file.Docs {
		switch doc.Body.(type) {
		case nil, *ast.CommentGroupNode, *ast.CommentNode:
			continue
		}
		if seen {
			l.report(l.place(doc.Body), "", "a second document begins here, keep everything in one")
			return
		}
		seen = true
		l.value(reflect.ValueOf(l.cfg).Elem(), field{typ: reflect.TypeFor[Config]()}, doc.Body, "")
	}
}

// parseYAML calls the parser. Should it panic, that becomes an error: at this
// border the input is a stranger's and the code is not ours.
func parseYAML(src []byte) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			file, err = nil, errors.New("the parser cannot read it")
		}
	}()
	tokens := lexer.Tokenize(string(src))
	if nesting(tokens) > maxNesting {
		return nil, fmt.Errorf("it is nested more than %d deep", maxNesting)
	}
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// maxNesting is far beyond what the schema needs, and far below what would
// exhaust the stack of the parser, which recurses.
const maxNesting = 100

// nesting returns how deep the tokens are nested in what can be nested cheaply:
// brackets, and entries that begin within one line ("- - - x").
func nesting(tokens token.Tokens) int {
	depth, entries, line, deepest := 0, 0, 0, 0
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
		deepest = max(deepest, depth, entries)
	}
	return deepest
}

func (l *loader) at(t *token.Token) origin {
	o := origin{file: l.file}
	if t != nil && t.Position != nil {
		o.line, o.column = t.Position.Line, t.Position.Column
	}
	return o
}

// place is where a node begins for a reader.
func (l *loader) place(n ast.Node) origin {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return l.at(n.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return l.at(n.Key.GetToken())
	}
	return l.at(n.GetToken())
}

// value decodes n into v and notes where it came from. A null leaves the
// default.
func (l *loader) value(v reflect.Value, f field, n ast.Node, path string) {
	if n == nil || n.Type() == ast.NullType {
		return
	}
	o := l.place(n)
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		l.report(o, path, "anchors, aliases and tags are not read, write the value itself")
		return
	}
	switch {
	case isScalar(f.typ):
		l.scalar(v, f, n, path)
	case f.typ.Kind() == reflect.Slice:
		l.list(v, f, n, path)
	default:
		l.section(v, f, n, path)
	}
}

func (l *loader) section(v reflect.Value, f field, n ast.Node, path string) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		l.report(l.place(n), path, "is not a section, write its keys below it: %s", strings.Join(keysOf(f.typ), ", "))
		return
	}
	if _, known := l.cfg.origins[path]; !known {
		l.cfg.origins[path] = l.place(n)
	}
	byKey := map[string]field{}
	for _, sub := range fieldsOf(f.typ, f.reload) {
		byKey[sub.key] = sub
	}
	first := map[string]int{}
	for _, pair := range pairs {
		at := l.at(pair.Key.GetToken())
		key, ok := keyText(pair.Key)
		if !ok {
			l.report(at, path, "has a key that is not plain text, such as a merge key, write name: value")
			continue
		}
		sub, known := byKey[key]
		switch {
		case first[key] > 0:
			l.report(at, join(path, key), "is given twice, first in line %d: keep one", first[key])
			continue
		case !known:
			l.report(at, join(path, shorten(key)), "is not a known key%s", suggestKey(key, keysOf(f.typ)))
			continue
		}
		first[key] = at.line
		l.cfg.origins[join(path, key)] = at
		l.value(v.Field(sub.index), sub, pair.Value, join(path, key))
	}
}

// suggestKey ends the sentence about an unknown key.
func suggestKey(key string, known []string) string {
	if s := didYouMean(key, known); s != "" {
		return s
	}
	return ", known here are: " + strings.Join(known, ", ")
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range fieldsOf(t, false) {
		keys = append(keys, f.key)
	}
	return keys
}

func keyText(k ast.MapKeyNode) (string, bool) {
	switch k := k.(type) {
	case *ast.StringNode:
		return k.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return k.GetToken().Value, true
	}
	return "", false
}

// list decodes a list, which replaces the default as a whole.
func (l *loader) list(v reflect.Value, f field, n ast.Node, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		l.report(l.place(n), path, "is not a list, write [a, b] or one line with \"- \" for each entry")
		return
	}
	l.cfg.origins[path] = l.place(n)
	f.typ = f.typ.Elem()
	out := reflect.MakeSlice(v.Type(), 0, len(seq.Values))
	for i, item := range seq.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		e := reflect.New(f.typ).Elem()
		if item == nil {
			item = n // for its place
		}
		if item == n || item.Type() == ast.NullType {
			l.report(l.place(item), at, "%s", errEmptyEntry)
		} else {
			if !isScalar(f.typ) {
				setDefaults(e)
			}
			l.cfg.origins[at] = l.place(item)
			l.value(e, f, item, at)
		}
		// An entry that does not parse keeps its place, so that the numbers
		// of those behind it are those of the file.
		out = reflect.Append(out, e)
	}
	v.Set(out)
}

func (l *loader) scalar(v reflect.Value, f field, n ast.Node, path string) {
	o := l.place(n)
	var text string
	switch n := n.(type) {
	case *ast.StringNode:
		text = n.Value
	case *ast.LiteralNode:
		text = strings.TrimSuffix(n.Value.Value, "\n")
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		text = n.GetToken().Value
	default:
		l.report(o, path, "is not a single value, write a %s", scalarName(f.typ))
		return
	}
	value, err := expand(text, l.lookup)
	if err == nil && value == "" && strings.HasSuffix(path, "]") {
		err = errEmptyEntry
	}
	if err == nil {
		err = setText(v, f, value, filepath.Dir(l.file))
	}
	if err != nil {
		l.report(o, path, "%s%s", shownValue(f, text), err)
	}
	l.cfg.origins[path] = o
}

// errEmptyEntry refuses a name that would match everything or nothing.
var errEmptyEntry = errors.New("is empty, write a value or remove the entry")

// setText is setScalar for a value that is a path relative to dir.
func setText(v reflect.Value, f field, text, dir string) error {
	if f.file != "" && text != "" && !filepath.IsAbs(text) && dir != "." {
		text = filepath.Join(dir, text)
	}
	return setScalar(v, f, text)
}

// shownValue is the beginning of a sentence about a value as it was written:
// before variables were replaced, and never if it is a secret or a URL that may
// hold one.
func shownValue(f field, text string) string {
	if f.typ == reflect.TypeFor[Secret]() || f.typ == reflect.TypeFor[*url.URL]() && strings.Contains(text, "@") {
		return ""
	}
	return fmt.Sprintf("%q ", shorten(text))
}

// shorten cuts a text that would fill the screen.
func shorten(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}
