package detect

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// ruleTest is one test of a rule: events, and whether they make a finding.
type ruleTest struct {
	name   string
	fires  bool
	places map[netip.Prefix]Place
	groups []testEvents
	line   int
}

// testEvents is events that differ in little.
type testEvents struct {
	fields map[string][]string
	names  []string // in the order in which they are set
	start  time.Duration
	every  time.Duration
	repeat int
}

// testStart is when the tests of rules begin: noon of a day.
var testStart = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// maxTestEvents bounds the events of a test.
const maxTestEvents = 20000

// The least tests of a rule.
const leastPositive, leastNegative = 1, 2

func (r *reader) tests(n *node) []ruleTest {
	if n == nil {
		return nil
	}
	if n.shape != list {
		r.at(n, "tests", "is no list, write - name: below it")
		return nil
	}
	var tests []ruleTest
	for i, item := range n.items {
		path := "tests[" + strconv.Itoa(i) + "]"
		if !r.known(item, path, "name", "fires", "places", "events") {
			continue
		}
		t := ruleTest{name: r.str(item, path, "name"), line: item.line}
		switch fires := r.str(item, path, "fires"); fires {
		case "true", "false":
			t.fires = fires == "true"
		default:
			r.at(orNode(item.get("fires"), item), path+".fires", "is true or false: whether the events make a finding of this rule")
		}
		t.places = r.places(item.get("places"), path+".places")
		events := item.get("events")
		if events == nil || events.shape != list || len(events.items) == 0 {
			r.at(orNode(events, item), path+".events", "is no list of events, write - and fields below it")
			continue
		}
		total := 0
		for j, x := range events.items {
			g := r.testEvents(x, path+".events["+strconv.Itoa(j)+"]")
			t.groups = append(t.groups, g)
			total += g.repeat
		}
		if total > maxTestEvents {
			r.at(events, path+".events", "has %d events, at most %d are for a test", total, maxTestEvents)
			continue
		}
		tests = append(tests, t)
	}
	return tests
}

func (r *reader) places(n *node, path string) map[netip.Prefix]Place {
	if n == nil || n.shape != section {
		return nil
	}
	places := map[netip.Prefix]Place{}
	for _, p := range n.pairs {
		prefix, err := netip.ParsePrefix(p.key)
		lat, lon, ok := strings.Cut(p.value.text, ",")
		la, err1 := strconv.ParseFloat(strings.TrimSpace(lat), 64)
		lo, err2 := strconv.ParseFloat(strings.TrimSpace(lon), 64)
		if err != nil || err1 != nil || err2 != nil || !ok {
			r.report(p.line, p.column, path, `is not a place, write 192.0.2.0/24: "52.5, 13.4"`)
			continue
		}
		places[prefix] = Place{Latitude: la, Longitude: lo}
	}
	return places
}

// testEvents reads events: fields, and at, repeat and every. In values {i}
// stands for the number of the event.
func (r *reader) testEvents(n *node, path string) testEvents {
	g := testEvents{fields: map[string][]string{}, repeat: 1, every: time.Second}
	if n.shape != section {
		r.at(n, path, "is no event, write fields below it, such as operation.action: read")
		return g
	}
	for _, p := range n.pairs {
		key := join(path, p.key)
		switch p.key {
		case "at", "every":
			d, err := parseSpan(p.value.text)
			if err != nil {
				r.at(p.value, key, "%q is not a timespan, such as 90s or 3d", clip(p.value.text))
			}
			if p.key == "at" {
				g.start = d
			} else {
				g.every = d
			}
		case "repeat":
			g.repeat = int(r.count(n, path, "repeat", 1, maxTestEvents))
		default:
			if !Settable(p.key) {
				r.report(p.line, p.column, key, "cannot be set%s; docs/events.md lists the fields of events", suggest(p.key, fieldNames()))
				continue
			}
			g.fields[p.key] = r.strs(n, path, p.key)
			g.names = append(g.names, p.key)
		}
	}
	orderedFields(g.names)
	if _, err := g.event(0, 0); err != nil {
		r.at(n, path, "%s", err)
	}
	return g
}

// event returns event i of the group; serial tells it from others of a test.
func (g *testEvents) event(i, serial int) (*event.Event, error) {
	e := &event.Event{Header: event.Header{Kind: event.Access, Arrived: testStart.Add(g.start + time.Duration(i)*g.every)}}
	e.Principal.Kind = event.User
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(serial)+1)
	e.ID = event.NewID(e.Arrived, b)
	for _, name := range g.names {
		var values []string
		for _, v := range g.fields[name] {
			values = append(values, strings.ReplaceAll(v, "{i}", strconv.Itoa(i)))
		}
		if err := setField(e, name, values); err != nil {
			return nil, err
		}
	}
	if e.Principal.Kind == "" {
		return nil, fmt.Errorf("principal.kind: is empty")
	}
	return e, nil
}

// TestResult is what a test of a rule showed.
type TestResult struct {
	Rule   *Rule
	Name   string
	Line   int
	OK     bool
	Detail string // what was expected and what came, if not OK
}

// Test runs the tests of all rules of the set, and says of each rule that makes
// findings and has too few that it has.
func (s *Set) Test() []TestResult {
	var out []TestResult
	for _, rule := range s.Rules {
		positive, negative := 0, 0
		for i := range rule.tests {
			t := &rule.tests[i]
			if t.fires {
				positive++
			} else {
				negative++
			}
			out = append(out, s.run(rule, t))
		}
		if !rule.Quiet && (positive < leastPositive || negative < leastNegative) {
			out = append(out, TestResult{rule, "number of tests", rule.Line, false,
				fmt.Sprintf("there are %d that fire and %d that do not, want at least %d and %d", positive, negative, leastPositive, leastNegative)})
		}
	}
	return out
}

func (s *Set) run(rule *Rule, t *ruleTest) TestResult {
	e := New(Config{Rules: s.only(rule), Locate: func(a netip.Addr) (Place, bool) {
		for p, place := range t.places {
			if p.Contains(a) {
				return place, true
			}
		}
		return Place{}, false
	}, Lateness: maxTestSpan})
	res := TestResult{Rule: rule, Name: t.name, Line: t.line}
	serial := 0
	for i := range t.groups {
		g := &t.groups[i]
		for j := range g.repeat {
			ev, err := g.event(j, serial)
			if err != nil {
				res.Detail = err.Error()
				return res
			}
			serial++
			e.Add(ev, -1)
		}
	}
	n := 0
	for _, f := range e.Flush() {
		if f.Rule == rule.Name {
			n++
		}
	}
	if res.OK = (n > 0) == t.fires; !res.OK {
		res.Detail = fmt.Sprintf("want a finding: %t, got %d", t.fires, n)
	}
	return res
}

// maxTestSpan is longer than any test, whose events may be written in any
// order.
const maxTestSpan = 4000 * 24 * time.Hour

// Only returns a set of the rules that r is made of, and r, which makes
// findings even where it only feeds other rules.
func (s *Set) Only(r *Rule) *Set { return s.only(r) }

// only returns the rules that rule is made of, and rule, which speaks even
// where it is quiet.
func (s *Set) only(rule *Rule) *Set {
	need := map[*Rule]bool{}
	var add func(*Rule)
	add = func(r *Rule) {
		if need[r] {
			return
		}
		need[r] = true
		if r.corr != nil {
			for _, ref := range r.corr.refs {
				if ref.rule != nil {
					add(ref.rule)
				}
			}
		}
	}
	add(rule)
	out := &Set{tests: s.tests}
	for _, r := range s.Rules {
		if need[r] && r != rule {
			out.Rules = append(out.Rules, r)
		}
	}
	loud := *rule
	loud.Quiet = false
	out.Rules = append(out.Rules, &loud)
	return out
}
