package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// call returns the header of a call, minutes after noon.
func call(minutes int, change func(*event.Header)) *event.Header {
	h := &event.Header{
		Kind: event.Access, Arrived: noon.Add(time.Duration(minutes) * time.Minute),
		Capture:    event.Capture{Route: "shop"},
		Principal:  event.Principal{Kind: event.User, ID: "p_alice", Issuer: "https://issuer", Level: event.LevelVerified},
		Credential: event.Credential{Method: "jwt", Client: "reporter", Scopes: []string{"customers:read", "customers:write", "openid"}},
		Operation:  event.Operation{Protocol: "http/1.1", Method: "GET", Host: "api", Route: "/v2/customers/{id}", Basis: event.BasisDocument, Action: event.ActionRead, Requires: event.RequiresScopes, Scopes: []string{"customers:read"}},
		Objects:    []string{"customer"}, Outcome: event.Outcome{Status: 200}, Records: 1,
		Response: event.Body{Bytes: 100, Type: "application/json"}, Data: []event.Data{{Class: "email", Count: 2}},
	}
	if change != nil {
		change(h)
	}
	return h
}

func filled(headers ...*event.Header) *Catalog {
	c := New(Limits{})
	for i, h := range headers {
		c.Add(uint64(i), h)
	}
	return c
}

func TestOperation(t *testing.T) {
	c := filled(
		call(0, nil),
		call(1, func(h *event.Header) {
			h.Principal = event.Principal{Kind: event.Anonymous}
			h.Credential = event.Credential{Method: "none"}
		}),
		call(2, func(h *event.Header) { h.Outcome.Status, h.Data, h.Records = 404, nil, 0 }),
		call(3, func(h *event.Header) { h.Kind = event.Look }),
	)
	ops := c.Operations()
	if len(ops) != 1 {
		t.Fatalf("got %d operations, want 1: %+v", len(ops), ops)
	}
	o := ops[0]
	if o.ID != "GET /v2/customers/{id}" || o.API != "shop" || o.Version != "v2" || o.Count != 3 || !o.First.Equal(noon) || !o.Last.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("got %+v", o)
	}
	if o.Open.Count != 1 || o.Records != 2 || o.Out != 300 || o.Sample != 1 || o.Data["email"].Values != 4 || o.Statuses["404"].Count != 1 || o.Apps["reporter"].Count != 2 {
		t.Errorf("got open %+v, %d records, %d bytes, sample %d, data %+v, statuses %+v, apps %+v", o.Open, o.Records, o.Out, o.Sample, o.Data, o.Statuses, o.Apps)
	}
	if n, exact := o.Callers.Count(); n != 1 || !exact {
		t.Errorf("got %d callers, exact %v; want 1", n, exact)
	}
	if s := c.Status(); s.Next != 4 || s.Calls != 3 {
		t.Errorf("got %+v", s)
	}
}

// TestTwoApps shows that what is read with a user's token is accounted to the
// app and to the user, and that two apps of one user are kept apart.
func TestTwoApps(t *testing.T) {
	c := filled(call(0, nil), call(1, nil), call(2, func(h *event.Header) { h.Credential.Client, h.Records = "mailer", 40 }))
	apps := c.Apps()
	if len(apps) != 2 || apps[0].ID != "mailer" || apps[0].Records != 40 || apps[1].Records != 2 || apps[1].Data["email"].Values != 4 {
		t.Errorf("apps: got %+v", apps)
	}
	callers := c.Callers()
	if len(callers) != 1 || callers[0].Records != 42 || callers[0].Apps["mailer"].Count != 1 || callers[0].Apps["reporter"].Count != 2 {
		t.Errorf("callers: got %+v", callers)
	}
	if creds := c.Credentials(); len(creds) != 2 || creds[0].ID != "jwt mailer p_alice" {
		t.Errorf("credentials: got %+v", creds)
	}
}

func TestOperationID(t *testing.T) {
	f := func(op event.Operation, want string) {
		t.Helper()
		if got := OperationID(&event.Header{Operation: op}); got != want {
			t.Errorf("%+v: got %q, want %q", op, got, want)
		}
	}
	f(event.Operation{Method: "GET", Route: "/a/{id}", Name: "getA", Basis: event.BasisDocument}, "GET /a/{id}")
	f(event.Operation{Method: "POST", Route: "/graphql", Protocol: "graphql", Type: "query", Name: "Q", Basis: event.BasisProtocol}, "graphql query Q")
	f(event.Operation{Method: "POST", Protocol: "grpc", Name: "s.S/M", Basis: event.BasisProtocol, Type: "unary"}, "grpc s.S/M")
	f(event.Operation{Method: "GET"}, "GET (unknown)")
}

func TestLeastPrivilege(t *testing.T) {
	c := filled(call(0, nil), call(1, func(h *event.Header) { h.Operation.Requires, h.Operation.Scopes = "", nil }),
		call(2, func(h *event.Header) {
			h.Principal = event.Principal{Kind: event.Unknown, ID: "p_x", Level: event.LevelClaimed}
			h.Credential = event.Credential{Method: "jwt", Client: "forger", Scopes: []string{"admin"}}
		}))
	apps := c.Apps()
	if got, want := apps[1].Scopes.Unused(), []string{"customers:write"}; !reflect.DeepEqual(got, want) {
		t.Errorf("unused scopes: got %v, want %v", got, want)
	}
	if u := apps[1].Scopes; u.Judged != 1 || u.Calls != 2 {
		t.Errorf("got %+v, want one of two calls judged", u)
	}
	if len(apps[0].Scopes.Granted) != 0 {
		t.Errorf("scopes that nobody verified count as granted: %+v", apps[0].Scopes)
	}
}

func TestDrift(t *testing.T) {
	c := filled(
		call(0, nil),
		call(1, func(h *event.Header) { h.Outcome.Status = 418 }),
		call(2, func(h *event.Header) { h.Operation.Route = "/v1/customers/{id}" }),
		call(3, func(h *event.Header) { h.Operation.Route, h.Operation.Basis = "/internal/dump", event.BasisLearned }),
		call(4, func(h *event.Header) {
			h.Operation.Route, h.Operation.Basis, h.Outcome.Status = "/nothing", event.BasisLearned, 404
		}),
		call(5, func(h *event.Header) {
			h.Operation.Route, h.Principal = "/v2/orders", event.Principal{Kind: event.Anonymous}
		}),
		call(6, func(h *event.Header) { h.Capture.Route = "undescribed" }),
		call(7, func(h *event.Header) { h.Operation.Route, h.Operation.Basis = "", "" }),
		// learned under another name before the description was read
		call(8, func(h *event.Header) {
			h.Operation.Route, h.Operation.Basis = "/v2/customers/{customer_id}", event.BasisLearned
		}),
		// a version that the description has forgotten
		call(9, func(h *event.Header) {
			h.Operation.Route, h.Operation.Basis = "/v1/orders", event.BasisLearned
		}),
		// a newer one that is not described yet
		call(10, func(h *event.Header) {
			h.Operation.Route, h.Operation.Basis = "/v3/orders", event.BasisLearned
		}),
	)
	doc := func(route string, d Documented) Documented {
		d.API, d.Method, d.Route = "shop", "GET", route
		return d
	}
	got := c.Drift([]Documented{
		doc("/v2/customers/{id}", Documented{Statuses: []string{"200", "404"}}),
		doc("/v1/customers/{id}", Documented{Deprecated: true, Statuses: []string{"2XX"}}),
		doc("/v2/orders", Documented{Requires: event.RequiresScopes, Statuses: []string{"default"}}),
		doc("/v2/refunds", Documented{}),
	})
	var lines []string
	for _, d := range got {
		lines = append(lines, fmt.Sprintf("%s %s %d", d.Kind, d.ID, d.Count))
	}
	want := []string{"open GET /v2/orders 1", "shadow GET /internal/dump 1", "shadow GET /v3/orders 1", "status GET /v2/customers/{id} 1", "unclassified GET (unknown) 1", "unused GET /v2/refunds 0", "zombie GET /v1/customers/{id} 1", "zombie GET /v1/orders 1"}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// TestSuccess tells answers from refusals that have the status 200.
func TestSuccess(t *testing.T) {
	nobody := func(status int, protocol, rpc string) *event.Header {
		return call(0, func(h *event.Header) {
			h.Principal, h.Credential = event.Principal{Kind: event.Anonymous}, event.Credential{Method: "none"}
			h.Outcome.Status, h.Outcome.RPCStatus, h.Operation.Protocol = status, rpc, protocol
		})
	}
	f := func(h *event.Header, want uint64) {
		t.Helper()
		if o := filled(h).Operations()[0]; o.Success.Count != want || o.Open.Count != want {
			t.Errorf("%d %s %q: got success %d and open %d, want %d", h.Outcome.Status, h.Operation.Protocol, h.Outcome.RPCStatus, o.Success.Count, o.Open.Count, want)
		}
	}
	f(nobody(200, "http/1.1", ""), 1)
	f(nobody(204, "http/2", ""), 1)
	f(nobody(101, "websocket", ""), 1)
	f(nobody(200, "grpc", "OK"), 1)
	f(nobody(200, "grpc", "UNAUTHENTICATED"), 0)
	f(nobody(200, "graphql", "error"), 0)
	f(nobody(200, "jsonrpc", "-32001"), 0)
	f(nobody(401, "http/1.1", ""), 0)
	f(nobody(302, "http/1.1", ""), 0)
}

func TestDiff(t *testing.T) {
	c := filled(
		call(0, nil), call(0, func(h *event.Header) { h.Operation.Route = "/old" }),
		call(60, func(h *event.Header) { h.Data = append(h.Data, event.Data{Class: "iban", Count: 1}) }),
		call(61, func(h *event.Header) { h.Operation.Route, h.Credential.Client = "/new", "mailer" }),
	)
	var lines []string
	for _, d := range c.Diff(noon.Add(30*time.Minute), noon.Add(2*time.Hour)) {
		lines = append(lines, fmt.Sprintf("%s new=%v %s %s", d.Kind, d.New, d.ID, d.What))
	}
	want := []string{"app new=true mailer ", "data new=true reporter iban", "data new=true GET /v2/customers/{id} iban", "operation new=true GET /new ", "operation new=false GET /old "}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestDormant(t *testing.T) {
	c := filled(call(0, nil),
		call(0, func(h *event.Header) { h.Credential = event.Credential{Method: "api-key", KeyID: "k1"} }),
		call(1, func(h *event.Header) {
			h.Credential = event.Credential{Method: "api-key", KeyID: "k2", Expires: noon.Add(time.Hour)}
		}),
		call(500, func(h *event.Header) { h.Credential = event.Credential{Method: "api-key", KeyID: "k3"} }))
	got := c.Dormant(noon.Add(3*time.Hour), noon.Add(4*time.Hour))
	if len(got) != 2 || got[0].ID != "api-key k1" || got[1].ID != "jwt reporter p_alice" {
		t.Errorf("got %+v, want k1 and the token: k2 has expired, k3 was used", got)
	}
}

// traffic returns random headers.
func traffic(seed uint64, n int) []*event.Header {
	r := rand.New(rand.NewPCG(seed, 1))
	list := make([]*event.Header, n)
	for i := range list {
		list[i] = call(i/10, func(h *event.Header) {
			h.Principal.ID = fmt.Sprint("p_", r.IntN(300))
			h.Credential.Client = fmt.Sprint("app", r.IntN(20))
			h.Operation.Route = fmt.Sprint("/r", r.IntN(50), "/{id}")
			h.Outcome.Status = []int{200, 201, 404, 500}[r.IntN(4)]
			h.Data = []event.Data{{Class: fmt.Sprint("c", r.IntN(9)), Count: 1}}
		})
	}
	return list
}

// TestRestart shows that a catalog which was saved and taken up again is the
// same, byte for byte, as one that saw everything, also where entries had to be
// dropped.
func TestRestart(t *testing.T) {
	headers := traffic(1, 5000)
	limits := Limits{Operations: 40, Apps: 10, Callers: 100, Credentials: 100}
	whole, parts := New(limits), New(limits)
	for i, h := range headers {
		whole.Add(uint64(i), h)
		parts.Add(uint64(i), h)
		if i%777 == 0 {
			b, err := parts.Save("origin")
			if err != nil {
				t.Fatal(err)
			}
			parts = New(limits)
			if err := parts.Load(b, "origin"); err != nil {
				t.Fatal(err)
			}
			for j := range 5 {
				parts.Add(uint64(max(0, i-j)), headers[max(0, i-j)]) // again
			}
		}
	}
	a, err := whole.Save("origin")
	if err != nil {
		t.Fatal(err)
	}
	b, err := parts.Save("origin")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("a catalog that was taken up again differs from one that saw everything")
	}
	d := whole.Status().Dropped
	if d.Operations == 0 || d.Apps == 0 || d.Callers == 0 || d.Credentials == 0 {
		t.Errorf("nothing was dropped in spite of the limits: %+v", d)
	}
	if n := len(whole.Callers()); n > limits.Callers {
		t.Errorf("%d callers, the limit is %d", n, limits.Callers)
	}
}

// TestMadeUpCredentials floods the catalog with credentials that nobody
// verified: those that are known stay.
func TestMadeUpCredentials(t *testing.T) {
	c := New(Limits{Credentials: 50})
	c.Add(0, call(0, nil))
	for i := range 1000 {
		c.Add(uint64(i+1), call(i+1, func(h *event.Header) {
			h.Principal = event.Principal{Kind: event.Unknown, Level: event.LevelClaimed}
			h.Credential = event.Credential{Method: "bearer", Fingerprint: fmt.Sprint("fp:", i)}
		}))
	}
	list := c.Credentials()
	if kept := slices.ContainsFunc(list, func(c Credential) bool { return c.Principal == "p_alice" }); !kept || len(list) > 50 {
		t.Errorf("%d credentials, that of alice among them: %v; want at most 50, and hers", len(list), kept)
	}
}

func TestLoadRefuses(t *testing.T) {
	b, err := filled(call(0, nil)).Save("origin")
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(b)
	flipped[len(b)/2] ^= 1
	for name, bad := range map[string][]byte{"empty": nil, "a flipped bit": flipped, "cut": b[:len(b)-3]} {
		c := filled(call(0, nil))
		if err := c.Load(bad, "origin"); !errors.Is(err, ErrSnapshot) || c.Next() != 0 {
			t.Errorf("%s: got %v, next %d", name, err, c.Next())
		}
	}
	if err := New(Limits{}).Load(b, "another"); !errors.Is(err, ErrSnapshot) {
		t.Errorf("another ledger's: got %v", err)
	}
}

func TestDistinct(t *testing.T) {
	for _, want := range []int{0, 1, 64, 65, 1000, 50_000} {
		var d Distinct
		for i := range want {
			d.add(fmt.Sprint("name", i))
			d.add(fmt.Sprint("name", i/2))
		}
		got, exact := d.Count()
		if off := float64(got) - float64(want); exact != (want <= 64) || exact && off != 0 || off*off > float64(want)*float64(want)*0.01 {
			t.Errorf("%d names: got %d, exact %v", want, got, exact)
		}
		var again, answer Distinct
		if err := again.setState(d.state()); err != nil || !reflect.DeepEqual(again, d) {
			t.Errorf("%d names: not the same after it was stored, %v", want, err)
		}
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &answer); err != nil {
			t.Fatal(err)
		}
		if n, e := answer.Count(); n != got || e != exact {
			t.Errorf("%d names: the answer %s says %d, exact %v", want, b, n, e)
		}
	}
}

func TestOpenAPI(t *testing.T) {
	c := filled(call(0, nil), call(1, func(h *event.Header) { h.Operation.Route, h.Operation.Method = "/v2/customers", "POST" }))
	b, err := OpenAPI("shop", c.Operations(), func(o *Operation) Sample {
		return Sample{Request: []byte(`{"email":"alice@example.com"}`), Response: []byte(`{"id":4711,"email":"alice@example.com","by":{"alice@example.com":1},"list":[{"iban":"DE89370400440532013000"}],"ok":true,"none":null,"x":1.5}`)}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"alice", "4711", "DE89"} {
		if bytes.Contains(b, []byte(value)) {
			t.Errorf("the document has a value of a call: %s\n%s", value, b)
		}
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Parameters []struct{ Name, In string }
			Responses  map[string]struct {
				Content map[string]struct{ Example any }
			}
		}
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	get := doc.Paths["/v2/customers/{id}"]["get"]
	if doc.OpenAPI != "3.1.0" || len(get.Parameters) != 1 || get.Parameters[0].Name != "id" || doc.Paths["/v2/customers"]["post"].Responses == nil {
		t.Errorf("got %s", b)
	}
	want := map[string]any{"id": 0.0, "email": "string", "by": map[string]any{}, "list": []any{map[string]any{"iban": "string"}}, "ok": false, "none": nil, "x": 0.5}
	if got := get.Responses["200"].Content["application/json"].Example; !reflect.DeepEqual(got, want) {
		t.Errorf("example: got %v, want %v", got, want)
	}
}

func BenchmarkAdd(b *testing.B) {
	headers := traffic(2, 10_000)
	c := New(Limits{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Add(uint64(i), headers[i%len(headers)])
	}
}
