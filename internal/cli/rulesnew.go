package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/query"
	"github.com/gatebook/gatebook/internal/reading"
)

func (p *Program) rulesNewCmd() *cobra.Command {
	var t target
	var s span
	d := draft{}
	var ask, file string
	c := &cobra.Command{
		Use:   "new NAME --query QUERY",
		Short: "Begin a rule of your own from a search, with tests made of real events",
		Long: "Begin a rule from a query: its terms become the detection, an event that the query finds becomes a test that fires, and events that it does not find become tests that do not. What the rule cannot say of the query is left as a comment.\n\n" +
			"Personal values of the events are not taken over: examples, or what the query itself names, stand in their place. The file is written only if the rule is right and its tests pass; fill in its title and description, and raise its status when it has proven itself.\n\n" +
			"The searches are sealed as any other.",
		Example: "  gatebook rules new failed-exports --query 'operation.action:=export outcome.status:>=400' --since 7d\n  gatebook rules test failed-exports.yaml",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	s.flags(c)
	c.Flags().StringVar(&ask, "query", "", "the `query`, as in gatebook search")
	c.Flags().StringVar(&d.level, "level", "medium", "the `level`: "+strings.Join(detect.Levels, ", "))
	c.Flags().StringVarP(&file, "output", "o", "", "the `file` to write, - for the standard output (default NAME.yaml)")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		d.name = args[0]
		if file == "" {
			file = d.name + ".yaml"
		}
		q := url.Values{"limit": {"20"}}
		if ask == "" {
			err = fmt.Errorf("--query is missing: what the rule should find, as in gatebook search")
		} else if !slices.Contains(detect.Levels, d.level) {
			err = fmt.Errorf("--level %q: want %s", d.level, strings.Join(detect.Levels, ", "))
		} else {
			err = p.span(&s, q, false)
		}
		if err != nil {
			return usage(c, err)
		}
		parsed, err := query.Parse(query.Config{Field: func(name string) bool { return event.Lookup(name) != nil }}, ask)
		if err != nil {
			return fmt.Errorf("the query cannot become a rule: %w", err)
		}
		d.query = parsed
		if err := d.read(); err != nil {
			return err
		}
		api, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer api.close(&err)
		if d.found, err = sample(c.Context(), api, q, parsed.String(), d.category); err != nil {
			return err
		}
		if len(d.found) == 0 {
			return fmt.Errorf("the query finds no event of kind %s to make a test of; choose a longer time by --since, or another query", d.category)
		}
		if d.other, err = sample(c.Context(), api, q, fmt.Sprintf("kind:=%s !(%s)", d.category, parsed), d.category); err != nil {
			return err
		}
		text := d.text()
		if err := checkDraft(file, text); err != nil {
			return err
		}
		return p.writeDraft(file, text)
	}
	return c
}

// writeDraft writes a file that is not there yet.
func (p *Program) writeDraft(file, text string) error {
	if file == "-" {
		_, err := fmt.Fprint(p.Stdout, text)
		return err
	}
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("the rule cannot be written: %w", err)
	}
	if _, err = out.WriteString(text); err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err == nil {
		p.note("%s is written, and its tests pass; fill in its title and description", file)
	}
	return err
}

// sample returns events of a kind that a query finds.
func sample(ctx context.Context, api *client, q url.Values, text, kind string) ([]*event.Event, error) {
	q.Set("query", text)
	var res reading.Result
	if err := api.get(ctx, "/api/v1/search", q, &res); err != nil {
		return nil, err
	}
	var out []*event.Event
	for i := range res.Hits {
		e, err := res.Hits[i].Event()
		if err != nil {
			return nil, err
		}
		if string(e.Kind) == kind {
			out = append(out, e)
		}
	}
	return out, nil
}

// checkDraft loads a rule and runs its tests.
func checkDraft(file, text string) error {
	set, err := detect.Load([]detect.File{{Name: file, Data: []byte(text)}})
	if err != nil {
		return fmt.Errorf("the rule would not be right:\n%w", err)
	}
	for _, res := range set.Test() {
		if !res.OK {
			return fmt.Errorf("the rule would not be right: test %q: %s; ask more simply, and refine the rule by hand", res.Name, res.Detail)
		}
	}
	return nil
}

// draft is a rule that is made of a query.
type draft struct {
	name, level, category string
	query                 *query.Query
	selections            []draftTerm
	left                  []string // terms that are no part of the rule
	found, other          []*event.Event
}

// draftTerm is a term as a rule has it.
type draftTerm struct {
	term  query.Term
	tests []string // "field|modifier: values"
}

// read turns the terms of the query into selections.
func (d *draft) read() error {
	d.category = string(event.Access)
	for _, t := range d.query.Terms() {
		if t.Field == "kind" && !t.Not && t.Tests[0].Op == "is" && len(t.Tests[0].Values) == 1 {
			d.category = t.Tests[0].Values[0]
			continue
		}
		if tests := testsOf(t); tests != nil {
			d.selections = append(d.selections, draftTerm{t, tests})
		} else {
			d.left = append(d.left, t.Text)
		}
	}
	if !slices.ContainsFunc(d.selections, func(s draftTerm) bool { return !s.term.Not }) {
		return fmt.Errorf("the query has no term that a rule can look for: write at least one such as outcome.status:>=400, joined to others by and")
	}
	return nil
}

var literal = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)

// testsOf returns how a rule says a term; nil: it cannot.
func testsOf(t query.Term) []string {
	f := event.Lookup(t.Field)
	if f == nil {
		return nil
	}
	number := f.Type == event.TypeNumber || f.Type == event.TypeDuration
	var out []string
	for _, test := range t.Tests {
		mod := map[string]string{"words": "|contains", "prefix": "|contains", "begins": "|startswith"}[test.Op]
		switch test.Op {
		case "present", "absent":
			out = append(out, fmt.Sprintf("%s|exists: %t", f.Name, test.Op == "present"))
			continue
		case "gt", "gte", "lt", "lte":
			if !number || strings.ContainsAny(test.Values[0], ".-") {
				return nil
			}
			mod = "|" + test.Op
		default:
			if number && test.Op == "words" {
				mod = "" // a number is one word
			}
			if f.Type == event.TypeTime || number && mod != "" {
				return nil
			}
		}
		var values []string
		for _, v := range test.Values {
			if v == "" {
				return nil
			}
			if !number {
				v = literal.Replace(v)
			}
			values = append(values, quoted(v))
		}
		text := strings.Join(values, ", ")
		if len(values) > 1 {
			text = "[" + text + "]"
		}
		out = append(out, f.Name+mod+": "+text)
	}
	return out
}

// quoted writes a text for YAML, which reads what JSON writes.
func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// told are fields of the header that say what an event was about.
var told = []string{"kind", "principal.kind", "operation.method", "operation.route", "operation.action", "outcome.status", "note.name"}

// fields returns an event as a test has it. Personal values are those that the
// query names, if want is set, or examples.
func (d *draft) fields(e *event.Event, want bool) string {
	var names []string
	for _, s := range d.selections {
		names = append(names, s.term.Field)
	}
	var parts []string
	done := map[string]bool{}
	for _, name := range slices.Concat(names, told) {
		f := event.Lookup(name)
		if done[name] || f == nil || !detect.Settable(name) {
			continue
		}
		done[name] = true
		var values []string
		f.Values(e, func(v string) { values = append(values, v) })
		if f.Personal {
			values = d.example(name, len(values) > 0, want)
		}
		if len(values) == 0 {
			continue
		}
		for i, v := range values {
			values[i] = quoted(v)
		}
		text := values[0]
		if f.List {
			text = "[" + strings.Join(values, ", ") + "]"
		}
		parts = append(parts, name+": "+text)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// example returns what stands for a personal value in a test: what the query
// asks for, where the event has it.
func (d *draft) example(name string, there, want bool) []string {
	if !there {
		return nil
	}
	for _, s := range d.selections {
		if s.term.Field == name && s.term.Not != want && len(s.term.Tests[0].Values) > 0 {
			return s.term.Tests[0].Values[:1]
		}
	}
	switch name {
	case "who.address":
		return []string{"192.0.2.1"}
	case "what.objects", "what.asked":
		return []string{"example/1"}
	case "payload.request.headers", "payload.response.headers":
		return []string{"x-example: example"}
	}
	return []string{"example"}
}

// text returns the file.
func (d *draft) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Begun from the query %s\n", comment(d.query.String()))
	for _, t := range d.left {
		fmt.Fprintf(&b, "# TODO: this part of the query is not in the rule; say it otherwise, perhaps by when: %s\n", comment(t))
	}
	fmt.Fprintf(&b, "title: \"TODO: say in one line what was found\"\nid: %s\nname: %s\nstatus: experimental\nlevel: %s\n", newUUID(), quoted(d.name), d.level)
	b.WriteString("description: \"TODO: say what it means, and what a reader of the alert should know\"\n")
	b.WriteString("check: [\"TODO: say what to look at first\"]\nact: [\"TODO: say what to do if it is an attack\"]\nfalsepositives: [\"TODO: say what else it can be\"]\n")
	fmt.Fprintf(&b, "logsource: {product: gatebook, category: %s}\ndetection:\n", d.category)
	var condition []string
	for i, s := range d.selections {
		name := fmt.Sprintf("term%d", i+1)
		fmt.Fprintf(&b, "  %s:\n", name)
		for _, t := range s.tests {
			fmt.Fprintf(&b, "    %s\n", t)
		}
		if s.term.Not {
			name = "not " + name
		}
		condition = append(condition, name)
	}
	fmt.Fprintf(&b, "  condition: %s\ntests:\n", strings.Join(condition, " and "))
	test := func(name string, fires bool, event string) {
		fmt.Fprintf(&b, "  - name: %s\n    fires: %t\n    events:\n      - %s\n", name, fires, event)
	}
	test("an event that the query found", true, d.fields(d.found[0], true))
	var others []string
	for _, e := range d.other {
		if text := d.fields(e, false); len(others) < 2 && !slices.Contains(others, text) {
			others = append(others, text)
		}
	}
	for i, text := range others {
		test(fmt.Sprintf("event %d that the query does not find", i+1), false, text)
	}
	for i := len(others); i < 2; i++ { // a record without enough of them
		test(fmt.Sprintf("an event of which nothing is known, %d", i+1), false, fmt.Sprintf("{kind: %s, seq: %d}", d.category, i+1))
	}
	return b.String()
}

// comment makes a text safe for one line of a comment.
func comment(s string) string { return clean(strings.Join(strings.Fields(s), " ")) }

// newUUID returns a UUID of version 4 (RFC 9562, section 5.4).
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
