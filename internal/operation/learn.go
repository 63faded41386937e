package operation

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Bounds of what is learned of one API.
const (
	maxNodes     = 50_000 // places in the tree; when there are more, nothing new is learned until unproven ones are dropped
	maxTemplates = 5_000  // learned templates
	maxWords     = 300    // unproven words at one place; the next makes it a parameter
)

// The numbers of the merge rule; docs/operations.md has it in words.
const (
	provenWord   = 3    // calls that make a word which APIs use a name of this one
	provenOther  = 5    // and any other word, if no ids are below it
	provenAlone  = 5    // calls that do so where all came from one caller; four times as many for other words
	restless     = 0.25 // share of words that came once: above it a place is not settled
	fewWords     = 4    // that many words are settled in any case
	openAfter    = 150  // calls after which a place with ever new words is a parameter
	openShare    = 0.30 // share of words that came once, for that
	earlyAfter   = 8    // and the same, where few of the words are names that APIs use
	earlyShare   = 0.60
	earlyAPI     = 0.25 // share of such names
	heavyShare   = 0.30 // share of the calls at such a place that makes a word a name after all
	heavyHits    = 5    // and how many they must be
	lastVersion  = 2    // segments that may come before a version: /rest/api/v2
	alikeWords   = 3    // words that no API uses, with the same below them, are ids
	openByAnswer = 2    // different words that the API gave back as ids make a place a parameter
)

// learner learns the templates of one API from paths that were answered. It is
// not safe for concurrent use.
type learner struct {
	root      *place
	templates map[string]*learned // by text
	nodes     int
	changed   bool // since the state was saved
}

// place is a node of the tree of paths.
type place struct {
	words  map[string]*wordAt
	params map[string]*place // by file extension, "" for none
	n      uint32            // calls with a word here that was not proven then
	once   uint32            // words that came once
	back   uint32            // words that the API gave back as ids
	open   bool              // words are ids, but for those that are proven
	kinds  bool              // words are names of collections, and values of one parameter
	depth  int               // segments before it
	ends   bool              // a call ended here
	made   *learned          // the template that ends here, once it is used
}

// wordAt is a word at a place.
type wordAt struct {
	place  *place
	hits   uint32
	caller uint32 // the first one
	many   bool   // others came
	proven bool   // it is a name of the API's
	id     bool   // it is an id: calls go to the parameter
}

// learned is a template and what became of it.
type learned struct {
	Template
	first    time.Time
	into     string // the template that took its place; empty: it is in use; "?": it has not been made yet
	byPeople bool   // into is a pin
}

func newLearner() *learner {
	return &learner{root: new(place), templates: make(map[string]*learned)}
}

// seen is a call as the learner is told of it.
type seen struct {
	path   string
	caller uint32            // hash of who called
	names  func(string) bool // reports whether a segment names the caller
	echo   func(string) bool // reports whether the answer gave a segment back as an id
	at     time.Time
}

// segment returns a segment decoded, and its extension where it is a file.
func segment(raw string, last bool) (seg, ext string) {
	seg = raw
	if strings.IndexByte(raw, '%') >= 0 {
		if s, err := url.PathUnescape(raw); err == nil {
			seg = s
		}
	}
	if !last {
		return seg, ""
	}
	i := strings.LastIndexByte(seg, '.')
	if i <= 0 || i == len(seg)-1 || len(seg)-i > 6 {
		return seg, ""
	}
	if !formats[seg[i+1:]] {
		return seg, ""
	}
	return seg[:i], seg[i:]
}

// formats are file extensions that APIs use to say in which form an object is
// asked for. Others belong to the id.
var formats = wordSet(`json xml csv tsv pdf html txt yaml yml ics rss atom ndjson jsonl xlsx xls zip gz tar png jpg jpeg gif svg webp mp3 mp4 parquet`)

// find finds the template in use for path, as far as it was learned. Names
// reports whether a segment names the caller; it may be nil.
func (l *learner) find(path string, names func(string) bool, out *Match) bool {
	if len(path) > maxPath {
		return false
	}
	out.n = 0
	p := l.root
	rest := strings.TrimPrefix(path, "/")
	for segments := 0; ; segments++ {
		var raw string
		raw, rest = next(rest)
		if raw == "" {
			break
		}
		if segments >= maxSegments {
			return false
		}
		seg, ext := segment(raw, lastSegment(rest))
		if w := p.words[seg+ext]; w != nil && w.proven {
			p = w.place
			continue
		}
		child := p.params[ext]
		if child == nil && ext != "" {
			seg, ext = seg+ext, ""
			child = p.params[""]
		}
		if child == nil || !p.isID(seg) && (names == nil || !names(seg)) || out.n >= maxParams {
			return false
		}
		out.Values[out.n] = strings.TrimSuffix(raw, ext)
		out.n++
		p = child
	}
	if p.made == nil {
		return false
	}
	out.Template = &p.made.Template
	return true
}

func lastSegment(rest string) bool { return strings.Trim(rest, "/") == "" }

// isID reports whether a segment goes to the parameter of p.
func (p *place) isID(seg string) bool {
	return p.open || p.kinds || p.shapeID(seg) || p.words[seg] != nil && p.words[seg].id
}

// shapeID reports whether a segment is an id by its shape. What looks like a
// version is one near the beginning of a path only.
func (p *place) shapeID(seg string) bool {
	k := Shape(seg)
	return k.ID() || k == Version && p.depth > lastVersion
}

// learn takes a call that was answered, and returns the template for it once
// there is one.
func (l *learner) learn(s *seen) *learned {
	if len(s.path) > maxPath {
		return nil
	}
	p, steps := l.root, 0
	var trail [maxSegments]*place
	full := l.nodes >= maxNodes
	for rest := strings.TrimPrefix(s.path, "/"); ; {
		var raw string
		raw, rest = next(rest)
		if raw == "" {
			break
		}
		if steps >= maxSegments {
			return nil
		}
		trail[steps] = p
		seg, ext := segment(raw, lastSegment(rest))
		child := l.step(p, seg, ext, s, full)
		if child == nil {
			if full {
				l.prune()
			}
			return nil
		}
		p = child
		steps++
	}
	if !p.ends {
		p.ends, l.changed = true, true
	}
	for i, at := range trail[:steps] {
		l.collections(at, trail[:i])
		l.settle(at)
	}
	return l.template(s, s.at)
}

// step goes from p by one segment, and makes what is not there.
func (l *learner) step(p *place, seg, ext string, s *seen, full bool) *place {
	key := seg + ext
	w := p.words[key]
	if w != nil && w.proven {
		return w.place
	}
	if p.kinds || p.shapeID(seg) || w != nil && w.id || s.names != nil && s.names(seg) || p.open && !known[strings.ToLower(key)] {
		return l.param(p, ext, full)
	}
	if s.echo != nil && s.echo(seg) && !apiWord(seg) {
		// The API itself calls it an id.
		if w == nil {
			w = l.word(p, key, full)
			if w == nil {
				return nil
			}
		}
		w.id = true
		if p.back++; p.back >= openByAnswer {
			l.open(p)
			return l.param(p, ext, full)
		}
		l.fold(p, w, ext)
		return l.param(p, ext, full)
	}
	if w == nil {
		if w = l.word(p, key, full); w == nil {
			return nil
		}
		w.caller = s.caller
		p.once++
	}
	w.many = w.many || w.caller != s.caller
	if w.hits == 1 {
		p.once--
	}
	w.hits++
	p.n++
	l.changed = true
	return w.place
}

func (l *learner) word(p *place, key string, full bool) *wordAt {
	if full || len(key) > 64 {
		return nil
	}
	if p.words == nil {
		p.words = make(map[string]*wordAt)
	}
	l.nodes++
	l.changed = true
	w := &wordAt{place: &place{depth: p.depth + 1}}
	p.words[strings.Clone(key)] = w
	return w
}

func (l *learner) param(p *place, ext string, full bool) *place {
	if child := p.params[ext]; child != nil {
		return child
	}
	if full || len(p.params) >= 16 {
		return nil
	}
	if p.params == nil {
		p.params = make(map[string]*place)
	}
	l.nodes++
	l.changed = true
	child := &place{depth: p.depth + 1}
	p.params[strings.Clone(ext)] = child
	return child
}

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

// template returns the template for a path that was just learned, or nil if a
// part of it is not proven yet.
func (l *learner) template(s *seen, at time.Time) *learned {
	p := l.root
	var b strings.Builder
	name, run := "", 0
	for rest := strings.TrimPrefix(s.path, "/"); ; {
		var raw string
		raw, rest = next(rest)
		if raw == "" {
			break
		}
		seg, ext := segment(raw, lastSegment(rest))
		b.WriteByte('/')
		if w := p.words[seg+ext]; w != nil && w.proven {
			b.WriteString(seg + ext)
			p, name, run = w.place, seg, 0
			continue
		}
		child := p.params[ext]
		if child == nil || !p.isID(seg) && (s.names == nil || !s.names(seg)) {
			return nil
		}
		run++
		param := paramName(name, run)
		if p.kinds {
			param = "kind"
		}
		b.WriteString("{" + param + "}" + ext)
		p = child
	}
	if p.made != nil {
		return p.made
	}
	text := b.String()
	if text == "" {
		text = "/"
	}
	t := l.templates[text]
	if t == nil {
		if len(l.templates) >= maxTemplates {
			return nil
		}
		t = &learned{Template: Template{Text: text, Basis: event.BasisLearned}, first: at}
		if t.prepare() != nil {
			return nil
		}
		l.templates[text] = t
	}
	if !t.byPeople {
		t.into = ""
	}
	p.made, l.changed = t, true
	l.replaced(t)
	return t
}

// replaced says of the templates that were merged what took their place.
func (l *learner) replaced(t *learned) {
	m, err := NewMatcher([]*Template{&t.Template})
	if err != nil {
		return
	}
	var out Match
	for _, old := range l.templates {
		if old.into == "?" && m.Find(old.Text, &out) {
			old.into = t.Text
		}
	}
}

// paramName names a parameter after the collection before it.
func paramName(collection string, run int) string {
	name := "id"
	if collection != "" && listWord(collection) {
		name = strings.ReplaceAll(typeOf(collection), "-", "_") + "_id"
	}
	if run > 1 {
		name += string(rune('0' + min(run, 9)))
	}
	return name
}

// prune drops words that came once and never again, when the tree is full.
func (l *learner) prune() {
	var walk func(p *place) int
	walk = func(p *place) int {
		n := 1
		for key, w := range p.words {
			if !w.proven && w.hits <= 1 {
				delete(p.words, key)
				continue
			}
			n += walk(w.place)
		}
		p.once = 0
		for _, child := range p.params {
			n += walk(child)
		}
		return n
	}
	l.nodes = walk(l.root)
	l.changed = true
}
