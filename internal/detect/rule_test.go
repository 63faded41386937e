package detect

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

// TestBadRules shows what is said about mistakes: place, key, and what to do.
func TestBadRules(t *testing.T) {
	const head = "title: x\nid: 00000000-0000-4000-8000-000000000001\nlogsource: {category: access}\n"
	const det = "detection: {a: {outcome.status: 404}, condition: a}\n"
	for _, f := range []struct{ text, want string }{
		{"", "r.yaml:1:1: has no rule"},
		{"title: [", "r.yaml:1:"},
		{head + det + "levle: high\n", `r.yaml:5:1: levle: is not a known key, did you mean "level"?`},
		{head + det + "level: severe\n", `r.yaml:5:8: level: there is no level "severe"`},
		{head + det + "level: high\nlevel: low\n", "r.yaml:6:1: level: is given twice, first in line 5: keep one"},
		{"id: 1\n" + det + "logsource: {category: access}\n", "title: is missing"},
		{head + "detection: {a: {outcome.statsu: 404}, condition: a}\n", `r.yaml:4:17: detection.a.outcome.statsu: there is no field "outcome.statsu", did you mean "outcome.status"?; docs/fields.md lists them`},
		{head + "detection: {a: {what.path|containz: x}, condition: a}\n", `there is no modifier "containz", did you mean "contains"?`},
		{head + "detection: {a: {outcome.status|gte: many}, condition: a}\n", `r.yaml:4:37: detection.a.outcome.status|gte: "many" is not a number, such as 200`},
		{head + "detection: {a: {what.path|gte: 3}, condition: a}\n", "gte compares numbers, and what.path is none"},
		{head + "detection: {a: {what.path|re: '.*'}, condition: a}\n", "has no text of three characters that every match contains"},
		{head + "detection: {a: {what.path|re: '(abc'}, condition: a}\n", "is not a regular expression"},
		{head + "detection: {a: {payload.request.body|contains: [" + strings.Repeat("aaaa, ", 20) + "b]}, condition: a}\n", "r.yaml:4:13: detection: is too expensive: its tests can take about 168µs for each event"},
		{head + "detection: {a: {who.address|cidr: 10.0.0.1}, condition: a}\n", `"10.0.0.1" is not a network, write it as 192.0.2.0/24`},
		{head + "detection: {a: {outcome.status: 404}, condition: a and b}\n", `detection.condition: there is no selection "b"`},
		{head + "detection: {a: {outcome.status: 404}, condition: (a}\n", "a bracket is not closed"},
		{head + "detection: {a: {outcome.status: 404}}\n", "detection.condition: is missing"},
		{head + "detection: {a: [word], condition: a}\n", "is a word without a field"},
		{head + det + "correlation: {type: event_cuont, timespan: 1m}\n", `there is no type "event_cuont", did you mean "event_count"?`},
		{head + det + "correlation: {type: event_count, timespan: soon, condition: {gte: 1}}\n", `"soon" is not a timespan`},
		{head + det + "correlation: {type: event_count, timespan: 1m, condition: {lt: 3}}\n", "write gte, or sequence_absence"},
		{head + det + "correlation: {type: event_count, timespan: 1m, group-by: [objects], condition: {gte: 3}}\n", "objects can have several values"},
		{head + det + "correlation: {type: value_count, timespan: 1m, condition: {field: nope, gte: 3}}\n", `there is no field "nope"`},
		{head + "correlation: {type: same_event, rules: [b]}\n", "want 2 to 8 rules for same_event"},
		{head + "correlation: {type: temporal, rules: [b, c], timespan: 1m}\n", `r.yaml:4:39: correlation.rules: there is no other rule "b"`},
		{head + "name: a\ncorrelation: {type: event_count, rules: [b], timespan: 1m, condition: {gte: 2}}\n---\n" + strings.Replace(head, "0001", "0002", 1) +
			"name: b\ncorrelation: {type: event_count, rules: [a], timespan: 1m, condition: {gte: 2}}\n", "refers to itself through other rules"},
		{head + det + "tests: [{fires: maybe, events: [{outcome.status: 404}]}]\n", "tests[0].fires: is true or false"},
		{head + det + "tests: [{fires: true, events: [{scopes.missing: x}]}]\n", "scopes.missing: cannot be set"},
		{head + "detection: &a {x: {outcome.status: 1}, condition: x}\n", "anchors, aliases and tags are not read"},
		{head + "logsource: {product: windows}\n" + det, "logsource: is given twice"},
	} {
		_, err := Load([]File{{"r.yaml", []byte(f.text)}})
		if err == nil || !strings.Contains(err.Error(), f.want) {
			t.Errorf("%s\ngot  %v\nwant %s", f.text, err, f.want)
		}
	}
}

// TestSelections compares conditions with what they should match.
func TestSelections(t *testing.T) {
	e := call(1, 0, "outcome.status", "404", "what.path", "/Admin/users", "who.address", "10.1.2.3", "data", "email", "records", "12", "duration", "6s")
	e.Objects = []string{"customer", "order"}
	for _, f := range []struct {
		detection string
		want      bool
	}{
		{"a: {outcome.status: 404}, condition: a", true},
		{"a: {outcome.status: [200, 404]}, condition: a", true},
		{"a: {outcome.status: 200}, condition: not a", true},
		{"a: {outcome.status|gte: 400, outcome.status|lt: 404}, condition: a", false},
		{"a: {what.path: /admin/users}, condition: a", true},
		{"a: {what.path|cased: /admin/users}, condition: a", false},
		{"a: {what.path|startswith: /admin}, condition: a", true},
		{"a: {what.path|endswith: USERS}, condition: a", true},
		{"a: {what.path|contains|all: [adm, users]}, condition: a", true},
		{"a: {what.path|contains|all: [adm, orders]}, condition: a", false},
		{"a: {what.path: '/admin/*er?'}, condition: a", true},
		{"a: {what.path: '/admin/*er\\?'}, condition: a", false},
		{"a: {what.path|re: '(?i)^/admin/[a-z]+$'}, condition: a", true},
		{"a: {what.path|re: '^/admin/[a-z]+$'}, condition: a", false},
		{"a: {who.address|cidr: [192.0.2.0/24, 10.0.0.0/8]}, condition: a", true},
		{"a: {objects: order}, condition: a", true},
		{"a: {objects|all: [order, customer]}, condition: a", true},
		{"a: {records|exists: false}, condition: a", false},
		{"a: {principal.id: null}, condition: a", true},
		{"a: {duration|gt: 5s}, condition: a", true},
		{"a: [{outcome.status: 200}, {records|gt: 11}], condition: a", true},
		{"x1: {outcome.status: 200}, x2: {data: email}, y: {data: card}, condition: 1 of x* and not y", true},
		{"x1: {outcome.status: 200}, x2: {data: email}, condition: all of them", false},
		{"x1: {outcome.status: 200}, x2: {data: email}, condition: x1 or x2 and not x1", true},
		{"x1: {outcome.status: 200}, x2: {data: email}, condition: not (x1 or x2)", false},
		{"a: {who.network: 10.1.2.0/24, who.network.wide: 10.1.0.0/16}, condition: a", true},
	} {
		set := one(t, "detection: {"+f.detection+"}\n")
		v := newView(set.tests, Secret{})
		v.look(e)
		if got := set.Rules[0].match(v); got != f.want {
			t.Errorf("%s: got %t", f.detection, got)
		}
	}
}

// TestFieldsAgree compares the fields that rules read directly with the
// registry.
func TestFieldsAgree(t *testing.T) {
	full := call(1, 0)
	var all []string
	for name := range setters {
		all = append(all, name)
	}
	for _, name := range orderedFields(all) {
		v := "7"
		switch f := lookupField(name); {
		case f.typ == event.TypeTime:
			v = "2026-01-15T12:00:01Z"
		case name == "kind":
			v = "access"
		case name == "id":
			continue
		case name == "what.asked", name == "what.objects":
			v = "order/7"
		case name == "note.facts":
			v = "a=b"
		case strings.HasSuffix(name, "headers"):
			v = "a: b"
		case name == "duration":
			v = "7ms"
		case name == "what.given":
			v = "order/8"
		case name == "objects.count" || name == "data.count" || name == "completed":
			continue
		case name == "partial":
			v = "true"
		case name == "trace.id":
			v = "4bf92f3577b34da6a3ce929d0e0e4736"
		case name == "trace.parent":
			v = "00f067aa0ba902b7"
		}
		if err := setField(full, name, []string{v}); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range []*event.Event{full, call(2, 0), {}} {
		for _, f := range event.Fields() {
			var got, want []string
			lookupField(f.Name).each(e, func(v string) { got = append(got, v) })
			f.Values(e, func(v string) { want = append(want, v) })
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("%s: got %q, the registry has %q", f.Name, got, want)
			}
		}
	}
	for _, f := range event.Fields() {
		if v := f.Text(full); v == "" && Settable(f.Name) && f.Name != "id" {
			t.Errorf("%s was set and is not there", f.Name)
		}
	}
}

// TestGlob compares patterns with regular expressions.
func TestGlob(t *testing.T) {
	words := []string{"", "a", "b", "ab", "ba", "aab", "abab", "bab", "A", "a*b", "aXb"}
	for _, p := range []string{"", "*", "a", "a*", "*a", "*a*", "a*b", "*a*b*", "a?b", "?", "??", "a**b", `a\*b`, "b*b", "ab*ab"} {
		re := "(?is)^"
		for i := 0; i < len(p); i++ {
			switch {
			case p[i] == '\\':
				i++
				re += regexp.QuoteMeta(string(p[i]))
			case p[i] == '*':
				re += ".*"
			case p[i] == '?':
				re += "."
			default:
				re += regexp.QuoteMeta(string(p[i]))
			}
		}
		want := regexp.MustCompile(re + "$")
		match := glob(p, true)
		for _, w := range words {
			if match(w) != want.MatchString(w) {
				t.Errorf("%q on %q: got %t", p, w, match(w))
			}
		}
	}
}

// TestParseLine shows the forms of a line, and what is said of a bad one.
func TestParseLine(t *testing.T) {
	for _, line := range []string{
		`{"arrived":"2026-01-15T12:00:00Z"}`,
		`{"header":{"arrived":"2026-01-15T12:00:00Z"}}`,
		`{"number":0,"header":{"v":2,"id":"019bc1c8-f200-7000-8000-010000000000","kind":"access","arrived":"2026-01-15T12:00:00.000000000Z","commit":{}},"what":{"path":"/x"}}`,
	} {
		e, _, err := ParseLine([]byte(line))
		if err != nil || !e.Arrived.Equal(testStart) || e.ID.IsZero() || e.Kind != event.Access {
			t.Errorf("%s: %+v, %v", line, e, err)
		}
	}
	a, n, err := ParseLine([]byte(`{"number":3,"arrived":"2026-01-15T12:00:00Z","duration":"2s","data":["card"],"data.count":5,"principal.level":3,"what.asked":["a/1"],"what.objects":["a/1","a/2"],"partial":true}`))
	if err != nil || n != 3 || a.Completed.Sub(a.Arrived) != 2*time.Second || a.Data[0].Count != 5 || a.What.Asked != 1 || len(a.What.Objects) != 2 || !a.Partial {
		t.Errorf("%+v, %d, %v", a, n, err)
	}
	b, _, err := ParseLine([]byte(`{"header":{"arrived":"2026-01-15T12:00:00Z","operation":{"scopes":["b","a"]},"credential":{"scopes":["c","a"]}}}`))
	if err != nil || lookupField("scopes.missing").one(b) != "b" {
		t.Errorf("scopes that are not sorted: %+v, %v", b, err)
	}
	for _, f := range []struct{ line, want string }{
		{`{`, "is not a JSON object"},
		{`[]`, "is not a JSON object"},
		{`{"arrived":"2026-01-15T12:00:00Z"} {}`, "more than one JSON object"},
		{`{}`, "arrived: is missing"},
		{`{"arrived":"yesterday"}`, `arrived: "yesterday" is not a time`},
		{`{"arrived":"2026-01-15T12:00:00Z","principle.id":"x"}`, `there is no field "principle.id", did you mean "principal.id"?`},
		{`{"arrived":"2026-01-15T12:00:00Z","principal":{"id":"x"}}`, "names have points"},
		{`{"arrived":"2026-01-15T12:00:00Z","scopes.missing":"x"}`, "is computed from other fields"},
		{`{"arrived":"2026-01-15T12:00:00Z","outcome.status":"good"}`, `outcome.status: "good" is not a whole number`},
		{`{"arrived":"2026-01-15T12:00:00Z","trace.id":"4BF92F3577B34DA6A3CE929D0E0E4736"}`, "is not 32 lower-case hex digits"},
		{`{"header":{"arrived":"2900-01-15T12:00:00Z"}}`, "want times from 1970 to 2200"},
		{`{"header":{"arrived":"2026-01-15T12:00:00Z","completed":"2026-01-14T12:00:00Z"}}`, "completed: is before arrived"},
		{`{"header":{"arrived":"2026-01-15T12:00:00Z","ended":"2026-01-14T12:00:00Z"}}`, "ended: is before arrived"},
		{`{"header":{"arrived":"2026-01-15T12:00:00Z","who":1}}`, `unknown field "who"`},
	} {
		if _, _, err := ParseLine([]byte(f.line)); err == nil || !strings.Contains(err.Error(), f.want) {
			t.Errorf("%s: got %v, want %s", f.line, err, f.want)
		}
	}
}

// FuzzLoad loads any text: there is an error with a place, or a set whose
// tests can be run.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("title: x\nid: 00000000-0000-4000-8000-000000000001\nlogsource: {category: access}\ndetection: {a: {outcome.status: 404}, condition: a}\n"))
	f.Add([]byte("title: x\ncorrelation: {type: first_seen, rules: [a], group-by: [principal.id], condition: {field: data}}\ntests:\n  - fires: true\n    events: [{records: 1}]\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		set, err := Load([]File{{"f", src}})
		if (set == nil) == (err == nil) {
			t.Fatal(set, err)
		}
	})
}

// FuzzParseLine reads any line: an error, or an event with what it must have.
func FuzzParseLine(f *testing.F) {
	f.Add([]byte(`{"arrived":"2026-01-15T12:00:00Z","what.asked":["a/1"],"data":["card"],"data.count":5}`))
	f.Add([]byte(`{"header":{"arrived":"2026-01-15T12:00:00Z"},"who":{"address":"::1%x"}}`))
	set := catalogue(f)
	f.Fuzz(func(t *testing.T, line []byte) {
		e, n, err := ParseLine(line)
		if err != nil {
			return
		}
		if e.ID.IsZero() || e.Arrived.IsZero() || e.Kind == "" {
			t.Fatalf("%s: %+v", line, e)
		}
		eng := New(Config{Rules: set})
		eng.Add(e, n)
		eng.Flush()
	})
}
