package graphql

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	f := func(body string, want ...Operation) {
		t.Helper()
		got, err := Parse("application/json", nil, []byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			return
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", body, got, want)
		}
	}
	f(`{"query":"{ me { name } }"}`, Operation{Type: "query", Fields: []string{"me"}, Depth: 2, Cost: 2})
	f(`{"query":"query Q($id: ID!) { customer(id: $id) { name orders(first: 10) { id total } } }","variables":{"id":"cus_1"}}`,
		Operation{Type: "query", Name: "Q", Fields: []string{"customer"}, Depth: 3, Cost: 1 + 1 + 1 + 10*2, Arguments: []Argument{{"customer", "id", "cus_1"}}})
	f(`{"query":"mutation { a: drop(id: 7) { ok } b: drop(id: 8) { ok } }"}`,
		Operation{Type: "mutation", Fields: []string{"drop"}, Depth: 2, Cost: 4, Arguments: []Argument{{"drop", "id", "7"}, {"drop", "id", "8"}}})
	f(`{"query":"query A { a } query B { b(x: {y: [RED], z: true}) }","operationName":"B"}`,
		Operation{Type: "query", Name: "B", Fields: []string{"b"}, Depth: 1, Cost: 1, Arguments: []Argument{{"b", "x.y", "RED"}, {"b", "x.z", "true"}}})
	f(`{"query":"subscription S { ticks }"}`, Operation{Type: "subscription", Name: "S", Fields: []string{"ticks"}, Depth: 1, Cost: 1})
	f(`{"query":"query { ...F } fragment F on Query { users(limit: $n) { ...U } } fragment U on User { id }","variables":{"n":5}}`,
		Operation{Type: "query", Fields: []string{"users"}, Depth: 2, Cost: 6, Arguments: []Argument{{"users", "limit", "5"}}})
	f(`[{"query":"{a}"},{"query":"{b}"}]`,
		Operation{Type: "query", Fields: []string{"a"}, Depth: 1, Cost: 1}, Operation{Type: "query", Fields: []string{"b"}, Depth: 1, Cost: 1})
	hash := strings.Repeat("0a", 32)
	f(`{"operationName":"Q","variables":{"input":{"id":4711}},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"`+hash+`"}}}`,
		Operation{Name: "Q", Persisted: hash, Arguments: []Argument{{"", "input.id", "4711"}}})
	f(`{"documentId":"sha256:`+hash+`"}`, Operation{Persisted: hash})
}

func TestParseOtherForms(t *testing.T) {
	q := url.Values{"query": {"query Q($id: ID) { node(id: $id) { id } }"}, "variables": {`{"id":"x"}`}}
	got, err := Parse("", q, nil)
	want := []Operation{{Type: "query", Name: "Q", Fields: []string{"node"}, Depth: 2, Cost: 2, Arguments: []Argument{{"node", "id", "x"}}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("GET: got %+v, %v; want %+v", got, err, want)
	}
	got, err = Parse("application/graphql", nil, []byte("{ a b }"))
	want = []Operation{{Type: "query", Fields: []string{"a", "b"}, Depth: 1, Cost: 2}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("application/graphql: got %+v, %v; want %+v", got, err, want)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, body := range []string{
		``, `{}`, `[]`, `null`, `{"query":"{ a"}`, `{"query":"query A {a} query B {b}"}`, `{"query":"{a}","operationName":"X"}`,
		`{"query":"` + strings.Repeat("a ", MaxTokens+1) + `"}`, `[` + strings.Repeat(`{"query":"{a}"},`, MaxBatch) + `{"query":"{a}"}]`,
		`{"id":"not a hash"}`,
	} {
		if got, err := Parse("application/json", nil, []byte(body)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%.60s: got %+v, %v; want ErrSyntax", body, got, err)
		}
	}
}

// TestBombs shows that documents which would expand without end are measured
// in the time of their own size.
func TestBombs(t *testing.T) {
	cycle := `{"query":"{ ...A } fragment A on Q { a ...B } fragment B on Q { b ...A }"}`
	got, err := Parse("application/json", nil, []byte(cycle))
	if err != nil || got[0].Depth != 1 {
		t.Errorf("a cycle of fragments: got %+v, %v", got, err)
	}
	var b strings.Builder
	b.WriteString("{ ...F0 }")
	for i := range 60 { // 2^60 fields
		fmt.Fprintf(&b, " fragment F%d on Q { ...F%d ...F%d }", i, i+1, i+1)
	}
	b.WriteString(" fragment F60 on Q { x }")
	got, err = Parse("application/graphql", nil, []byte(b.String()))
	if err != nil || got[0].Cost != MaxCost {
		t.Errorf("doubling fragments: got %+v, %v; want the cost %d", got, err, MaxCost)
	}
	nested := `{ a(first:1000000) { b(first:1000000) { c(first:1000000) { d } } } }`
	got, err = Parse("application/graphql", nil, []byte(nested))
	if err != nil || got[0].Cost != MaxCost || got[0].Depth != 4 {
		t.Errorf("lists in lists: got %+v, %v; want the cost %d", got, err, MaxCost)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("application/json", []byte(`{"query":"query Q($i: In) { a(x: $i, y: [1,{z:2}]) { ...F } } fragment F on T { b ...F }","variables":{"i":{"k":[1,"2",{"l":3}]}}}`))
	f.Add("application/graphql", []byte(`{ a @include(if: true) { ... on B { c } } }`))
	f.Add("application/json", []byte(`[{"id":"x"}]`))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		ops, err := Parse(contentType, nil, body)
		if err != nil {
			if !errors.Is(err, ErrSyntax) {
				t.Errorf("error %v is no ErrSyntax", err)
			}
			return
		}
		for _, op := range ops {
			if op.Cost < 0 || op.Cost > MaxCost || op.Depth < 0 || len(op.Fields) > maxFields || len(op.Arguments) > maxArguments {
				t.Errorf("out of bounds: %+v", op)
			}
			for _, n := range append(op.Fields, op.Name) {
				if name(n) != n {
					t.Errorf("%q is no name", n)
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	body := []byte(`{"query":"query Q($id: ID!) { customer(id: $id) { name email orders(first: 10) { id total lines { sku quantity } } } }","variables":{"id":"cus_1"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("application/json", nil, body); err != nil {
			b.Fatal(err)
		}
	}
}
