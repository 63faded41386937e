package protocols

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/graph-gophers/graphql-go"
	"github.com/graph-gophers/graphql-go/relay"
)

type root struct{}

type person struct{ id graphql.ID }

func (*root) Customer(args struct{ ID graphql.ID }) *person { return &person{args.ID} }

func (*root) Customers(args struct{ First int32 }) []*person {
	return []*person{{"cus_1"}, {"cus_2"}}
}

func (*root) DeleteCustomer(args struct{ ID graphql.ID }) bool { return true }

func (p *person) ID() graphql.ID { return p.id }

func (p *person) Email() string { return string(p.id) + "@example.com" }

const schema = `
	type Query { customer(id: ID!): Customer, customers(first: Int!): [Customer!]! }
	type Mutation { deleteCustomer(id: ID!): Boolean! }
	type Customer { id: ID!, email: String! }`

// TestGraphQL asks a real GraphQL server through the gateway.
func TestGraphQL(t *testing.T) {
	upstream := serveHTTP(t, &relay.Handler{Schema: graphql.MustParseSchema(schema, &root{})})
	g := before(t, "http://"+upstream, "")
	post := func(body, want string) {
		t.Helper()
		res, err := http.Post("http://"+g.addr+"/graphql", "application/json", strings.NewReader(body))
		must(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		must(t, err)
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("%s: got %s, want %s in it", body, b, want)
		}
	}
	post(`{"query":"query Read($id: ID!) { customer(id: $id) { id email } }","variables":{"id":"cus_7"}}`, `"cus_7@example.com"`)
	post(`{"query":"{ customers(first: 20) { id email } }"}`, `"cus_2"`)
	post(`{"query":"mutation Gone { deleteCustomer(id: \"cus_7\") }"}`, `true`)
	post(`{"query":"{ nothing }"}`, `errors`)

	read := g.find("the query", func(r *record) bool { return r.Header.Operation.Name == "Read" })
	if op := read.Header.Operation; op.Protocol != "graphql" || op.Type != "query" || op.Action != "read" || op.Depth != 2 || op.Cost != 3 || read.Header.Outcome.RPCStatus != "ok" {
		t.Errorf("the query: got %+v, %s", op, read.Header.Outcome.RPCStatus)
	}
	if o := read.What.Objects; len(o) == 0 || o[0].Type != "customer" || o[0].ID != "cus_7" {
		t.Errorf("the query: got the objects %+v", o)
	}
	list := g.find("the list", func(r *record) bool { return r.Header.Operation.Name == "customers" })
	if list.Header.Operation.Cost != 41 {
		t.Errorf("the list: got the cost %d, want 41", list.Header.Operation.Cost)
	}
	gone := g.find("the mutation", func(r *record) bool { return r.Header.Operation.Name == "Gone" })
	if op := gone.Header.Operation; op.Type != "mutation" || op.Action != "delete" {
		t.Errorf("the mutation: got %+v", op)
	}
	g.find("the wrong query", func(r *record) bool {
		return r.Header.Operation.Name == "nothing" && r.Header.Outcome.RPCStatus == "error"
	})
}
