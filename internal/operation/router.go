package operation

import (
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// routed finds the template of a path by the pattern that the program's own
// router has for it. It reports false if there is no pattern, or none that
// tells an operation: that of a subtree, or one that takes the rest of a path.
func (a *api) routed(pattern, path string, m *Match) bool {
	text := templateOf(pattern)
	if text == "" {
		return false
	}
	if a.router.Load().Find(path, m) && m.Template.Text == text {
		return true
	}
	return a.addRouted(text).Find(path, m) && m.Template.Text == text
}

// templateOf returns the path of a pattern as a template; empty: it is none.
func templateOf(pattern string) string {
	i := strings.IndexByte(pattern, '/')
	if i < 0 {
		return ""
	}
	text, whole := strings.CutSuffix(pattern[i:], "{$}")
	if strings.Contains(text, "...}") || strings.HasSuffix(text, "/") && !whole {
		return ""
	}
	return text
}

// has reports whether m has a template of this text.
func (m *Matcher) has(text string) bool {
	return m != nil && slices.ContainsFunc(m.list, func(t *Template) bool { return t.Text == text })
}

// addRouted adds a template to those of the router, and returns all of them;
// nil: it is none, or there are too many.
func (a *api) addRouted(text string) *Matcher {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.router.Load()
	if known.has(text) {
		return known
	}
	t := &Template{Text: text, Basis: event.BasisRouter}
	if t.prepare() != nil {
		return nil
	}
	list := []*Template{t}
	if known != nil {
		list = append(slices.Clone(known.list), t)
	}
	if len(list) > maxTemplates {
		return nil
	}
	more, err := NewMatcher(list)
	if err != nil {
		return nil
	}
	a.typed(t)
	a.router.Store(more)
	return more
}
