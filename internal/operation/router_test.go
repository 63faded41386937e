package operation

import (
	"context"
	"slices"
	"testing"

	"github.com/gatebook/gatebook/event"
)

// TestRouter: what the program's own router says of a call names the operation
// and its objects at the first call, without a document and without learning.
func TestRouter(t *testing.T) {
	tr := tracker(t, Config{})
	for _, c := range []struct {
		pattern, target, route string
		basis                  event.Basis
		objects                []event.Object
	}{
		{"GET /customers/{id}", "/customers/4711", "/customers/{id}", event.BasisRouter, []event.Object{{Type: "customer", ID: "4711"}}},
		{"shop.example/orders/{id}/items/{item}", "/orders/7/items/2?x=1", "/orders/{id}/items/{item}", event.BasisRouter, []event.Object{{Type: "order", ID: "7"}, {Type: "item", ID: "2"}}},
		{"/{$}", "/", "/", event.BasisRouter, nil},
		{"/health", "/health", "/health", event.BasisRouter, nil},
		{"/static/", "/static/logo", "", "", nil},        // a subtree is no operation
		{"/files/{path...}", "/files/a/b", "", "", nil},  // nor is the rest of a path
		{"/customers/{id}", "/elsewhere/1", "", "", nil}, // the path is not that of the pattern
		{"/broken/{a}{b}", "/broken/1", "", "", nil},     // no template
		{"", "/customers/4712", "", "", nil},             // a pattern is of its call, and of no other
	} {
		f := observe(tr, exchange{method: "GET", target: c.target, pattern: c.pattern, status: 404})
		if f.Operation.Route != c.route || f.Operation.Basis != c.basis || !slices.Equal(f.Objects, c.objects) {
			t.Errorf("%s by %q: got %q, %q, %v, want %q, %q, %v", c.target, c.pattern, f.Operation.Route, f.Operation.Basis, f.Objects, c.route, c.basis, c.objects)
		}
	}
}

// TestRouterAndDocument: a description of the API says more, and wins.
func TestRouterAndDocument(t *testing.T) {
	tr := tracker(t, Config{APIs: []API{{Route: "shop", Document: with(map[string]map[string]*Described{
		"/customers/{number}": {"GET": {Name: "readCustomer"}},
	})}}})
	if err := tr.Refresh(context.Background(), "shop"); err != nil {
		t.Fatal(err)
	}
	f := observe(tr, exchange{method: "GET", target: "/customers/4711", pattern: "GET /customers/{id}"})
	if f.Operation.Route != "/customers/{number}" || f.Operation.Basis != event.BasisDocument || f.Operation.Name != "readCustomer" {
		t.Errorf("got %+v", f.Operation)
	}
	f = observe(tr, exchange{method: "GET", target: "/orders/4711", pattern: "GET /orders/{id}"})
	if f.Operation.Route != "/orders/{id}" || f.Operation.Basis != event.BasisRouter {
		t.Errorf("got %+v", f.Operation)
	}
}
