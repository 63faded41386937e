package operation

import (
	"maps"
	"slices"
	"strings"
)

// This file is the merge rule of docs/operations.md: what the words at a place
// are, and what becomes of the templates when they turn out to be ids.

// settle judges the words of a place: which are names of the API's, and
// whether the others are ids.
func (l *learner) settle(p *place) {
	l.alike(p)
	unproven, api := 0, 0
	for key, w := range p.words {
		if w.proven || w.id {
			continue
		}
		if unproven++; apiWord(key) {
			api++
		}
	}
	if unproven == 0 {
		return
	}
	share := float64(p.once) / float64(max(p.n, 1))
	early := unproven >= earlyAfter && share >= earlyShare && float64(api) < earlyAPI*float64(unproven)
	if !p.open && (early || p.n >= openAfter && share >= openShare || unproven > maxWords) {
		l.open(p)
		return
	}
	for key, w := range p.words {
		if !w.proven && !w.id && l.isName(p, key, w, unproven, share) {
			l.prove(w)
		}
	}
}

// collections finds a place below a word such as export whose words are all
// names of collections above it, with nothing below them: /export/customers and
// /export/orders, where /customers/{id} and /orders/{id} are. They are values of
// one parameter.
func (l *learner) collections(p *place, above []*place) {
	if p.open || p.kinds || len(p.params) > 0 || len(p.words) < 2 || len(above) == 0 || !takesKinds(above[len(above)-1], p) {
		return
	}
	for key, w := range p.words {
		if w.id || !w.place.leaf() || !slices.ContainsFunc(above, func(a *place) bool {
			c := a.words[key]
			return c != nil && c.proven && len(c.place.params) > 0
		}) {
			return
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.words)) {
		w := p.words[key]
		w.id = true
		l.fold(p, w, "")
	}
	p.kinds, p.words, p.n, p.once, l.changed = true, nil, 0, 0, true
}

// takesKinds reports whether the word that leads from a place to another is one
// that is done with collections.
func takesKinds(from, to *place) bool {
	for key, w := range from.words {
		if w.place == to {
			return exportWords[strings.ToLower(key)] || bulkWords[strings.ToLower(key)]
		}
	}
	return false
}

var bulkWords = wordSet(`import imports bulk batch sync count counts stats statistics trash`)

// alike finds words that are ids by what is below them: the same as below the
// ids of their place, or as below several other words that no API uses.
func (l *learner) alike(p *place) {
	var others []string
	for key, w := range p.words {
		if !w.id && !apiWord(key) && Shape(key) == Word && len(w.place.words)+len(w.place.params) > 0 {
			others = append(others, key)
		}
	}
	if len(others) == 0 {
		return
	}
	slices.Sort(others)
	if param := p.params[""]; param != nil && len(param.words)+len(param.params) > 0 {
		for _, key := range others {
			if w := p.words[key]; similar(w.place, param) {
				w.id = true
				l.fold(p, w, "")
			}
		}
		return
	}
	if len(others) < alikeWords {
		return
	}
	first := p.words[others[0]].place
	for _, key := range others[1:] {
		if !similar(first, p.words[key].place) {
			return
		}
	}
	for _, key := range others {
		w := p.words[key]
		w.id = true
		l.fold(p, w, "")
	}
}

// similar reports whether most of what is below the place that has less is
// below the other too.
func similar(a, b *place) bool {
	x, y := a.below(), b.below()
	if len(x) > len(y) {
		x, y = y, x
	}
	common := 0
	for s := range x {
		if y[s] {
			common++
		}
	}
	return common > 0 && 2*common >= len(x)
}

// below returns what is one and two steps below a place.
func (p *place) below() map[string]bool {
	m := make(map[string]bool)
	p.each(func(name string, child *place) {
		if child.ends {
			m[name] = true
		}
		child.each(func(more string, _ *place) { m[name+"/"+more] = true })
	})
	return m
}

func (p *place) each(yield func(name string, child *place)) {
	for key, w := range p.words {
		if !w.id {
			yield(key, w.place)
		}
	}
	for ext, child := range p.params {
		yield("{}"+ext, child)
	}
}

// isName reports whether a word has been seen enough to be taken for a name of
// the API's.
func (l *learner) isName(p *place, key string, w *wordAt, words int, share float64) bool {
	if known[strings.ToLower(key)] || Shape(key) == Version { // see shapeID
		return true
	}
	api, ids := apiWord(key), len(w.place.params) > 0
	if api && ids && w.hits >= 2 {
		return true // a collection, and ids in it
	}
	switch {
	case !w.many && w.hits < provenAlone, !w.many && !api && !ids && w.hits < 4*provenAlone:
		return false
	case !api && !ids:
		return w.hits >= provenOther && share <= restless
	}
	return w.hits >= provenWord && (share <= restless || words <= fewWords)
}

func (l *learner) prove(w *wordAt) { w.proven, l.changed = true, true }

// open makes the words at p ids, but for those that are known to be names, and
// those that most calls have. Words that were names stay names where other
// things are below them than below the ids.
func (l *learner) open(p *place) {
	p.open, l.changed = true, true
	param := p.params[""]
	for key, w := range p.words {
		heavy := w.many && (w.hits >= heavyHits && float64(w.hits) > heavyShare*float64(p.n) || w.hits >= provenWord && apiWord(key))
		if w.proven && (apiWord(key) || heavy || param == nil || !similar(w.place, param) && !(w.place.leaf() && param.leaf())) || known[strings.ToLower(key)] || heavy {
			continue
		}
		w.id = true
		_, ext := segment(key, true)
		l.fold(p, w, ext)
		delete(p.words, key)
		l.nodes--
	}
	for _, w := range p.words {
		if w.hits >= provenWord {
			l.prove(w)
		}
	}
	p.n, p.once = 0, 0
}

func (p *place) leaf() bool { return len(p.words)+len(p.params) == 0 }

// fold moves what is known below a word to the parameter of its place.
func (l *learner) fold(p *place, w *wordAt, ext string) {
	to := l.param(p, ext, false)
	if to == nil {
		return
	}
	l.retire(w.place)
	l.merge(to, w.place)
	w.proven, w.place = false, &place{depth: p.depth + 1}
}

// retire ends the use of the templates at p and below: their paths are those
// of another template now.
func (l *learner) retire(p *place) {
	if p.made != nil {
		p.made.into, p.made = "?", nil // said when the new template is made
	}
	for _, w := range p.words {
		l.retire(w.place)
	}
	for _, child := range p.params {
		l.retire(child)
	}
}

// merge adds to a place what another has.
func (l *learner) merge(to, from *place) {
	to.ends = to.ends || from.ends
	to.n, to.once, to.back = to.n+from.n, to.once+from.once, to.back+from.back
	for key, w := range from.words {
		have := to.words[key]
		if have == nil {
			if to.words == nil {
				to.words = make(map[string]*wordAt)
			}
			to.words[key] = w
			continue
		}
		if have.hits == 1 && w.hits > 0 && to.once > 0 {
			to.once--
		}
		if w.hits == 1 && to.once > 0 {
			to.once--
		}
		have.hits += w.hits
		have.many = have.many || w.many || have.caller != w.caller
		have.proven, have.id = have.proven || w.proven, have.id || w.id
		l.merge(have.place, w.place)
		l.nodes--
	}
	for ext, child := range from.params {
		if have := to.params[ext]; have != nil {
			l.merge(have, child)
			l.nodes--
			continue
		}
		if to.params == nil {
			to.params = make(map[string]*place)
		}
		to.params[ext] = child
	}
	if from.open && !to.open {
		l.open(to)
	}
}
