package detect

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// SigmaSource is a kind of log that rules of Sigma are written for, and how
// its fields are called here.
type SigmaSource struct {
	Product, Category, Service string            // of the rule's logsource; empty: any
	Where                      map[string]string // what an event must have to be of it
	Fields                     map[string]string // field by the name that Sigma has, in lower case
	Others                     string            // put before the names of other fields; empty: they are not known
	Keywords                   string            // the field in which words without a field are looked for; empty: none
}

// SigmaSources are the kinds of log that are known without a mapping file.
func SigmaSources() []SigmaSource {
	web := map[string]string{
		"cs-method": "operation.method", "c-uri": "what.uri", "cs-uri": "what.uri", "c-uri-query": "what.query", "cs-uri-query": "what.query",
		"cs-uri-stem": "what.path", "c-uri-stem": "what.path", "cs-host": "operation.host", "sc-status": "outcome.status", "c-useragent": "who.user_agent",
		"cs-user-agent": "who.user_agent", "c-ip": "who.address", "src_ip": "who.address", "cs-bytes": "request.bytes", "sc-bytes": "response.bytes",
		"cs-username": "who.subject", "sc-content-type": "response.type",
	}
	return []SigmaSource{
		{Product: "aws", Service: "cloudtrail", Where: map[string]string{"capture.source": "cloudtrail"}, Others: originalPrefix, Keywords: "payload.original",
			Fields: map[string]string{"eventsource": "operation.host", "useragent": "who.user_agent", "sourceipaddress": "original.sourceIPAddress"}},
		{Category: "webserver", Fields: web, Keywords: "what.uri"},
		{Category: "proxy", Fields: web, Keywords: "what.uri"},
	}
}

// ParseSigmaMapping reads a mapping file: a list "sources" of sections with
// product, category, service, where, fields, others and keywords, as in
// [SigmaSource].
func ParseSigmaMapping(f File) ([]SigmaSource, error) {
	r := &reader{file: f.Name}
	var out []SigmaSource
	for _, doc := range r.documents(f.Data) {
		if !r.known(doc, "", "sources") {
			continue
		}
		list := doc.get("sources")
		if list == nil || len(list.items) == 0 {
			r.at(doc, "sources", "is no list of sources, write - product: below it")
			continue
		}
		for i, n := range list.items {
			path := fmt.Sprintf("sources[%d]", i)
			if !r.known(n, path, "product", "category", "service", "where", "fields", "others", "keywords") {
				continue
			}
			s := SigmaSource{Product: r.str(n, path, "product"), Category: r.str(n, path, "category"), Service: r.str(n, path, "service"),
				Others: r.str(n, path, "others"), Keywords: r.str(n, path, "keywords"), Where: map[string]string{}, Fields: map[string]string{}}
			if s.Product+s.Category+s.Service == "" {
				r.at(n, path, "says neither product, category nor service, and would be for all rules")
			}
			if s.Others != "" && !strings.HasPrefix(s.Others, originalPrefix) {
				r.at(n.get("others"), path+".others", "is put before the names of fields, and must begin with %s", originalPrefix)
			}
			if s.Keywords != "" {
				r.field(n.get("keywords"), path+".keywords", s.Keywords)
			}
			for key, into := range map[string]map[string]string{"where": s.Where, "fields": s.Fields} {
				part := n.get(key)
				if part == nil {
					continue
				}
				for _, p := range part.pairs {
					if name := p.value.text; key == "fields" {
						r.field(p.value, join(path+".fields", p.key), name)
						into[strings.ToLower(p.key)] = name
					} else {
						r.field(p.value, join(path+".where", p.key), p.key)
						into[p.key] = name
					}
				}
			}
			out = append(out, s)
		}
	}
	if len(r.problems) > 0 {
		return nil, r.problems.sorted()
	}
	return out, nil
}

// SigmaRule is what became of one rule of Sigma.
type SigmaRule struct {
	File    string
	Line    int
	Title   string
	Source  string   // its logsource: "aws, cloudtrail"
	Text    []byte   // the rule as it is written here; nil: it does not load
	Reasons Problems // why it does not load
}

// ImportSigma rewrites rules of Sigma (2.1) as rules of Gatebook: one SigmaRule
// for each document, in the order of the files. Each rule that has a Text
// loads, together with those of its own file; rules in other files are not
// looked for. Fields are renamed by the first of sources that a rule is for.
// Not known are fieldref, expand, neq, aggregations after a bar, and what the
// reference of rules (docs/rules.md) excludes.
func ImportSigma(files []File, sources []SigmaSource) []SigmaRule {
	var out []SigmaRule
	for _, f := range files {
		im := &sigmaImport{reader: &reader{file: f.Name, numbers: map[string]int{}}, sources: sources, names: map[string]string{}, of: map[string]*SigmaSource{}}
		docs := im.documents(f.Data)
		if len(docs) == 0 {
			out = append(out, SigmaRule{File: f.Name, Line: 1, Reasons: im.problems})
			continue
		}
		var rules []SigmaRule
		for i, d := range docs {
			rules = append(rules, im.rule(d, i))
		}
		checkSigma(rules)
		out = append(out, rules...)
	}
	return out
}

// checkSigma loads the rules of a file, and takes the text from those that do
// not load, and from those that refer to them.
func checkSigma(rules []SigmaRule) {
	for range rules {
		var file File
		var of []int
		for i := range rules {
			if rules[i].Text != nil {
				file.Data = append(append(file.Data, "---\n"...), rules[i].Text...)
				of = append(of, i)
			}
		}
		if len(of) == 0 {
			return
		}
		_, err := Load([]File{file})
		problems, _ := err.(Problems)
		if len(problems) == 0 {
			return
		}
		// Which document is a line of? Documents follow each other.
		end := 0
		for _, i := range of {
			begin := end + 1
			end += bytes.Count(rules[i].Text, []byte("\n")) + 1
			for _, p := range problems {
				if p.Line >= begin && p.Line <= end {
					rules[i].Reasons = append(rules[i].Reasons, Problem{rules[i].File, rules[i].Line, 1, p.Key, p.Message})
				}
			}
		}
		for _, i := range of {
			if len(rules[i].Reasons) > 0 {
				rules[i].Text = nil
			}
		}
	}
}

type sigmaImport struct {
	*reader
	sources []SigmaSource
	names   map[string]string       // of rules, as they are called here, by how the file calls them
	of      map[string]*SigmaSource // sources of rules, by how the file calls them
	source  *SigmaSource            // of the rule that is read
}

var slugForm = regexp.MustCompile(`[^a-z0-9]+`)

func (im *sigmaImport) rule(n *node, serial int) SigmaRule {
	im.problems, im.source = nil, nil
	s := SigmaRule{File: im.file, Line: max(n.line, 1)}
	if n.shape != section || n.get("detection") == nil && n.get("correlation") == nil {
		im.at(n, "", "is no rule of Sigma: it has neither detection nor correlation")
		s.Reasons = im.problems
		return s
	}
	s.Title = im.str(n, "", "title")
	id, given := im.str(n, "", "id"), im.str(n, "", "name")
	name := strings.TrimSuffix(path.Base(im.file), path.Ext(im.file))
	if serial > 0 || given != "" {
		name += "-" + given
	}
	name = strings.Trim(slugForm.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if serial > 0 && given == "" {
		name += fmt.Sprint(serial)
	}
	name = name[:min(len(name), 64)]
	doc := yaml.MapSlice{{Key: "title", Value: s.Title}, {Key: "id", Value: strings.ToLower(id)}, {Key: "name", Value: name}}
	for _, key := range []string{"status", "level", "description", "author", "date"} {
		if v := im.str(n, "", key); v != "" && !(key == "status" && !slices.Contains(statuses, v)) {
			doc = append(doc, yaml.MapItem{Key: key, Value: v})
		}
	}
	for _, key := range []string{"references", "falsepositives"} {
		if v := im.strs(n, "", key); len(v) > 0 {
			doc = append(doc, yaml.MapItem{Key: key, Value: v})
		}
	}
	var tags []string
	for _, t := range im.strs(n, "", "tags") {
		if t = strings.ReplaceAll(strings.ToLower(t), "_", "-"); tagForm.MatchString(t) {
			tags = append(tags, t)
		}
	}
	if len(tags) > 0 {
		doc = append(doc, yaml.MapItem{Key: "tags", Value: tags})
	}
	im.problems = nil // what people read need not be right
	if c := n.get("correlation"); c != nil {
		s.Source = "correlation"
		doc = append(doc, yaml.MapItem{Key: "correlation", Value: im.correlationOf(c)})
	} else {
		s.Source = im.findSource(n.get("logsource"))
		doc = append(doc, yaml.MapItem{Key: "logsource", Value: yaml.MapSlice{{Key: "product", Value: "gatebook"}, {Key: "category", Value: "access"}}})
		if im.source != nil {
			doc = append(doc, yaml.MapItem{Key: "detection", Value: im.detectionOf(n.get("detection"))})
		}
	}
	for _, key := range []string{id, given} {
		if key != "" {
			im.names[key], im.of[key] = name, im.source
		}
	}
	if s.Reasons = im.problems; len(s.Reasons) > 0 {
		return s
	}
	text, err := yaml.Marshal(doc)
	if err != nil {
		s.Reasons = Problems{{im.file, s.Line, 1, "", "cannot be written: " + err.Error()}}
		return s
	}
	s.Text = text
	return s
}

// findSource sets the source of a rule, and returns how to call it.
func (im *sigmaImport) findSource(n *node) string {
	if n == nil || n.shape != section {
		im.report(1, 1, "logsource", "is missing")
		return ""
	}
	p, c, s := im.str(n, "logsource", "product"), im.str(n, "logsource", "category"), im.str(n, "logsource", "service")
	fits := func(want, got string) bool { return want == "" || strings.EqualFold(want, got) }
	for i := range im.sources {
		if x := &im.sources[i]; fits(x.Product, p) && fits(x.Category, c) && fits(x.Service, s) {
			im.source = x
			break
		}
	}
	var parts []string
	for _, x := range []string{p, c, s} {
		if x != "" {
			parts = append(parts, x)
		}
	}
	name := strings.Join(parts, ", ")
	if im.source == nil {
		im.at(n, "logsource", "is %s, for which there is no mapping of fields: write one, --mapping", name)
	}
	return name
}

func (im *sigmaImport) detectionOf(n *node) yaml.MapSlice {
	var out yaml.MapSlice
	cond := ""
	for _, p := range n.pairs {
		switch p.key {
		case "condition":
			if cond = p.value.text; p.value.shape != scalar {
				im.at(p.value, "detection.condition", "is a list of conditions, of which old Sigma makes several rules: split it")
			}
			if strings.Contains(cond, "|") {
				im.at(p.value, "detection.condition", "aggregations after | are of old Sigma; Sigma 2 has correlations")
			}
		case "timeframe":
			im.report(p.line, p.column, "detection.timeframe", "is of old Sigma, where aggregations were in the condition; Sigma 2 has correlations")
		default:
			out = append(out, yaml.MapItem{Key: p.key, Value: im.selectionOf(p.value, join("detection", p.key))})
		}
	}
	if len(im.source.Where) > 0 {
		where := yaml.MapSlice{}
		var names []string
		for k := range im.source.Where {
			names = append(names, k)
		}
		slices.Sort(names)
		for _, k := range names {
			where = append(where, yaml.MapItem{Key: k, Value: im.source.Where[k]})
		}
		out = append(out, yaml.MapItem{Key: "_of_this_log", Value: where})
		cond = "_of_this_log and (" + cond + ")"
	}
	return append(out, yaml.MapItem{Key: "condition", Value: cond})
}

func (im *sigmaImport) selectionOf(n *node, at string) any {
	switch n.shape {
	case section:
		out := yaml.MapSlice{}
		for _, p := range n.pairs {
			if item, ok := im.testOf(p, at); ok {
				out = append(out, item)
			}
		}
		return out
	case list:
		var sections []any
		var words []string
		for _, item := range n.items {
			switch item.shape {
			case section:
				sections = append(sections, im.selectionOf(item, at))
			case scalar:
				words = append(words, item.text)
			}
		}
		if len(words) > 0 {
			if im.source.Keywords == "" {
				im.at(n, at, "has words without a field, and the mapping names no field to look for them in")
			}
			sections = append(sections, yaml.MapSlice{{Key: im.source.Keywords + "|contains", Value: words}})
		}
		return sections
	}
	im.at(n, at, "is no selection")
	return nil
}

// correlationOf rewrites a correlation. Its fields are those of the rules that
// it is over, which must stand before it in the file.
func (im *sigmaImport) correlationOf(n *node) yaml.MapSlice {
	const at = "correlation"
	var out yaml.MapSlice
	var src *SigmaSource
	var rules []string
	for _, name := range im.strs(n, at, "rules") {
		here, ok := im.names[name]
		if !ok {
			im.at(orNode(n.get("rules"), n), at+".rules", "there is no rule %q before it in the same file", clip(name))
			continue
		}
		rules = append(rules, here)
		if src == nil {
			src = im.of[name]
		}
	}
	im.source = src
	rename := func(name string) string {
		if src != nil {
			if f, ok := src.field(name); ok {
				return f
			}
		}
		return name
	}
	aliases := map[string]bool{}
	if a := n.get("aliases"); a != nil && a.shape == section {
		for _, p := range a.pairs {
			aliases[p.key] = true
		}
	}
	for _, p := range n.pairs {
		switch p.key {
		case "rules":
			out = append(out, yaml.MapItem{Key: "rules", Value: rules})
		case "group-by":
			var fields []string
			for _, name := range im.strs(n, at, "group-by") {
				if !aliases[name] {
					name = rename(name)
				}
				fields = append(fields, name)
			}
			out = append(out, yaml.MapItem{Key: "group-by", Value: fields})
		case "aliases":
			all := yaml.MapSlice{}
			for _, a := range p.value.pairs {
				one := yaml.MapSlice{}
				for _, r := range a.value.pairs {
					one = append(one, yaml.MapItem{Key: im.names[r.key], Value: rename(r.value.text)})
				}
				all = append(all, yaml.MapItem{Key: a.key, Value: one})
			}
			out = append(out, yaml.MapItem{Key: "aliases", Value: all})
		case "condition":
			cond := yaml.MapSlice{}
			for _, c := range p.value.pairs {
				v := c.value.text
				if c.key == "field" {
					v = rename(v)
				}
				cond = append(cond, yaml.MapItem{Key: c.key, Value: v})
			}
			out = append(out, yaml.MapItem{Key: "condition", Value: cond})
		case "type", "timespan", "generate":
			out = append(out, yaml.MapItem{Key: p.key, Value: p.value.text})
		default:
			im.report(p.line, p.column, join(at, p.key), "is not known here")
		}
	}
	return out
}
