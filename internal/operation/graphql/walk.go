package graphql

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// reach is how far a selection goes.
type reach struct{ depth, cost int }

// walker measures selections. Each fragment is measured once.
type walker struct {
	fragments ast.FragmentDefinitionList
	known     map[string]reach // by fragment; an entry is there, and empty, while the fragment is measured
	rooted    map[string]bool  // fragments that were searched for root fields
	vars      map[string]json.RawMessage
}

func (w *walker) selection(set ast.SelectionSet) reach {
	var sum reach
	for _, s := range set {
		var r reach
		switch s := s.(type) {
		case *ast.Field:
			r = w.selection(s.SelectionSet)
			r.depth++
			r.cost = 1 + times(w.multiplier(s.Arguments), r.cost)
		case *ast.InlineFragment:
			r = w.selection(s.SelectionSet)
		case *ast.FragmentSpread:
			r = w.fragment(s.Name)
		}
		sum.depth = max(sum.depth, r.depth)
		sum.cost = min(sum.cost+r.cost, MaxCost)
	}
	return sum
}

func (w *walker) fragment(name string) reach {
	if r, ok := w.known[name]; ok {
		return r
	}
	w.known[name] = reach{}
	f := w.fragments.ForName(name)
	if f == nil {
		return reach{}
	}
	r := w.selection(f.SelectionSet)
	w.known[name] = r
	return r
}

// times is a·b, at most MaxCost.
func times(a, b int) int {
	if a != 0 && b > MaxCost/a {
		return MaxCost
	}
	return a * b
}

// pageArguments are the arguments that say how many of a list are wanted.
var pageArguments = []string{"first", "last", "limit", "pageSize", "page_size", "perPage", "per_page", "take", "top"}

// multiplier returns how many of a list a field asks for.
func (w *walker) multiplier(args ast.ArgumentList) int {
	most := 1
	for _, a := range args {
		if !slices.Contains(pageArguments, a.Name) {
			continue
		}
		if n, err := strconv.Atoi(w.scalar(a.Value)); err == nil && n > most {
			most = min(n, MaxCost)
		}
	}
	return most
}

// scalar returns the text of a value that is one, also by a variable; else "".
func (w *walker) scalar(v *ast.Value) string {
	if v == nil {
		return ""
	}
	switch v.Kind {
	case ast.Variable:
		return scalarJSON(w.vars[v.Raw])
	case ast.ListValue, ast.ObjectValue, ast.NullValue:
		return ""
	}
	return v.Raw
}

func scalarJSON(b json.RawMessage) string {
	if len(b) == 0 || len(b) > maxValue {
		return ""
	}
	switch b[0] {
	case '"':
		var s string
		if json.Unmarshal(b, &s) == nil {
			return s
		}
	case '{', '[', 'n':
	default:
		return string(b)
	}
	return ""
}

// Limits of the arguments that are kept.
const (
	maxArguments = 64
	maxValue     = 512 // bytes
	maxNesting   = 4
)

// roots collects the root fields and their arguments, through fragments, of
// which each is followed once.
func (w *walker) roots(set ast.SelectionSet, op *Operation) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if name(s.Name) == "" {
				continue
			}
			op.addField(s.Name)
			for _, a := range s.Arguments {
				w.argument(op, s.Name, a.Name, a.Value, maxNesting)
			}
		case *ast.InlineFragment:
			w.roots(s.SelectionSet, op)
		case *ast.FragmentSpread:
			if f := w.fragments.ForName(s.Name); f != nil && !w.rooted[s.Name] {
				w.rooted[s.Name] = true
				w.roots(f.SelectionSet, op)
			}
		}
	}
}

func (w *walker) argument(op *Operation, field, name string, v *ast.Value, nesting int) {
	if v == nil || nesting == 0 {
		return
	}
	switch v.Kind {
	case ast.Variable:
		jsonArguments(op, field, name, w.vars[v.Raw], nesting)
	case ast.ObjectValue, ast.ListValue:
		for _, c := range v.Children {
			w.argument(op, field, join(name, c.Name), c.Value, nesting-1)
		}
	default:
		op.addArgument(field, name, w.scalar(v))
	}
}

func join(name, member string) string {
	if member == "" {
		return name // of a list
	}
	return name + "." + member
}

// jsonArguments adds the scalars of a variable's value.
func jsonArguments(op *Operation, field, name string, b json.RawMessage, nesting int) {
	if len(b) == 0 || nesting == 0 || len(op.Arguments) >= maxArguments {
		return
	}
	switch b[0] {
	case '{':
		var members map[string]json.RawMessage
		if json.Unmarshal(b, &members) == nil {
			for _, m := range slices.Sorted(maps.Keys(members)) {
				jsonArguments(op, field, join(name, m), members[m], nesting-1)
			}
		}
	case '[':
		var items []json.RawMessage
		if json.Unmarshal(b, &items) == nil {
			for _, item := range items {
				jsonArguments(op, field, name, item, nesting-1)
			}
		}
	default:
		op.addArgument(field, name, scalarJSON(b))
	}
}

// variables returns the variables of a persisted query, of which the document
// is not known.
func variables(vars map[string]json.RawMessage) []Argument {
	var op Operation
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		jsonArguments(&op, "", name, vars[name], maxNesting)
	}
	return op.Arguments
}

func (op *Operation) addArgument(field, name, value string) {
	if value != "" && len(value) <= maxValue && len(name) <= maxName && len(op.Arguments) < maxArguments {
		op.Arguments = append(op.Arguments, Argument{field, name, value})
	}
}
