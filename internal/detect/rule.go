package detect

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Levels are the levels of a rule, lowest first.
var Levels = []string{"informational", "low", "medium", "high", "critical"}

var (
	statuses   = []string{"experimental", "test", "stable", "deprecated", "unsupported"}
	categories = []string{string(event.Access), string(event.Gap), string(event.Look), string(event.Decision), string(event.System)}
	// Responses are what a rule can propose to do.
	Responses = []string{"notify-owner", "throttle", "block", "revoke", "step-up", "hold", "rate-limit", "review"}
)

// Rule is one rule: a document of a file. What is exported is as it was
// written; a rule is not changed after [Load].
type Rule struct {
	Name        string   // short and unique: what people and other rules call it
	ID          string   // a UUID, for ever
	Title       string   // one line for the person who gets the alert
	Status      string   // experimental, test, stable
	Level       string   // one of [Levels]
	Description string   // what it means
	Check       []string // what to look at
	Act         []string // what to do
	Benign      []string // known causes that are no attack
	Tags        []string // attack.*, owasp.*
	Response    []string // of [Responses]
	Kind        string   // the type of its correlation; empty: it looks at one event
	Points      int      // of risk that a finding adds to its entity
	Quiet       bool     // it only feeds other rules, and makes no finding of its own
	Disabled    bool     // by [Set.Adjust]
	File        string
	Line        int
	Text        []byte        // the file, as it was read; not to be changed
	Cost        time.Duration // what its tests can take for an event, by estimate

	category event.Kind
	match    predicate // nil: it has a correlation over other rules only
	corr     *correlation
	entity   []*field // of the finding and its risk, where there is no group-by
	dedup    dedup
	risk     []*field // entity of the risk; nil: that of the finding
	halfLife time.Duration
	tests    []ruleTest
	sum      string // hash of the document: state of another text is not taken over
	payload  bool   // it names a field of the payload envelope
	node     *node
}

// dedup says when a finding is one too many.
type dedup struct {
	by   []*field      // nil: the entity
	span time.Duration // 0: each is one
}

// File is a file of rules.
type File struct {
	Name string // for messages
	Data []byte
}

// Set is rules that belong together, compiled. It can be used by several
// engines at once.
type Set struct {
	Rules []*Rule // those that others refer to come first
	tests int     // different ones, in all rules
}

// Rule returns the rule of that name or id, or nil.
func (s *Set) Rule(name string) *Rule {
	for _, r := range s.Rules {
		if r.Name == name || r.ID == name {
			return r
		}
	}
	return nil
}

// Load reads and compiles rules. The error is of type [Problems] and holds
// everything that is wrong; then the Set is nil.
func Load(files []File) (*Set, error) {
	var rules []*Rule
	var problems Problems
	numbers := map[string]int{}
	for _, f := range files {
		r := &reader{file: f.Name, numbers: numbers}
		docs := r.documents(f.Data)
		if len(docs) == 0 && len(r.problems) == 0 {
			r.report(1, 1, "", "has no rule")
		}
		for _, d := range docs {
			if rule := r.rule(d); rule != nil {
				rule.sum, rule.Text = digest(f.Data), f.Data
				rules = append(rules, rule)
			}
		}
		problems = append(problems, r.problems...)
	}
	set, more := resolve(rules)
	set.tests = len(numbers)
	if problems = append(problems, more...); len(problems) > 0 {
		return nil, problems.sorted()
	}
	return set, nil
}

var (
	nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	tagForm  = regexp.MustCompile(`^[a-z0-9-]+\.[a-z0-9._-]+$`)
)

// ruleKeys are the keys of a document. The last ones are read by people only.
var ruleKeys = []string{
	"title", "id", "name", "status", "level", "description", "check", "act", "falsepositives", "tags", "logsource",
	"detection", "correlation", "entity", "dedup", "risk", "response", "tests",
	"author", "date", "modified", "references", "license", "related", "fields", "taxonomy",
}

func (r *reader) rule(n *node) *Rule {
	if !r.known(n, "", ruleKeys...) {
		return nil
	}
	rule := &Rule{
		Name: r.str(n, "", "name"), ID: r.str(n, "", "id"), Title: r.str(n, "", "title"), Description: r.str(n, "", "description"),
		Check: r.strs(n, "", "check"), Act: r.strs(n, "", "act"), Benign: r.strs(n, "", "falsepositives"), Tags: r.strs(n, "", "tags"),
		Response: r.strs(n, "", "response"), File: r.file, Line: n.line, node: n,
	}
	if rule.Title == "" {
		r.at(n, "title", "is missing, say in one line what was found")
	}
	if !uuidForm.MatchString(rule.ID) {
		r.at(orNode(n.get("id"), n), "id", "%q is not a UUID in lower case; make one once, and keep it when the rule changes", clip(rule.ID))
	}
	switch {
	case rule.Name == "":
		rule.Name = rule.ID
	case !nameForm.MatchString(rule.Name):
		r.at(n.get("name"), "name", "%q: want lower-case letters, digits, - and _, at most 64", clip(rule.Name))
	}
	rule.Status = r.oneOf(n, "", "status", statuses, "experimental")
	rule.Level = r.oneOf(n, "", "level", Levels, "medium")
	for _, t := range rule.Tags {
		if !tagForm.MatchString(t) {
			r.at(n.get("tags"), "tags", "%q: want a namespace, a point and a name, such as attack.t1119 or owasp.api1", clip(t))
		}
	}
	for _, t := range rule.Response {
		if !slices.Contains(Responses, t) {
			r.at(n.get("response"), "response", "there is no response %q%s", clip(t), suggest(t, Responses))
		}
	}
	r.logsource(rule, n.get("logsource"))
	r.detection(rule, n)
	r.handling(rule, n)
	rule.tests = r.tests(n.get("tests"))
	rule.payload = r.payload || readsPayload(n)
	return rule
}

func orNode(n, other *node) *node {
	if n == nil {
		return other
	}
	return n
}

func (r *reader) oneOf(n *node, path, key string, known []string, missing string) string {
	v := r.str(n, path, key)
	if v == "" {
		return missing
	}
	if !slices.Contains(known, v) {
		r.at(n.get(key), join(path, key), "there is no %s %q%s", key, clip(v), suggest(v, known))
		return missing
	}
	return v
}

func (r *reader) logsource(rule *Rule, n *node) {
	rule.category = event.Access
	if n == nil || !r.known(n, "logsource", "product", "category", "service", "definition") {
		return
	}
	if p := r.str(n, "logsource", "product"); p != "" && p != "gatebook" {
		r.at(n.get("product"), "logsource.product", "is %q, whose fields are not those of an event: rewrite the rule for product: gatebook", clip(p))
	}
	rule.category = event.Kind(r.oneOf(n, "logsource", "category", categories, string(event.Access)))
}

// detection reads detection and correlation.
func (r *reader) detection(rule *Rule, n *node) {
	d, c := n.get("detection"), n.get("correlation")
	if d == nil && c == nil {
		r.at(n, "detection", "is missing, write selections and a condition")
		return
	}
	if d != nil {
		if n.get("logsource") == nil {
			r.at(n, "logsource", "is missing, write product: gatebook and category: access below it")
		}
		r.cost, r.payload = 0, false
		rule.match = r.detect(d)
		if rule.Cost = r.cost; rule.Cost > maxCost {
			r.at(d, "detection", "is too expensive: its tests can take about %s for each event, and at most %s are allowed; write fewer values, look at shorter fields than bodies, or use startswith, endswith or whole values instead of contains and re", rule.Cost.Round(time.Microsecond), maxCost)
		}
	}
	if c != nil {
		if rule.corr = r.correlation(c, d != nil); rule.corr != nil {
			rule.Kind = rule.corr.kind
		}
	}
}

func (r *reader) detect(n *node) predicate {
	if n.shape != section {
		r.at(n, "detection", "is not a section, write selections and a condition below it")
		return nil
	}
	selections := map[string]predicate{}
	var names []string
	var extra *when
	for _, p := range n.pairs {
		if p.key == "when" && p.value.shape == scalar { // else a selection of that name
			extra = r.when(p.value)
			continue
		}
		switch p.key {
		case "condition":
			continue
		case "timeframe":
			r.report(p.line, p.column, "detection.timeframe", "is of old Sigma, write a correlation with a timespan")
			continue
		}
		names = append(names, p.key)
		selections[p.key] = r.selection(p.value, join("detection", p.key))
	}
	text := r.str(n, "detection", "condition")
	if text == "" {
		r.at(orNode(n.get("condition"), n), "detection.condition", "is missing, write which selections must hold")
		return nil
	}
	p, err := condition(text, names, selections)
	if err != nil {
		r.at(n.get("condition"), "detection.condition", "%s", err)
	}
	if extra != nil && p != nil {
		return and([]predicate{p, extra.holds})
	}
	return p
}

// handling reads what becomes of a finding.
func (r *reader) handling(rule *Rule, n *node) {
	rule.dedup.span = time.Hour
	if n.get("entity") != nil {
		rule.entity = r.fields(n, "", "entity")
	}
	if d := n.get("dedup"); d != nil && r.known(d, "dedup", "by", "timespan") {
		if d.get("by") != nil {
			rule.dedup.by = r.fields(d, "dedup", "by")
		}
		if d.get("timespan") != nil {
			rule.dedup.span = r.span(d, "dedup", "timespan")
		}
	}
	rule.halfLife = 24 * time.Hour
	if k := n.get("risk"); k != nil && r.known(k, "risk", "points", "entity", "half_life") {
		if k.get("points") != nil {
			rule.Points = int(r.count(k, "risk", "points", 1, 1000))
		}
		if k.get("entity") != nil {
			rule.risk = r.fields(k, "risk", "entity")
		}
		if k.get("half_life") != nil {
			rule.halfLife = r.span(k, "risk", "half_life")
		}
	}
}

// span reads a duration of at least a second.
func (r *reader) span(n *node, path, key string) time.Duration {
	text := r.str(n, path, key)
	d, err := parseSpan(text)
	if err != nil || d < time.Second || d > 400*24*time.Hour {
		r.at(orNode(n.get(key), n), join(path, key), "%q is not a timespan of one second to 400 days, such as 30s, 10m, 24h or 7d", clip(text))
		return time.Hour
	}
	return d
}

// count reads an integer within bounds.
func (r *reader) count(n *node, path, key string, least, most uint64) uint64 {
	text := r.str(n, path, key)
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil || v < least || v > most {
		r.at(orNode(n.get(key), n), join(path, key), "%q: want a whole number from %d to %d", clip(text), least, most)
		return least
	}
	return v
}

// decimal reads a number that is not negative.
func (r *reader) decimal(n *node, path, key string) float64 {
	text := r.str(n, path, key)
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0 && v < 1e15) {
		r.at(orNode(n.get(key), n), join(path, key), "%q: want a number that is not negative", clip(text))
		return 0
	}
	return v
}

// fields reads a list of fields that have one value each.
func (r *reader) fields(n *node, path, key string) []*field {
	out := []*field{}
	for _, name := range r.strs(n, path, key) {
		if f := r.field(n.get(key), join(path, key), name); f != nil {
			if f.list && f.number >= 0 {
				r.at(n.get(key), join(path, key), "%s can have several values, name fields that have one", name)
			}
			out = append(out, f)
		}
	}
	return out
}

func (r *reader) field(at *node, path, name string) *field {
	f := lookupField(name)
	if f == nil {
		r.at(at, path, "there is no field %q%s; docs/fields.md lists them", clip(name), suggest(name, fieldNames()))
	}
	return f
}

// resolve binds the names in correlations to rules, orders the rules, and says
// which are quiet.
func resolve(rules []*Rule) (*Set, Problems) {
	var problems Problems
	byName := map[string]*Rule{}
	for _, rule := range rules {
		for _, name := range slices.Compact([]string{rule.Name, rule.ID}) {
			if first := byName[name]; first != nil && name != "" {
				problems = append(problems, Problem{rule.File, rule.Line, 1, "name", fmt.Sprintf("%q is also that of the rule in %s:%d, each name and id belongs to one rule", clip(name), first.File, first.Line)})
			}
			byName[name] = rule
		}
	}
	loud, fed := map[*Rule]bool{}, map[*Rule]bool{}
	for _, rule := range rules {
		if rule.corr == nil {
			continue
		}
		for _, ref := range rule.corr.refs {
			to := byName[ref.name]
			if ref.name == "" {
				continue // its own detection
			}
			if to == nil || to == rule {
				problems = append(problems, Problem{rule.File, ref.line, ref.column, "correlation.rules", fmt.Sprintf("there is no other rule %q in these files%s", clip(ref.name), suggest(ref.name, ruleNames(rules)))})
				continue
			}
			ref.rule = to
			fed[to], loud[to] = true, loud[to] || slices.Contains(rule.corr.generate, "true") || slices.Contains(rule.corr.generate, ref.name)
		}
	}
	set := &Set{}
	state := map[*Rule]int{}
	var visit func(*Rule) bool
	visit = func(rule *Rule) bool {
		switch state[rule] {
		case 1:
			problems = append(problems, Problem{rule.File, rule.Line, 1, "correlation.rules", "refers to itself through other rules, break the circle"})
			return false
		case 2:
			return true
		}
		state[rule] = 1
		if rule.corr != nil {
			for _, ref := range rule.corr.refs {
				if ref.rule != nil && !visit(ref.rule) {
					return false
				}
			}
		}
		state[rule] = 2
		rule.Quiet = fed[rule] && !loud[rule]
		set.Rules = append(set.Rules, rule)
		return true
	}
	for _, rule := range rules {
		if !visit(rule) {
			break
		}
	}
	return set, problems
}

func ruleNames(rules []*Rule) []string {
	var names []string
	for _, r := range rules {
		names = append(names, r.Name)
	}
	return names
}

// Classes returns the tags that begin with prefix, without it.
func (r *Rule) Classes(prefix string) []string {
	var out []string
	for _, t := range r.Tags {
		if c, ok := strings.CutPrefix(t, prefix); ok {
			out = append(out, c)
		}
	}
	return out
}
