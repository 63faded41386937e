package operation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// Pin is a template as a person has it. It wins over descriptions and what was
// learned.
type Pin struct {
	Template string    `json:"template"`       // its meaning never changes by itself
	Name     string    `json:"name,omitempty"` // for event.Operation.Name; empty: none
	At       time.Time `json:"at"`             // when it was last changed
}

// Listed is a template as people see it.
type Listed struct {
	Route    string      `json:"route"`              // the configured route
	Template string      `json:"template"`           //
	Basis    event.Basis `json:"basis"`              // document, learned or person
	Name     string      `json:"name,omitempty"`     // given by a person
	Methods  []string    `json:"methods,omitempty"`  // of the API's description
	Objects  []string    `json:"objects,omitempty"`  // types of the objects that its parameters name
	First    time.Time   `json:"first,omitzero"`     // when it was learned or pinned
	Replaced string      `json:"replaced,omitempty"` // the template that took its place
}

// List returns all templates, sorted by route and template; of one route if
// route is not empty.
func (t *Tracker) List(route string) []Listed {
	out := []Listed{}
	for _, a := range t.apis.Load().byRoute {
		if route == "" || a.Route == route {
			out = a.list(out)
		}
	}
	slices.SortFunc(out, func(a, b Listed) int {
		if c := strings.Compare(a.Route, b.Route); c != 0 {
			return c
		}
		return strings.Compare(a.Template, b.Template)
	})
	return out
}

func (a *api) list(out []Listed) []Listed {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, p := range a.pins {
		l := Listed{Route: a.Route, Template: p.Template, Basis: event.BasisPerson, Name: p.Name, First: p.At}
		t := Template{Text: p.Template}
		if t.prepare() == nil {
			l.Objects = t.objectTypes()
		}
		out = append(out, l)
	}
	if doc := a.doc.Load(); doc != nil {
		for _, t := range doc.list {
			l := Listed{Route: a.Route, Template: t.Text, Basis: t.Basis, Objects: t.objectTypes()}
			for m := range t.Ops {
				l.Methods = append(l.Methods, m)
			}
			slices.Sort(l.Methods)
			out = append(out, l)
		}
	}
	for _, t := range a.learner.templates {
		l := Listed{Route: a.Route, Template: t.Text, Basis: t.Basis, Objects: t.objectTypes(), First: t.first, Replaced: t.into}
		if t.into == "?" {
			l.Replaced = "-" // no call has come for what took its place
		}
		out = append(out, l)
	}
	return out
}

func (t *Template) objectTypes() (types []string) {
	for _, p := range t.Params {
		if p.Type != "" {
			types = append(types, p.Type)
		}
	}
	return types
}

// Pin makes a template one of people: it wins over others that a path would
// match, and learning does not change it. A name that is not empty is that of
// its operations. Learned templates that it covers are not used any more.
func (t *Tracker) Pin(route, template, name string) error {
	return t.people(route, func(a *api) error { return a.pin(template, name) })
}

// Merge puts one template in the place of several. Each of them must be
// covered by it: /reports/{id} covers /reports/daily and /reports/weekly.
func (t *Tracker) Merge(route, into string, from []string) error {
	return t.people(route, func(a *api) error {
		m, err := pinned([]Pin{{Template: into}})
		if err != nil {
			return err
		}
		var out Match
		for _, f := range from {
			if !m.Find(f, &out) || strings.Count(bare(f), "/") != strings.Count(bare(into), "/") {
				return fmt.Errorf("%w: %s does not cover %s", ErrArgument, into, f)
			}
			if !a.knows(f) {
				return fmt.Errorf("template %s: %w on route %s", f, ErrNotFound, route)
			}
			a.pins = slices.DeleteFunc(slices.Clone(a.pins), func(p Pin) bool { return p.Template == f && f != into })
		}
		return a.pin(into, "")
	})
}

// Rename gives the operations of a template that is there a name.
func (t *Tracker) Rename(route, template, name string) error {
	return t.people(route, func(a *api) error {
		if !a.knows(template) {
			return fmt.Errorf("template %s: %w on route %s", template, ErrNotFound, route)
		}
		return a.pin(template, name)
	})
}

// Unpin takes back what people said of a template.
func (t *Tracker) Unpin(route, template string) error {
	return t.people(route, func(a *api) error {
		n := len(a.pins)
		if a.pins = slices.DeleteFunc(slices.Clone(a.pins), func(p Pin) bool { return p.Template == template }); len(a.pins) == n {
			return fmt.Errorf("pinned template %s: %w on route %s", template, ErrNotFound, route)
		}
		for _, l := range a.learner.templates {
			if l.into == template && l.byPeople {
				l.into, l.byPeople = "", false
			}
		}
		return nil
	})
}

// people changes what people say of the API behind a route, and saves it.
func (t *Tracker) people(route string, change func(a *api) error) error {
	a := t.apis.Load().find(route)
	if a == nil {
		return fmt.Errorf("route %q: %w", route, ErrNotFound)
	}
	if err := a.change(change); err != nil {
		return err
	}
	return t.save()
}

func (a *api) change(change func(a *api) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.pins
	err := change(a)
	if err == nil {
		var m *Matcher
		if m, err = pinned(a.pins); err == nil {
			a.people.Store(m)
			a.learner.changed = true
			return nil
		}
	}
	a.pins = before
	return err
}

// maxPins bounds what people can say of one API.
const maxPins = 2000

// pin adds or changes a pin, and ends the use of what it covers.
func (a *api) pin(template, name string) error {
	m, err := pinned([]Pin{{Template: template}})
	if err != nil {
		return err
	}
	if name != "" && (len(name) > 100 || strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }) >= 0) {
		return fmt.Errorf("%w: name %q: want at most 100 characters of ASCII, without spaces", ErrArgument, name)
	}
	pins := slices.Clone(a.pins)
	i := slices.IndexFunc(pins, func(p Pin) bool { return p.Template == template })
	switch {
	case i < 0 && len(pins) >= maxPins:
		return fmt.Errorf("%w: there are %d pinned templates already", ErrArgument, maxPins)
	case i < 0:
		pins = append(pins, Pin{template, name, a.now().UTC()})
	case name != "":
		pins[i] = Pin{template, name, a.now().UTC()}
	}
	a.pins = pins
	var out Match
	for _, l := range a.learner.templates {
		if l.into == "" && l.Text != template && m.Find(l.Text, &out) {
			l.into, l.byPeople = template, true
		}
	}
	return nil
}

// knows reports whether there is a template of that text.
func (a *api) knows(text string) bool {
	if a.learner.templates[text] != nil || slices.ContainsFunc(a.pins, func(p Pin) bool { return p.Template == text }) {
		return true
	}
	doc := a.doc.Load()
	return doc != nil && slices.ContainsFunc(doc.list, func(t *Template) bool { return t.Text == text })
}

// pinned makes a matcher of pins.
func pinned(pins []Pin) (*Matcher, error) {
	list := make([]*Template, len(pins))
	for i, p := range pins {
		if !strings.HasPrefix(p.Template, "/") || len(p.Template) > capture.MaxWord {
			return nil, fmt.Errorf("%w: template %q: want a path of at most %d bytes that begins with a slash", ErrArgument, p.Template, capture.MaxWord)
		}
		list[i] = &Template{Text: p.Template, Basis: event.BasisPerson, Name: p.Name}
		if err := list[i].prepare(); err != nil {
			return nil, fmt.Errorf("%w: template %q: %v", ErrArgument, p.Template, err)
		}
	}
	m, err := NewMatcher(list)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrArgument, err)
	}
	return m, nil
}

// Change is what a person wants to be changed of the templates of a route.
type Change struct {
	Do       string   `json:"do"`             // pin, merge, rename or unpin
	Route    string   `json:"route"`          // the configured route
	Template string   `json:"template"`       // the one that is pinned, renamed or taken back, or that the others are merged into
	Name     string   `json:"name,omitempty"` // rename, and pin: of its operations
	From     []string `json:"from,omitempty"` // merge: the templates that it takes the place of
}

// changes are what Change.Do can be, each with the name of the decision that
// it is recorded as.
var changes = map[string]string{"pin": "route-pinned", "merge": "route-merged", "rename": "route-renamed", "unpin": "route-unpinned"}

// Decision returns the name of the decision as which the change is recorded;
// empty if there is no such change.
func (c Change) Decision() string { return changes[c.Do] }

// Facts returns what the decision says.
func (c Change) Facts() []event.Fact {
	facts := []event.Fact{{Name: "route", Value: c.Route}, {Name: "template", Value: c.Template}}
	if c.Name != "" {
		facts = append(facts, event.Fact{Name: "name", Value: c.Name})
	}
	for i, f := range c.From {
		facts = append(facts, event.Fact{Name: fmt.Sprintf("from%02d", i+1), Value: f})
	}
	return facts
}

// maxMerged bounds what is merged at once.
const maxMerged = 50

// Change makes a change. It fails with [ErrNotFound] or [ErrArgument].
func (t *Tracker) Change(c Change) error {
	switch c.Do {
	case "pin":
		return t.Pin(c.Route, c.Template, c.Name)
	case "merge":
		if len(c.From) == 0 || len(c.From) > maxMerged {
			return fmt.Errorf("%w: name 1 to %d templates to be merged", ErrArgument, maxMerged)
		}
		return t.Merge(c.Route, c.Template, c.From)
	case "rename":
		if c.Name == "" {
			return fmt.Errorf("%w: the name is empty", ErrArgument)
		}
		return t.Rename(c.Route, c.Template, c.Name)
	case "unpin":
		return t.Unpin(c.Route, c.Template)
	}
	return fmt.Errorf("%w: %q: want pin, merge, rename or unpin", ErrArgument, c.Do)
}

// changeOf returns the change that a decision event recorded.
func changeOf(n *event.Note) (c Change, ok bool) {
	for do, name := range changes {
		if n != nil && n.Name == name {
			c.Do, ok = do, true
		}
	}
	if !ok {
		return c, false
	}
	for _, f := range n.Facts {
		switch {
		case f.Name == "route":
			c.Route = f.Value
		case f.Name == "template":
			c.Template = f.Value
		case f.Name == "name":
			c.Name = f.Value
		case strings.HasPrefix(f.Name, "from"):
			c.From = append(c.From, f.Value)
		}
	}
	return c, true
}
