package operation

import (
	"net/http"
	"testing"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// TestOData learns the templates of a service from its calls, and takes the
// objects from their keys.
func TestOData(t *testing.T) {
	tr := tracker(t, Config{})
	tests := []struct{ target, route, objects string }{
		{"/odata/Customers(4711)", "/odata/Customers({customer_id})", "customer/4711"},
		{"/odata/Customers(4712)", "/odata/Customers({customer_id})", "customer/4712"},
		{"/odata/Customers('ALFKI')", "/odata/Customers({customer_id})", "customer/ALFKI"},
		{"/odata/Customers(%27O%27%27Neil%27)", "/odata/Customers({customer_id})", "customer/O'Neil"},
		{"/odata/Customers('abc')/Orders(1)", "/odata/Customers({customer_id})/Orders({order_id})", "customer/abc order/1"},
		{"/odata/People(f47ac10b-58cc-4372-a567-0e02b2c3d479)", "/odata/People({person_id})", "person/f47ac10b-58cc-4372-a567-0e02b2c3d479"},
		{"/odata/Lines(Order=1,Line=2)", "/odata/Lines({keys})", ""},
		{"/odata/Lines(Order=7,Line=3)", "/odata/Lines({keys})", ""},
	}
	for range 3 { // until odata is known for a name of the API's
		observe(tr, exchange{method: "GET", target: "/odata/Customers(1)"})
	}
	for _, tt := range tests {
		observe(tr, exchange{method: "GET", target: tt.target})
		f := observe(tr, exchange{method: "GET", target: tt.target, answer: `{}`}) // as it was learned
		if f.Operation.Route != tt.route || objectText(f) != tt.objects {
			t.Errorf("%s: got %q %q, want %q %q", tt.target, f.Operation.Route, objectText(f), tt.route, tt.objects)
		}
		if f.Operation.Basis != event.BasisLearned {
			t.Errorf("%s: basis %q", tt.target, f.Operation.Basis)
		}
	}
	for _, raw := range []string{"a(b)", "()", "Customers()", "Customers(", "Default.Top(count=3)", "1a(1)", "Customers(a(1))", "Customers(1)x", "Cust omers(1)", "(1)"} {
		if set, key, ok := setKey(raw); ok {
			t.Errorf("%q: got %q with the key %q", raw, set, key)
		}
	}
}

// TestODataDescribed has the templates of a document, in both ways in which
// generators write them.
func TestODataDescribed(t *testing.T) {
	get := map[string]*Described{"GET": {}}
	tr := tracker(t, Config{APIs: []API{{Route: "shop", Document: with(map[string]map[string]*Described{
		"/Customers": get, "/Customers({CustomerID})": get, "/People('{UserName}')/Trips({TripId})": get, "/Lines(Order={Order},Line={Line})": get,
	})}}})
	if err := tr.Refresh(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	odata := http.Header{"Content-Type": {"application/json;odata.metadata=minimal"}, "Odata-Version": {"4.0"}}
	tests := []struct {
		target, answer, want string
	}{
		{"/Customers(7)", ``, "customer/7"},
		{"/Customers('A')", `{"@odata.context":"x","CustomerID":"A","AccountID":3}`, "customer/A"},
		{"/People('ann')/Trips(0)", `{"TripId":0,"Owner":{"ID":5}}`, "person/ann trip/0 | owner/5"},
		{"/Lines(Order=1,Line=2)", ``, ""},
		{"/Customers", `{"@odata.context":"$metadata#Customers","value":[{"CustomerID":"A","AccountID":3},{"CustomerID":"B"}]}`, "| customer/A customer/B"},
	}
	for _, tt := range tests {
		if got := objectText(observeWith(tr, tt.target, "", http.Header{}, tt.answer, odata)); got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.target, tt.answer, got, tt.want)
		}
	}
	// Without the header of OData, CustomerID is the id of another.
	if got := objectText(observe(tr, exchange{method: "GET", target: "/Customers", answer: `[{"CustomerID":"A"}]`})); got != "" {
		t.Errorf("of no OData: got %q", got)
	}
}

// TestJSONAPI takes resources by what they say they are, and relationships only
// where they are asked for.
func TestJSONAPI(t *testing.T) {
	tr := tracker(t, Config{APIs: []API{{Route: "shop", Document: with(map[string]map[string]*Described{"/articles": nil, "/articles/{id}": nil})}}})
	if err := tr.Refresh(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	media := http.Header{"Content-Type": {`application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"`}}
	tests := []struct{ name, target, request, answer, want string }{
		{"one", "/articles/1", "", `{"data":{"type":"articles","id":"1","attributes":{"id":"x","type":"y"}}}`, "article/1"},
		{"id first", "/articles/1", "", `{"data":{"id":"2","type":"articles"}}`, "article/1 | article/2"},
		{"list and included", "/articles", "",
			`{"data":[{"type":"articles","id":"1","relationships":{"author":{"data":{"type":"people","id":"9"}}}},{"type":"articles","id":"2"}],"included":[{"type":"people","id":"9"},{"type":"order-items","id":"7"}]}`,
			"| article/1 article/2 person/9 order_item/7"},
		{"nothing", "/articles/1", "", `{"data":null,"meta":{"type":"articles","id":"5"},"errors":[{"id":"e1","type":"x"}]}`, "article/1"},
		{"no type", "/articles", "", `{"data":[{"id":"1"}]}`, ""},
		{"escaped", "/articles", "", `{"data":[{"type":"arti\u0063les","id":"\u0031"}]}`, "| article/1"},
		{"request", "/articles", `{"data":{"type":"articles","relationships":{"author":{"data":{"type":"people","id":"9"}},"tags":{"data":[{"type":"tags","id":"2"},{"type":"tags","id":"3"}]}}}}`, "", "person/9 tag/2 tag/3"},
	}
	for _, tt := range tests {
		if got := objectText(observeWith(tr, tt.target, tt.request, media, tt.answer, media)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	for v, want := range map[string]bool{"application/vnd.api+json": true, "Application/vnd.API+json ; x=y": true, "application/vnd.api+jsonx": false, "application/json": false, "": false} {
		if got := isJSONAPI(http.Header{"Content-Type": {v}}); got != want {
			t.Errorf("%q: got %v", v, got)
		}
	}
}

// observeWith makes a call with the headers given.
func observeWith(tr *Tracker, target, request string, header http.Header, answer string, answerHeader http.Header) (f capture.Facts) {
	method := "GET"
	if request != "" {
		method = "POST"
	}
	o := tr.Observe(&capture.Call{Route: "shop", Method: method, Path: target, Header: header, Identity: new(capture.Identity)})
	o.Request([]byte(request))
	o.Answer(200, answerHeader)
	o.Response([]byte(answer))
	o.End(&f)
	return f
}
