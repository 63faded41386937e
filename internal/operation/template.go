package operation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// Bounds of templates and of what is matched against them.
const (
	maxSegments = 48   // of a path; longer ones match nothing
	maxPath     = 4096 // bytes of a path
	maxParams   = 16   // of a template
	maxSteps    = 2048 // of one match: hostile documents must not make it slow
)

// Template is the path of an operation with names for what varies, and what is
// known of the operations under it. It is immutable once it can be matched.
type Template struct {
	Text  string                // "/customers/{id}"
	Basis event.Basis           // document, router, learned or person
	Ops   map[string]*Described // by method, of the API's description; nil: there is none
	Name  string                // given by a person; empty: none

	// Set by prepare, from Text.

	Params []Param  // in order
	List   string   // type of the objects that the last collection holds; empty: none
	Words  []string // the fixed segments
}

// Param is a parameter of a template.
type Param struct {
	Name string // "id"
	Type string // of the object that its value is the id of; empty: it names none
	Join int    // how many values before belong to the id: 1 for repo in /repos/{owner}/{repo}
	Key  bool   // it is an OData key, Customers({id}): text is in quotes
}

// Described is an operation as a description of the API has it.
type Described struct {
	Name       string         // operationId; empty: none
	Action     event.Action   // by an extension; empty: as method and path say
	Requires   event.Requires // empty: it does not say
	Choices    []Choice       // each is enough, where Requires is not RequiresNothing
	Deprecated bool
	Statuses   []string          // of the answers that are described, as OpenAPI spells them: "200", "4XX", "default"; sorted
	Answer     string            // type of the objects in the answer, by the name of its schema; empty: not known
	Fixed      map[string]bool   // path parameters with a list of values: these are no ids
	Query      map[string]string // types of the objects that query parameters name
}

// Choice is one way to be let in.
type Choice struct {
	Methods []string // of event.Credential.Method; none: any
	Scopes  []string // sorted
}

// parts is a segment with parameters: literals around them. "{a}...{b}" has
// the literals "", "..." and "".
type parts []string

// parseSegment returns the literals and names of a segment of a template.
func parseSegment(seg string) (lits parts, names []string, err error) {
	for {
		i := strings.IndexByte(seg, '{')
		if i < 0 {
			return append(lits, seg), names, nil
		}
		end := strings.IndexByte(seg[i:], '}')
		if end < 2 {
			return nil, nil, fmt.Errorf("segment %q: a brace is open or empty", seg)
		}
		name := strings.TrimRight(seg[i+1:i+end], "*+?")
		if len(names) > 0 && i == 0 {
			return nil, nil, fmt.Errorf("segment %q: two parameters follow each other", seg)
		}
		lits, names = append(lits, seg[:i]), append(names, name)
		seg = seg[i+end+1:]
	}
}

// split calls yield for each segment of a path, without empty ones and without
// matrix parameters.
func split(path string, yield func(seg string) bool) {
	for len(path) > 0 {
		seg := path
		if i := strings.IndexByte(path, '/'); i >= 0 {
			seg, path = path[:i], path[i+1:]
		} else {
			path = ""
		}
		if i := strings.IndexByte(seg, ';'); i >= 0 {
			seg = seg[:i]
		}
		if seg != "" && !yield(seg) {
			return
		}
	}
}

// Matcher finds the template of a path. Literal segments win over parameters,
// and parameters with more fixed text over those with less. It is immutable.
type Matcher struct {
	root *mnode
	list []*Template
}

type mnode struct {
	words  map[string]*mnode
	params []mparam // most fixed text first
	end    *Template
	rest   *Template // takes what is left of a path: parameters such as {path}
}

type mparam struct {
	lits parts
	node *mnode
}

// restNames are parameters whose values are paths by themselves.
var restNames = map[string]bool{"path": true, "file": true, "filename": true, "filepath": true, "file_path": true, "rest": true, "wildcard": true, "proxy": true, "splat": true, "key": true, "ref": true}

// NewMatcher returns a matcher of templates, or an error that names the one
// that is none.
func NewMatcher(templates []*Template) (*Matcher, error) {
	m := &Matcher{root: new(mnode), list: templates}
	for _, t := range templates {
		if err := m.add(t); err != nil {
			return nil, fmt.Errorf("template %q: %w", t.Text, err)
		}
	}
	return m, nil
}

func (m *Matcher) add(t *Template) error {
	n, params, segments := m.root, 0, 0
	var last []string
	var err error
	split(t.Text, func(seg string) bool {
		var lits parts
		if lits, last, err = parseSegment(seg); err != nil {
			return false
		}
		params += len(last)
		if segments++; segments > maxSegments || params > maxParams {
			err = fmt.Errorf("it has more than %d segments or %d parameters", maxSegments, maxParams)
			return false
		}
		if len(last) == 0 {
			n = n.word(seg)
			return true
		}
		if len(lits) == 2 && lits[0] == "" && lits[1] == "" && restNames[strings.ToLower(last[0])] && n.rest == nil {
			n.rest = t
		}
		n = n.param(lits)
		return true
	})
	if err != nil {
		return err
	}
	if len(last) == 0 || !strings.HasSuffix(t.Text, "}") {
		m.forget(t)
	}
	if n.end == nil {
		n.end = t
	}
	return nil
}

// forget removes t as the taker of rests, where its parameter is not the last.
func (m *Matcher) forget(t *Template) {
	n := m.root
	split(t.Text, func(seg string) bool {
		if n.rest == t {
			n.rest = nil
		}
		lits, names, _ := parseSegment(seg)
		if len(names) == 0 {
			n = n.word(seg)
		} else {
			n = n.param(lits)
		}
		return true
	})
}

func (n *mnode) word(seg string) *mnode {
	if n.words == nil {
		n.words = make(map[string]*mnode)
	}
	if n.words[seg] == nil {
		n.words[seg] = new(mnode)
	}
	return n.words[seg]
}

func (n *mnode) param(lits parts) *mnode {
	for _, p := range n.params {
		if slices.Equal(p.lits, lits) {
			return p.node
		}
	}
	child := new(mnode)
	n.params = append(n.params, mparam{lits, child})
	slices.SortStableFunc(n.params, func(a, b mparam) int { return cmp.Compare(b.lits.weight(), a.lits.weight()) })
	return child
}

func (l parts) weight() (n int) {
	for _, s := range l {
		n += len(s)
	}
	return n + len(l)
}

// Match is what a path came to. Values are parts of the path, as sent.
type Match struct {
	Template *Template
	Values   [maxParams]string
	n        int // values
	steps    int
}

// Find finds the template of path. It reports false if there is none.
func (m *Matcher) Find(path string, out *Match) bool {
	if m == nil || len(m.list) == 0 || len(path) > maxPath {
		return false
	}
	out.n, out.steps = 0, 0
	return m.root.find(strings.TrimPrefix(path, "/"), out, false) || m.root.find(strings.TrimPrefix(path, "/"), out, true)
}

// next returns the first segment of path, and what follows.
func next(path string) (seg, rest string) {
	for path != "" && seg == "" {
		if i := strings.IndexByte(path, '/'); i >= 0 {
			seg, path = path[:i], path[i+1:]
		} else {
			seg, path = path, ""
		}
		if i := strings.IndexByte(seg, ';'); i >= 0 {
			seg = seg[:i]
		}
	}
	return seg, path
}

func (n *mnode) find(path string, out *Match, rest bool) bool {
	if out.steps++; out.steps > maxSteps {
		return false
	}
	seg, after := next(path)
	if seg == "" {
		out.Template = n.end
		return n.end != nil
	}
	if child := n.words[seg]; child != nil && child.find(after, out, rest) {
		return true
	}
	before := out.n
	for i := range n.params {
		p := &n.params[i]
		if p.lits.values(seg, out) && p.node.find(after, out, rest) {
			return true
		}
		out.n = before
	}
	if rest && n.rest != nil && out.n < maxParams {
		out.Values[out.n] = path
		out.n++
		out.Template = n.rest
		return true
	}
	return false
}

// values appends the values of the parameters in seg.
func (l parts) values(seg string, out *Match) bool {
	if !strings.HasPrefix(seg, l[0]) {
		return false
	}
	seg = seg[len(l[0]):]
	for i, lit := range l[1:] {
		end := len(seg)
		switch {
		case i == len(l)-2:
			if !strings.HasSuffix(seg, lit) {
				return false
			}
			end -= len(lit)
		default:
			if end = strings.Index(seg, lit); end < 0 {
				return false
			}
		}
		if end == 0 || out.n >= maxParams {
			return false
		}
		out.Values[out.n] = seg[:end]
		out.n++
		seg = seg[end+len(lit):]
	}
	return true
}

// prepare fills what follows from the text of t. Parameters that follow each
// other after a collection are one composite id.
func (t *Template) prepare() error {
	var err error
	collection, run := "", 0 // the word before, and the parameters since
	t.Params, t.Words, t.List = nil, nil, ""
	split(t.Text, func(seg string) bool {
		var names []string
		if _, names, err = parseSegment(seg); err != nil {
			return false
		}
		if set := setOf(seg); set != "" {
			for _, name := range names {
				p := Param{Name: name, Key: true}
				if name != manyKeys && len(names) == 1 {
					p.Type = typeOf(set)
				}
				t.Params = append(t.Params, p)
			}
			collection, run = "", 0
			t.List = typeOf(set)
			return true
		}
		for _, name := range names {
			p := Param{Name: name, Type: paramType(name, collection)}
			if last := len(t.Params) - 1; run > 0 && p.Type != "" && t.Params[last].Type == p.Type {
				p.Join = t.Params[last].Join + 1
				t.Params[last].Type = ""
			}
			t.Params = append(t.Params, p)
			run++
		}
		if len(names) == 0 {
			t.Words = append(t.Words, seg)
			collection, run = seg, 0
			if listWord(seg) {
				t.List = typeOf(seg)
			}
		}
		return true
	})
	return err
}

// listWord reports whether the objects of an answer can be of the type that a
// word of the path names.
func listWord(seg string) bool {
	return Shape(seg) == Word && !neutral[strings.ToLower(seg)]
}

// neutral are words that name no type of object.
var neutral = wordSet(`api rest v1 v2 v3 me my self all search find list query export import count stats statistics bulk batch new latest recent status health healthz ping
login logout token refresh cancel archive restore activate deactivate content contents download upload public private internal admin current default summary
verify validate confirm approve reject publish move copy clone close open lock unlock start stop pause resume retry whoami preview graphql rpc events stream watch compare`)

// noObject are parameters that name no object.
var noObject = wordSet(`kind type format locale lang language version action status state date day month year week page limit offset cursor sort order direction
mode view scope period from to ext extension size width height currency unit base head basehead method verb operation`)

// paramType returns the type of the object that a parameter after a collection
// names; empty if it names none.
func paramType(name, collection string) string {
	bare := kebab(name)
	if noObject[bare] || strings.HasSuffix(bare, "-type") {
		return ""
	}
	if collection != "" && listWord(collection) {
		return typeOf(collection)
	}
	return nameType(bare)
}

// nameType returns the type of the object whose id goes by a name in kebab
// case: "customer" for "customer-id". It is empty for "id" alone.
func nameType(bare string) string {
	for _, suffix := range []string{"-ids", "-id", "-uuid", "-slug", "-number", "-name", "-key", "-code", "-no"} {
		if stem, ok := strings.CutSuffix(bare, suffix); ok && stem != "" {
			return typeOf(stem)
		}
	}
	if idName[bare] {
		return ""
	}
	return typeOf(bare)
}

// idName are names of an object's own id.
var idName = wordSet(`id ids uuid guid slug key code uid oid _id number name login username handle sku`)
