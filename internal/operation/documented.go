package operation

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Documented is an operation of a description.
type Documented struct {
	Route    string // the configured route
	Method   string
	Template string
	*Described
}

// Documented returns the operations of all descriptions, sorted by route,
// template and method. They must not be changed.
func (t *Tracker) Documented() []Documented {
	out := []Documented{}
	for route, a := range t.apis.Load().byRoute {
		doc := a.doc.Load()
		if doc == nil {
			continue
		}
		for _, t := range doc.list {
			for _, method := range slices.Sorted(maps.Keys(t.Ops)) {
				out = append(out, Documented{route, method, t.Text, t.Ops[method]})
			}
		}
	}
	slices.SortFunc(out, func(a, b Documented) int {
		return cmp.Or(strings.Compare(a.Route, b.Route), strings.Compare(a.Template, b.Template), strings.Compare(a.Method, b.Method))
	})
	return out
}
