package protocol

import (
	"context"
	"encoding/binary"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/operation/grpc"
)

// exchange is a call and its answer, as an observer is told of them.
type exchange struct {
	call    capture.Call
	request string
	status  int
	header  http.Header
	answer  string
	header2 http.Header // nil: the answer came once
	answer2 string
}

// observe passes x by an observer, in small pieces.
func observe(t *testing.T, cfg Config, x exchange) capture.Facts {
	t.Helper()
	if cfg.Session == nil {
		cfg.Session = func(id string) string { return "fp:" + id }
	}
	if x.call.Header == nil {
		x.call.Header = http.Header{}
	}
	o := New(cfg).Observe(&x.call)
	if o == nil {
		t.Fatalf("%s %s: not observed", x.call.Method, x.call.Path)
	}
	feed := func(to func([]byte), s string) {
		for len(s) > 0 {
			n := min(len(s), 7)
			to([]byte(s[:n]))
			s = s[n:]
		}
	}
	feed(o.Request, x.request)
	if x.header == nil {
		x.header = http.Header{"Content-Type": {"application/json"}}
	}
	if x.status == 0 {
		x.status = 200
	}
	o.Answer(x.status, x.header)
	feed(o.Response, x.answer)
	if x.header2 != nil {
		o.Answer(x.status, x.header2)
		feed(o.Response, x.answer2)
	}
	var f capture.Facts
	o.End(&f)
	return f
}

func jsonPost(path string, header ...string) capture.Call {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return capture.Call{Method: "POST", Path: path, Header: h}
}

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func TestGraphQL(t *testing.T) {
	f := observe(t, Config{}, exchange{call: jsonPost("/graphql"), answer: `{"data":{}}`,
		request: `{"query":"query Q($id: ID!) { customer(id: $id) { name orders(first: 10) { id } } order(orderId: 7) { total } }","variables":{"id":"cus_1"}}`})
	check(t, "operation", f.Operation, event.Operation{Protocol: "graphql", Name: "Q", Type: "query", Basis: "protocol", Action: "read", Parts: []string{"customer", "order"}, Depth: 3, Cost: 15})
	check(t, "objects", f.Objects, []event.Object{{Type: "customer", ID: "cus_1"}, {Type: "order", ID: "7"}})
	check(t, "status", f.RPCStatus, "ok")

	f = observe(t, Config{}, exchange{call: jsonPost("/api"), answer: `{"errors":[]}`, request: `{"query":"mutation { createUser(input: {name: \"x\"}) { id } deleteOrder(id: \"o1\") { id } }"}`})
	check(t, "mutation", f.Operation.Action, event.ActionDelete)
	check(t, "objects of a mutation", f.Objects, []event.Object{{Type: "order", ID: "o1"}})
	check(t, "status of errors", f.RPCStatus, "error")

	f = observe(t, Config{}, exchange{call: jsonPost("/graphql"), request: `[{"query":"{a}"},{"query":"mutation { grantRole(userId: 3) }"}]`})
	check(t, "batch", f.Operation, event.Operation{Protocol: "graphql", Name: "a", Type: "batch", Basis: "protocol", Action: "grant", Parts: []string{"a", "grantRole"}, Count: 2, Depth: 1, Cost: 2})

	f = observe(t, Config{}, exchange{call: capture.Call{Method: "GET", Path: "/graphql", Query: "query=%7Bme%7Bid%7D%7D"}})
	check(t, "GET", f.Operation.Name, "me")
}

// TestOrdinaryJSON shows that JSON which is no protocol of its own says nothing.
func TestOrdinaryJSON(t *testing.T) {
	for _, body := range []string{`{"name":"x"}`, `{"query":"shoes","page":2}`, `[1,2]`, `{"jsonrpc":"1.0"}`, ``, `{"query":`} {
		f := observe(t, Config{}, exchange{call: jsonPost("/v1/search"), request: body, answer: `{"errors":1}`})
		check(t, body, f, capture.Facts{})
	}
	if o := New(Config{}).Observe(&capture.Call{Method: "GET", Path: "/v1/customers", Header: http.Header{}}); o != nil {
		t.Errorf("an ordinary GET is observed by %T", o)
	}
}

func TestMCP(t *testing.T) {
	f := observe(t, Config{}, exchange{
		call:    jsonPost("/mcp", "Mcp-Session-Id", "s1", "Accept", "application/json, text/event-stream"),
		request: `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"delete_customer","arguments":{"customer_id":"cus_1"}}}`,
		header:  http.Header{"Content-Type": {"text/event-stream"}},
		answer:  "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"content\":[],\"isError\":true}}\n\n",
	})
	check(t, "operation", f.Operation, event.Operation{Protocol: "mcp", Name: "delete_customer", Type: "tools/call", Basis: "protocol", Action: "delete", Session: "fp:s1"})
	check(t, "objects", f.Objects, []event.Object{{Type: "customer", ID: "cus_1"}})
	check(t, "status", f.RPCStatus, "error")
	check(t, "messages", f.ResponseMessages, uint64(2))

	// The answer of initialize names the session; it comes once more after a retry.
	f = observe(t, Config{}, exchange{
		call:    jsonPost("/mcp"),
		request: `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`,
		header:  http.Header{"Content-Type": {"application/json"}}, answer: `{"jsonrpc":"2.0","id":1,"error":{"code":-32000}}`,
		header2: http.Header{"Content-Type": {"application/json"}, "Mcp-Session-Id": {"s2"}}, answer2: `{"jsonrpc":"2.0","id":1,"result":{}}`,
	})
	check(t, "initialize", f.Operation, event.Operation{Protocol: "mcp", Name: "initialize", Basis: "protocol", Session: "fp:s2"})
	check(t, "status after a retry", f.RPCStatus, "ok")

	f = observe(t, Config{}, exchange{call: jsonPost("/mcp", "Mcp-Session-Id", "s"), request: `{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"file:///a"}}`})
	check(t, "resource", f.Objects, []event.Object{{Type: "resource", ID: "file:///a"}})
	check(t, "resource's action", f.Operation.Action, event.ActionRead)

	f = observe(t, Config{}, exchange{call: jsonPost("/rpc"), request: `[{"jsonrpc":"2.0","id":1,"method":"eth.get"},{"jsonrpc":"2.0","method":"b"}]`, answer: `[{"jsonrpc":"2.0","id":1,"error":{"code":-32601}}]`})
	check(t, "batch", f.Operation, event.Operation{Protocol: "jsonrpc", Type: "batch", Basis: "protocol", Parts: []string{"eth.get", "b"}, Count: 2})
	check(t, "code", f.RPCStatus, "-32601")
}

func frame(b string) string {
	return string(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(b)))) + b
}

func TestGRPC(t *testing.T) {
	s, err := grpc.Compile(context.Background(), fstest.MapFS{"s.proto": {Data: []byte(`syntax = "proto3"; package s;
		service Customers { rpc GetCustomer(Get) returns (Page); rpc Watch(stream Get) returns (stream Get); }
		message Get { string id = 1; string parent = 2; } message Page { repeated Get customers = 1; }`)}}, "s.proto")
	if err != nil {
		t.Fatal(err)
	}
	schema := func(string) *grpc.Schema { return s }
	call := func(method string) capture.Call {
		return capture.Call{Method: "POST", Path: "/s.Customers/" + method, HTTP2: true, Header: http.Header{"Content-Type": {"application/grpc"}}}
	}
	answer := http.Header{"Content-Type": {"application/grpc+proto"}}
	f := observe(t, Config{Schema: schema}, exchange{call: call("GetCustomer"), header: answer,
		request: frame("\x0a\x05cus_1\x12\x0eshops/7/bays/b"), answer: frame("\x0a\x03\x0a\x01a\x0a\x03\x0a\x01b")})
	check(t, "operation", f.Operation, event.Operation{Type: "unary", Basis: "protocol", Action: "read"})
	check(t, "objects", f.Objects, []event.Object{{Type: "customer", ID: "cus_1"}, {Type: "shop", ID: "7"}, {Type: "bay", ID: "b"}})
	check(t, "records", f.Records, uint64(2))
	check(t, "request", string(f.RequestText.Text), `{"id":"cus_1","parent":"shops/7/bays/b"}`)
	check(t, "answer", string(f.ResponseText.Text), `{"customers":[{"id":"a"},{"id":"b"}]}`)
	check(t, "messages", [2]uint64{f.RequestMessages, f.ResponseMessages}, [2]uint64{1, 1})

	f = observe(t, Config{Schema: schema}, exchange{call: call("Watch"), header: answer, request: frame("") + frame("\x0a\x01x"), answer: frame("") + frame("") + frame("")})
	check(t, "stream", f.Operation.Type, "bidirectional-stream")
	check(t, "messages of a stream", [2]uint64{f.RequestMessages, f.ResponseMessages}, [2]uint64{2, 3})

	f = observe(t, Config{}, exchange{call: call("DeleteAll"), header: answer, request: frame("\x0a\x01x"), answer: frame("")})
	check(t, "without descriptors", f, capture.Facts{Operation: event.Operation{Type: "unary", Basis: "protocol", Action: "delete"}, RequestMessages: 1, ResponseMessages: 1})
}

func TestModel(t *testing.T) {
	f := observe(t, Config{}, exchange{call: jsonPost("/v1/chat/completions"),
		request: `{"model":"gpt-5","stream":true,"messages":[{"role":"user","content":"hi"}],"user":"u-1"}`,
		header:  http.Header{"Content-Type": {"text/event-stream; charset=utf-8"}},
		answer: `data: {"model":"gpt-5-2026","choices":[{"index":0,"delta":{"content":"Hel"}}]}` + "\n\n" +
			`data: {"model":"gpt-5-2026","choices":[{"index":0,"delta":{"content":"lo","tool_calls":[{"index":0,"function":{"name":"get_customer","arguments":"{\"id\":1}"}}]},"finish_reason":"tool_calls"}]}` + "\n\n" +
			`data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":6}}` + "\n\ndata: [DONE]\n\n"})
	check(t, "operation", f.Operation, event.Operation{Protocol: "llm", Name: "openai.chat", Type: "openai.chat", Basis: "protocol", Action: "create", Model: "gpt-5-2026", Tokens: event.Tokens{In: 11, Out: 6}, Parts: []string{"get_customer"}})
	check(t, "answer", string(f.ResponseText.Text), `{"model":"gpt-5-2026","text":"Hello","tool_calls":[{"name":"get_customer","arguments":{"id":1}}],"stop":"tool_calls"}`)
	check(t, "messages", f.ResponseMessages, uint64(4))
	check(t, "end user", f.Objects, []event.Object{{Type: "end_user", ID: "u-1"}})

	f = observe(t, Config{}, exchange{call: jsonPost("/v1/messages"), request: `{"model":"c","max_tokens":5,"messages":[{"role":"user","content":"x"}]}`,
		answer: `{"model":"c-1","content":[{"type":"text","text":"y"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":1}}`})
	check(t, "not streamed", f.Operation.Tokens, event.Tokens{In: 3, Out: 1})
	check(t, "stop", f.RPCStatus, "end_turn")

	f = observe(t, Config{}, exchange{call: jsonPost("/v1/rooms/7/messages"), request: `{"text":"hello"}`, answer: `{"id":1}`})
	check(t, "messages that are not a model's", f, capture.Facts{})
}

func TestOthers(t *testing.T) {
	f := observe(t, Config{}, exchange{call: capture.Call{Method: "POST", Path: "/s", Header: http.Header{"Content-Type": {"text/xml"}, "Soapaction": {`"urn:x"`}}},
		request: `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><DeleteOrder/></s:Body></s:Envelope>`,
		header:  http.Header{"Content-Type": {"text/xml"}},
		answer:  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode></s:Fault></s:Body></s:Envelope>`})
	check(t, "SOAP", f, capture.Facts{Operation: event.Operation{Protocol: "soap", Name: "DeleteOrder", Basis: "protocol", Action: "delete"}, RPCStatus: "Server"})

	f = observe(t, Config{}, exchange{call: capture.Call{Method: "POST", Path: "/u", Header: http.Header{"Content-Type": {"multipart/form-data; boundary=b"}}},
		request: "--b\r\nContent-Disposition: form-data; name=f; filename=cv.pdf\r\nContent-Type: application/pdf\r\n\r\nx\r\n--b--\r\n"})
	check(t, "upload", f, capture.Facts{Operation: event.Operation{Parts: []string{"application/pdf"}, Count: 1}, Objects: []event.Object{{Type: "file", ID: "cv.pdf"}}, Asked: 1})

	f = observe(t, Config{}, exchange{call: capture.Call{Method: "GET", Path: "/ws", Header: http.Header{"Upgrade": {"websocket"}}}, status: 101, header: http.Header{},
		request: "\x81\x81\x00\x00\x00\x00a", answer: "\x81\x01a\x81\x01b"})
	check(t, "WebSocket", f, capture.Facts{RequestMessages: 1, ResponseMessages: 2})

	f = observe(t, Config{}, exchange{call: capture.Call{Method: "GET", Path: "/e", Header: http.Header{"Accept": {"text/event-stream"}}}, header: http.Header{"Content-Type": {"text/event-stream"}},
		answer: ": hi\n\ndata: 1\n\nevent: x\r\ndata: 2\r\n\r\nid: 3\n\n"})
	check(t, "events", f, capture.Facts{ResponseMessages: 2})
}

func TestObjectType(t *testing.T) {
	f := func(owner, name, want string) {
		t.Helper()
		if got := objectType(owner, name); got != want {
			t.Errorf("%s(%s): got %q, want %q", owner, name, got, want)
		}
	}
	f("customer", "id", "customer")
	f("getCustomer", "id", "customer")
	f("customers", "ids", "customer")
	f("customerById", "id", "customer")
	f("updateSalesOrder", "input.id", "sales_order")
	f("x", "customerId", "customer")
	f("x", "customer_uuid", "customer")
	f("x", "input.order.id", "order")
	f("x", "apiKey", "api")
	f("x", "key", "")
	f("x", "name", "")
	f("GetHTTPStatus", "ID", "http_status")
	f("addresses", "id", "address")
	f("companies", "id", "company")
}

func TestAction(t *testing.T) {
	f := func(name string, want event.Action) {
		t.Helper()
		if got := action(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	f("shop.v1.Customers/ListCustomers", "read")
	f("etcdserverpb.KV/Put", "update")
	f("etcdserverpb.KV/DeleteRange", "delete")
	f("customers.export", "export")
	f("grant_role", "grant")
	f("getReportExport", "export")
	f("doIt", "")
	f("", "")
}

// FuzzObserve shows that no call can make an observer panic.
func FuzzObserve(f *testing.F) {
	f.Add("POST", "/graphql", "application/json", `{"query":"{a(id:1)}"}`, "application/json", `{}`)
	f.Add("POST", "/a.B/C", "application/grpc", "\x00\x00\x00\x00\x01x", "application/grpc", "\x01")
	f.Add("POST", "/v1/chat/completions", "application/json", `{"model":"m","messages":[1]}`, "text/event-stream", "data: {}\n\n")
	f.Add("POST", "/x", "text/xml", "<a/>", "text/xml", "<b/>")
	f.Add("POST", "/x", "multipart/form-data; boundary=b", "--b\r\n\r\n", "", "")
	f.Fuzz(func(t *testing.T, method, path, media, request, answerType, answer string) {
		c := capture.Call{Method: method, Path: path, HTTP2: strings.HasPrefix(media, "application/grpc"), Header: http.Header{"Content-Type": {media}, "Soapaction": {"x"}}}
		o := New(Config{Session: strings.ToUpper}).Observe(&c)
		if o == nil {
			return
		}
		o.Request([]byte(request))
		o.Answer(200, http.Header{"Content-Type": {answerType}})
		o.Response([]byte(answer))
		var facts capture.Facts
		o.End(&facts)
		if len(facts.Objects) > capture.MaxObjects || facts.Asked > len(facts.Objects) {
			t.Errorf("%d objects, %d asked", len(facts.Objects), facts.Asked)
		}
	})
}

func BenchmarkOrdinaryPost(b *testing.B) {
	c := jsonPost("/v1/orders")
	body := []byte(`{"customer_id":"cus_000002","items":[{"sku":"A-1","quantity":2}],"note":"` + strings.Repeat("x", 900) + `"}`)
	h := http.Header{"Content-Type": {"application/json"}}
	o := New(Config{})
	b.ReportAllocs()
	for b.Loop() {
		x := o.Observe(&c)
		x.Request(body)
		x.Answer(200, h)
		x.Response(body)
		var f capture.Facts
		x.End(&f)
	}
}
