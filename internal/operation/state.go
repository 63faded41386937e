package operation

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gatebook/gatebook/event"
)

// stateVersion is that of the state's form. A file of another version is not
// read: what is in it is a view, and is learned again.
const stateVersion = 1

// state is what is kept of a tracker. It holds templates and proven words, but
// no word that could still turn out to be an id.
type state struct {
	Version int                 `json:"gatebook-operations"`
	APIs    map[string]apiState `json:"apis"`
}

type apiState struct {
	Pins      []Pin           `json:"pins,omitempty"`
	Templates []templateState `json:"templates,omitempty"`
	Tree      *placeState     `json:"tree,omitempty"`
}

type templateState struct {
	Text     string    `json:"template"`
	First    time.Time `json:"first"`
	Into     string    `json:"into,omitempty"`
	ByPeople bool      `json:"by_people,omitempty"`
}

type placeState struct {
	Words  map[string]*wordState  `json:"words,omitempty"`
	Params map[string]*placeState `json:"params,omitempty"`
	Open   bool                   `json:"open,omitempty"`
	Kinds  bool                   `json:"kinds,omitempty"`
	Ends   bool                   `json:"ends,omitempty"`
	Made   string                 `json:"made,omitempty"`
}

type wordState struct {
	Hits  uint32      `json:"hits"`
	Place *placeState `json:"place"`
}

// save writes the state down if it has changed.
func (t *Tracker) save() error {
	if t.file == "" {
		return nil
	}
	t.swap.Lock()
	defer t.swap.Unlock()
	s := state{Version: stateVersion, APIs: make(map[string]apiState)}
	changed := false
	for name, a := range t.apis.Load().byRoute {
		a.mu.Lock()
		changed = changed || a.learner.changed
		a.learner.changed = false
		s.APIs[name] = apiState{Pins: a.pins, Templates: a.learner.saved(), Tree: a.learner.root.saved()}
		a.mu.Unlock()
	}
	if !changed {
		return nil
	}
	b, err := json.Marshal(s)
	if err == nil {
		err = replaceFile(t.file, b)
	}
	if err != nil {
		t.log.Error("what was learned of routes could not be saved", "error", err)
		return fmt.Errorf("saving what was learned of routes: %w", err)
	}
	return nil
}

func replaceFile(name string, b []byte) error {
	f, err := os.OpenFile(name+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(name+".tmp", name)
}

func (l *learner) saved() (list []templateState) {
	for _, t := range l.templates {
		list = append(list, templateState{t.Text, t.first, t.into, t.byPeople})
	}
	return list
}

func (p *place) saved() *placeState {
	s := &placeState{Open: p.open, Kinds: p.kinds, Ends: p.ends}
	if p.made != nil {
		s.Made = p.made.Text
	}
	for key, w := range p.words {
		if w.proven {
			if s.Words == nil {
				s.Words = make(map[string]*wordState)
			}
			s.Words[key] = &wordState{w.hits, w.place.saved()}
		}
	}
	for ext, child := range p.params {
		if s.Params == nil {
			s.Params = make(map[string]*placeState)
		}
		s.Params[ext] = child.saved()
	}
	return s
}

// Empty reports whether nothing was learned and nothing pinned yet.
func (t *Tracker) Empty() bool {
	for _, a := range t.apis.Load().byRoute {
		a.mu.RLock()
		n := len(a.pins) + len(a.learner.templates)
		a.mu.RUnlock()
		if n > 0 {
			return false
		}
	}
	return true
}

// load reads the state. A file that is not one is put aside: it is a view.
func (t *Tracker) load() error {
	if t.file == "" {
		return nil
	}
	b, err := os.ReadFile(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading what was learned of routes: %w", err)
	}
	var s state
	if err := json.Unmarshal(b, &s); err != nil || s.Version != stateVersion {
		t.log.Warn("what was learned of routes cannot be read, and is learned again; the file was put aside", "file", t.file+".old", "error", err)
		return os.Rename(t.file, t.file+".old")
	}
	set := t.apis.Load()
	for name, as := range s.APIs {
		a := set.find(name)
		if a == nil { // its route may come back
			a = &api{API: API{Route: name, NoLearn: true}, now: t.now, memory: &memory{learner: newLearner()}}
			set.byRoute[name] = a
		}
		a.restore(&as)
	}
	return nil
}

func (a *api) restore(s *apiState) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if m, err := pinned(s.Pins); err == nil {
		a.pins = s.Pins
		a.people.Store(m)
	}
	l := newLearner()
	for _, ts := range s.Templates {
		t := &learned{Template: Template{Text: ts.Text, Basis: event.BasisLearned}, first: ts.First, into: ts.Into, byPeople: ts.ByPeople}
		if t.prepare() == nil && len(l.templates) < maxTemplates {
			l.templates[t.Text] = t
			a.typed(&t.Template)
		}
	}
	if s.Tree != nil {
		l.root = l.restore(s.Tree, 0)
	}
	a.learner = l
}

func (l *learner) restore(s *placeState, depth int) *place {
	l.nodes++
	p := &place{open: s.Open, kinds: s.Kinds, ends: s.Ends, made: l.templates[s.Made], depth: depth}
	if depth > maxSegments || l.nodes > maxNodes {
		return p
	}
	for key, w := range s.Words {
		if w == nil || w.Place == nil {
			continue
		}
		if p.words == nil {
			p.words = make(map[string]*wordAt)
		}
		p.words[key] = &wordAt{place: l.restore(w.Place, depth+1), hits: w.Hits, many: true, proven: true}
	}
	for ext, child := range s.Params {
		if child == nil {
			continue
		}
		if p.params == nil {
			p.params = make(map[string]*place)
		}
		p.params[ext] = l.restore(child, depth+1)
	}
	return p
}
