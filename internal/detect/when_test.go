package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/event"
)

// whenRule is the head of a rule whose expression comes in line 6, column 9.
const whenRule = "title: x\nid: 00000000-0000-4000-8000-000000000001\nname: x\nlogsource: {category: access}\ndetection:\n  when: %s\n  a: {kind: access}\n  condition: a\n"

// TestWhen compares expressions with what they should be for an event.
func TestWhen(t *testing.T) {
	e := call(1, 0, "outcome.status", "404", "what.path", "/Admin/users", "who.address", "10.1.2.3", "data", "email", "data.count", "12", "records", "12", "duration", "6s",
		"request.bytes", "10", "response.bytes", "1000")
	e.Objects = []string{"customer", "order"}
	e.Payload = &event.Payload{Original: `{"userIdentity":{"type":"Root"}}`}
	for text, want := range map[string]bool{
		`outcome.status >= 400 and records * 2 > 20`:                          true,
		`response.bytes > 50 * request.bytes`:                                 true,
		`response.bytes / records > 100`:                                      false,
		`duration > duration("5s") && duration < duration("7s")`:              true,
		`duration.Seconds() > 6.5`:                                            false,
		`what.path startsWith "/Admin"`:                                       true,
		`lower(what.path) matches "^/admin/[a-z]+$"`:                          true,
		`what.path contains "admin"`:                                          false,
		`operation["host"] == ""`:                                             true,
		`principal.id == "" ? records > 5 : false`:                            true,
		`"order" in objects and len(objects) == objects.count`:                true,
		`any(objects, # startsWith "cust")`:                                   true,
		`all(objects, # in ["order", "invoice"])`:                             false,
		`count(objects, # != "order") == 1`:                                   true,
		`objects[1] == "order" && data.count == 12 && data[0] == "email"`:     true,
		`let many = records > 10; many and outcome.status in 400..499`:        true,
		`arrived.Hour() < 7 or arrived.Weekday().String() == "Sunday"`:        false,
		`arrived > date("2020-01-01") and completed.Sub(arrived) == duration`: true,
		`who.network == "10.1.2.0/24"`:                                        true,
		`"Root" in original.userIdentity.type`:                                true,
		`(outcome.error ?? "x") == ""`:                                        true,
	} {
		for _, form := range []string{"|\n    " + text, "'" + text + "'"} {
			set, err := Load([]File{{"r.yaml", fmt.Appendf(nil, whenRule, form)}})
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			v := newView(set.tests, Secret{})
			for range 2 {
				v.look(e)
				if got := set.Rules[0].match(v); got != want || v.failed > 0 {
					t.Errorf("%s: got %t with %d failures, want %t", text, got, v.failed, want)
				}
			}
		}
	}
}

// TestBadWhen shows what is said about wrong expressions, and where.
func TestBadWhen(t *testing.T) {
	for _, f := range []struct{ text, want string }{
		{`outcome.statsu > 400`, `r.yaml:6:9: detection.when: there is no field "outcome.statsu", did you mean "outcome.status"?; docs/fields.md lists them`},
		{`records > 3 and nope == 1`, `r.yaml:6:25: detection.when: there is no field "nope"`},
		{`"records > 3 and nope == 1"`, `r.yaml:6:26: detection.when: there is no field "nope"`},
		{"|\n    records > 3\n    and recrods == 1", `r.yaml:8:`},
		{`records > 3 and`, "r.yaml:6:23: detection.when: unexpected token EOF"},
		{`records`, "r.yaml:6:9: detection.when: expected bool, but got int"},
		{`what.path > 3`, "invalid operation: > (mismatched types string and int)"},
		{`what.path.length > 3`, `there is no field "what.path.length"`},
		{`objects == "order"`, "mismatched types []string and string"},
		{`len(records) > 1`, "invalid argument for len (type int)"},
		{`now() > arrived`, `there is no function "now"`},
		{`lowr(what.path) == ""`, `there is no function "lowr", did you mean "lower"?`},
		{`len(repeat(what.path, 1000000)) > 3`, `there is no function "repeat"`},
		{`'len(groupBy(objects, #)) > 3'`, `there is no function "groupBy"`},
		{`arrived.Local().Hour() > 3`, `there is no method "Local"`},
		{`arrived.Huor() > 3`, `there is no method "Huor", did you mean "Hour"?`},
		{`len($env) > 3`, `there is no field "$env"`},
		{`get($env, "x") == 1`, `there is no function "get"`},
		{`what.path matches what.query`, "matches wants its expression as a text in quotes"},
		{`what.path matches "("`, "error parsing regexp"},
		{`'any(objects, any(data, # == ""))'`, "goes through a list within a list"},
		{`len(1..100000000) > 1`, "a range is from one number to another"},
		{`'"x" + what.path == "/"'`, "texts cannot be joined by +"},
		{`'any(map(objects, # + #), # == "")'`, "texts cannot be joined by +"},
		{`any(objects, # == "x")`, "unexpected token EOF; in YAML # begins a comment, unless"},
		{`'{"a": 1}.a == 1'`, "has a part that is not known here"},
		{`duration > 5`, "mismatched types time.Duration and int"},
		{strings.Repeat("records > 1 and ", 200) + "true", "exceeds maximum allowed nodes"},
		{strings.Repeat(`payload.request.body matches "abc" or `, 6) + "false", "is too expensive"},
	} {
		_, err := Load([]File{{"r.yaml", fmt.Appendf(nil, whenRule, f.text)}})
		if err == nil || !strings.Contains(err.Error(), f.want) {
			t.Errorf("%s\ngot  %v\nwant %s", f.text, err, f.want)
		}
	}
}

// TestWhenComesLast shows that an expression is not run where the condition
// does not hold, and that one that cannot be computed is false and counted,
// also in a snapshot.
func TestWhenComesLast(t *testing.T) {
	set := one(t, "detection: {when: 'objects[0] == \"order\" and 10 % records == 0', a: {outcome.status: 404}, condition: a}\ndedup: {timespan: 1s}\n")
	e := New(Config{Rules: set})
	events := []*event.Event{
		call(1, 0, "outcome.status", "200"),                                           // not asked
		call(2, 2e9, "outcome.status", "404", "records", "5"),                         // no object
		call(3, 4e9, "outcome.status", "404", "objects", "order", "records", "5"),     // holds
		call(4, 6e9, "outcome.status", "404", "objects", "order"),                     // by zero
		call(5, 8e9, "outcome.status", "404", "objects", "customer", "records", "10"), // does not hold
	}
	var found []Finding
	for i, ev := range events {
		found = append(found, e.Add(ev, int64(i))...)
		state, err := e.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if e, _, err = Restore(Config{Rules: set}, state); err != nil {
			t.Fatal(err)
		}
	}
	found = append(found, e.Flush()...)
	if len(found) != 1 || found[0].Events[0].Number != 2 || e.Stats().Failed != 2 {
		t.Errorf("got %+v, %d failed; want the third event, 2 failed", found, e.Stats().Failed)
	}
}

// TestWhenNamesPayload shows that a rule is known to need the payload if only
// its expression does, and that a selection can be called when.
func TestWhenNamesPayload(t *testing.T) {
	for text, want := range map[string]bool{
		"detection: {when: 'payload.request.body contains \"x\"', a: {records: 1}, condition: a}\n": true,
		"detection: {when: 'what.path contains \"x\"', a: {records: 1}, condition: a}\n":            false,
		"detection: {when: {records: 1}, condition: when}\n":                                        false,
	} {
		if got := one(t, text).Rules[0].payload; got != want {
			t.Errorf("%s: got %t", text, got)
		}
	}
	cheap, dear := one(t, "detection: {a: {records: 1}, condition: a}\n").Rules[0].Cost, one(t, "detection: {a: {records: 1}, when: records > 3, condition: a}\n").Rules[0].Cost
	if dear <= cheap {
		t.Errorf("with an expression %s, without %s", dear, cheap)
	}
}

// TestWhenFunctions shows that each function that is named is there.
func TestWhenFunctions(t *testing.T) {
	if !slices.IsSorted(WhenFunctions) {
		t.Error("not sorted")
	}
	for _, name := range WhenFunctions {
		_, err := Load([]File{{"r.yaml", fmt.Appendf(nil, whenRule, name+"() == 1")}})
		if err == nil || strings.Contains(err.Error(), "there is no") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzWhen compiles any expression, and runs it over an event.
func FuzzWhen(f *testing.F) {
	for _, s := range []string{`records > 1`, `any(objects, # == "x")`, `let a = 1; a in 1..3`, `arrived.Hour() > 3`, `objects[-1:] | map(len(#)) | sum() > 2`} {
		f.Add(s)
	}
	e := call(1, 0, "records", "3", "what.path", "/x")
	e.Objects = []string{"a", "b"}
	f.Fuzz(func(t *testing.T, text string) {
		r := &reader{file: "f", numbers: map[string]int{}}
		w := r.when(&node{shape: scalar, text: text, line: 1, column: 1})
		if (w == nil) != (len(r.problems) > 0) {
			t.Fatal(w, r.problems)
		}
		if w == nil {
			return
		}
		v := newView(0, Secret{})
		v.look(e)
		first := w.holds(v)
		v.look(e)
		if w.holds(v) != first {
			t.Errorf("%q is not the same twice", text)
		}
	})
}
