package corpus

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// Label is one class in a document.
type Label struct {
	Class string
	Shown Shown
}

// Document is one answer of an API.
type Document struct {
	Language string
	Media    string // Content-Type
	Body     string
	Labels   map[Label]int // occurrences
	Records  int           // of a list; 0: it is none
}

// Languages returns the codes of the languages.
func Languages() (codes []string) {
	for _, l := range languages {
		codes = append(codes, l.code)
	}
	return codes
}

// Generate makes the document of a seed.
func Generate(seed uint64) *Document {
	r := newSource(seed)
	d := &maker{source: r, lang: languages[int(seed%uint64(len(languages)))], doc: &Document{Labels: make(map[Label]int)}}
	d.doc.Language = d.lang.code
	d.style = r.words("camel|camel|snake|snake|kebab|pascal|spaced|upper")
	switch n := r.IntN(100); {
	case n < 22:
		d.single()
	case n < 50:
		d.list()
	case n < 56:
		d.lines()
	case n < 62:
		d.table()
	case n < 68:
		d.markup()
	case n < 72:
		d.form()
	case n < 80:
		d.message()
	case n < 86:
		d.letter()
	case n < 90:
		d.stream()
	case n < 94:
		d.attributes()
	default:
		d.orders()
	}
	return d.doc
}

// maker makes one document.
type maker struct {
	source
	lang  *language
	doc   *Document
	style string // of the names of fields
}

// field is a field of a record: it has the same name in each record of a
// document, and a value of the same kind.
type field struct {
	name   string
	make   func() value
	shown  Shown
	nested string // the object that it is in; empty: the record itself
	extra  []string
}

// spell writes a name of some words in the document's style.
func (d *maker) spell(name string) string {
	words := strings.Fields(name)
	if strings.IndexFunc(name, func(r rune) bool { return r > 0x2000 }) >= 0 {
		return name
	}
	if d.chance(50) {
		name = plainLetters.Replace(name)
		words = strings.Fields(name)
	}
	title := func(w string) string {
		r := []rune(w)
		r[0] = unicode.ToUpper(r[0])
		return string(r)
	}
	switch d.style {
	case "camel", "pascal":
		for i := range words {
			if i > 0 || d.style == "pascal" {
				words[i] = title(words[i])
			}
		}
		return strings.Join(words, "")
	case "kebab":
		return strings.Join(words, "-")
	case "spaced":
		for i := range words {
			words[i] = title(words[i])
		}
		return strings.Join(words, " ")
	case "upper":
		return strings.ToUpper(strings.Join(words, "_"))
	}
	return strings.Join(words, "_")
}

var plainLetters = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "é", "e", "è", "e", "ñ", "n", "ł", "l", "å", "a", "ß", "ss", "í", "i", "ó", "o", "á", "a", "ã", "a", "ç", "c", "ê", "e", "ô", "o", "ø", "o", "ą", "a", "ę", "e", "ć", "c", "ż", "z", "ś", "s")

// mute are names that say nothing.
const mute = "value|contact|f3|data1|field7|info|x|c4|attr 2|param|custom field 12|content|detail|extra"

// fields chooses the fields of a record.
func (d *maker) fields(n, traps int) (list []field) {
	used := make(map[string]bool)
	for range n {
		seed := d.Uint64()
		sample := newSource(seed).personal(d.lang)
		again := newSource(seed ^ 1)
		f := field{make: func() value {
			for {
				if v := again.personal(d.lang); v.class == sample.class && v.key == sample.key && v.names == sample.names && v.number == sample.number && v.shape == sample.shape && len(v.extra) == len(sample.extra) {
					return v
				}
			}
		}}
		names := sample.names
		if names == "" {
			names = d.lang.fields[sample.key]
			if d.chance(15) { // many APIs have English names
				names = languages[0].fields[sample.key]
			}
		}
		name := d.words(names)
		quiet := 2
		if sample.shape {
			quiet = 14
		}
		switch {
		case d.chance(quiet) && (sample.key != "lat" || sample.names != ""):
			name, f.shown = d.words(mute), Untold
			if !sample.shape {
				f.shown = Hopeless
			}
		case d.chance(15) && (sample.key == "email" || sample.key == "phone" || sample.key == "birth"):
			name = d.words("customer|user|primary") + " " + name
		}
		if f.name = d.spell(name); used[strings.ToLower(f.name)] {
			continue
		}
		used[strings.ToLower(f.name)] = true
		if d.chance(15) {
			f.nested = d.spell(d.words("details|profile|personal|attributes|info block"))
		}
		for _, m := range sample.extra {
			e := m.name
			if e == "lon" {
				if e = d.words(d.lang.fields["lon"]); name == d.words(languages[0].fields["lat"]) {
					e = "lng"
				}
			}
			f.extra = append(f.extra, d.spell(e))
		}
		list = append(list, f)
	}
	for range traps {
		seed := d.Uint64()
		sample := newSource(seed).trap(d.lang)
		again := newSource(seed ^ 1)
		f := field{name: d.spell(d.words(sample.names)), make: func() value {
			for {
				if v := again.trap(d.lang); v.names == sample.names {
					return v
				}
			}
		}}
		if !used[strings.ToLower(f.name)] {
			used[strings.ToLower(f.name)] = true
			list = append(list, f)
		}
	}
	d.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// node is a member of JSON: text, number, list or object.
type node struct {
	name    string
	text    string
	raw     bool
	members []node // of an object
	items   []node // of a list
	isList  bool
}

func (n *node) write(b *strings.Builder) {
	switch {
	case n.isList:
		b.WriteByte('[')
		for i := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			n.items[i].write(b)
		}
		b.WriteByte(']')
	case n.members != nil:
		b.WriteByte('{')
		for i := range n.members {
			if i > 0 {
				b.WriteByte(',')
			}
			quote(b, n.members[i].name)
			b.WriteByte(':')
			n.members[i].write(b)
		}
		b.WriteByte('}')
	case n.raw:
		b.WriteString(n.text)
	default:
		quote(b, n.text)
	}
}

func quote(b *strings.Builder, s string) {
	q, _ := json.Marshal(s) // strings cannot fail
	b.Write(q)
}

// record makes a record of the fields, and counts its labels.
func (d *maker) record(fields []field, id int) node {
	rec := node{members: []node{{name: d.spell("id"), text: fmt.Sprint(id), raw: true}}}
	nested := make(map[string]int)
	for _, f := range fields {
		v := f.make()
		d.label(v, f.shown)
		m := []node{{name: f.name, text: v.text, raw: v.number && v.text != ""}}
		for i, e := range v.extra {
			m = append(m, node{name: f.extra[i], text: e.text, raw: v.number && e.name == "lon"})
		}
		if f.nested == "" {
			rec.members = append(rec.members, m...)
			continue
		}
		at, ok := nested[f.nested]
		if !ok {
			at = len(rec.members)
			nested[f.nested] = at
			rec.members = append(rec.members, node{name: f.nested, members: []node{}})
		}
		rec.members[at].members = append(rec.members[at].members, m...)
	}
	return rec
}

func (d *maker) label(v value, shown Shown) {
	if v.class != "" {
		d.doc.Labels[Label{v.class, shown}]++
	}
}

func (d *maker) json(n node) {
	var b strings.Builder
	n.write(&b)
	d.doc.Media, d.doc.Body = d.words("application/json|application/json; charset=utf-8|application/vnd.api+json"), b.String()
}

// single is one object, sometimes a person's by its name.
func (d *maker) single() {
	rec := d.record(d.fields(d.between(2, 6), d.between(0, 3)), d.between(1, 99999))
	if d.chance(40) {
		name := d.words(d.lang.person)
		if d.chance(50) {
			weak := map[string]string{"de": "name", "fr": "nom", "es": "nombre", "it": "nome", "pt": "nome", "nl": "naam", "pl": "nazwa", "sv": "namn"}[d.lang.code]
			if weak == "" || weak == "nazwa" {
				weak = "name"
			}
			rec.members = append(rec.members, node{name: weak, text: d.fullName(d.lang)})
			d.doc.Labels[Label{"name", Told}]++
		}
		rec = node{members: []node{{name: d.spell(name), members: rec.members}}}
	}
	d.json(rec)
}

func (d *maker) list() {
	n := d.between(2, 8)
	fields := d.fields(d.between(2, 5), d.between(0, 3))
	items := node{isList: true}
	for i := range n {
		items.items = append(items.items, d.record(fields, 1000+i))
	}
	d.doc.Records = n
	wrap := func(name string, more ...node) node {
		items.name = name
		return node{members: append([]node{items}, more...)}
	}
	num := func(name string, v int) node { return node{name: name, text: fmt.Sprint(v), raw: true} }
	switch d.IntN(8) {
	case 0:
		d.json(items)
	case 1:
		d.json(wrap("data", num("total", 200), num("page", 1)))
	case 2:
		d.json(wrap("items", node{name: "nextPageToken", text: "CAUQAA"}))
	case 3:
		d.json(wrap("value", node{name: "@odata.nextLink", text: "https://api.example.com/v1/x?$skip=20"}))
	case 4:
		w := wrap("customers")
		w.name = "_embedded"
		d.json(node{members: []node{w, {name: "page", members: []node{num("size", n), num("number", 0)}}}})
	case 5:
		for i := range items.items {
			items.items[i].name = "_source"
			items.items[i] = node{members: []node{{name: "_id", text: d.hex(12)}, items.items[i]}}
		}
		w := wrap("hits", num("max_score", 1))
		w.name = "hits"
		d.json(node{members: []node{num("took", 3), w}})
	case 6:
		for i := range items.items {
			items.items[i].name = "node"
			items.items[i] = node{members: []node{items.items[i], {name: "cursor", text: d.hex(10)}}}
		}
		w := wrap("edges", node{name: "pageInfo", members: []node{{name: "hasNextPage", text: "false", raw: true}}})
		w.name = "customers"
		d.json(node{members: []node{{name: "data", members: []node{w}}}})
	default:
		d.json(wrap("results", num("count", n), node{name: "next", text: "null", raw: true}))
	}
}

func (d *maker) lines() {
	fields := d.fields(d.between(2, 5), d.between(0, 2))
	var b strings.Builder
	n := d.between(2, 8)
	for i := range n {
		rec := d.record(fields, i)
		rec.write(&b)
		b.WriteByte('\n')
	}
	d.doc.Media, d.doc.Body, d.doc.Records = "application/x-ndjson", b.String(), n
}

// table is CSV.
func (d *maker) table() {
	fields := d.fields(d.between(2, 6), d.between(0, 3))
	sep := d.words(",|;|\t")
	cell := func(s string) string {
		if strings.ContainsAny(s, sep+"\"\n") {
			return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		return s
	}
	var b strings.Builder
	head := []string{"id"}
	for _, f := range fields {
		head = append(head, cell(f.name))
		for _, e := range f.extra {
			head = append(head, cell(e))
		}
	}
	b.WriteString(strings.Join(head, sep) + "\r\n")
	n := d.between(2, 9)
	for i := range n {
		row := []string{fmt.Sprint(i)}
		for _, f := range fields {
			v := f.make()
			d.label(v, f.shown)
			row = append(row, cell(v.text))
			for _, e := range v.extra {
				row = append(row, cell(e.text))
			}
		}
		b.WriteString(strings.Join(row, sep) + "\r\n")
	}
	d.doc.Media, d.doc.Body, d.doc.Records = "text/csv", b.String(), n
}

// markup is XML.
func (d *maker) markup() {
	d.style = d.words("camel|pascal|snake")
	fields := d.fields(d.between(2, 5), d.between(0, 2))
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response>\n")
	n := d.between(2, 6)
	for i := range n {
		fmt.Fprintf(&b, "  <record id=\"%d\">\n", i)
		for _, f := range fields {
			v := f.make()
			d.label(v, f.shown)
			fmt.Fprintf(&b, "    <%s>%s</%[1]s>\n", f.name, escape.Replace(v.text))
			for j, e := range v.extra {
				fmt.Fprintf(&b, "    <%s>%s</%[1]s>\n", f.extra[j], escape.Replace(e.text))
			}
		}
		b.WriteString("  </record>\n")
	}
	b.WriteString("</response>\n")
	d.doc.Media, d.doc.Body, d.doc.Records = "application/xml", b.String(), n
}

func (d *maker) form() {
	var pairs []string
	for _, f := range d.fields(d.between(2, 6), d.between(0, 2)) {
		v := f.make()
		d.label(v, f.shown)
		pairs = append(pairs, url.QueryEscape(f.name)+"="+url.QueryEscape(v.text))
		for j, e := range v.extra {
			pairs = append(pairs, url.QueryEscape(f.extra[j])+"="+url.QueryEscape(e.text))
		}
	}
	d.doc.Media, d.doc.Body = "application/x-www-form-urlencoded", strings.Join(pairs, "&")
}

// orders is JSON of traps alone.
func (d *maker) orders() {
	fields := d.fields(0, d.between(4, 9))
	items := node{isList: true}
	n := d.between(2, 8)
	for i := range n {
		rec := d.record(fields, i)
		rec.members = append(rec.members, node{name: "name", text: d.words(d.words(d.lang.products + "|" + d.lang.companies))})
		items.items = append(items.items, rec)
	}
	d.doc.Records = n
	d.json(items)
}

// attributes is JSON of names and values side by side.
func (d *maker) attributes() {
	d.style = d.words("snake|camel")
	list := node{isList: true}
	for _, f := range d.fields(d.between(2, 5), 2) {
		v := f.make()
		if len(v.extra) > 0 {
			continue
		}
		d.label(v, f.shown)
		list.items = append(list.items, node{members: []node{{name: "field", text: f.name}, {name: "value", text: v.text}}})
	}
	list.name = "fields"
	d.json(node{members: []node{{name: "id", text: d.uuid()}, list}})
}
