package detect

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Kinds are the types of correlation, with what each finds.
var Kinds = []struct{ Name, Doc string }{
	{"event_count", "as many events within the timespan"},
	{"value_count", "as many different values of a field"},
	{"value_sum", "a sum of a number"},
	{"value_changes", "a field that goes back, as often, to a value that it had within the timespan"},
	{"temporal", "events of all the rules within the timespan, in any order"},
	{"temporal_ordered", "the same, in the order of the rules"},
	{"same_event", "an event that all the rules match"},
	{"first_seen", "a value that is new for its group, once the group is known well enough"},
	{"adaptive", "numbers far above what the group, and others like it, had before"},
	{"timing", "events that come as regularly, or go on as long without a pause, as only machines do"},
	{"flow", "a business flow that is walked faster than nearly anybody does, or with steps left out"},
	{"travel", "two places that nobody can travel between in the time"},
	{"sequence_absence", "an event that another one did not precede within the timespan"},
}

// reference is a rule that a correlation refers to.
type reference struct {
	name         string // empty: the correlation's own detection
	line, column int
	rule         *Rule // set by resolve
	keys         []*field
}

// correlation is a compiled correlation. Its state is in a correlator.
type correlation struct {
	kind     string
	refs     []*reference // for sequence_absence, the last is the one that must come before, or that says since when a group is known; with among, the one that a share is of
	groupBy  []string     // as written
	span     time.Duration
	generate []string // rules that make findings of their own all the same; "true": all
	start    func(limit int, c Config) correlator
}

// correlator is the state of a correlation. One goroutine uses it.
type correlator interface {
	// bind says of which groups the state is. It is called once, first.
	bind(g *groups)
	// observe is told of an event of a group that reference i matched; k is
	// valid during the call only. It answers nil, or, if the pattern is complete, a
	// function that explains it and that must be called before the next
	// observation.
	observe(o *observation, i int, k *group) func() verdict
	json.Marshaler
	json.Unmarshaler
	held() (keys int, dropped uint64)
}

// observation is an event at the time that it counts for.
type observation struct {
	e   *event.Event
	at  int64 // nanoseconds of Unix time; never less than the one before
	ref Ref
	v   *view
}

// hashes returns the hash of each value of f, in their order.
func (o *observation) hashes(f *field) []uint64 { return o.v.hashesOf(f) }

// verdict is why a pattern is complete.
type verdict struct {
	terms  []Term
	events []Ref // oldest first, not the one that completed it
	count  uint64
	from   int64
}

// correlationKeys are the keys of a correlation, by type.
var correlationKeys = map[string][]string{
	"event_count":      {"timespan", "condition", "among"},
	"value_count":      {"timespan", "condition", "except", "from"},
	"value_sum":        {"timespan", "condition"},
	"value_changes":    {"timespan", "condition"},
	"temporal":         {"timespan"},
	"temporal_ordered": {"timespan"},
	"same_event":       {},
	"first_seen":       {"condition"},
	"adaptive":         {"timespan", "condition", "metrics"},
	"timing":           {"condition"},
	"flow":             {"timespan", "condition"},
	"travel":           {"condition"},
	"sequence_absence": {"timespan", "condition", "without", "among"},
}

func (r *reader) correlation(n *node, own bool) *correlation {
	const path = "correlation"
	if n.shape != section {
		r.at(n, path, "is not a section, write type, group-by and so on below it")
		return nil
	}
	var kinds []string
	for _, k := range Kinds {
		kinds = append(kinds, k.Name)
	}
	kind := r.str(n, path, "type")
	keys, ok := correlationKeys[kind]
	if !ok {
		r.at(orNode(n.get("type"), n), path+".type", "there is no type %q%s", clip(kind), suggest(kind, kinds))
		return nil
	}
	r.known(n, path, append([]string{"type", "rules", "group-by", "aliases", "generate"}, keys...)...)
	c := &correlation{kind: kind, groupBy: r.strs(n, path, "group-by"), generate: r.strs(n, path, "generate")}
	if slices.Contains(keys, "timespan") {
		if n.get("timespan") == nil {
			r.at(n, path+".timespan", "is missing, write for example 10m")
		} else {
			c.span = r.span(n, path, "timespan")
		}
	}
	r.references(c, n, own)
	r.groups(c, n)
	cond := orNode(n.get("condition"), &node{shape: section, line: n.line, column: n.column})
	switch kind {
	case "event_count", "value_count", "value_sum", "value_changes":
		r.counting(c, n, cond)
	case "temporal", "temporal_ordered":
		c.start = startTemporal(c)
	case "same_event":
		c.start = startSame(c)
	case "first_seen":
		r.firstSeen(c, cond)
	case "adaptive":
		r.adaptive(c, n, cond)
	case "timing":
		r.timing(c, cond)
	case "flow":
		r.flow(c, cond)
	case "travel":
		r.travel(c, cond)
	case "sequence_absence":
		r.absence(c, n, cond)
	}
	return c
}

// references reads the rules that the correlation is over.
func (r *reader) references(c *correlation, n *node, own bool) {
	const path = "correlation.rules"
	list := n.get("rules")
	add := func(v *node) {
		c.refs = append(c.refs, &reference{name: strings.TrimSpace(v.text), line: v.line, column: v.column})
	}
	switch {
	case list == nil && own:
		c.refs = []*reference{{}}
	case list == nil:
		r.at(n, path, "is missing, name the rules that it is over, or write a detection beside it")
	case own:
		r.at(list, path, "is here and a detection beside it, keep one: a correlation without rules is over its own detection")
	case list.shape == scalar:
		add(list)
	default:
		for _, v := range list.items {
			if v.shape != scalar || v.text == "" {
				r.at(v, path, "has an entry that is not the name of a rule")
				continue
			}
			add(v)
		}
	}
	if (strings.HasPrefix(c.kind, "temporal") || c.kind == "same_event") && (len(c.refs) < 2 || len(c.refs) > 8) {
		r.at(orNode(list, n), path, "want 2 to 8 rules for %s", c.kind)
	}
	for _, key := range []string{"without", "among"} {
		if w := n.get(key); w != nil && w.shape == scalar {
			add(w)
		}
	}
}

// groups reads group-by and aliases into the keys of each reference.
func (r *reader) groups(c *correlation, n *node) {
	const path = "correlation.group-by"
	aliases := n.get("aliases")
	if aliases != nil && aliases.shape != section {
		r.at(aliases, "correlation.aliases", "is not a section, write alias: and below it rule: field")
		aliases = nil
	}
	for _, name := range c.groupBy {
		var alias *node
		if aliases != nil {
			alias = aliases.get(name)
		}
		for _, ref := range c.refs {
			field, at := name, n.get("group-by")
			if alias != nil {
				f := r.str(alias, "correlation.aliases."+name, ref.name)
				if f == "" {
					r.at(alias, "correlation.aliases."+name, "does not say which field it is in rule %q", ref.name)
					continue
				}
				field, at = f, alias.get(ref.name)
			}
			f := r.field(at, path, field)
			if f == nil {
				break
			}
			if f.list && f.number >= 0 {
				r.at(at, path, "%s can have several values, name fields that have one", field)
			}
			ref.keys = append(ref.keys, f)
		}
	}
	if aliases != nil {
		r.known(aliases, "correlation.aliases", c.groupBy...)
	}
}

// grouping names how the references of a correlation group events; false: not
// all of them by the same fields.
func (c *correlation) grouping() (name string, alike bool) {
	for i, ref := range c.refs {
		of := ""
		for _, f := range ref.keys {
			of += f.name + "\x00"
		}
		if i > 0 && of != name {
			return "", false
		}
		name = of
	}
	return name, true
}

// names are those of the rules that a correlation is over.
func (c *correlation) names() string {
	var names []string
	for _, ref := range c.refs {
		names = append(names, ref.rule.Name)
	}
	return strings.Join(names, ", ")
}

// appendKey appends the values of keys to b; false: one of them is absent, and
// the event belongs to no group.
func appendKey(b []byte, keys []*field, e *view) ([]byte, bool) {
	for i, f := range keys {
		v := e.text(f)
		if v == "" {
			return b, false
		}
		if i > 0 {
			b = append(b, 0)
		}
		b = append(b, v...)
	}
	return b, true
}
