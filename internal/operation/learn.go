package operation

import (
	"net/url"
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
	params map[string]*place // by file extension, "" for none; of OData by the entity set: "Customers()"
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
		if set, k, ok := setKey(raw); ok {
			child := p.params[set+"()"]
			if child == nil || out.n >= maxParams {
				return false
			}
			out.Values[out.n] = k
			out.n++
			p = child
			continue
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
		var child *place
		if set, _, ok := setKey(raw); ok {
			child = l.param(p, set+"()", full)
		} else {
			seg, ext := segment(raw, lastSegment(rest))
			child = l.step(p, seg, ext, s, full)
		}
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
	if full || len(p.params) >= 256 {
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
		b.WriteByte('/')
		if set, k, ok := setKey(raw); ok {
			if p = p.params[set+"()"]; p == nil {
				return nil
			}
			b.WriteString(set + "({" + setParam(set, k) + "})")
			name, run = "", 0
			continue
		}
		seg, ext := segment(raw, lastSegment(rest))
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
